/* libnfs under load: raw NFSv3 calls by its asynchronous interface, as many in flight as told.
 *
 *   libnfs-load URL LOAD HANDLE WINDOW MILLISECONDS
 *
 * HANDLE is the object's file handle in hexadecimal digits. Prints calls, nanoseconds, and nanoseconds of processor. */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include <nfsc/libnfs.h>
#include <nfsc/libnfs-raw.h>
#include <nfsc/libnfs-raw-nfs.h>

enum { BULK = 1 << 20, PAGE = 64 << 10 };

static struct rpc_context *rpc;
static struct nfs_fh3 handle;
static char handle_bytes[64], bulk[BULK];
static int64_t end;
static uint64_t calls;
static int in_flight;
static void (*next_call)(void);

static int64_t now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void must(int good, const char *what) {
    if (good)
        return;
    fprintf(stderr, "libnfs-load: %s: %s\n", what, rpc ? rpc_get_error(rpc) : "");
    exit(1);
}

static void done(int good) {
    must(good, "a call failed");
    calls++;
    in_flight--;
    if (now(CLOCK_MONOTONIC) < end)
        next_call();
}

static void got_attr(struct rpc_context *r, int status, void *data, void *private_data) {
    GETATTR3res *res = data;
    done(status == RPC_STATUS_SUCCESS && res->status == NFS3_OK);
}

static void getattr(void) {
    GETATTR3args args = {.object = handle};
    must(rpc_nfs3_getattr_async(rpc, got_attr, &args, NULL) == 0, "GETATTR");
    in_flight++;
}

static void got_page(struct rpc_context *r, int status, void *data, void *private_data) {
    READDIRPLUS3res *res = data;
    done(status == RPC_STATUS_SUCCESS && res->status == NFS3_OK && res->READDIRPLUS3res_u.resok.reply.entries);
}

static void readdirplus(void) {
    READDIRPLUS3args args = {.dir = handle, .dircount = PAGE, .maxcount = PAGE};
    must(rpc_nfs3_readdirplus_async(rpc, got_page, &args, NULL) == 0, "READDIRPLUS");
    in_flight++;
}

static void got_data(struct rpc_context *r, int status, void *data, void *private_data) {
    READ3res *res = data;
    done(status == RPC_STATUS_SUCCESS && res->status == NFS3_OK && res->READ3res_u.resok.data.data_len == BULK);
}

static void read_bulk(void) {
    READ3args args = {.file = handle, .offset = 0, .count = BULK};
    must(rpc_nfs3_read_async(rpc, got_data, &args, NULL) == 0, "READ");
    in_flight++;
}

static void wrote(struct rpc_context *r, int status, void *data, void *private_data) {
    WRITE3res *res = data;
    done(status == RPC_STATUS_SUCCESS && res->status == NFS3_OK && res->WRITE3res_u.resok.count == BULK);
}

static void write_bulk(void) {
    WRITE3args args = {.file = handle, .offset = 0, .count = BULK, .stable = UNSTABLE,
                       .data = {.data_len = BULK, .data_val = bulk}};
    must(rpc_nfs3_write_async(rpc, wrote, &args, NULL) == 0, "WRITE");
    in_flight++;
}

int main(int argc, char **argv) {
    must(argc == 6, "URL LOAD HANDLE WINDOW MILLISECONDS");
    struct nfs_context *nfs = nfs_init_context();
    struct nfs_url *url = nfs_parse_url_dir(nfs, argv[1]);
    must(url != NULL, nfs_get_error(nfs));
    must(nfs_mount(nfs, url->server, url->path) == 0, nfs_get_error(nfs));
    rpc = nfs_get_rpc_context(nfs);

    next_call = !strcmp(argv[2], "GETATTR") ? getattr
              : !strcmp(argv[2], "READDIRPLUS") ? readdirplus
              : !strcmp(argv[2], "READ") ? read_bulk
              : !strcmp(argv[2], "WRITE") ? write_bulk : NULL;
    must(next_call != NULL, "no such load");
    size_t length = strlen(argv[3]) / 2;
    must(length <= sizeof handle_bytes, "the handle is too long");
    for (size_t i = 0; i < length; i++) {
        unsigned byte;
        must(sscanf(argv[3] + 2 * i, "%2x", &byte) == 1, "the handle is not hexadecimal");
        handle_bytes[i] = byte;
    }
    handle.data.data_len = length;
    handle.data.data_val = handle_bytes;
    memset(bulk, 7, sizeof bulk);

    int64_t start = now(CLOCK_MONOTONIC);
    end = start + atoll(argv[5]) * 1000000;
    for (int i = atoi(argv[4]); i > 0; i--)
        next_call();
    while (in_flight > 0) {
        struct pollfd fd = {.fd = nfs_get_fd(nfs), .events = nfs_which_events(nfs)};
        must(poll(&fd, 1, 25000) > 0, "no answer");
        must(nfs_service(nfs, fd.revents) == 0, "nfs_service");
    }
    printf("%llu %lld %lld\n", (unsigned long long)calls, (long long)(now(CLOCK_MONOTONIC) - start),
           (long long)now(CLOCK_PROCESS_CPUTIME_ID));
    return 0;
}

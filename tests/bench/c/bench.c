/*
 * The C library's side of the codec benchmark: filters made by rpcgen, over xdrmem streams of libtirpc.
 *
 *     bench NAME < encoded     prints "ENCODE DECODE": nanoseconds of thread CPU time for one value
 *
 * It decodes what it is given, checks that encoding gives the same bytes, and times both; decoding includes freeing.
 */

#include <rpc/rpc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

static struct workload {
    const char *name;
    xdrproc_t filter;
    size_t size;
} workloads[] = {
    { "mixed", (xdrproc_t) xdr_mixed, sizeof(mixed) },
    { "readdirplus", (xdrproc_t) xdr_readdirplus3res, sizeof(readdirplus3res) },
    { "ints", (xdrproc_t) xdr_ints, sizeof(ints) },
    { "hypers", (xdrproc_t) xdr_hypers, sizeof(hypers) },
    { "bulk", (xdrproc_t) xdr_bulk, sizeof(bulk) },
    { "words", (xdrproc_t) xdr_words, sizeof(words) },
    { "tree", (xdrproc_t) xdr_node, sizeof(node) },
    { "header", (xdrproc_t) xdr_callmsg, sizeof(struct rpc_msg) },
};

static char *input;
static u_int length;
static char *output;
static struct workload *work;
static void *value;

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", work ? work->name : "bench", what);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static void decode(void *into)
{
    XDR xdrs;
    memset(into, 0, work->size);
    xdrmem_create(&xdrs, input, length, XDR_DECODE);
    if (!work->filter(&xdrs, into))
        fail("does not decode");
    xdr_destroy(&xdrs);
}

static void decode_and_free(void)
{
    /* Large enough for any of the values; aligned. */
    static double room[256];
    decode(room);
    if (work->filter == (xdrproc_t) xdr_callmsg) {
        struct rpc_msg *message = (struct rpc_msg *) room;
        free(message->rm_call.cb_cred.oa_base);
        free(message->rm_call.cb_verf.oa_base);
    } else {
        xdr_free(work->filter, (char *) room);
    }
}

static void encode(void)
{
    XDR xdrs;
    xdrmem_create(&xdrs, output, length, XDR_ENCODE);
    if (!work->filter(&xdrs, value))
        fail("does not encode");
    xdr_destroy(&xdrs);
    __asm__ volatile("" : : "r"(output) : "memory");
}

/* The fastest of many batches: what is left after everything else the machine does. */
static double measure(void (*step)(void))
{
    long n = 1;
    for (;;) {
        double start = now();
        for (long i = 0; i < n; i++)
            step();
        if (now() - start > 2e6)
            break;
        n *= 2;
    }
    double best = 1e18;
    for (int batch = 0; batch < 50; batch++) {
        double start = now();
        for (long i = 0; i < n; i++)
            step();
        double each = (now() - start) / n;
        if (each < best)
            best = each;
    }
    return best;
}

int main(int argc, char **argv)
{
    size_t n = sizeof workloads / sizeof *workloads;
    for (size_t i = 0; argc > 1 && i < n; i++)
        if (!strcmp(workloads[i].name, argv[1]))
            work = &workloads[i];
    if (!work)
        fail("which workload?");
    size_t room = 64 << 20;
    input = malloc(room);
    length = fread(input, 1, room, stdin);
    output = calloc(1, length);
    value = malloc(work->size);
    decode(value);
    encode();
    if (memcmp(input, output, length))
        fail("encodes differently");
    double encoding = measure(encode);
    printf("%.3f %.3f\n", encoding, measure(decode_and_free));
    return 0;
}

/*
 * libtirpc's side of the client: rpcgen's stubs, one call at a time.
 *
 *     c-client PORT PID WAY AMOUNT      calls, and prints what that took: calls, nanoseconds on the clock, of processor
 *                                       in this process, of processor in the server's (PID)
 *
 * AMOUNT is 500ms, or a number of calls.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <dirent.h>

#include "load.h"

static CLIENT *client;
static blob small, large;

static void must(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "c-client: %s\n", what);
        exit(1);
    }
}

static long long now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Processor time of all threads of a process. */
static long long spent(int pid)
{
    char path[100];
    long long sum = 0, one;
    struct dirent *entry;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    must(tasks != NULL, "no such server");
    while ((entry = readdir(tasks))) {
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", pid, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (file) {
            if (fscanf(file, "%lld", &one) == 1)
                sum += one;
            fclose(file);
        }
    }
    closedir(tasks);
    return sum;
}

static void null(void)
{
    must(load_null_1(NULL, client) != NULL, "no answer");
}

static void echo(void)
{
    blob *got = load_echo_1(&small, client);
    must(got && got->blob_len == small.blob_len, "no echo");
    clnt_freeres(client, (xdrproc_t) xdr_blob, got);
}

static void read_much(void)
{
    blob *got = load_read_1(NULL, client);
    must(got && got->blob_len == large.blob_len, "no data");
    clnt_freeres(client, (xdrproc_t) xdr_blob, got);
}

static void write_much(void)
{
    must(load_write_1(&large, client) != NULL, "no answer");
}

static blob filled(u_int length)
{
    blob data = { length, malloc(length) };
    memset(data.blob_val, 7, length);
    return data;
}

int main(int argc, char **argv)
{
    must(argc == 5, "PORT PID WAY AMOUNT");
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    address.sin_port = htons(atoi(argv[1]));
    int server = atoi(argv[2]), fd = RPC_ANYSOCK, on = 1;
    void (*call)(void) = !strcmp(argv[3], "null") ? null
        : !strcmp(argv[3], "echo128")             ? echo
        : !strcmp(argv[3], "read1m")              ? read_much
        : !strcmp(argv[3], "write1m")             ? write_much
                                                  : NULL;
    must(call != NULL, "no such way");
    small = filled(128);
    large = filled(1 << 20);
    client = clnttcp_create(&address, LOAD_PROG, LOAD_VERS, &fd, 0, 0);
    must(client != NULL, "no connection");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);

    int timed = strstr(argv[4], "ms") != NULL;
    long long amount = atoll(argv[4]), calls, begun, mine = 0, its = 0;
    for (int measured = !timed; measured < 2; measured++) {
        long long time = amount * 1000000 / (measured ? 1 : 10);
        mine = spent(getpid());
        its = spent(server);
        begun = now();
        for (calls = 0; timed ? calls % 16 || now() - begun < time : calls < amount; calls++)
            call();
        if (!timed)
            break;
    }
    long long wall = now() - begun;
    printf("%lld %lld %lld %lld\n", calls, wall, spent(getpid()) - mine, spent(server) - its);
    return 0;
}

/*
 * libtirpc's side of the server: the procedures of load.x over what rpcgen makes of it.
 *
 *     c-server      serves, prints its TCP and UDP port, ends with its input
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "load.h"

enum { MEBIBYTE = 1 << 20 };

extern void load_prog_1(struct svc_req *, SVCXPRT *);

void *load_null_1_svc(void *arg, struct svc_req *request)
{
    static char none;
    (void) arg, (void) request;
    return &none;
}

blob *load_echo_1_svc(blob *data, struct svc_req *request)
{
    (void) request;
    return data;
}

blob *load_read_1_svc(void *arg, struct svc_req *request)
{
    static blob result;
    (void) arg, (void) request;
    if (!result.blob_val) {
        result.blob_val = malloc(MEBIBYTE);
        result.blob_len = MEBIBYTE;
        for (int i = 0; i < MEBIBYTE; i++)
            result.blob_val[i] = 7;
    }
    return &result;
}

void *load_write_1_svc(blob *data, struct svc_req *request)
{
    return load_null_1_svc(data, request);
}

static int bound(int type)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, type, 0), on = 1;
    if (fd < 0 || bind(fd, (struct sockaddr *) &address, length)) {
        perror("c-server");
        exit(1);
    }
    if (type == SOCK_STREAM) {
        /* Accepted sockets inherit it. */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        listen(fd, 128);
    }
    getsockname(fd, (struct sockaddr *) &address, &length);
    printf("%d\n", ntohs(address.sin_port));
    return fd;
}

static void *end_with_input(void *none)
{
    char byte;
    (void) none;
    while (read(0, &byte, 1) > 0)
        ;
    exit(0);
}

int main(void)
{
    SVCXPRT *tcp = svc_vc_create(bound(SOCK_STREAM), 0, 0);
    SVCXPRT *udp = svc_dg_create(bound(SOCK_DGRAM), 0, 0);
    pthread_t thread;
    if (!tcp || !udp || !svc_register(tcp, LOAD_PROG, LOAD_VERS, load_prog_1, 0)
        || !svc_register(udp, LOAD_PROG, LOAD_VERS, load_prog_1, 0)) {
        fprintf(stderr, "c-server: no service\n");
        return 1;
    }
    fflush(stdout);
    pthread_create(&thread, NULL, end_with_input, NULL);
    svc_run();
    return 1;
}

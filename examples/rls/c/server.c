/*
 * The twin of rls-server: the same service, made by C's rpcgen.
 *
 *   server        serves on 127.0.0.1, TCP and UDP, on ports of the system's choice, without rpcbind.
 *
 * Prints "ready TCP_PORT UDP_PORT" when it serves. Ends when its standard input does.
 */
#include "rls.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void dirprog_1(struct svc_req *, SVCXPRT *);

/* The interface has a member called errno, which <errno.h> makes a macro. */
static int last_error(void) { return errno; }
#undef errno

bool_t readdir_1_svc(nametype *name, readdir_res *res, struct svc_req *call)
{
    DIR *dir = opendir(*name);
    struct dirent *entry;
    namelist *next = &res->readdir_res_u.list;
    (void)call;
    memset(res, 0, sizeof *res);
    if (!dir) {
        res->errno = last_error();
        return TRUE;
    }
    while ((entry = readdir(dir))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        *next = calloc(1, sizeof **next);
        (*next)->name = strdup(entry->d_name);
        next = &(*next)->next;
    }
    closedir(dir);
    return TRUE;
}

int dirprog_1_freeresult(SVCXPRT *transport, xdrproc_t xdr, caddr_t result)
{
    (void)transport;
    xdr_free(xdr, result);
    return TRUE;
}

static int bound(int type)
{
    struct sockaddr_in sin = {.sin_family = AF_INET};
    int fd = socket(AF_INET, type, 0);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof sin) || (type == SOCK_STREAM && listen(fd, 16))) {
        perror("server");
        exit(1);
    }
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_in sin;
    socklen_t len = sizeof sin;
    getsockname(fd, (struct sockaddr *)&sin, &len);
    return ntohs(sin.sin_port);
}

int main(void)
{
    int tcp = bound(SOCK_STREAM), udp = bound(SOCK_DGRAM);
    signal(SIGPIPE, SIG_IGN);
    /* Protocol 0: rpcbind is not told. */
    if (!svc_register(svctcp_create(tcp, 0, 0), DIRPROG, DIRVERS, dirprog_1, 0) ||
        !svc_register(svcudp_create(udp), DIRPROG, DIRVERS, dirprog_1, 0)) {
        fprintf(stderr, "server: no transport\n");
        return 1;
    }
    printf("ready %d %d\n", port_of(tcp), port_of(udp));
    fflush(stdout);

    /* svc_run, but it ends with standard input. */
    for (;;) {
        struct pollfd fds[256];
        int ready, count = svc_max_pollfd < 255 ? svc_max_pollfd : 255;
        memcpy(fds, svc_pollfd, count * sizeof *fds);
        fds[count] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
        ready = poll(fds, count + 1, -1);
        if (ready < 0)
            continue;
        if (fds[count].revents)
            return 0;
        svc_getreq_poll(fds, ready);
    }
}

/*
 * The twin of the command rls: the same client, made by C's rpcgen.
 *
 *   client tcp|udp PORT DIRECTORY      a server on 127.0.0.1
 *
 * Prints a name a line. Exit status 1, and the error in words, when the server can't list it.
 */
#include "rls.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct sockaddr_in sin = {.sin_family = AF_INET};
    struct timeval again = {1, 0};
    int fd = RPC_ANYSOCK;
    readdir_res res;
    namelist node;
    CLIENT *server;
    if (argc != 4) {
        fprintf(stderr, "usage: client tcp|udp PORT DIRECTORY\n");
        return 2;
    }
    sin.sin_port = htons(atoi(argv[2]));
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!strcmp(argv[1], "udp"))
        server = clntudp_create(&sin, DIRPROG, DIRVERS, again, &fd);
    else
        server = clnttcp_create(&sin, DIRPROG, DIRVERS, &fd, 0, 0);
    if (!server) {
        clnt_pcreateerror("client");
        return 1;
    }
    memset(&res, 0, sizeof res);
    if (readdir_1(&argv[3], &res, server) != RPC_SUCCESS) {
        clnt_perror(server, "client");
        return 1;
    }
    if (res.errno) {
        fprintf(stderr, "%s: %s\n", argv[3], strerror(res.errno));
        return 1;
    }
    for (node = res.readdir_res_u.list; node; node = node->next)
        puts(node->name);
    xdr_free((xdrproc_t)xdr_readdir_res, (char *)&res);
    clnt_destroy(server);
    return 0;
}

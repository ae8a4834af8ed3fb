/* client HOST [PORT]: without a port it asks rpcbind. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include "calc.h"

int main(int argc, char **argv)
{
    CLIENT *calc;
    if (argc > 2) {
        int fd = RPC_ANYSOCK;
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
        inet_pton(AF_INET, argv[1], &to.sin_addr);
        calc = clnttcp_create(&to, CALC_PROG, CALC_VERS, &fd, 0, 0);
    } else {
        calc = clnt_create(argc > 1 ? argv[1] : "localhost", CALC_PROG, CALC_VERS, "tcp");
    }
    if (!calc) {
        clnt_pcreateerror("calc");
        return 1;
    }

    pair p = {2, 3}, q = {7, 0};
    int *sum = calc_add_1(&p, calc);
    quotient *ratio = calc_divide_1(&q, calc);
    if (!sum || !ratio) {
        clnt_perror(calc, "calc");
        return 1;
    }
    printf("2 + 3 = %d\n", *sum);
    if (ratio->defined)
        printf("7 / 0 = %d\n", ratio->quotient_u.value);
    else
        printf("7 / 0: %s\n", ratio->quotient_u.reason);
    return 0;
}

/*
 * The C server: EVERY_PROG (versions 1 and 2) and ARITH_PROG (versions 1 and 4) on one TCP and one UDP port.
 *
 *   server [-r] TCP_PORT UDP_PORT      port 0: any. -r: register with rpcbind, and serve on all addresses.
 *
 * Prints "ready TCP_PORT UDP_PORT" when it serves. Ends when its standard input does.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arith.h"
#include "samples.h"

void every_prog_1(struct svc_req *, SVCXPRT *);
void every_prog_2(struct svc_req *, SVCXPRT *);
void arith_prog_1(struct svc_req *, SVCXPRT *);
void arith_prog_4(struct svc_req *, SVCXPRT *);

/* What was sent goes back: the argument's memory moves to the result, which the stub frees after the reply. */
#define ECHO(name, type)                                                        \
    bool_t every_##name##_1_svc(type *arg, type *result, struct svc_req *call) \
    {                                                                           \
        (void)call;                                                             \
        *result = *arg;                                                         \
        memset(arg, 0, sizeof *arg);                                            \
        return TRUE;                                                            \
    }
ECHO(char, char)
ECHO(uchar, u_char)
ECHO(short, short)
ECHO(ushort, u_short)
ECHO(int, int)
ECHO(uint, u_int)
ECHO(long, long)
ECHO(ulong, u_long)
ECHO(hyper, quad_t)
ECHO(uhyper, u_quad_t)
ECHO(float, float)
ECHO(double, double)
ECHO(bool, bool_t)
ECHO(hue, hue)
ECHO(string, char *)
ECHO(handle, handle)
ECHO(scalars, scalars)
ECHO(octets, octets)
ECHO(fixed, fixed)
ECHO(variable, variable)
ECHO(optional, optional)
ECHO(nodes, nodes)
ECHO(chain, chain)
ECHO(trees, trees)
ECHO(shapes, shapes)
ECHO(everything, everything)

bool_t every_digest_1_svc(char *arg, char *result, struct svc_req *call)
{
    (void)call;
    memcpy(result, arg, sizeof(digest));
    return TRUE;
}

bool_t every_nothing_2_svc(void *arg, void *result, struct svc_req *call)
{
    (void)arg, (void)result, (void)call;
    return TRUE;
}

bool_t every_make_2_svc(which *arg, sample *result, struct svc_req *call)
{
    const struct kind_info *info = kind_by_number(arg->what);
    (void)call;
    if (!info)
        return FALSE;
    make_sample(info, arg->k, result);
    return TRUE;
}

bool_t every_check_2_svc(claim *arg, bool_t *result, struct svc_req *call)
{
    const struct kind_info *info = kind_by_number(arg->value.what);
    sample own;
    u_int a_len = 0, b_len = 0;
    char *a, *b;
    (void)call;
    if (!info)
        return FALSE;
    make_sample(info, arg->k, &own);
    a = encode((xdrproc_t)xdr_sample, &own, &a_len);
    b = encode((xdrproc_t)xdr_sample, &arg->value, &b_len);
    *result = a && b && a_len == b_len && !memcmp(a, b, a_len);
    if (!*result)
        fprintf(stderr, "server: %s %u differs (%u bytes, %u received)\n", info->name, arg->k, a_len, b_len);
    free(a);
    free(b);
    xdr_free((xdrproc_t)xdr_sample, (char *)&own);
    return TRUE;
}

bool_t every_encode_2_svc(which *arg, blob *result, struct svc_req *call)
{
    const struct kind_info *info = kind_by_number(arg->what);
    sample own;
    (void)call;
    if (!info)
        return FALSE;
    make_sample(info, arg->k, &own);
    result->blob_val = encode((xdrproc_t)xdr_sample, &own, &result->blob_len);
    xdr_free((xdrproc_t)xdr_sample, (char *)&own);
    return result->blob_val != NULL;
}

bool_t arith_sub_1_svc(int a, int b, int *result, struct svc_req *call)
{
    (void)call;
    *result = a - b;
    return TRUE;
}

bool_t arith_sub_4_svc(quad_t a, quad_t b, quad_t *result, struct svc_req *call)
{
    (void)call;
    *result = a - b;
    return TRUE;
}

bool_t arith_who_4_svc(char **result, struct svc_req *call)
{
    char text[64] = "none";
    if (call->rq_cred.oa_flavor == AUTH_SYS) {
        struct authunix_parms *claim = (struct authunix_parms *)call->rq_clntcred;
        snprintf(text, sizeof text, "sys %u %u", (unsigned)claim->aup_uid, (unsigned)claim->aup_gid);
    }
    *result = strdup(text);
    return TRUE;
}

static u_int noted;
static bool_t in_order = TRUE;

bool_t arith_note_4_svc(u_int number, void *result, struct svc_req *call)
{
    (void)result, (void)call;
    if (number == 0) {
        noted = 0;
        in_order = TRUE;
    }
    in_order = in_order && number == noted;
    noted++;
    return FALSE; /* the stub sends no reply */
}

bool_t arith_noted_4_svc(int *result, struct svc_req *call)
{
    (void)call;
    *result = in_order ? (int)noted : -(int)noted;
    return TRUE;
}

bool_t arith_div_1_svc(quad_t dividend, quad_t divisor, quotient *result, struct svc_req *call)
{
    (void)call;
    if (divisor == 0) {
        result->status = 1;
        result->quotient_u.reason = strdup("division by zero");
    } else if (divisor == 1) {
        result->status = 2; /* the default arm: nothing to say */
    } else {
        result->status = 0;
        result->quotient_u.value = dividend / divisor;
    }
    return TRUE;
}

bool_t arith_mean_1_svc(numbers arg, double *result, struct svc_req *call)
{
    double sum = 0;
    u_int i;
    (void)call;
    for (i = 0; i < arg.numbers_len; i++)
        sum += arg.numbers_val[i];
    *result = arg.numbers_len ? sum / arg.numbers_len : 0;
    return TRUE;
}

bool_t arith_join_1_svc(items arg, char *separator, char **result, struct svc_req *call)
{
    size_t room = 1;
    u_int i;
    (void)call;
    for (i = 0; i < arg.items_len; i++)
        room += strlen(arg.items_val[i]) + strlen(separator);
    *result = calloc(1, room);
    for (i = 0; i < arg.items_len; i++) {
        strcat(*result, i ? separator : "");
        strcat(*result, arg.items_val[i]);
    }
    return TRUE;
}

bool_t arith_reverse_1_svc(cells arg, cells *result, struct svc_req *call)
{
    (void)call;
    *result = NULL;
    for (; arg; arg = arg->next) {
        cells c = calloc(1, sizeof *c);
        c->value = arg->value;
        c->next = *result;
        *result = c;
    }
    return TRUE;
}

bool_t arith_sleep_ms_1_svc(u_int ms, u_int *result, struct svc_req *call)
{
    (void)call;
    usleep(ms * 1000);
    *result = ms;
    return TRUE;
}

static int free_result(xdrproc_t xdr, caddr_t result)
{
    xdr_free(xdr, (char *)result);
    return 1;
}
int every_prog_1_freeresult(SVCXPRT *t, xdrproc_t xdr, caddr_t r) { (void)t; return free_result(xdr, r); }
int every_prog_2_freeresult(SVCXPRT *t, xdrproc_t xdr, caddr_t r) { (void)t; return free_result(xdr, r); }
int arith_prog_1_freeresult(SVCXPRT *t, xdrproc_t xdr, caddr_t r) { (void)t; return free_result(xdr, r); }
int arith_prog_4_freeresult(SVCXPRT *t, xdrproc_t xdr, caddr_t r) { (void)t; return free_result(xdr, r); }

static int bound_socket(int type, const char *port, in_addr_t address)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    int one = 1, fd = socket(AF_INET, type, 0);
    sin.sin_addr.s_addr = htonl(address);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof sin) || (type == SOCK_STREAM && listen(fd, 64))) {
        perror("server: socket");
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

static void serve(SVCXPRT *transport, int protocol)
{
    if (!transport || !svc_register(transport, EVERY_PROG, EVERY_ECHO, every_prog_1, protocol) ||
        !svc_register(transport, EVERY_PROG, EVERY_SAMPLES, every_prog_2, protocol) ||
        !svc_register(transport, ARITH_PROG, ARITH_V1, arith_prog_1, protocol) ||
        !svc_register(transport, ARITH_PROG, ARITH_V4, arith_prog_4, protocol)) {
        fprintf(stderr, "server: cannot register\n");
        exit(1);
    }
}

static void unregister(void)
{
    svc_unregister(EVERY_PROG, EVERY_ECHO);
    svc_unregister(EVERY_PROG, EVERY_SAMPLES);
    svc_unregister(ARITH_PROG, ARITH_V1);
    svc_unregister(ARITH_PROG, ARITH_V4);
}

int main(int argc, char **argv)
{
    int registered = argc > 1 && !strcmp(argv[1], "-r");
    in_addr_t address = registered ? INADDR_ANY : INADDR_LOOPBACK;
    int tcp, udp;
    argv += registered;
    if (argc - registered != 3) {
        fprintf(stderr, "usage: server [-r] TCP_PORT UDP_PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    tcp = bound_socket(SOCK_STREAM, argv[1], address);
    udp = bound_socket(SOCK_DGRAM, argv[2], address);
    if (registered)
        unregister(); /* what an earlier run left behind */
    serve(svcudp_create(udp), registered ? IPPROTO_UDP : 0);
    serve(svctcp_create(tcp, 0, 0), registered ? IPPROTO_TCP : 0);
    printf("ready %d %d\n", port_of(tcp), port_of(udp));
    fflush(stdout);

    /* svc_run, but it ends with standard input. */
    for (;;) {
        struct pollfd fds[1024];
        int i, count = svc_max_pollfd < 1023 ? svc_max_pollfd : 1023;
        memcpy(fds, svc_pollfd, count * sizeof *fds);
        fds[count] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
        i = poll(fds, count + 1, -1);
        if (i < 0)
            continue;
        if (fds[count].revents)
            break;
        svc_getreq_poll(fds, i);
    }
    if (registered)
        unregister();
    return 0;
}

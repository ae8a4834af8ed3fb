/*
 * The C client: calls every procedure of every version with the samples of samples.h and compares each answer.
 *
 *   client tcp|udp HOST PORT     port 0: ask rpcbind.
 *
 * Prints what differs and a last line "checks N failures M". Exit status 0: no difference.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arith.h"
#include "samples.h"

static unsigned checks, failures;

static int check(int good, const char *what, unsigned k)
{
    checks++;
    if (!good) {
        failures++;
        printf("DIFFERS %s %u\n", what, k);
    }
    return good;
}

static int called(enum clnt_stat status, const char *what, unsigned k)
{
    checks++;
    if (status != RPC_SUCCESS) {
        failures++;
        printf("FAILED %s %u: %s\n", what, k, clnt_sperrno(status));
    }
    return status == RPC_SUCCESS;
}

static int same_bytes(const char *a, u_int a_len, const char *b, u_int b_len)
{
    return a && b && a_len == b_len && !memcmp(a, b, a_len);
}

static CLIENT *dial(const char *protocol, const char *host, int port, u_long program, u_long version)
{
    struct timeval patience = {10, 0}, resend = {0, 500000};
    int tcp = !strcmp(protocol, "tcp"), fd = RPC_ANYSOCK;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    CLIENT *c;
    if (port == 0) {
        c = clnt_create(host, program, version, protocol);
    } else {
        inet_pton(AF_INET, host, &to.sin_addr);
        c = tcp ? clnttcp_create(&to, program, version, &fd, 0, 0) : clntudp_create(&to, program, version, resend, &fd);
    }
    if (!c) {
        clnt_pcreateerror("client");
        exit(1);
    }
    clnt_control(c, CLSET_TIMEOUT, (char *)&patience);
    if (!tcp)
        clnt_control(c, CLSET_RETRY_TIMEOUT, (char *)&resend);
    if (!tcp) { /* AUTH_SYS on one transport, AUTH_NONE on the other */
        auth_destroy(c->cl_auth);
        c->cl_auth = authunix_create_default();
    }
    return c;
}

/* Each scalar procedure with boundary values; `wire` says how many low bytes of the type travel. */
#define SCALAR(name, type, ...)                                                       \
    do {                                                                              \
        type values_[] = {__VA_ARGS__};                                               \
        unsigned i_;                                                                  \
        for (i_ = 0; i_ < sizeof values_ / sizeof values_[0]; i_++) {                 \
            type back_;                                                               \
            memset(&back_, 0, sizeof back_);                                          \
            if (called(every_##name##_1(&values_[i_], &back_, c), #name, i_))         \
                check(!memcmp(&back_, &values_[i_], sizeof back_), #name, i_);        \
        }                                                                             \
    } while (0)

static float float_of(uint32_t bits) { float f; memcpy(&f, &bits, sizeof f); return f; }
static double double_of(uint64_t bits) { double d; memcpy(&d, &bits, sizeof d); return d; }

static void scalars_echo(CLIENT *c)
{
    long longs[] = {0, 1, -1, 2147483647, -2147483648L}, back;
    unsigned i;
    char *texts[] = {"", "a", "abc", "abcd", "gr\xc3\xbc\xc3\x9f", "\xff\xfe latin"};
    SCALAR(char, char, 0, 1, -1, 127, -128);
    SCALAR(uchar, u_char, 0, 1, 127, 128, 255);
    SCALAR(short, short, 0, 1, -1, 32767, -32768);
    SCALAR(ushort, u_short, 0, 32768, 65535);
    SCALAR(int, int, 0, 1, -1, 2147483647, -2147483647 - 1);
    SCALAR(uint, u_int, 0, 2147483648u, 4294967295u);
    SCALAR(ulong, u_long, 0, 2147483648u, 4294967295u);
    SCALAR(hyper, quad_t, 0, -1, INT64_MAX, INT64_MIN, 0x123456789abcdef);
    SCALAR(uhyper, u_quad_t, 0, UINT64_MAX, 0x8000000000000000u);
    SCALAR(float, float, 0, 1.5f, -2.25f, float_of(0x80000000), float_of(0x7f800000), float_of(0xffc12345), float_of(1));
    SCALAR(double, double, 0, 1.5, double_of(0x8000000000000000), double_of(0xfff8000000054321), double_of(0x7ff0000000000001), 1e308);
    SCALAR(bool, bool_t, FALSE, TRUE);
    SCALAR(hue, hue, HUE_NONE, HUE_RED, HUE_BLUE, HUE_TOP, HUE_BOTTOM);
    /* C zero-extends a `long` when it decodes one on a 64-bit machine. */
    for (i = 0; i < 5; i++)
        if (called(every_long_1(&longs[i], &back, c), "long", i))
            check((int)back == (int)longs[i], "long", i);
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *echoed = NULL;
        if (called(every_string_1(&texts[i], &echoed, c), "string", i))
            check(!strcmp(texts[i], echoed), "string", i);
        free(echoed);
    }
    for (i = 0; i <= HANDLE_MAX; i++) {
        char raw[HANDLE_MAX];
        handle fh = {i, raw}, echoed = {0, NULL};
        memset(raw, (int)(0xa0 + i), sizeof raw);
        if (called(every_handle_1(&fh, &echoed, c), "handle", i))
            check(same_bytes(fh.handle_val, i, echoed.handle_val, echoed.handle_len) || (i == 0 && echoed.handle_len == 0), "handle", i);
        xdr_free((xdrproc_t)xdr_handle, (char *)&echoed);
    }
    {
        char raw[HANDLE_MAX + 1] = {0};
        handle fh = {HANDLE_MAX + 1, raw}, echoed = {0, NULL};
        check(every_handle_1(&fh, &echoed, c) == RPC_CANTENCODEARGS, "handle above its bound", 0);
    }
    {
        digest sum = "0123456789abcdefghi", echoed = {0};
        if (called(every_digest_1(sum, echoed, c), "digest", 0))
            check(!memcmp(sum, echoed, sizeof sum), "digest", 0);
    }
}

/* One composite kind: sample `k` sent to its echo procedure. */
#define ECHO(kind_name, type)                                                                \
    static void echo_##kind_name(CLIENT *c, const struct kind_info *info, unsigned k)        \
    {                                                                                        \
        type sent, back;                                                                     \
        u_int sent_len = 0, back_len = 0;                                                    \
        char *a, *b;                                                                         \
        memset(&sent, 0, sizeof sent);                                                       \
        memset(&back, 0, sizeof back);                                                       \
        info->make(k, &sent);                                                                \
        if (called(every_##kind_name##_1(&sent, &back, c), "echo " #kind_name, k)) {         \
            a = encode(info->xdr, &sent, &sent_len);                                         \
            b = encode(info->xdr, &back, &back_len);                                         \
            check(same_bytes(a, sent_len, b, back_len), "echo " #kind_name, k);              \
            free(a);                                                                         \
            free(b);                                                                         \
        }                                                                                    \
        xdr_free(info->xdr, (char *)&sent);                                                  \
        xdr_free(info->xdr, (char *)&back);                                                  \
    }
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

static void (*const ECHOES[])(CLIENT *, const struct kind_info *, unsigned) = {
    echo_scalars, echo_octets, echo_fixed, echo_variable, echo_optional,
    echo_nodes, echo_chain, echo_trees, echo_shapes, echo_everything,
};

static void one_sample(CLIENT *c, const struct kind_info *info, unsigned k)
{
    which id = {info->what, k};
    claim mine;
    sample made;
    blob raw = {0, NULL};
    bool_t equal = FALSE;
    u_int a_len = 0, b_len = 0;
    char *a, *b;
    memset(&made, 0, sizeof made);
    mine.k = k;
    make_sample(info, k, &mine.value);
    a = encode((xdrproc_t)xdr_sample, &mine.value, &a_len);

    if (called(every_make_2(&id, &made, c), info->name, k)) {
        b = encode((xdrproc_t)xdr_sample, &made, &b_len);
        check(same_bytes(a, a_len, b, b_len), info->name, k);
        free(b);
    }
    if (called(every_check_2(&mine, &equal, c), info->name, k))
        check(equal, info->name, k);
    if (called(every_encode_2(&id, &raw, c), info->name, k))
        check(same_bytes(a, a_len, raw.blob_val, raw.blob_len), info->name, k);

    free(a);
    xdr_free((xdrproc_t)xdr_sample, (char *)&mine.value);
    xdr_free((xdrproc_t)xdr_sample, (char *)&made);
    xdr_free((xdrproc_t)xdr_blob, (char *)&raw);
}

static void arithmetic(CLIENT *v1, CLIENT *v4)
{
    int small = 0;
    char me[64], *who = NULL;
    quad_t big = 0;
    double mean = 0, halves[] = {1.5, -0.5, 2.0};
    numbers n = {3, halves}, none = {0, NULL};
    char *words[] = {"one", "", "drei\xdf"}, *joined = NULL;
    items list = {3, words};
    cell third = {3, NULL}, second = {-2, &third}, first = {1, &second};
    cells back = NULL;
    quotient q;
    u_int slept = 0;

    if (called(arith_sub_1(-2000000000, 147483648, &small, v1), "sub v1", 0))
        check(small == -2147483647 - 1, "sub v1", 0);
    if (called(arith_sub_4(INT64_MIN, -1, &big, v4), "sub v4", 0))
        check(big == INT64_MIN + 1, "sub v4", 0);
    snprintf(me, sizeof me, v4->cl_auth->ah_cred.oa_flavor == AUTH_SYS ? "sys %u %u" : "none", (unsigned)geteuid(), (unsigned)getegid());
    if (called(arith_who_4(&who, v4), "who", 0))
        check(!strcmp(who, me), "who", 0);
    free(who);
    if (called(arith_mean_1(n, &mean, v1), "mean", 0))
        check(mean == 1.0, "mean", 0);
    if (called(arith_mean_1(none, &mean, v1), "mean", 1))
        check(mean == 0.0, "mean", 1);
    if (called(arith_join_1(list, "--", &joined, v1), "join", 0))
        check(!strcmp(joined, "one----drei\xdf"), "join", 0);
    free(joined);
    if (called(arith_reverse_1(&first, &back, v1), "reverse", 0))
        check(back && back->value == 3 && back->next->value == -2 && back->next->next->value == 1 && !back->next->next->next,
              "reverse", 0);
    xdr_free((xdrproc_t)xdr_cells, (char *)&back);
    if (called(arith_reverse_1(NULL, &back, v1), "reverse", 1))
        check(back == NULL, "reverse", 1);

    memset(&q, 0, sizeof q);
    if (called(arith_div_1(-7, 2, &q, v1), "div", 0))
        check(q.status == 0 && q.quotient_u.value == -3, "div", 0);
    memset(&q, 0, sizeof q);
    if (called(arith_div_1(-7, 0, &q, v1), "div", 1))
        check(q.status == 1 && !strcmp(q.quotient_u.reason, "division by zero"), "div", 1);
    xdr_free((xdrproc_t)xdr_quotient, (char *)&q);
    memset(&q, 0, sizeof q);
    if (called(arith_div_1(-7, 1, &q, v1), "div", 2))
        check(q.status == 2, "div", 2);
    if (called(arith_sleep_ms_1(20, &slept, v1), "sleep", 0))
        check(slept == 20, "sleep", 0);
}

/* What a server says of programs, versions and procedures that it does not have. */
static void refusals(const char *protocol, const char *host, int port, CLIENT *v1)
{
    struct timeval patience = {10, 0};
    struct rpc_err why;
    CLIENT *c;
    check(clnt_call(v1, 0, (xdrproc_t)xdr_void, NULL, (xdrproc_t)xdr_void, NULL, patience) == RPC_SUCCESS, "null", 0);
    check(clnt_call(v1, 99, (xdrproc_t)xdr_void, NULL, (xdrproc_t)xdr_void, NULL, patience) == RPC_PROCUNAVAIL, "procedure", 99);
    /* Arguments cut short. Over UDP libtirpc's server reads on into what an earlier, longer call left in its buffer. */
    if (!strcmp(protocol, "tcp"))
        check(clnt_call(v1, 2, (xdrproc_t)xdr_void, NULL, (xdrproc_t)xdr_void, NULL, patience) == RPC_CANTDECODEARGS, "arguments", 2);
    if (port == 0)
        return;
    c = dial(protocol, host, port, ARITH_PROG, 2);
    check(clnt_call(c, 0, (xdrproc_t)xdr_void, NULL, (xdrproc_t)xdr_void, NULL, patience) == RPC_PROGVERSMISMATCH, "version", 2);
    clnt_geterr(c, &why);
    check(why.re_vers.low == 1 && why.re_vers.high == 4, "version range", 2);
    clnt_destroy(c);
    c = dial(protocol, host, port, ARITH_PROG + 100, 1);
    check(clnt_call(c, 0, (xdrproc_t)xdr_void, NULL, (xdrproc_t)xdr_void, NULL, patience) == RPC_PROGUNAVAIL, "program", 1);
    clnt_destroy(c);
}

int main(int argc, char **argv)
{
    static const unsigned large[] = {K_LARGE, K_LARGE + 1};
    CLIENT *echo, *samples, *v1, *v4;
    char nothing = 0;
    unsigned i, k;
    int port;
    if (argc != 4) {
        fprintf(stderr, "usage: client tcp|udp HOST PORT\n");
        return 2;
    }
    alarm(120);
    port = atoi(argv[3]);
    echo = dial(argv[1], argv[2], port, EVERY_PROG, EVERY_ECHO);
    samples = dial(argv[1], argv[2], port, EVERY_PROG, EVERY_SAMPLES);
    v1 = dial(argv[1], argv[2], port, ARITH_PROG, ARITH_V1);
    v4 = dial(argv[1], argv[2], port, ARITH_PROG, ARITH_V4);

    scalars_echo(echo);
    called(every_nothing_2(&nothing, &nothing, samples), "nothing", 0);
    for (i = 0; i < KIND_COUNT; i++) {
        for (k = 0; k < K_COUNT; k++) {
            ECHOES[i](echo, &KINDS[i], k);
            one_sample(samples, &KINDS[i], k);
        }
        for (k = 0; !strcmp(argv[1], "tcp") && k < 2; k++) {
            ECHOES[i](echo, &KINDS[i], large[k]);
            one_sample(samples, &KINDS[i], large[k]);
        }
    }
    arithmetic(v1, v4);
    refusals(argv[1], argv[2], port, v1);

    printf("checks %u failures %u\n", checks, failures);
    return failures ? 1 : 0;
}

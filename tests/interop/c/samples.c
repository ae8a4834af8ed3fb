/* See samples.h. */
#include "samples.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gen {
    unsigned k;
    uint64_t state;
};

/* splitmix64 */
static uint64_t next(struct gen *g)
{
    uint64_t z = (g->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static struct gen gen(unsigned k, kind what)
{
    struct gen g = {k, ((uint64_t)what << 32) | k};
    return g;
}

static void *zalloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);
    if (!p)
        abort();
    return p;
}

/* A number of `bits` bits, sign-extended when `is_signed`. */
static int64_t draw_number(struct gen *g, int bits, int is_signed)
{
    uint64_t mask = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
    uint64_t sign = (uint64_t)1 << (bits - 1);
    uint64_t v;
    switch (g->k) {
    case 0: v = 0; break;
    case 1: v = is_signed ? sign - 1 : mask; break;
    case 2: v = is_signed ? sign : 0; break;
    case 3: v = mask; break;
    case 4: v = 1; break;
    default: v = next(g) & mask;
    }
    if (is_signed && (v & sign))
        v |= ~mask;
    return (int64_t)v;
}

static float draw_float(struct gen *g)
{
    uint32_t bits;
    float f;
    switch (g->k) {
    case 0: bits = 0; break;
    case 1: bits = 0x7f800000u; break; /* infinity */
    case 2: bits = 0xffc12345u; break; /* negative quiet NaN with a payload */
    case 3: bits = 0x80000000u; break; /* -0.0 */
    case 4: bits = 0x00000001u; break; /* smallest denormal */
    default: bits = (uint32_t)next(g);
    }
    memcpy(&f, &bits, sizeof f);
    return f;
}

static double draw_double(struct gen *g)
{
    uint64_t bits;
    double d;
    switch (g->k) {
    case 0: bits = 0; break;
    case 1: bits = 0x7fefffffffffffffu; break; /* DBL_MAX */
    case 2: bits = 0xfff8000000054321u; break; /* negative quiet NaN with a payload */
    case 3: bits = 0x8000000000000000u; break; /* -0.0 */
    case 4: bits = 0x7ff0000000000001u; break; /* signalling NaN */
    default: bits = next(g);
    }
    memcpy(&d, &bits, sizeof d);
    return d;
}

static bool_t draw_bool(struct gen *g)
{
    switch (g->k) {
    case 0: case 2: return FALSE;
    case 1: case 3: case 4: return TRUE;
    default: return next(g) & 1 ? TRUE : FALSE;
    }
}

static hue draw_hue(struct gen *g)
{
    static const hue random[] = {HUE_NONE, HUE_RED, HUE_BLUE, HUE_TOP, HUE_BOTTOM};
    switch (g->k) {
    case 0: return HUE_NONE;
    case 1: return HUE_TOP;
    case 2: return HUE_BOTTOM;
    case 3: return HUE_BLUE;
    case 4: return HUE_RED;
    default: return random[next(g) % 5];
    }
}

/* A length up to `max`; UINT_MAX stands for no bound. */
static u_int draw_length(struct gen *g, u_int max)
{
    u_int unbounded = g->k >= K_LARGE ? 3000 : 40;
    u_int full = max < unbounded ? max : unbounded;
    switch (g->k) {
    case 0: return 0;
    case 1: case 4: return full;
    case 2: case 3: return full < 1 ? full : 1;
    default:
        if (g->k >= K_LARGE && max == UINT_MAX)
            return full;
        return (u_int)(next(g) % ((uint64_t)full + 1));
    }
}

static void draw_bytes(struct gen *g, char *out, u_int n)
{
    u_int i;
    for (i = 0; i < n; i++)
        out[i] = (char)next(g);
}

/* Any byte but NUL, which C cannot send in a string. */
static char *draw_string(struct gen *g, u_int max)
{
    u_int i, n = draw_length(g, max);
    char *s = zalloc((size_t)n + 1);
    for (i = 0; i < n; i++)
        s[i] = (char)(1 + next(g) % 255);
    return s;
}

#define DRAW_OPAQUE(g, field, name, max)                      \
    do {                                                      \
        (field).name##_len = draw_length(g, max);             \
        (field).name##_val = zalloc((field).name##_len);      \
        draw_bytes(g, (field).name##_val, (field).name##_len); \
    } while (0)

/* x->f: fixed array, variable array, optional; `draw` is an expression or statement on the lvalue `E`. */
#define DRAW_FIXED(field, draw)                                        \
    do {                                                               \
        size_t i_;                                                     \
        for (i_ = 0; i_ < sizeof(field) / sizeof((field)[0]); i_++) {  \
            DRAW_INTO((field)[i_], draw);                              \
        }                                                              \
    } while (0)
#define DRAW_INTO(lvalue, draw)          \
    do {                                 \
        __typeof__(&(lvalue)) E = &(lvalue); \
        draw;                            \
    } while (0)
#define DRAW_ARRAY(g, struct_, name, max, draw)                                          \
    do {                                                                                 \
        u_int j_;                                                                        \
        (struct_).name##_len = draw_length(g, max);                                      \
        (struct_).name##_val = zalloc((struct_).name##_len * sizeof *(struct_).name##_val); \
        for (j_ = 0; j_ < (struct_).name##_len; j_++)                                    \
            DRAW_INTO((struct_).name##_val[j_], draw);                                   \
    } while (0)
#define DRAW_OPTIONAL(g, pointer, draw)          \
    do {                                         \
        if (draw_bool(g)) {                      \
            (pointer) = zalloc(sizeof *(pointer)); \
            DRAW_INTO(*(pointer), draw);         \
        }                                        \
    } while (0)

#define CHAR *E = (char)draw_number(g, 8, 1)
#define UCHAR *E = (u_char)draw_number(g, 8, 0)
#define SHORT *E = (short)draw_number(g, 16, 1)
#define USHORT *E = (u_short)draw_number(g, 16, 0)
#define INT *E = (int)draw_number(g, 32, 1)
#define UINT *E = (u_int)draw_number(g, 32, 0)
/* `long` is 4 bytes on the wire, whatever it is here. */
#define LONG *E = (long)draw_number(g, 32, 1)
#define ULONG *E = (u_long)draw_number(g, 32, 0)
#define HYPER *E = draw_number(g, 64, 1)
#define UHYPER *E = (uint64_t)draw_number(g, 64, 0)
#define FLOAT *E = draw_float(g)
#define DOUBLE *E = draw_double(g)
#define BOOL *E = draw_bool(g)
#define HUE *E = draw_hue(g)
#define WORD *E = draw_string(g, 12)
#define HANDLE draw_handle(g, E)
#define DIGEST draw_bytes(g, *E, 20)
#define PAIR draw_pair(g, E)

static void draw_pair(struct gen *g, pair *x)
{
    x->a = (int)draw_number(g, 32, 1);
    x->b = (int)draw_number(g, 32, 1);
}

static void draw_handle(struct gen *g, handle *x)
{
    x->handle_len = draw_length(g, HANDLE_MAX);
    x->handle_val = zalloc(x->handle_len);
    draw_bytes(g, x->handle_val, x->handle_len);
}

static void draw_scalars(struct gen *g, scalars *x)
{
    DRAW_INTO(x->c, CHAR);
    DRAW_INTO(x->uc, UCHAR);
    DRAW_INTO(x->s, SHORT);
    DRAW_INTO(x->us, USHORT);
    DRAW_INTO(x->i, INT);
    DRAW_INTO(x->ui, UINT);
    DRAW_INTO(x->l, LONG);
    DRAW_INTO(x->ul, ULONG);
    DRAW_INTO(x->h, HYPER);
    DRAW_INTO(x->uh, UHYPER);
    DRAW_INTO(x->f, FLOAT);
    DRAW_INTO(x->d, DOUBLE);
    DRAW_INTO(x->b, BOOL);
    DRAW_INTO(x->e, HUE);
    x->i8 = (int8_t)draw_number(g, 8, 1);
    x->u8 = (uint8_t)draw_number(g, 8, 0);
    x->i16 = (int16_t)draw_number(g, 16, 1);
    x->u16 = (uint16_t)draw_number(g, 16, 0);
    x->i32 = (int32_t)draw_number(g, 32, 1);
    x->u32 = (uint32_t)draw_number(g, 32, 0);
    x->i64 = draw_number(g, 64, 1);
    x->u64 = (uint64_t)draw_number(g, 64, 0);
    x->ck = (uint64_t)draw_number(g, 64, 0);
}

static void draw_octets(struct gen *g, octets *x)
{
    draw_bytes(g, x->one, 1);
    draw_bytes(g, x->four, 4);
    draw_bytes(g, x->five, 5);
    DRAW_OPAQUE(g, x->empty, empty, 0);
    DRAW_OPAQUE(g, x->upto, upto, 7);
    DRAW_OPAQUE(g, x->any, any, UINT_MAX);
    x->nothing = draw_string(g, 0);
    x->text = draw_string(g, LABEL_MAX);
    x->free_text = draw_string(g, UINT_MAX);
    draw_handle(g, &x->fh);
    draw_bytes(g, x->sum, 20);
    x->w = draw_string(g, 12);
}

/* The discriminants of a union are drawn from a table, by turns for the small `k`, so that each arm occurs. */
static uint64_t draw_arm(struct gen *g, uint64_t arms)
{
    return (g->k < 5 ? g->k : next(g)) % arms;
}

static void draw_by_int(struct gen *g, by_int *x)
{
    static const int tags[] = {0, 1, 2, -1, 77, INT_MIN};
    x->type = tags[draw_arm(g, 6)];
    switch (x->type) {
    case 0: break;
    case 1: case 2: x->by_int_u.msg = draw_string(g, 16); break;
    case -1: DRAW_INTO(x->by_int_u.h, HYPER); break;
    default: DRAW_OPAQUE(g, x->by_int_u.rest, rest, 8);
    }
}

static void draw_by_unsigned(struct gen *g, by_unsigned *x)
{
    static const u_int tags[] = {0, 4294967295u};
    x->match = tags[draw_arm(g, 2)];
    if (x->match == 0)
        DRAW_INTO(x->by_unsigned_u.i, INT);
    else
        draw_pair(g, &x->by_unsigned_u.p);
}

static void draw_by_enum(struct gen *g, by_enum *x)
{
    static const hue tags[] = {HUE_NONE, HUE_RED, HUE_BLUE, HUE_TOP, HUE_BOTTOM};
    x->e = tags[draw_arm(g, 5)];
    switch (x->e) {
    case HUE_RED: DRAW_INTO(x->by_enum_u.f, FLOAT); break;
    case HUE_BLUE: draw_by_int(g, &x->by_enum_u.inner); break;
    case HUE_TOP: DRAW_ARRAY(g, x->by_enum_u.pairs, pairs, 3, PAIR); break;
    default: break;
    }
}

static void draw_by_bool(struct gen *g, by_bool *x)
{
    x->ok = draw_bool(g);
    if (x->ok)
        draw_handle(g, &x->by_bool_u.fh);
    else
        DRAW_INTO(x->by_bool_u.err, INT);
}

static void draw_maybe_cookie(struct gen *g, maybe_cookie *x)
{
    x->known = draw_bool(g);
    if (x->known)
        DRAW_INTO(x->maybe_cookie_u.ck, UHYPER);
}

static void draw_by_hyper(struct gen *g, by_hyper *x)
{
    static const int64_t tags[] = {0, INT64_MAX, -1, 5, INT64_MIN};
    x->h = tags[draw_arm(g, 5)];
    switch (x->h) {
    case 0: break;
    case INT64_MAX: DRAW_INTO(x->by_hyper_u.i, INT); break;
    case -1: x->by_hyper_u.s = draw_string(g, 4); break;
    default: DRAW_INTO(x->by_hyper_u.d, DOUBLE);
    }
}

static void draw_by_char(struct gen *g, by_char *x)
{
    static const char tags[] = {0, 'a', 'z', -1, 'b'};
    x->c = tags[draw_arm(g, 5)];
    switch (x->c) {
    case 'a': DRAW_INTO(x->by_char_u.i, INT); break;
    case 'z': x->by_char_u.w = draw_string(g, 12); break;
    default: break;
    }
}

static void draw_shapes(struct gen *g, shapes *x)
{
    static const u_int tags[] = {0, 1, 2, 3, 4, 5, 6, 4294967295u};
    x->n = tags[draw_arm(g, 8)];
    switch (x->n) {
    case 0: draw_by_unsigned(g, &x->shapes_u.u); break;
    case 1: draw_by_enum(g, &x->shapes_u.e); break;
    case 2: draw_by_bool(g, &x->shapes_u.b); break;
    case 3: draw_maybe_cookie(g, &x->shapes_u.m); break;
    case 4: draw_by_hyper(g, &x->shapes_u.h); break;
    case 5: draw_by_char(g, &x->shapes_u.c); break;
    default: draw_by_int(g, &x->shapes_u.i);
    }
}

static void draw_fixed(struct gen *g, fixed *x)
{
    DRAW_FIXED(x->c, CHAR);
    DRAW_FIXED(x->uc, UCHAR);
    DRAW_FIXED(x->s, SHORT);
    DRAW_FIXED(x->us, USHORT);
    DRAW_FIXED(x->i, INT);
    DRAW_FIXED(x->ui, UINT);
    DRAW_FIXED(x->l, LONG);
    DRAW_FIXED(x->ul, ULONG);
    DRAW_FIXED(x->h, HYPER);
    DRAW_FIXED(x->uh, UHYPER);
    DRAW_FIXED(x->f, FLOAT);
    DRAW_FIXED(x->d, DOUBLE);
    DRAW_FIXED(x->b, BOOL);
    DRAW_FIXED(x->e, HUE);
    DRAW_FIXED(x->p, PAIR);
    DRAW_FIXED(x->w, WORD);
    DRAW_FIXED(x->fh, HANDLE);
    DRAW_FIXED(x->sum, DIGEST);
    DRAW_FIXED(x->u, draw_by_int(g, E));
    DRAW_FIXED(x->m, DOUBLE);
}

static void draw_variable(struct gen *g, variable *x)
{
    DRAW_ARRAY(g, x->c, c, 3, CHAR);
    DRAW_ARRAY(g, x->uc, uc, 2, UCHAR);
    DRAW_ARRAY(g, x->s, s, 5, SHORT);
    DRAW_ARRAY(g, x->us, us, 2, USHORT);
    DRAW_ARRAY(g, x->i, i, UINT_MAX, INT);
    DRAW_ARRAY(g, x->ui, ui, 17, UINT);
    DRAW_ARRAY(g, x->l, l, 2, LONG);
    DRAW_ARRAY(g, x->ul, ul, 2, ULONG);
    DRAW_ARRAY(g, x->h, h, UINT_MAX, HYPER);
    DRAW_ARRAY(g, x->uh, uh, 2, UHYPER);
    DRAW_ARRAY(g, x->f, f, 2, FLOAT);
    DRAW_ARRAY(g, x->d, d, UINT_MAX, DOUBLE);
    DRAW_ARRAY(g, x->b, b, 3, BOOL);
    DRAW_ARRAY(g, x->e, palette, 4, HUE);
    DRAW_ARRAY(g, x->p, p, UINT_MAX, PAIR);
    DRAW_ARRAY(g, x->w, sentence, 5, WORD);
    DRAW_ARRAY(g, x->fh, fh, 2, HANDLE);
    DRAW_ARRAY(g, x->sum, sum, 2, DIGEST);
    DRAW_ARRAY(g, x->u, u, 3, draw_by_enum(g, E));
    DRAW_ARRAY(g, x->zero, zero, 0, INT);
    DRAW_ARRAY(g, x->ck, cookies, UINT_MAX, UHYPER);
}

static void draw_optional(struct gen *g, optional *x)
{
    DRAW_OPTIONAL(g, x->c, CHAR);
    DRAW_OPTIONAL(g, x->uc, UCHAR);
    DRAW_OPTIONAL(g, x->s, SHORT);
    DRAW_OPTIONAL(g, x->us, USHORT);
    DRAW_OPTIONAL(g, x->i, INT);
    DRAW_OPTIONAL(g, x->ui, UINT);
    DRAW_OPTIONAL(g, x->l, LONG);
    DRAW_OPTIONAL(g, x->ul, ULONG);
    DRAW_OPTIONAL(g, x->h, HYPER);
    DRAW_OPTIONAL(g, x->uh, UHYPER);
    DRAW_OPTIONAL(g, x->f, FLOAT);
    DRAW_OPTIONAL(g, x->d, DOUBLE);
    DRAW_OPTIONAL(g, x->b, BOOL);
    DRAW_OPTIONAL(g, x->e, HUE);
    DRAW_OPTIONAL(g, x->p, PAIR);
    DRAW_OPTIONAL(g, x->w, WORD);
    DRAW_OPTIONAL(g, x->fh, HANDLE);
    DRAW_OPTIONAL(g, x->sum, DIGEST);
    DRAW_OPTIONAL(g, x->u, draw_by_hyper(g, E));
}

static void draw_nodes(struct gen *g, nodes *x)
{
    u_int n = draw_length(g, UINT_MAX);
    *x = NULL;
    for (; n > 0; n--, x = &(*x)->next) {
        *x = zalloc(sizeof **x);
        (*x)->value = (int)draw_number(g, 32, 1);
        (*x)->label = draw_string(g, LABEL_MAX);
    }
}

static void draw_chain(struct gen *g, chain *x)
{
    u_int n = draw_length(g, UINT_MAX);
    x->link = (short)draw_number(g, 16, 1);
    for (; n > 0; n--) {
        x = x->next = zalloc(sizeof *x);
        x->link = (short)draw_number(g, 16, 1);
    }
}

static void draw_trees(struct gen *g, trees *x, int height)
{
    if (height == 0 || !draw_bool(g))
        return;
    *x = zalloc(sizeof **x);
    (*x)->key = draw_number(g, 64, 1);
    (*x)->name = draw_string(g, 12);
    draw_trees(g, &(*x)->left, height - 1);
    draw_trees(g, &(*x)->right, height - 1);
}

static void draw_everything(struct gen *g, everything *x)
{
    draw_scalars(g, &x->s);
    draw_octets(g, &x->o);
    draw_fixed(g, &x->f);
    draw_variable(g, &x->v);
    draw_optional(g, &x->opt);
    draw_nodes(g, &x->list);
    draw_chain(g, &x->links);
    draw_trees(g, &x->root, 4);
    DRAW_ARRAY(g, x->any, any, 8, draw_shapes(g, E));
}

#define MAKE(name, what, type, draw)                  \
    static void make_##name(unsigned k, void *out)    \
    {                                                 \
        struct gen state = gen(k, what), *g = &state; \
        type *x = out;                                \
        draw;                                         \
    }
MAKE(scalars, KIND_SCALARS, scalars, draw_scalars(g, x))
MAKE(octets, KIND_OCTETS, octets, draw_octets(g, x))
MAKE(fixed, KIND_FIXED, fixed, draw_fixed(g, x))
MAKE(variable, KIND_VARIABLE, variable, draw_variable(g, x))
MAKE(optional, KIND_OPTIONAL, optional, draw_optional(g, x))
MAKE(nodes, KIND_NODES, nodes, draw_nodes(g, x))
MAKE(chain, KIND_CHAIN, chain, draw_chain(g, x))
MAKE(trees, KIND_TREES, trees, draw_trees(g, x, 5))
MAKE(shapes, KIND_SHAPES, shapes, draw_shapes(g, x))
MAKE(everything, KIND_EVERYTHING, everything, draw_everything(g, x))

#define ROW(name, what, type, member) \
    {#name, what, (xdrproc_t)xdr_##type, sizeof(type), make_##name, offsetof(sample, sample_u.member)}
const struct kind_info KINDS[] = {
    ROW(scalars, KIND_SCALARS, scalars, s),
    ROW(octets, KIND_OCTETS, octets, o),
    ROW(fixed, KIND_FIXED, fixed, f),
    ROW(variable, KIND_VARIABLE, variable, v),
    ROW(optional, KIND_OPTIONAL, optional, opt),
    ROW(nodes, KIND_NODES, nodes, list),
    ROW(chain, KIND_CHAIN, chain, links),
    ROW(trees, KIND_TREES, trees, root),
    ROW(shapes, KIND_SHAPES, shapes, u),
    ROW(everything, KIND_EVERYTHING, everything, all),
};
const unsigned KIND_COUNT = sizeof KINDS / sizeof KINDS[0];

const struct kind_info *kind_by_number(kind what)
{
    unsigned i;
    for (i = 0; i < KIND_COUNT; i++)
        if (KINDS[i].what == what)
            return &KINDS[i];
    return NULL;
}

void make_sample(const struct kind_info *info, unsigned k, sample *out)
{
    memset(out, 0, sizeof *out);
    out->what = info->what;
    info->make(k, (char *)out + info->offset);
}

char *encode(xdrproc_t xdr, const void *value, u_int *len)
{
    XDR x;
    u_int room = 4 << 20;
    char *bytes = zalloc(room);
    xdrmem_create(&x, bytes, room, XDR_ENCODE);
    if (!xdr(&x, (void *)value)) {
        free(bytes);
        return NULL;
    }
    *len = xdr_getpos(&x);
    xdr_destroy(&x);
    return bytes;
}

/*
 * Sample number `k` of each kind of value: the C half. Its twin is src/samples.rs; both draw the same values in the
 * same order, so either end can tell what the other should have sent.
 *
 * k = 0  the smallest: zeros, empty, absent
 * k = 1  at the upper bound: largest numbers, infinity, full arrays and strings, present
 * k = 2  at the lower bound: most negative numbers, NaN with a payload, one element, absent
 * k = 3  oddities: -1, -0.0, one element, present
 * k = 4  oddities: 1, denormals, signalling NaN, full, present
 * k < K_LARGE   pseudo-random
 * k >= K_LARGE  pseudo-random with long unbounded parts: too large for a datagram
 */
#ifndef SAMPLES_H
#define SAMPLES_H

#include "every.h"

#define K_COUNT 40
#define K_LARGE 1000

/* Fills `out` (zeroed memory of the kind's C type) with sample `k`. Free with xdr_free. */
typedef void make_fn(unsigned k, void *out);

struct kind_info {
    const char *name;
    kind what;
    xdrproc_t xdr;
    size_t size;
    make_fn *make;
    size_t offset; /* of the value inside `sample` */
};

extern const struct kind_info KINDS[];
extern const unsigned KIND_COUNT;

/* The encoding of a value, malloc'ed; NULL when it does not encode. */
char *encode(xdrproc_t xdr, const void *value, u_int *len);

/* Makes a `sample` (discriminant and value). */
void make_sample(const struct kind_info *info, unsigned k, sample *out);

/* The kind's row, or NULL. */
const struct kind_info *kind_by_number(kind what);

#endif

/* The immediate evaluator: a builder that runs each request at once, on memory of its own, at a
 * chosen level. What a tape only records has a value here as soon as it is emitted, so rules can be
 * tested without a tape, and a recording can be compared with its statements executed one by one.
 *
 * A value is an index. Every value and its history live until immediate_free. The first error is
 * kept and everything after it is WG__NONE, as on a tape.                                        */
#ifndef WG_TEST_IMMEDIATE_H
#define WG_TEST_IMMEDIATE_H

#include "ops/internal.h"

typedef struct immediate_node {
    wg__type type;
    wg__array array;
    void *block;                /* NULL: the memory of another value, or a caller's */
    size_t block_bytes;
    wg__op_id op;               /* WG__OP_input for what came from outside */
    int32_t in_count, attribute_count;
    uint32_t *in;
    int64_t attribute[WG__ATTRIBUTE_MAX];
} immediate_node;

/* Stands in for wg__vjp. */
typedef void immediate_rule(void *user, const wg__node_view *node, uint32_t *gradient);

typedef struct immediate {
    wg__builder builder;        /* first */
    const struct wg__kernels *kernels;
    immediate_node **node;
    int64_t count, capacity;
    int status;                 /* of the first error */
    char why[200];
    bool copies_views;          /* views are made contiguous: the bits must not change */
    immediate_rule *rule;       /* of every node of every sweep; NULL: the table's */
    void *rule_user;
    void *scratch;
} immediate;

immediate *immediate_create(wg__level level);
void immediate_free(immediate *im);

/* The array's memory is borrowed, strides and all. */
uint32_t immediate_input(immediate *im, const wg__array *array);
/* Copied, contiguous. */
uint32_t immediate_f64(immediate *im, const wg__shape *shape, const double *data);
uint32_t immediate_f32(immediate *im, const wg__shape *shape, const float *data);
uint32_t immediate_i32(immediate *im, const wg__shape *shape, const int32_t *data);
uint32_t immediate_i64(immediate *im, const wg__shape *shape, const int64_t *data);

const wg__array *immediate_array(const immediate *im, uint32_t value);
int64_t immediate_count(const immediate *im, uint32_t value); /* elements */
/* Element i in logical order, as a double. */
double immediate_at(const immediate *im, uint32_t value, int64_t i);
/* The sum of products of two values of as many elements. */
double immediate_dot(const immediate *im, uint32_t x, uint32_t y);
/* Copies a value into contiguous memory of its dtype. */
void immediate_copy(const immediate *im, uint32_t value, void *out);

/* The cotangents of x[0 .. count) if that of y is g: a reverse sweep over the history of y, as the
 * tape does it but without branch masks. out[i] is WG__NONE where nothing flows. What the sweep
 * emits are values with histories themselves, so any order can be had.                           */
void immediate_vjp(immediate *im, uint32_t y, uint32_t g, int64_t count, const uint32_t *x,
                   uint32_t *out);
/* The same by y_count values, each with its cotangent, in one sweep. */
void immediate_vjps(immediate *im, int64_t y_count, const uint32_t *y, const uint32_t *g,
                    int64_t count, const uint32_t *x, uint32_t *out);
/* The cotangent of one x, zeros where nothing flows. */
uint32_t immediate_grad(immediate *im, uint32_t y, uint32_t g, uint32_t x);

#endif

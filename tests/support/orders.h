/* Derivatives of any function of the builder, order by order, against differences of the order
 * below. With cotangents w and directions v_1, v_2, v_3 that tell all elements apart,
 *
 *     S_0(x) = sum w f(x)        S_k(x) = the derivative of S_(k-1) at x along v_k,
 *
 * so S_3 is a mixed third derivative by all leaves at once. S_k is made by reverse sweeps, and must
 * be the four-point difference of S_(k-1) along v_k. A leaf may have any layout: what is moved is
 * its memory, so elements that share memory move together.                                       */
#ifndef WG_TEST_ORDERS_H
#define WG_TEST_ORDERS_H

#include "support/immediate.h"

enum { ORDERS_MAX = 3, ORDERS_LEAVES_MAX = 3 };

/* The array views memory of count elements; one of f32 or f64 is differentiated by. */
typedef struct orders_leaf { wg__array array; void *memory; int64_t count; } orders_leaf;

typedef struct orders_problem {
    uint32_t (*function)(immediate *im, const uint32_t *leaf, const void *user);
    const void *user;
    int32_t leaf_count;
    orders_leaf leaf[ORDERS_LEAVES_MAX];
    wg__level level;
    immediate_rule *rule;      /* instead of the table's, NULL: the table's */
    void *rule_user;
} orders_problem;

typedef struct orders_report {
    int order;                 /* the lowest that disagrees, 0: none */
    int status;                /* of the evaluator: what was emitted is no request */
    double actual, expected;
    char why[200];
} orders_report;

/* Compares orders 1 to last, each within a relative error of 1e-8. Real leaves must be smooth
 * within 2^-10 of where they are. */
orders_report orders_compare(const orders_problem *p, int last, uint64_t seed);

/* S_0 .. S_last and, for each, the sum of the magnitudes of its terms. Negative: the status. */
int orders_evaluate(const orders_problem *p, int last, uint64_t seed, double *sum, double *size);

#endif

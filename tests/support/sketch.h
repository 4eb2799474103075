/* Sketches: random programs of small real arrays, as data. They are evaluated here by dual numbers,
 * knowing nothing of the library, and recorded by a test through its public functions.           */
#ifndef WG_TEST_SKETCH_H
#define WG_TEST_SKETCH_H

#include "support/dual.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SKETCH_LEAVES = 3, SKETCH_NODES_MAX = 60 + SKETCH_LEAVES, SKETCH_RANK_MAX = 4,
    SKETCH_ELEMENTS_MAX = 60, SKETCH_INDEX_MAX = 4
};

typedef enum sketch_op {
    SKETCH_LEAF,
    /* elementwise of one */
    SKETCH_NEG, SKETCH_ABS, SKETCH_SIGN, SKETCH_FLOOR, SKETCH_ROUND, SKETCH_EXP, SKETCH_EXPM1,
    SKETCH_LOG, SKETCH_LOG1P, SKETCH_SQRT, SKETCH_RSQRT, SKETCH_SIN, SKETCH_COS, SKETCH_TANH,
    SKETCH_LOGISTIC, SKETCH_ERF, SKETCH_ERFC, SKETCH_ERF_INV, SKETCH_LOG_GAMMA,
    SKETCH_RELU, SKETCH_HOLD,
    /* of two, which join */
    SKETCH_ADD, SKETCH_SUB, SKETCH_MUL, SKETCH_DIV, SKETCH_MAXIMUM, SKETCH_MINIMUM, SKETCH_REM,
    SKETCH_LOGADDEXP, SKETCH_POW, SKETCH_ATAN2, SKETCH_SELECT,
    /* elements taken from elsewhere */
    SKETCH_RESHAPE, SKETCH_TRANSPOSE, SKETCH_BROADCAST, SKETCH_SLICE, SKETCH_PAD, SKETCH_CONCAT,
    SKETCH_GATHER, SKETCH_WINDOWS,
    /* elements added to others */
    SKETCH_SUM, SKETCH_SCATTER, SKETCH_OVERLAP,
    /* along an axis */
    SKETCH_CUMSUM, SKETCH_RECURRENCE, SKETCH_MAX, SKETCH_MIN, SKETCH_PROD,
    SKETCH_MATMUL,
    /* for each entry x of the leading axis: carry = tanh(carry x) + c / 2, from c; y = carry x */
    SKETCH_SCAN,
    SKETCH_OP_COUNT
} sketch_op;

/* What words mean:
 *   slice    start, count, step           pad      low, high, interior
 *   windows overlap  extent, stride       cumsum recurrence  1 if from the end
 *   scan     1 if from the end, steps between carries that are kept
 * All along `axis`; gather and scatter by index.                                                 */
typedef struct sketch_node {
    sketch_op op;
    int in[2], in_count, axis, rank;
    int64_t dim[SKETCH_RANK_MAX];
    int64_t word[3];
    int32_t index[SKETCH_INDEX_MAX];
} sketch_node;

typedef struct sketch {
    uint64_t state;
    int count;
    sketch_node node[SKETCH_NODES_MAX];
    dual value[SKETCH_NODES_MAX][SKETCH_ELEMENTS_MAX];
} sketch;

int64_t sketch_count(const sketch_node *node); /* elements */
/* Leaves and `count` more nodes. Every point is smooth: at least 0.01 from ties and kinks, well
 * within each domain, and no value is beyond 30.                                                 */
void sketch_make(sketch *s, int count, uint64_t seed);
/* All values from those of the leaves. */
void sketch_evaluate(sketch *s);

#endif

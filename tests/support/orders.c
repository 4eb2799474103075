/* Steps are powers of two and directions multiples of 1/64, so what is moved is moved exactly. */
#include "support/orders.h"

#include "support/test.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers that tell elements apart ---- */

/* +-1/2 .. +-1 in steps of 1/64, of a stream: no element may be weak enough to hide. */
static double direction(uint64_t seed, int stream, int64_t i)
{
    uint64_t state = seed + (uint64_t)stream * UINT64_C(0x9e3779b97f4a7c15);
    state ^= (uint64_t)i * UINT64_C(0xd1342543de82ef95);
    const uint64_t word = test_random(&state);
    const double size = 0.5 + 0x1p-6 * (double)((word >> 8) % 33);
    return word & 1 ? size : -size;
}

/* Stream of leaf l at order k. */
static int stream_of(int order, int leaf)
{
    return 1 + order * ORDERS_LEAVES_MAX + leaf;
}

static bool is_real(const orders_leaf *leaf)
{
    return leaf->array.dtype == WG_F32 || leaf->array.dtype == WG_F64;
}

/* Where element i of an array, in logical order, lies from its first. */
static int64_t offset_of(const wg__array *array, int64_t i)
{
    int64_t offset = 0;
    for (int32_t axis = array->rank - 1; axis >= 0; axis--) {
        offset += i % array->dim[axis] * array->stride[axis];
        i /= array->dim[axis];
    }
    return offset;
}

static double get(wg_dtype dtype, const void *data, int64_t i)
{
    return dtype == WG_F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

/* ---- one evaluation ---- */

/* A point of the line through all leaves along the directions of an order. */
typedef struct place { int order; double step; } place;

/* A leaf that lies in memory of its own, moved. */
static wg__array leaf_at(const orders_leaf *leaf, int index, uint64_t seed, place at, void *memory)
{
    const size_t bytes = wg_dtype_bytes(leaf->array.dtype);
    wg__array array = leaf->array;
    if (leaf->count > 0) memcpy(memory, leaf->memory, (size_t)leaf->count * bytes);
    array.data = (char *)memory + ((char *)leaf->array.data - (char *)leaf->memory);
    for (int64_t i = 0; i < leaf->count && at.step != 0 && is_real(leaf); i++) {
        const double moved = get(array.dtype, leaf->memory, i) +
                             at.step * direction(seed, stream_of(at.order, index), i);
        wg__number_store(moved, array.dtype, (char *)memory + (size_t)i * bytes);
    }
    return array;
}

/* The cotangent of a value: what tells the elements of its memory apart. */
static uint32_t weights(immediate *im, uint32_t like, const wg__array *memory, int64_t first,
                        int stream, uint64_t seed)
{
    const wg__type type = im->node[like]->type;
    const int64_t count = immediate_count(im, like);
    double *data = malloc(sizeof *data * (size_t)(count + 1));
    check(data != NULL);
    for (int64_t i = 0; i < count; i++)
        data[i] = direction(seed, stream, first + offset_of(memory, i));
    const uint32_t value = immediate_f64(im, &type.shape, data);
    free(data);
    return wg__emit_cast(&im->builder, value, type.dtype);
}

/* Adds sum value weight and the sum of the magnitudes. */
static void add_terms(immediate *im, uint32_t value, uint32_t weight, double *sum, double *size)
{
    for (int64_t i = 0; i < immediate_count(im, value); i++) {
        const double term = immediate_at(im, value, i) * immediate_at(im, weight, i);
        *sum += term;
        *size += fabs(term);
    }
}

typedef struct evaluation {
    immediate *im;
    uint32_t leaf[ORDERS_LEAVES_MAX];
    int32_t count;                           /* of values of the present order */
    uint32_t value[ORDERS_LEAVES_MAX], weight[ORDERS_LEAVES_MAX];
} evaluation;

/* The gradients of the present order's sum become the values of the next. */
static void differentiate(evaluation *e, const orders_problem *p, int order, uint64_t seed)
{
    uint32_t real[ORDERS_LEAVES_MAX], gradient[ORDERS_LEAVES_MAX];
    int index[ORDERS_LEAVES_MAX];
    int32_t count = 0;
    for (int32_t l = 0; l < p->leaf_count; l++) {
        if (!is_real(&p->leaf[l])) continue;
        index[count] = l;
        real[count++] = e->leaf[l];
    }
    immediate_vjps(e->im, e->count, e->value, e->weight, count, real, gradient);
    e->count = 0;
    for (int32_t i = 0; i < count && e->im->status == WG_OK; i++) {
        const orders_leaf *leaf = &p->leaf[index[i]];
        const int64_t first =
            ((char *)leaf->array.data - (char *)leaf->memory) /
            (int64_t)wg_dtype_bytes(leaf->array.dtype);
        if (gradient[i] == WG__NONE) continue;
        if (!wg__shape_equal(&e->im->node[gradient[i]]->type.shape,
                             &e->im->node[real[i]]->type.shape)) {
            e->im->status = WG_ESHAPE;
            return;
        }
        e->value[e->count] = gradient[i];
        e->weight[e->count++] = weights(e->im, gradient[i], &leaf->array, first,
                                        stream_of(order, index[i]), seed);
    }
}

static void evaluate(evaluation *e, const orders_problem *p, int last, uint64_t seed, double *sum,
                     double *size)
{
    e->value[0] = p->function(e->im, e->leaf, p->user);
    e->count = 1;
    if (e->im->status < 0) return;
    const wg__type *type = &e->im->node[e->value[0]]->type;
    const wg__array straight = wg__array_of(NULL, type->dtype, &type->shape);
    e->weight[0] = weights(e->im, e->value[0], &straight, 0, 0, seed);
    for (int order = 0; order <= last; order++) {
        if (order > 0) differentiate(e, p, order, seed);
        if (e->im->status < 0) return;
        sum[order] = size[order] = 0;
        for (int32_t i = 0; i < e->count; i++)
            add_terms(e->im, e->value[i], e->weight[i], &sum[order], &size[order]);
    }
}

static int evaluate_at(const orders_problem *p, place at, int last, uint64_t seed, double *sum,
                       double *size, char why[200])
{
    evaluation e = { .im = immediate_create(p->level) };
    void *memory[ORDERS_LEAVES_MAX] = { NULL };
    e.im->rule = p->rule;
    e.im->rule_user = p->rule_user;
    for (int32_t l = 0; l < p->leaf_count; l++) {
        const orders_leaf *leaf = &p->leaf[l];
        memory[l] = malloc((size_t)leaf->count * wg_dtype_bytes(leaf->array.dtype) + 1);
        check(memory[l] != NULL);
        const wg__array array = leaf_at(leaf, l, seed, at, memory[l]);
        e.leaf[l] = immediate_input(e.im, &array);
    }
    evaluate(&e, p, last, seed, sum, size);
    const int status = e.im->status;
    if (status < 0 && why != NULL) memcpy(why, e.im->why, sizeof e.im->why);
    immediate_free(e.im);
    for (int32_t l = 0; l < p->leaf_count; l++) free(memory[l]);
    return status;
}

int orders_evaluate(const orders_problem *p, int last, uint64_t seed, double *sum, double *size)
{
    return evaluate_at(p, (place){ .step = 0 }, last, seed, sum, size, NULL);
}

/* ---- comparison ---- */

/* (S(-2h) - 8 S(-h) + 8 S(h) - S(2h)) / 12h of S_order along the directions of the next. */
static int difference(const orders_problem *p, int order, double h, uint64_t seed, double *out)
{
    static const double factor[4] = { 1, -8, 8, -1 }, steps[4] = { -2, -1, 1, 2 };
    double total = 0;
    for (int k = 0; k < 4; k++) {
        double sum[ORDERS_MAX + 1], size[ORDERS_MAX + 1];
        const place at = { .order = order + 1, .step = steps[k] * h };
        WG_TRY(evaluate_at(p, at, order, seed, sum, size, NULL));
        total += factor[k] * sum[order];
    }
    *out = total / (12 * h);
    return WG_OK;
}

/* CANCELLED: right, as far as the digits that are left can tell. */
typedef enum verdict { RIGHT, CANCELLED, WRONG } verdict;

/* Four points leave out a part in h^4, which falls with the step, and lose digits, which falls as
 * the step grows: the steps are tried in turn for one with a relative error of 1e-8. Of 0 there is
 * no relative error: both must be 0 but for the units in the last place of the terms that they are
 * the sum of, which a subtraction makes large. So much is lost too where terms cancel otherwise. */
static verdict judge(const orders_problem *p, int order, uint64_t seed, double actual,
                     const double *size, double *expected)
{
    const double units = 16 * DBL_EPSILON;
    verdict best = WRONG;
    if (!isfinite(actual)) return WRONG;   /* leaves are smooth where they are */
    for (int exponent = -11; exponent >= -19; exponent -= 2) {
        const double h = ldexp(1, exponent);
        if (difference(p, order, h, seed, expected) < 0) return WRONG;
        const double off = fabs(actual - *expected);
        const double lost = units * (size[order] / h + size[order + 1]);
        const bool are_zero = fabs(actual) <= units * size[order + 1] && fabs(*expected) <= lost;
        if (off <= 1e-8 * fabs(*expected) || are_zero) return RIGHT;
        if (off <= lost) best = CANCELLED;
    }
    return best;
}

/* The lowest order that is not right is the report's. */
static verdict compare(const orders_problem *p, int last, uint64_t seed, orders_report *report)
{
    double sum[ORDERS_MAX + 1] = { 0 }, size[ORDERS_MAX + 1] = { 0 };
    *report = (orders_report){ .order = 0 };
    report->status =
        evaluate_at(p, (place){ .step = 0 }, last, seed, sum, size, report->why);
    for (int order = 0; order < last && report->status == WG_OK; order++) {
        report->actual = sum[order + 1];
        const verdict found =
            judge(p, order, seed, report->actual, size, &report->expected);
        if (found != RIGHT) report->order = order + 1;
        if (found != RIGHT) return found;
    }
    return report->status == WG_OK ? RIGHT : WRONG;
}

/* Terms that cancel along some directions do not along others. */
orders_report orders_compare(const orders_problem *p, int last, uint64_t seed)
{
    enum { DRAWS = 4 };        /* one in 10^5 cancels too far */
    orders_report report;
    verdict found = CANCELLED;
    check(last <= ORDERS_MAX);
    for (uint64_t i = 0; i < DRAWS && found == CANCELLED; i++)
        found = compare(p, last, seed + i, &report);
    return report;
}

/* Every order is summed with weights that tell its elements apart, so each is a function of numbers
 * to one number.                                                                                 */
#include "support/difference.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>

enum { ELEMENTS_MAX = 256, ORDER_MAX = 3 };

static const double step = 5e-4;

/* Distinct, of both signs. */
static double weight(int64_t i, int order)
{
    return (i + order) % 2 == 0 ? 1 + 0.1 * (double)(i % 7) : -0.5 - 0.1 * (double)(i % 5);
}

static uint32_t weights(immediate *im, uint32_t like, int order)
{
    double data[ELEMENTS_MAX];
    const wg__shape shape = im->node[like]->type.shape;
    check(immediate_count(im, like) <= ELEMENTS_MAX);
    for (int64_t i = 0; i < immediate_count(im, like); i++) data[i] = weight(i, order);
    return immediate_f64(im, &shape, data);
}

typedef struct problem {
    const char *name;
    difference_fn *function;
    const wg__shape *shape;
    const double *x;
} problem;

static double direction(int64_t i)
{
    return weight(i, 5);
}

/* The weighed sum of the order's elements at x + t direction; is_slope: of those of the next order,
 * each times the direction.                                                                      */
static double sum_at(const problem *p, int order, double t, bool is_slope)
{
    double moved[ELEMENTS_MAX], sum = 0;
    const int64_t count = wg__shape_count(p->shape);
    check(count <= ELEMENTS_MAX);
    for (int64_t i = 0; i < count; i++) moved[i] = p->x[i] + t * direction(i);
    immediate *im = immediate_create(WG__PORTABLE);
    const uint32_t x = immediate_f64(im, p->shape, moved);
    uint32_t value = p->function(im, x);
    for (int k = 0; k < order + is_slope; k++) {
        check_msg(im->status == WG_OK, "%s: %s", p->name, im->why);
        value = immediate_grad(im, value, weights(im, value, k), x);
    }
    check_msg(im->status == WG_OK, "%s: %s", p->name, im->why);
    for (int64_t i = 0; i < immediate_count(im, value); i++)
        sum += immediate_at(im, value, i) * (is_slope ? direction(i) : weight(i, order));
    immediate_free(im);
    return sum;
}

void difference_check(const char *name, difference_fn *function, const wg__shape *shape,
                      const double *x)
{
    const problem p = { .name = name, .function = function, .shape = shape, .x = x };
    for (int order = 0; order < ORDER_MAX; order++) {
        const double far = sum_at(&p, order, 2 * step, false) - sum_at(&p, order, -2 * step, false);
        const double above = sum_at(&p, order, step, false);
        const double near = above - sum_at(&p, order, -step, false);
        const double expected = (8 * near - far) / (12 * step);
        const double actual = sum_at(&p, order, 0, true);
        /* What four points leave out, and the digits of what is subtracted. */
        const double tolerance = 1e-8 * (1 + fabs(expected)) + 1e-14 * fabs(above) / step;
        check_msg(fabs(actual - expected) <= tolerance, "%s, order %d: %.15g, not %.15g", name,
                  order + 1, actual, expected);
    }
}

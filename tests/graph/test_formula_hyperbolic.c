/* Hyperbolic functions and their inverses: value and three derivatives against 50-digit arithmetic
 * (tests/golden/make_nn.py) in both dtypes, symmetry to the last bit, and
 * what they are where they end. */
#include "golden/nn.h"
#include "graph/lab.h"
#include <math.h>
#include <string.h>

enum { ORDERS = 4 };

typedef struct formula {
    const char *name;
    wg_activation *f;
    double value_eps, eps; /* bounds of formula.h: of the value, of derivatives */
    double largest;        /* in f32: beyond, f or a derivative overflows */
} formula;

static const formula formulas[] = {
    { "sinh", wg_sinh, 2, 2, 88 },      { "cosh", wg_cosh, 4, 4, 88 },
    { "asinh", wg_asinh, 2, 16, 1e9 },  { "acosh", wg_acosh, 2, 6, 1e9 },
    { "atanh", wg_atanh, 2, 4, 1 },
};
enum { FORMULAS = sizeof formulas / sizeof *formulas };

static const formula *formula_of(const char *name)
{
    for (int i = 0; i < FORMULAS; i++)
        if (strcmp(formulas[i].name, name) == 0) return &formulas[i];
    return NULL;
}

static void evaluate(wg_activation *f, wg_dtype dtype, double point, double value[ORDERS])
{
    const lab l = lab_open(1);
    wg_var x = wg_scalar(l.tape, "x", dtype, point);
    wg_var y = f(x);
    for (int order = 0; order < ORDERS; order++) {
        value[order] = lab_item(l, y);
        y = wg_grad(y, x);
    }
    lab_close(l);
}

/* Of the largest addend: next to 0 odd derivatives of an even function, and even ones of an odd
 * function, are differences of what the other orders are. */
static double size_of(const nn_golden *golden, int order)
{
    double size = fabs(golden->value[order]);
    for (int lower = 0; lower < order && fabs(golden->x) < 0.01; lower++)
        size = fmax(size, fabs(golden->value[lower]));
    return size;
}

static void check_golden(const formula *f, const nn_golden *golden, wg_dtype dtype)
{
    double value[ORDERS];
    evaluate(f->f, dtype, golden->x, value);
    const double least = dtype == WG_F32 ? FLT_MIN : DBL_MIN;
    for (int order = 0; order < ORDERS; order++) {
        const double steps = order > 0 ? f->eps : f->value_eps;
        const double bound = eps_of(dtype) * (steps * size_of(golden, order) + least);
        check_msg(fabs(value[order] - golden->value[order]) <= bound,
                  "%s at %.17g, order %d, %s: %.17g is not %.17g", f->name, golden->x, order,
                  wg_dtype_name(dtype), value[order], golden->value[order]);
    }
}

Test(formula_hyperbolic, derivatives_to_third_order_are_golden)
{
    int seen = 0;
    for (size_t i = 0; i < sizeof formula_goldens / sizeof formula_goldens[0]; i++) {
        const nn_golden *golden = &formula_goldens[i];
        const formula *f = formula_of(golden->name);
        if (f == NULL) continue;
        seen++;
        check_golden(f, golden, WG_F64);
        const bool is_single = (double)(float)golden->x == golden->x;
        if (is_single && fabs(golden->x) < f->largest) check_golden(f, golden, WG_F32);
    }
    check(seen >= 70);
}

Test(formula_hyperbolic, mirrored_arguments_mirror_every_bit)
{
    for (double x = 0.03125; x < 600; x *= 1.75) {
        for (int i = 0; i < FORMULAS; i++) {
            if (formulas[i].f == wg_acosh || (formulas[i].f == wg_atanh && x >= 1)) continue;
            double right[ORDERS], left[ORDERS];
            evaluate(formulas[i].f, WG_F64, x, right);
            evaluate(formulas[i].f, WG_F64, -x, left);
            const bool is_even = formulas[i].f == wg_cosh;
            for (int order = 0; order < 2; order++)
                check(left[order] == (is_even == (order % 2 == 0) ? 1 : -1) * right[order]);
        }
    }
}

typedef struct end { wg_activation *f; double x, value, slope; } end;

Test(formula_hyperbolic, ends_are_what_is_said)
{
    const end ends[] = {
        { wg_sinh, 0, 0, 1 },          { wg_sinh, INFINITY, INFINITY, INFINITY },
        { wg_cosh, 0, 1, 0 },          { wg_cosh, -700, 5.0711602736750226e303,
                                         -5.0711602736750226e303 },
        { wg_asinh, 0, 0, 1 },         { wg_asinh, -INFINITY, -INFINITY, 0 },
        { wg_asinh, 1e300, 691.46867507877365, 1e-300 },
        { wg_acosh, 1, 0, INFINITY },  { wg_acosh, INFINITY, INFINITY, 0 },
        { wg_acosh, 0.5, NAN, NAN },   { wg_acosh, -2, NAN, NAN },
        { wg_acosh, -1e9, NAN, NAN },  { wg_atanh, 0, 0, 1 },
        { wg_atanh, 1, INFINITY, INFINITY }, { wg_atanh, -1, -INFINITY, INFINITY },
        { wg_atanh, 1.5, NAN, 0 },     { wg_asinh, 4.9406564584124654e-324,
                                         4.9406564584124654e-324, 1 },
        { wg_cosh, 710.25, 1.4342530302495123e308, INFINITY },
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        double value[ORDERS];
        evaluate(ends[i].f, WG_F64, ends[i].x, value);
        const double bound = 4 * DBL_EPSILON * fabs(ends[i].value);
        const bool is_near = value[0] == ends[i].value ||
                             fabs(value[0] - ends[i].value) <= bound;
        check_msg(isnan(ends[i].value) ? isnan(value[0]) : is_near, "%zu: %.17g", i, value[0]);
        const bool is_slope = value[1] == ends[i].slope ||
                              fabs(value[1] - ends[i].slope) <= 4e-16 * fabs(ends[i].slope);
        if (!isnan(ends[i].value)) check_msg(is_slope, "%zu: slope %.17g", i, value[1]);
    }
}

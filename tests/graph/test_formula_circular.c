/* The tangent and the inverse circular functions: value and three derivatives against 50-digit
 * arithmetic (tests/golden/make_nn.py) in both dtypes, next to a pole too, and what they are at the
 * ends and beyond. */
#include "golden/nn.h"
#include "graph/lab.h"
#include <math.h>
#include <string.h>

enum { ORDERS = 4 };

typedef struct formula {
    const char *name;
    wg_activation *f;
    double largest; /* in f32: beyond, a derivative is below every normal number */
} formula;

static const formula formulas[] = {
    { "tan", wg_tan, 1e9 },
    { "asin", wg_asin, 1 },
    { "acos", wg_acos, 1 },
    { "atan", wg_atan, 1e8 },
};
enum { FORMULAS = sizeof formulas / sizeof *formulas };

static void evaluate(lab l, wg_activation *f, wg_dtype dtype, double point, double value[ORDERS])
{
    wg_tape_reset(l.tape);
    wg_var x = wg_scalar(l.tape, "x", dtype, point), y = f(x);
    for (int order = 0; order < ORDERS; order++) {
        value[order] = lab_item(l, y);
        y = wg_grad(y, x);
    }
}

/* Each order of the tangent is a polynomial in tan x of one degree more, whose lower addends may be
 * missing; one of an inverse is a sum whose addends next to 0 are those of the orders before. */
static double size_of(const nn_golden *golden, int order)
{
    const double r = fabs(golden->value[0]);
    double size = fabs(golden->value[order]);
    if (strcmp(golden->name, "tan") == 0) return order == 0 ? r : fmax(size, 1 + pow(r, order + 1));
    for (int lower = 1; lower < order && fabs(golden->x) < 1; lower++)
        size = fmax(size, fabs(golden->value[lower]));
    return size;
}

static void check_golden(lab l, wg_activation *f, const nn_golden *golden, wg_dtype dtype)
{
    double value[ORDERS];
    evaluate(l, f, dtype, golden->x, value);
    for (int order = 0; order < ORDERS; order++) {
        const double bound = (order == 0 ? 4 : 16) * eps_of(dtype) * size_of(golden, order);
        check_msg(fabs(value[order] - golden->value[order]) <= bound,
                  "%s at %.17g, order %d, %s: %.17g is not %.17g", golden->name, golden->x, order,
                  wg_dtype_name(dtype), value[order], golden->value[order]);
    }
}

static int check_goldens(lab l, const formula *f)
{
    int seen = 0;
    for (size_t i = 0; i < sizeof formula_goldens / sizeof formula_goldens[0]; i++) {
        const nn_golden *golden = &formula_goldens[i];
        if (strcmp(golden->name, f->name) != 0) continue;
        seen++;
        check_golden(l, f->f, golden, WG_F64);
        const bool is_single = (double)(float)golden->x == golden->x;
        if (is_single && fabs(golden->x) <= f->largest) check_golden(l, f->f, golden, WG_F32);
    }
    return seen;
}

Test(formula_circular, derivatives_to_third_order_are_golden)
{
    const lab l = lab_open(1);
    for (int i = 0; i < FORMULAS; i++) check(check_goldens(l, &formulas[i]) >= 10);
    lab_close(l);
}

typedef struct end { wg_activation *f; double x, value, slope; } end;

Test(formula_circular, ends_are_what_is_said)
{
    const double right = 1.5707963267948966, straight = 3.1415926535897931;
    const end ends[] = {
        { wg_asin, 1, right, INFINITY },    { wg_asin, -1, -right, INFINITY },
        { wg_acos, 1, 0, -INFINITY },       { wg_acos, -1, straight, -INFINITY },
        { wg_acos, 0, right, -1 },          { wg_asin, 1.25, NAN, NAN },
        { wg_acos, -2, NAN, NAN },          { wg_atan, INFINITY, right, 0 },
        { wg_atan, -INFINITY, -right, 0 },  { wg_atan, NAN, NAN, NAN },
        { wg_tan, INFINITY, NAN, NAN },     { wg_tan, -INFINITY, NAN, NAN },
        { wg_tan, NAN, NAN, NAN },          { wg_tan, 0, 0, 1 },
    };
    const lab l = lab_open(1);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        double value[ORDERS];
        evaluate(l, ends[i].f, WG_F64, ends[i].x, value);
        const bool is_nan = isnan(ends[i].value);
        check_msg(is_nan ? isnan(value[0]) : value[0] == ends[i].value, "%zu: %.17g", i, value[0]);
        check_msg(is_nan || value[1] == ends[i].slope, "%zu: slope %.17g", i, value[1]);
    }
    lab_close(l);
}

Test(formula_circular, mirrored_arguments_mirror_every_bit)
{
    wg_activation *const odd[3] = { wg_tan, wg_asin, wg_atan };
    const lab l = lab_open(1);
    for (int i = 0; i < 3; i++) {
        for (double x = 0x1p-20; x < 1; x *= 1.3) {
            wg_tape_reset(l.tape);
            wg_var left = odd[i](wg_scalar(l.tape, "left", WG_F64, -x));
            wg_var right = odd[i](wg_scalar(l.tape, "right", WG_F64, x));
            check(lab_item(l, left) == -lab_item(l, right));
        }
    }
    lab_close(l);
}

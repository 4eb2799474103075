/* The tangent: value and three derivatives against 50-digit arithmetic (tests/golden/make_nn.py) in
 * both dtypes, next to a pole too; of what is no angle it is NaN. */
#include "golden/nn.h"
#include "graph/lab.h"
#include <math.h>
#include <string.h>

enum { ORDERS = 4 };

/* Each order is a polynomial in tan x of one degree more, whose lower addends may be missing. */
static double size_of(const nn_golden *golden, int order)
{
    const double r = fabs(golden->value[0]);
    return order == 0 ? r : fmax(fabs(golden->value[order]), 1 + pow(r, order + 1));
}

static void check_golden(lab l, const nn_golden *golden, wg_dtype dtype)
{
    wg_tape_reset(l.tape);
    wg_var x = wg_scalar(l.tape, "x", dtype, golden->x), y = wg_tan(x);
    for (int order = 0; order < ORDERS; order++) {
        const double expected = golden->value[order], found = lab_item(l, y);
        const double bound = (order == 0 ? 4 : 16) * eps_of(dtype) * size_of(golden, order);
        check_msg(fabs(found - expected) <= bound, "tan at %.17g, order %d, %s: %.17g is not %.17g",
                  golden->x, order, wg_dtype_name(dtype), found, expected);
        y = wg_grad(y, x);
    }
}

Test(formula_circular, derivatives_of_the_tangent_are_golden)
{
    int seen = 0;
    const lab l = lab_open(1);
    for (size_t i = 0; i < sizeof formula_goldens / sizeof formula_goldens[0]; i++) {
        const nn_golden *golden = &formula_goldens[i];
        if (strcmp(golden->name, "tan") != 0) continue;
        seen++;
        check_golden(l, golden, WG_F64);
        if ((double)(float)golden->x == golden->x) check_golden(l, golden, WG_F32);
    }
    check(seen >= 16);
    lab_close(l);
}

Test(formula_circular, what_is_no_angle_has_no_tangent)
{
    const lab l = lab_open(1);
    const double none[3] = { INFINITY, -INFINITY, NAN };
    double value[3];
    lab_read(l, wg_tan(wg_input(l.tape, "x", wg_f64(none, WG_SHAPE(3)))), value, 3);
    for (int i = 0; i < 3; i++) check(isnan(value[i]));
    lab_close(l);
}

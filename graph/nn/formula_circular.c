/* The tangent and the inverse circular functions. All inverses are one: the angle of a point, whose
 * other side is found without forming 1 - x x, which next to 1 would cancel. */
#include <wengert/nn.h>

wg_var wg_tan(wg_var x)
{
    const wg_var rise = wg_sin(x);
    return wg_div(rise, wg_cos(x));
}

/* sqrt(1 - x x): each factor is exact where it is small. */
static wg_var other_side(wg_var x)
{
    const wg_var left = wg_sqrt(wg_shift(x, 1));
    const wg_var right = wg_sqrt(wg_shift(wg_neg(x), 1));
    return wg_mul(left, right);
}

wg_var wg_asin(wg_var x)
{
    return wg_atan2(x, other_side(x));
}

wg_var wg_acos(wg_var x)
{
    return wg_atan2(other_side(x), x);
}

wg_var wg_atan(wg_var x)
{
    return wg_atan2(x, wg_number(x, 1));
}

/* Circular functions that are quotients of sine and cosine. */
#include <wengert/nn.h>

wg_var wg_tan(wg_var x)
{
    const wg_var rise = wg_sin(x);
    return wg_div(rise, wg_cos(x));
}

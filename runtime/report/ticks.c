/* Ticks are whole multiples of 1, 2 or 5 times a power of ten, kept as integers: their labels are
 * exact, and only their places are rounded.                                                     */
#include "runtime/report/chart.h"

#include <math.h>

/* 10^exponent. Exact up to 10^22; a place on the screen needs no more. */
static double power_of_ten(int exponent)
{
    double power = 1.0;
    for (int i = 0; i < (exponent < 0 ? -exponent : exponent); i++) power *= 10.0;
    return exponent < 0 ? 1.0 / power : power;
}

double wg__tick_value(const wg__ticks *ticks, int64_t i)
{
    const double digits = (double)(i * ticks->step);
    const double power = power_of_ten(ticks->exponent < 0 ? -ticks->exponent : ticks->exponent);
    return ticks->exponent < 0 ? digits / power : digits * power;
}

wg__ticks wg__ticks_of(double lower, double upper, int count, bool are_whole)
{
    wg__ticks ticks = { .step = 1 };
    const double wanted = (upper - lower) / (double)count;
    /* The largest power of ten not above the wanted distance, then the nearest round one. */
    while (ticks.exponent < 300 && power_of_ten(ticks.exponent + 1) <= wanted) ticks.exponent++;
    while (ticks.exponent > -300 && power_of_ten(ticks.exponent) > wanted) ticks.exponent--;
    const double ratio = wanted / power_of_ten(ticks.exponent);
    if (ratio > 1.5) ticks.step = 2;
    if (ratio > 3.5) ticks.step = 5;
    if (ratio > 7.5) {
        ticks.step = 1;
        ticks.exponent++;
    }
    if (are_whole && ticks.exponent < 0) {
        ticks.step = 1;
        ticks.exponent = 0;
    }
    const double distance = wg__tick_value(&ticks, 1);
    ticks.first = (int64_t)ceil(lower / distance - 1e-9);
    ticks.last = (int64_t)floor(upper / distance + 1e-9);
    return ticks;
}

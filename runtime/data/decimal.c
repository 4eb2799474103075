/* A number is rounded to an integer count of its last place, and the point is put in as text. */
#include "runtime/data/decimal.h"

#include <math.h>

/* digits, the last `decimals` of them behind the point. */
static void place_point(int64_t digits, int decimals, wg__text *out)
{
    int64_t unit = 1;
    for (int i = 0; i < decimals; i++) unit *= 10;
    const int64_t size = digits < 0 ? -digits : digits;
    wg__text_add(out, "%s%lld", digits < 0 ? "-" : "", (long long)(size / unit));
    if (decimals > 0) wg__text_add(out, ".%0*lld", decimals, (long long)(size % unit));
}

void wg__decimal_fixed(double value, int decimals, char out[WG__DECIMAL_BYTES])
{
    double unit = 1.0;
    wg__text text = wg__text_of(out, WG__DECIMAL_BYTES);
    WG_ASSERT(decimals >= 0 && decimals <= 9);
    for (int i = 0; i < decimals; i++) unit *= 10.0;
    if (fabs(value) < 1e9) place_point((int64_t)floor(value * unit + 0.5), decimals, &text);
    else wg__number_text(value, out);
}

void wg__decimal_short(double value, char out[WG__DECIMAL_BYTES])
{
    const double size = fabs(value);
    int decimals = 4;
    if (size > 0.0 && size < 1e-5) {
        wg__number_text(value, out);
        return;
    }
    if (size < 1e6 && value == floor(value)) decimals = 0;
    for (double bound = 1.0; size >= bound && decimals > 0; bound *= 10.0) decimals--;
    for (double bound = 0.1; size < bound && size > 0.0 && decimals < 9; bound /= 10.0) decimals++;
    wg__decimal_fixed(value, decimals, out);
}

void wg__decimal_exact(int64_t digits, int exponent, char out[WG__DECIMAL_BYTES])
{
    enum { PLACES = 6 }; /* more zeros than this are harder to read than an exponent */
    wg__text text = wg__text_of(out, WG__DECIMAL_BYTES);
    if (exponent < 0 && exponent >= -PLACES) {
        place_point(digits, -exponent, &text);
        return;
    }
    for (; exponent > 0 && digits < 1000000 && digits > -1000000; exponent--) digits *= 10;
    wg__text_add(&text, "%lld", (long long)digits);
    if (exponent != 0 && digits != 0) wg__text_add(&text, "e%d", exponent);
}

/* Numbers for people, written from integers: neither the locale nor the C library has a say. */
#ifndef WG_RUNTIME_DECIMAL_H
#define WG_RUNTIME_DECIMAL_H

#include "core/internal.h"

enum { WG__DECIMAL_BYTES = 40 };

/* With so many digits behind the point, at most 9; what is beyond 10^9 or not finite in its
 * shortest form.                                                                                */
void wg__decimal_fixed(double value, int decimals, char out[WG__DECIMAL_BYTES]);
/* With about four significant digits. */
void wg__decimal_short(double value, char out[WG__DECIMAL_BYTES]);
/* digits * 10^exponent without error. */
void wg__decimal_exact(int64_t digits, int exponent, char out[WG__DECIMAL_BYTES]);

#endif

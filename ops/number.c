/* One number in the memory of a dtype, by the rules all casts follow: to an integer it is truncated
 * and held within range, NaN is 0; a bool is whether it differs from 0.                          */
#include "ops/rules.h"

#include <string.h>

/* 2^63 is the first double that no int64_t holds. */
static int64_t integer_of(double value, double low, double high)
{
    if (value != value) return 0;
    if (value <= low) return low <= -0x1p63 ? INT64_MIN : (int64_t)low;
    if (value >= high) return high >= 0x1p63 ? INT64_MAX : (int64_t)high;
    return (int64_t)value;
}

void wg__number_store(double value, wg_dtype dtype, void *out)
{
    const float f32 = wg__narrow(value);
    const int32_t i32 = (int32_t)integer_of(value, -0x1p31, 0x1p31 - 1);
    const int64_t i64 = integer_of(value, -0x1p63, 0x1p63);
    const uint8_t u8 = (uint8_t)integer_of(value, 0, 255);
    const uint8_t is_true = value != 0;
    switch (dtype) {
    case WG_F32: memcpy(out, &f32, sizeof f32); break;
    case WG_F64: memcpy(out, &value, sizeof value); break;
    case WG_I32: memcpy(out, &i32, sizeof i32); break;
    case WG_I64: memcpy(out, &i64, sizeof i64); break;
    case WG_U8: memcpy(out, &u8, sizeof u8); break;
    case WG_BOOL: memcpy(out, &is_true, sizeof is_true); break;
    default: WG_ASSERT(false);
    }
}

/* One number stored in each dtype: the rules of casts, at the ends of every range. */
#include "ops/rules.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

typedef struct stored { double value; int32_t i32; int64_t i64; uint8_t u8, is_true; } stored;

static const stored cases[] = {
    { 0.0, 0, 0, 0, 0 },
    { -0.0, 0, 0, 0, 0 },
    { 2.9, 2, 2, 2, 1 },
    { -2.9, -2, -2, 0, 1 },
    { 0.5, 0, 0, 0, 1 },
    { 255.5, 255, 255, 255, 1 },
    { 256, 256, 256, 255, 1 },
    { 2147483647.5, INT32_MAX, 2147483647, 255, 1 },
    { 2147483648.0, INT32_MAX, 2147483648, 255, 1 },
    { -2147483648.5, INT32_MIN, -2147483648LL, 0, 1 },
    { 0x1p53 + 2, INT32_MAX, 9007199254740994, 255, 1 },
    { 0x1.fffffffffffffp62, INT32_MAX, 9223372036854774784, 255, 1 },
    { 0x1p63, INT32_MAX, INT64_MAX, 255, 1 },
    { -0x1p63, INT32_MIN, INT64_MIN, 0, 1 },
    { INFINITY, INT32_MAX, INT64_MAX, 255, 1 },
    { -INFINITY, INT32_MIN, INT64_MIN, 0, 1 },
    { NAN, 0, 0, 0, 1 },
};

Test(ops_number, is_truncated_and_held_within_range)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const stored *c = &cases[i];
        int32_t i32;
        int64_t i64;
        uint8_t u8;
        uint8_t is_true;
        wg__number_store(c->value, WG_I32, &i32);
        wg__number_store(c->value, WG_I64, &i64);
        wg__number_store(c->value, WG_U8, &u8);
        wg__number_store(c->value, WG_BOOL, &is_true);
        check_msg(i32 == c->i32 && i64 == c->i64, "%g: %ld %lld", c->value, (long)i32,
                  (long long)i64);
        check_msg(u8 == c->u8 && is_true == c->is_true, "%g: %d %d", c->value, u8, is_true);
    }
}

Test(ops_number, is_rounded_to_f32)
{
    const double values[] = { 0.1, -0.0, 1e300, 1e-300, 16777217 };
    const float expected[] = { 0.1f, -0.0f, INFINITY, 0.0f, 16777216.0f };
    for (int i = 0; i < 5; i++) {
        float f32;
        double f64;
        wg__number_store(values[i], WG_F32, &f32);
        wg__number_store(values[i], WG_F64, &f64);
        check_bytes(&f32, &expected[i], sizeof f32);
        check_bytes(&f64, &values[i], sizeof f64);
    }
}

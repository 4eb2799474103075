/* The vocabulary of ops.def for one integer or bool: whole_<dtype>_add ... Plain C, whose loops the
 * compiler turns into vectors. Integers wrap: arithmetic is unsigned, so nothing is undefined.   */
#ifndef WG_OPS_KERNELS_WHOLE_H
#define WG_OPS_KERNELS_WHOLE_H

#include <stdbool.h>
#include <stdint.h>

#define WHOLE(type, word) static inline type whole_##word

/* What all three integers write alike; U is the unsigned type of the same width. */
#define WHOLE_WORDS(T, type, U)                                                                    \
    WHOLE(type, T##_add)(type x, type y) { return (type)((U)x + (U)y); }                           \
    WHOLE(type, T##_sub)(type x, type y) { return (type)((U)x - (U)y); }                           \
    WHOLE(type, T##_mul)(type x, type y) { return (type)((U)x * (U)y); }                           \
    WHOLE(type, T##_neg)(type x) { return (type)(0u - (U)x); }                                     \
    WHOLE(type, T##_sign)(type x) { return (type)((x > 0) - (x != 0 && !(x > 0))); }               \
    WHOLE(type, T##_abs)(type x) { return x > 0 ? x : whole_##T##_mul(x, whole_##T##_sign(x)); }   \
    WHOLE(type, T##_max)(type x, type y) { return x > y ? x : y; }                                 \
    WHOLE(type, T##_min)(type x, type y) { return x < y ? x : y; }                                 \
    WHOLE(type, T##_and)(type x, type y) { return (type)((U)x & (U)y); }                           \
    WHOLE(type, T##_or)(type x, type y) { return (type)((U)x | (U)y); }                            \
    WHOLE(type, T##_xor)(type x, type y) { return (type)((U)x ^ (U)y); }                           \
    WHOLE(type, T##_left)(type x, int count) { return (type)((U)x << count); }                     \
    WHOLE(type, T##_not)(type x) { return (type)~(U)x; }                                           \
    WHOLE(bool, T##_eq)(type x, type y) { return x == y; }                                         \
    WHOLE(bool, T##_lt)(type x, type y) { return x < y; }                                          \
    WHOLE(bool, T##_le)(type x, type y) { return x <= y; }
WHOLE_WORDS(i32, int32_t, uint32_t)
WHOLE_WORDS(i64, int64_t, uint64_t)
WHOLE_WORDS(u8, uint8_t, uint8_t)
#undef WHOLE_WORDS

WHOLE(bool, bool_and)(bool x, bool y) { return x & y; }
WHOLE(bool, bool_or)(bool x, bool y) { return x | y; }
WHOLE(bool, bool_xor)(bool x, bool y) { return x ^ y; }
WHOLE(bool, bool_not)(bool x) { return !x; }
WHOLE(bool, bool_eq)(bool x, bool y) { return x == y; }
WHOLE(bool, bool_lt)(bool x, bool y) { return x < y; }
WHOLE(bool, bool_le)(bool x, bool y) { return x <= y; }

/* Of the sign of x; by 0 it is 0, and so it is by -1, by which the least cannot be divided. */
#define WHOLE_REM(T, type)                                                                         \
    WHOLE(type, T##_rem)(type x, type y) { return y != 0 && y != -1 ? (type)(x % y) : 0; }
WHOLE_REM(i32, int32_t)
WHOLE_REM(i64, int64_t)
#undef WHOLE_REM
WHOLE(uint8_t, u8_rem)(uint8_t x, uint8_t y) { return y != 0 ? (uint8_t)(x % y) : 0; }

/* x >> count for 0 <= count < width, the sign moving in: a negative x is shifted as ~x. */
WHOLE(int32_t, i32_right)(int32_t x, int count) { return x < 0 ? ~(~x >> count) : x >> count; }
WHOLE(int64_t, i64_right)(int64_t x, int count) { return x < 0 ? ~(~x >> count) : x >> count; }
WHOLE(uint8_t, u8_right)(uint8_t x, int count) { return (uint8_t)(x >> count); }

/* Truncated and held within range; NaN gives 0. limit is the first number above the range, `below`
 * the largest of the format that converts. Clamping first keeps the conversion defined.          */
#define WHOLE_OF(T, type, FROM, float_type, low, below, limit, maximum)                            \
    WHOLE(type, T##_of_##FROM)(float_type x)                                                       \
    {                                                                                              \
        const float_type above_low = x > (low) ? x : (low);                                        \
        const float_type clamped = above_low < (below) ? above_low : (below);                      \
        const type r = (type)(x == x ? clamped : 0);                                               \
        return x >= (limit) ? (maximum) : r;                                                       \
    }
WHOLE_OF(i32, int32_t, f32, float, -0x1p31f, 0x1.fffffep30f, 0x1p31f, INT32_MAX)
WHOLE_OF(i32, int32_t, f64, double, -0x1p31, 0x1.fffffffcp30, 0x1p31, INT32_MAX)
WHOLE_OF(i64, int64_t, f32, float, -0x1p63f, 0x1.fffffep62f, 0x1p63f, INT64_MAX)
WHOLE_OF(i64, int64_t, f64, double, -0x1p63, 0x1.fffffffffffffp62, 0x1p63, INT64_MAX)
WHOLE_OF(u8, uint8_t, f32, float, 0.0f, 255.0f, 256.0f, UINT8_MAX)
WHOLE_OF(u8, uint8_t, f64, double, 0.0, 255.0, 256.0, UINT8_MAX)
#undef WHOLE_OF

/* Between integers, and from bool: wraps. */
WHOLE(int32_t, i32_of_whole)(int64_t x) { return (int32_t)x; }
WHOLE(int64_t, i64_of_whole)(int64_t x) { return x; }
WHOLE(uint8_t, u8_of_whole)(int64_t x) { return (uint8_t)x; }
#undef WHOLE



#endif

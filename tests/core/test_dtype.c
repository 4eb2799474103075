/* Sizes and names of the six dtypes, and what every other number gets. */
#include "support/test.h"

#include <core/internal.h>
#include <string.h>

static const struct { wg_dtype dtype; const char *name; size_t bytes; bool is_float; } dtypes[] = {
    { WG_F32, "f32", sizeof(float), true },    { WG_F64, "f64", sizeof(double), true },
    { WG_I32, "i32", sizeof(int32_t), false }, { WG_I64, "i64", sizeof(int64_t), false },
    { WG_U8, "u8", sizeof(uint8_t), false },   { WG_BOOL, "bool", sizeof(bool), false },
};
enum { COUNT = sizeof dtypes / sizeof dtypes[0] };

Test(dtype, entries_match_the_types_of_c)
{
    for (int i = 0; i < COUNT; i++) {
        check(wg__dtype_is((int)dtypes[i].dtype));
        check_text(wg_dtype_name(dtypes[i].dtype), dtypes[i].name);
        check_equal_i(wg_dtype_bytes(dtypes[i].dtype), dtypes[i].bytes);
        check(wg__dtype_is_float(dtypes[i].dtype) == dtypes[i].is_float);
    }
}

/* -2 of each dtype that has it, at an odd address. */
Test(dtype, an_element_is_read_at_any_address)
{
    const float f32 = -2;
    const double f64 = -2;
    const int32_t i32 = -2;
    const int64_t i64 = -2;
    const uint8_t u8 = 254;
    const bool yes = true;
    const struct { const void *element; double expected; } known[] = {
        { &f32, -2 }, { &f64, -2 }, { &i32, -2 }, { &i64, -2 }, { &u8, 254 }, { &yes, 1 },
    };
    for (int i = 0; i < COUNT; i++) {
        unsigned char room[9];
        memcpy(room + 1, known[i].element, dtypes[i].bytes);
        check_close(wg__element_number(dtypes[i].dtype, room + 1), known[i].expected, 0);
    }
}

Test(dtype, zeroed_memory_is_no_dtype)
{
    check(!wg__dtype_is(0));
    check_text(wg_dtype_name((wg_dtype)0), "none");
    check_equal_i(wg_dtype_bytes((wg_dtype)0), 0);
}

Test(dtype, any_other_number_is_no_dtype)
{
    const int wrong[] = { -1, INT32_MIN, WG_BOOL + 1, 255, INT32_MAX };
    for (int i = 0; i < 5; i++) {
        check(!wg__dtype_is(wrong[i]));
        check_text(wg_dtype_name((wg_dtype)wrong[i]), "none");
        check_equal_i(wg_dtype_bytes((wg_dtype)wrong[i]), 0);
        check(!wg__dtype_is_float((wg_dtype)wrong[i]));
    }
}

/* The six dtypes. Their numbers start at 1, so that zeroed memory is no dtype; every function here
 * takes any number, since a dtype may come from a caller or a file.                              */
#include <core/internal.h>
#include <string.h>

typedef struct dtype_entry {
    const char *name;
    size_t bytes;
} dtype_entry;

static const dtype_entry entries[WG__DTYPE_COUNT] = {
    [0] = { "none", 0 },     [WG_F32] = { "f32", 4 }, [WG_F64] = { "f64", 8 },
    [WG_I32] = { "i32", 4 }, [WG_I64] = { "i64", 8 }, [WG_U8] = { "u8", 1 },
    [WG_BOOL] = { "bool", 1 },
};

_Static_assert(sizeof(bool) == 1, "a bool of a caller is one element of WG_BOOL");

bool wg__dtype_is(int dtype)
{
    return dtype >= WG_F32 && dtype <= WG_BOOL;
}

bool wg__dtype_is_float(wg_dtype dtype)
{
    return dtype == WG_F32 || dtype == WG_F64;
}

size_t wg_dtype_bytes(wg_dtype dtype)
{
    return entries[wg__dtype_is((int)dtype) ? dtype : 0].bytes;
}

const char *wg_dtype_name(wg_dtype dtype)
{
    return entries[wg__dtype_is((int)dtype) ? dtype : 0].name;
}

double wg__element_number(wg_dtype dtype, const void *element)
{
    union { float f32; double f64; int32_t i32; int64_t i64; uint8_t u8; } value = { 0 };
    memcpy(&value, element, wg_dtype_bytes(dtype));
    switch (dtype) {
    case WG_F32: return (double)value.f32;
    case WG_F64: return value.f64;
    case WG_I32: return value.i32;
    case WG_I64: return (double)value.i64;
    case WG_U8: case WG_BOOL: return value.u8;
    }
    return 0;
}

/* Arithmetic of sizes that tells overflow instead of wrapping; results are written on success. */
#include <core/internal.h>

bool wg__size_add(size_t x, size_t y, size_t *out)
{
    if (x > SIZE_MAX - y) return false;
    *out = x + y;
    return true;
}

bool wg__size_mul(size_t x, size_t y, size_t *out)
{
    if (y != 0 && x > SIZE_MAX / y) return false;
    *out = x * y;
    return true;
}

bool wg__bytes_of(int64_t count, wg_dtype dtype, size_t *out)
{
    WG_ASSERT(wg__dtype_is((int)dtype));
    if (count < 0 || (uint64_t)count > SIZE_MAX) return false;
    return wg__size_mul((size_t)count, wg_dtype_bytes(dtype), out);
}

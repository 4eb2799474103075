/* Conversion goes through a buffer on the stack, word by word, in an order of bytes that is
 * spelled out: no file needs more memory than its result, and no host its own path.             */
#include "runtime/data/element.h"

#include <string.h>

enum { BUFFER_BYTES = 8192 };

size_t wg__element_bytes(wg__element element)
{
    switch (element) {
    case WG__ELEMENT_BOOL: case WG__ELEMENT_U8: case WG__ELEMENT_I8: return 1;
    case WG__ELEMENT_U16: case WG__ELEMENT_I16: case WG__ELEMENT_F16: case WG__ELEMENT_BF16:
        return 2;
    case WG__ELEMENT_U32: case WG__ELEMENT_I32: case WG__ELEMENT_F32: return 4;
    case WG__ELEMENT_U64: case WG__ELEMENT_I64: case WG__ELEMENT_F64: return 8;
    case WG__ELEMENT_NONE: break;
    }
    return 0;
}

wg_dtype wg__element_dtype(wg__element element)
{
    switch (element) {
    case WG__ELEMENT_BOOL: return WG_BOOL;
    case WG__ELEMENT_U8: return WG_U8;
    case WG__ELEMENT_I8: case WG__ELEMENT_U16: case WG__ELEMENT_I16: case WG__ELEMENT_I32:
        return WG_I32;
    case WG__ELEMENT_U32: case WG__ELEMENT_U64: case WG__ELEMENT_I64: return WG_I64;
    case WG__ELEMENT_F16: case WG__ELEMENT_BF16: case WG__ELEMENT_F32: return WG_F32;
    case WG__ELEMENT_F64: return WG_F64;
    case WG__ELEMENT_NONE: break;
    }
    return (wg_dtype)0;
}

wg__element wg__element_of(wg_dtype dtype)
{
    switch (dtype) {
    case WG_F32: return WG__ELEMENT_F32;
    case WG_F64: return WG__ELEMENT_F64;
    case WG_I32: return WG__ELEMENT_I32;
    case WG_I64: return WG__ELEMENT_I64;
    case WG_U8: return WG__ELEMENT_U8;
    case WG_BOOL: return WG__ELEMENT_BOOL;
    }
    return WG__ELEMENT_NONE;
}

static uint64_t word_read(const unsigned char *in, size_t bytes, bool is_big_endian)
{
    uint64_t word = 0;
    for (size_t i = 0; i < bytes; i++)
        word |= (uint64_t)in[is_big_endian ? bytes - 1 - i : i] << (8 * i);
    return word;
}

/* The bits of an f32 with the value of the half float: every one of them has it. */
static uint32_t bits_of_half(uint32_t half)
{
    const uint32_t sign = (half & 0x8000u) << 16;
    uint32_t exponent = half >> 10 & 0x1Fu;
    uint32_t fraction = half & 0x3FFu;
    if (exponent == 0x1F) return sign | 0x7F800000u | fraction << 13;
    if (exponent == 0 && fraction == 0) return sign;
    if (exponent == 0) {
        /* A denormal: fraction * 2^-24, normalised until its leading bit is the hidden one. */
        for (exponent = 1; (fraction & 0x400u) == 0; exponent--) fraction <<= 1;
        fraction &= 0x3FFu;
    }
    /* Biases 15 and 127. An exponent below 1 has wrapped, and the sum brings it back. */
    return sign | (exponent + 112u) << 23 | fraction << 13;
}

/* Word i of a file into element i of out. */
static void element_store(wg__element element, uint64_t word, int64_t i, void *out)
{
    const uint32_t low = (uint32_t)word;
    switch (element) {
    case WG__ELEMENT_BOOL: ((uint8_t *)out)[i] = word != 0; break;
    case WG__ELEMENT_U8: ((uint8_t *)out)[i] = (uint8_t)word; break;
    case WG__ELEMENT_I8: ((int32_t *)out)[i] = (int8_t)word; break;
    case WG__ELEMENT_U16: ((int32_t *)out)[i] = (uint16_t)word; break;
    case WG__ELEMENT_I16: ((int32_t *)out)[i] = (int16_t)word; break;
    case WG__ELEMENT_F16: ((uint32_t *)out)[i] = bits_of_half(low); break;
    case WG__ELEMENT_BF16: ((uint32_t *)out)[i] = low << 16; break;
    case WG__ELEMENT_I32: case WG__ELEMENT_F32: ((uint32_t *)out)[i] = low; break;
    case WG__ELEMENT_U32: ((int64_t *)out)[i] = low; break;
    case WG__ELEMENT_U64: case WG__ELEMENT_I64: case WG__ELEMENT_F64:
        ((uint64_t *)out)[i] = word;
        break;
    case WG__ELEMENT_NONE: break;
    }
}

void wg__element_decode(wg__element element, bool is_big_endian, int64_t count,
                        const unsigned char *bytes, int64_t first, void *out)
{
    const size_t width = wg__element_bytes(element);
    for (int64_t i = 0; i < count; i++)
        element_store(element, word_read(bytes + (size_t)i * width, width, is_big_endian),
                      first + i, out);
}

/* Index of the first word that does not fit i64; count if all do. */
static int64_t misfit_find(bool is_big_endian, int64_t count, const unsigned char *bytes)
{
    for (int64_t i = 0; i < count; i++)
        if (word_read(bytes + 8 * i, 8, is_big_endian) > INT64_MAX) return i;
    return count;
}

int wg__element_read(wg__file *file, wg__element element, bool is_big_endian, int64_t count,
                     void *out, wg_error *error)
{
    unsigned char buffer[BUFFER_BYTES];
    const size_t bytes = wg__element_bytes(element);
    const int64_t capacity = (int64_t)(sizeof buffer / bytes);
    WG_ASSERT(bytes > 0);
    for (int64_t done = 0; done < count;) {
        const int64_t here = count - done < capacity ? count - done : capacity;
        const uint64_t start = file->position;
        WG_TRY(wg__file_read(file, buffer, (size_t)here * bytes, error));
        const int64_t misfit = element == WG__ELEMENT_U64
                                   ? misfit_find(is_big_endian, here, buffer)
                                   : here;
        if (misfit < here)
            return wg__fail(error, WG_EFORMAT, "%s: byte %llu: %llu does not fit i64", file->path,
                            (unsigned long long)(start + 8 * (uint64_t)misfit),
                            (unsigned long long)word_read(buffer + 8 * misfit, 8, is_big_endian));
        wg__element_decode(element, is_big_endian, here, buffer, done, out);
        done += here;
    }
    return WG_OK;
}

int wg__element_write(wg__save *save, wg_dtype dtype, int64_t count, const void *data,
                      wg_error *error)
{
    unsigned char buffer[BUFFER_BYTES];
    const size_t bytes = wg_dtype_bytes(dtype);
    const int64_t capacity = (int64_t)(sizeof buffer / bytes);
    for (int64_t done = 0; done < count;) {
        const int64_t here = count - done < capacity ? count - done : capacity;
        for (int64_t i = 0; i < here; i++) {
            uint64_t word = 0;
            if (bytes == 1) word = ((const uint8_t *)data)[done + i];
            if (bytes == 4) word = ((const uint32_t *)data)[done + i];
            if (bytes == 8) word = ((const uint64_t *)data)[done + i];
            for (size_t j = 0; j < bytes; j++)
                buffer[(size_t)i * bytes + j] = (unsigned char)(word >> (8 * j));
        }
        WG_TRY(wg__save_write(save, buffer, (size_t)here * bytes, error));
        done += here;
    }
    return WG_OK;
}

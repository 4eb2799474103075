/* Numbers as files hold them, and the dtype each is read as: i8, i16 and u16 become i32, u32 and
 * u64 become i64, the two halves of 16 bits become f32.                                         */
#ifndef WG_RUNTIME_ELEMENT_H
#define WG_RUNTIME_ELEMENT_H

#include "runtime/data/file.h"

typedef enum wg__element {
    WG__ELEMENT_NONE, WG__ELEMENT_BOOL, WG__ELEMENT_U8, WG__ELEMENT_I8, WG__ELEMENT_U16,
    WG__ELEMENT_I16, WG__ELEMENT_F16, WG__ELEMENT_BF16, WG__ELEMENT_U32, WG__ELEMENT_I32,
    WG__ELEMENT_F32, WG__ELEMENT_U64, WG__ELEMENT_I64, WG__ELEMENT_F64
} wg__element;

size_t wg__element_bytes(wg__element element);
wg_dtype wg__element_dtype(wg__element element);
wg__element wg__element_of(wg_dtype dtype);

/* The next count elements of the file into out, of the dtype above. */
int wg__element_read(wg__file *file, wg__element element, bool is_big_endian, int64_t count,
                     void *out, wg_error *error);
/* count elements from bytes as a file holds them, into element `first` of out and those behind it;
 * words of WG__ELEMENT_U64 must fit i64.                                                        */
void wg__element_decode(wg__element element, bool is_big_endian, int64_t count,
                        const unsigned char *bytes, int64_t first, void *out);
/* count elements of our own, little-endian. */
int wg__element_write(wg__save *save, wg_dtype dtype, int64_t count, const void *data,
                      wg_error *error);

#endif

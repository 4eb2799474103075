/* Numbers: scalar constants. Equal ones share a constant, so a formula's text costs its key once;
 * and what formulas and derivative rules call a number is one record, so nothing can be
 * differentiated by it (wg_grad refuses). wg_full and wg_constant make a record of their own. */
#include "graph/tape.h"
#include <math.h>
#include <string.h>

bool wg__number_fits(wg_dtype dtype, double value)
{
    switch (dtype) {
    case WG_F32:
    case WG_F64: return true;
    case WG_I32: return value >= -0x1p31 && value < 0x1p31 && floor(value) == value;
    case WG_I64: return value >= -0x1p63 && value < 0x1p63 && floor(value) == value;
    case WG_U8: return value >= 0 && value < 256 && floor(value) == value;
    case WG_BOOL: return value == 0 || value == 1;
    default: return false;
    }
}

int64_t wg__number_bits(wg_dtype dtype, double value)
{
    WG_ASSERT(wg__number_fits(dtype, value));
    int64_t bits = 0;
    wg__number_store(value != value ? NAN : value, dtype, &bits);
    return bits;
}

static bool constant_is(const wg__constant *constant, const wg__type *type, const void *data,
                        size_t bytes)
{
    return constant->type.dtype == type->dtype && constant->bytes == bytes &&
           wg__shape_equal(&constant->type.shape, &type->shape) &&
           (bytes == 0 || memcmp(constant->data, data, bytes) == 0);
}

uint32_t wg__tape_constant(wg_tape *tape, const wg__type *type, const void *data, size_t bytes)
{
    const int64_t at = tape->constant_count;
    const bool is_equal = wg__ghost_has_next(tape, WG__CONSTANTS, at) &&
                          constant_is(&tape->constant[at], type, data, bytes);
    if (wg__ghost_takes(tape, WG__CONSTANTS, is_equal)) return (uint32_t)at;
    void *copy = wg__arena_take(&tape->kept, bytes);
    if (copy == NULL || wg__grow(&tape->allocator, (void **)&tape->constant,
                                 &tape->constant_capacity, at + 1, sizeof *tape->constant) < 0) {
        wg__tape_no_memory(tape);
        return WG__NONE;
    }
    if (bytes > 0) memcpy(copy, data, bytes);
    tape->constant[at] = (wg__constant){ .type = *type, .data = copy, .bytes = bytes };
    return (uint32_t)tape->constant_count++;
}

/* The entry of this number, made if new; NULL after an error. */
static wg__number *number_intern(wg_tape *tape, wg_dtype dtype, double value)
{
    if (tape->error.status < 0) return NULL;
    const int64_t word[2] = { dtype, wg__number_bits(dtype, value) };
    const int64_t known = tape->numbers.count;
    const uint32_t id = wg__tape_intern(tape, &tape->numbers, word, 2);
    if (id != WG__NONE && id < known) return &tape->number[id];
    if (id == WG__NONE ||
        wg__grow(&tape->allocator, (void **)&tape->number, &tape->number_capacity, id + 1,
                 sizeof *tape->number) < 0) {
        wg__tape_no_memory(tape);
        return NULL;
    }
    const wg__type type = { .dtype = dtype, .shape = { .rank = 0 } };
    const int64_t *bits = &tape->numbers.item[id].word[1];
    const uint32_t constant = wg__tape_constant(tape, &type, bits, wg_dtype_bytes(dtype));
    if (constant == WG__NONE) return NULL;
    tape->number[id] = (wg__number){ .constant = constant, .node = WG__NONE };
    return &tape->number[id];
}

uint32_t wg__tape_number_constant(wg_tape *tape, wg_dtype dtype, double value)
{
    const wg__number *number = number_intern(tape, dtype, value);
    return number == NULL ? WG__NONE : number->constant;
}

uint32_t wg__tape_number(wg__builder *self, wg_dtype dtype, double value)
{
    wg_tape *tape = (wg_tape *)self;
    wg__number *number = number_intern(tape, dtype, value);
    if (number == NULL) return WG__NONE;
    if (number->node == WG__NONE) {
        const wg__type type = { .dtype = dtype, .shape = { .rank = 0 } };
        const int64_t attribute[1] = { number->constant };
        const uint32_t id = (uint32_t)(number - tape->number);
        const uint32_t node = wg__tape_leaf(tape, WG__OP_constant, &type, attribute, 1);
        if (node == WG__NONE || wg__tape_change(tape, WG__CHANGE_NUMBER, id, node) < 0)
            return WG__NONE;
    }
    return number->node;
}

bool wg__tape_is_number(const wg_tape *tape, uint32_t node)
{
    if (tape->record[node].op != WG__OP_constant) return false;
    for (int64_t i = 0; i < tape->numbers.count; i++)
        if (tape->number[i].node == node) return true;
    return false;
}

bool wg__tape_number_of(const wg_tape *tape, uint32_t node, double *value)
{
    while (tape->record[node].op == WG__OP_broadcast) node = tape->record[node].in[0];
    const wg_dtype dtype = (wg_dtype)tape->record[node].dtype;
    if (!wg__tape_is_number(tape, node) || !wg__dtype_is_float(dtype)) return false;
    int32_t count;
    const void *data = tape->constant[wg__tape_attribute(tape, node, &count)[0]].data;
    float narrow;
    if (dtype == WG_F64) memcpy(value, data, sizeof *value);
    if (dtype == WG_F32) memcpy(&narrow, data, sizeof narrow);
    if (dtype == WG_F32) *value = (double)narrow;
    return true;
}

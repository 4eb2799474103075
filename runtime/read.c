/* Values out of a recording. A read runs what has not run yet, together with the recording's
 * effects; what was computed for it stays on the tape, so that reading again is free. */
#include "runtime/internal.h"

#include <string.h>

/* ---- elements ---- */

double wg__array_item(const wg__array *array)
{
    return wg__element_number(array->dtype, array->data);
}

void wg__array_unpack(const wg__array *array, const wg_tensor *out)
{
    const size_t bytes = wg_dtype_bytes(array->dtype);
    const int64_t count = wg__array_count(array);
    int64_t index[WG_RANK_MAX] = { 0 };
    int64_t offset = 0;
    for (int64_t i = 0; i < count; i++) {
        memcpy((char *)out->data + offset * (int64_t)bytes,
               (const char *)array->data + i * (int64_t)bytes, bytes);
        for (int32_t axis = array->rank - 1; axis >= 0; axis--) {
            offset += out->stride[axis];
            if (++index[axis] < array->dim[axis]) break;
            offset -= out->stride[axis] * array->dim[axis];
            index[axis] = 0;
        }
    }
}

/* ---- reading ---- */

static int operand_check(const wg_runtime *runtime, wg_var x)
{
    WG_TRY(wg__var_check(x));
    if (runtime == NULL)
        return wg__tape_fail(x.tape, WG_EINVALID, x.index, "read: the runtime is NULL");
    WG_TRY(wg__tape_expect_no_body(x.tape, "read"));
    return WG_OK;
}

/* The value of x, computed now if it is not known. */
static int value_get(wg_runtime *runtime, wg_var x, const wg__array **out)
{
    WG_TRY(operand_check(runtime, x));
    *out = wg__tape_result(x.tape, x.index);
    if (*out != NULL) return WG_OK;
    WG_TRY(wg__recording_run(runtime, x.tape, 1, &x));
    *out = wg__tape_result(x.tape, x.index);
    WG_ASSERT(*out != NULL);
    return WG_OK;
}

int wg_run(wg_runtime *runtime, wg_tape *tape)
{
    if (tape == NULL) return WG_EINVALID;
    if (runtime == NULL)
        return wg__tape_fail(tape, WG_EINVALID, WG__NONE, "run: the runtime is NULL");
    return wg__recording_run(runtime, tape, 0, NULL);
}

static int item_check(wg_var x)
{
    const wg__type type = wg__tape_type(x.tape, x.index);
    if (wg__shape_count(&type.shape) == 1) return WG_OK;
    char text[160];
    wg__text shape = wg__text_of(text, sizeof text);
    wg__text_shape(&shape, &type.shape);
    return wg__tape_fail(x.tape, WG_ESHAPE, x.index, "item: %s is not one element", text);
}

int wg_items(wg_runtime *runtime, int64_t count, const wg_var *x, double *out)
{
    if (count < 0 || (count > 0 && (x == NULL || out == NULL))) return WG_EINVALID;
    if (count == 0) return WG_OK;
    bool is_known = true;
    for (int64_t i = 0; i < count; i++) {
        WG_TRY(operand_check(runtime, x[i]));
        if (x[i].tape != x[0].tape)
            return wg__tape_fail(x[0].tape, WG_EFOREIGN, x[0].index,
                                 "items: value %lld is of another tape", (long long)i);
        WG_TRY(item_check(x[i]));
        is_known = is_known && wg__tape_result(x[i].tape, x[i].index) != NULL;
    }
    if (!is_known) WG_TRY(wg__recording_run(runtime, x[0].tape, count, x));
    for (int64_t i = 0; i < count; i++)
        out[i] = wg__array_item(wg__tape_result(x[i].tape, x[i].index));
    return WG_OK;
}

int wg_item(wg_runtime *runtime, wg_var x, double *out)
{
    return wg_items(runtime, 1, &x, out);
}

/* Asks what the caller's memory must be before anything runs. */
static int read_check(wg_runtime *runtime, wg_var x, wg_dtype dtype, const void *out, int64_t count)
{
    WG_TRY(operand_check(runtime, x));
    const wg__type type = wg__tape_type(x.tape, x.index);
    if (type.dtype != dtype)
        return wg__tape_fail(x.tape, WG_EDTYPE, x.index, "read: the value is %s, not %s",
                             wg_dtype_name(type.dtype), wg_dtype_name(dtype));
    const int64_t elements = wg__shape_count(&type.shape);
    if (elements != count)
        return wg__tape_fail(x.tape, WG_ESHAPE, x.index,
                             "read: the value has %lld elements, room is for %lld",
                             (long long)elements, (long long)count);
    if (out == NULL && count > 0)
        return wg__tape_fail(x.tape, WG_EINVALID, x.index, "read: nowhere to write");
    return WG_OK;
}

static int read_plain(wg_runtime *runtime, wg_var x, wg_dtype dtype, void *out, int64_t count)
{
    const wg__array *array;
    WG_TRY(read_check(runtime, x, dtype, out, count));
    WG_TRY(value_get(runtime, x, &array));
    if (count > 0) memcpy(out, array->data, (size_t)count * wg_dtype_bytes(dtype));
    return WG_OK;
}

int wg_read_f32(wg_runtime *runtime, wg_var x, float *out, int64_t count)
{
    return read_plain(runtime, x, WG_F32, out, count);
}

int wg_read_f64(wg_runtime *runtime, wg_var x, double *out, int64_t count)
{
    return read_plain(runtime, x, WG_F64, out, count);
}

int wg_read_i32(wg_runtime *runtime, wg_var x, int32_t *out, int64_t count)
{
    return read_plain(runtime, x, WG_I32, out, count);
}

int wg_read(wg_runtime *runtime, wg_var x, wg_tensor out)
{
    const wg__array *array;
    WG_TRY(operand_check(runtime, x));
    const wg__type type = wg__tape_type(x.tape, x.index);
    const bool is_shape = wg__shape_check(out.shape) == WG_OK;
    const wg__shape shape = is_shape ? wg__shape_of(out.shape) : (wg__shape){ .rank = -1 };
    if (!wg__shape_equal(&shape, &type.shape))
        return wg__tape_fail(x.tape, WG_ESHAPE, x.index, "read: the tensor has another shape");
    WG_TRY(read_check(runtime, x, out.dtype, out.data, wg__shape_count(&type.shape)));
    WG_TRY(value_get(runtime, x, &array));
    wg__array_unpack(array, &out);
    return WG_OK;
}

int wg_peek(wg_runtime *runtime, wg_var x, wg_view *out)
{
    const wg__array *array;
    WG_TRY(operand_check(runtime, x));
    if (out == NULL)
        return wg__tape_fail(x.tape, WG_EINVALID, x.index, "peek: nowhere to write");
    const wg__type type = wg__tape_type(x.tape, x.index);
    if (type.shape.rank > WG_RANK_MAX)
        return wg__tape_fail(x.tape, WG_ELIMIT, x.index, "peek: a view has %d axes at most",
                             WG_RANK_MAX);
    WG_TRY(value_get(runtime, x, &array));
    *out = wg_view_of(array->data, array->dtype, wg__shape_public(&type.shape));
    return WG_OK;
}

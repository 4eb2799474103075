/* Types of elementwise ops, and the complaints all rules share.
 *
 * A rule checks everything a user could have got wrong, in the order dtype, shape, attribute, and
 * writes its result last. Broadcasts have been made explicit before, so extents must be equal.   */
#include "ops/rules.h"

/* ---- complaints ---- */

int wg__expect_float(wg_dtype dtype, wg__text *why)
{
    if (wg__dtype_is_float(dtype)) return WG_OK;
    wg__text_add(why, "f32 or f64 expected, not %s", wg_dtype_name(dtype));
    return WG_EDTYPE;
}

int wg__expect_number(wg_dtype dtype, wg__text *why)
{
    if (dtype != WG_BOOL) return WG_OK;
    wg__text_add(why, "numbers expected, not bool");
    return WG_EDTYPE;
}

int wg__expect_dtype(wg_dtype x, wg_dtype y, wg__text *why)
{
    if (x == y) return WG_OK;
    wg__text_add(why, "%s and %s differ", wg_dtype_name(x), wg_dtype_name(y));
    return WG_EDTYPE;
}

static int expect_shape(const wg__shape *x, const wg__shape *y, wg__text *why)
{
    if (wg__shape_equal(x, y)) return WG_OK;
    wg__text_shape(why, x);
    wg__text_add(why, " and ");
    wg__text_shape(why, y);
    wg__text_add(why, " differ");
    return WG_ESHAPE;
}

int wg__expect_axis(int64_t axis, const wg__shape *shape, wg__text *why)
{
    if (axis >= 0 && axis < shape->rank) return WG_OK;
    wg__text_add(why, "axis %lld of ", (long long)axis);
    wg__text_shape(why, shape);
    return WG_EAXIS;
}

wg__shape wg__shape_without(const wg__shape *shape, uint32_t axes_bits)
{
    wg__shape kept = { .rank = 0 };
    for (int32_t i = 0; i < shape->rank; i++)
        if ((axes_bits >> i & 1) == 0) kept.dim[kept.rank++] = shape->dim[i];
    return kept;
}

/* ---- elementwise rows ---- */

/* All inputs are of one type, which is the result's. */
static int infer_alike(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    for (int32_t i = 1; i < request->in_count; i++) {
        WG_TRY(wg__expect_dtype(in[0].dtype, in[i].dtype, why));
        WG_TRY(expect_shape(&in[0].shape, &in[i].shape, why));
    }
    *out = in[0];
    return WG_OK;
}

int wg__infer_number(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_TRY(wg__expect_number(in[0].dtype, why));
    return infer_alike(request, in, out, why);
}

int wg__infer_float(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_TRY(wg__expect_float(in[0].dtype, why));
    return infer_alike(request, in, out, why);
}

int wg__infer_test(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_TRY(infer_alike(request, in, out, why));
    out->dtype = WG_BOOL;
    return WG_OK;
}

int wg__infer_bits(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    if (wg__dtype_is_float(in[0].dtype)) {
        wg__text_add(why, "integers or bool expected, not %s", wg_dtype_name(in[0].dtype));
        return WG_EDTYPE;
    }
    return infer_alike(request, in, out, why);
}

int wg__infer_same(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    return infer_alike(request, in, out, why);
}

/* ---- select and changes of dtype ---- */

int wg__infer_bits_right(const wg__request *request, const wg__type *in, wg__type *out,
                         wg__text *why)
{
    WG_ASSERT(request->attribute_count == 1);
    if (wg__dtype_is_float(in[0].dtype) || in[0].dtype == WG_BOOL) {
        wg__text_add(why, "integers expected, not %s", wg_dtype_name(in[0].dtype));
        return WG_EDTYPE;
    }
    if (request->attribute[0] < 0) {
        wg__text_add(why, "cannot shift by %lld", (long long)request->attribute[0]);
        return WG_EINVALID;
    }
    *out = in[0];
    return WG_OK;
}

int wg__infer_select(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    (void)request;
    if (in[0].dtype != WG_BOOL) {
        wg__text_add(why, "the condition must be bool, not %s", wg_dtype_name(in[0].dtype));
        return WG_EDTYPE;
    }
    WG_TRY(wg__expect_dtype(in[1].dtype, in[2].dtype, why));
    WG_TRY(expect_shape(&in[1].shape, &in[2].shape, why));
    WG_TRY(expect_shape(&in[0].shape, &in[1].shape, why));
    *out = in[1];
    return WG_OK;
}

int wg__infer_cast(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_ASSERT(request->wanted != NULL);
    if (!wg__dtype_is((int)request->wanted->dtype)) {
        wg__text_add(why, "%d is no dtype", (int)request->wanted->dtype);
        return WG_EDTYPE;
    }
    *out = (wg__type){ .dtype = request->wanted->dtype, .shape = in[0].shape };
    return WG_OK;
}

int wg__infer_bitcast(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_ASSERT(request->wanted != NULL);
    const wg_dtype from = in[0].dtype;
    const wg_dtype to = request->wanted->dtype;
    const bool has_bool = from == WG_BOOL || to == WG_BOOL;
    if (has_bool || wg_dtype_bytes(from) != wg_dtype_bytes(to)) {
        wg__text_add(why, "the bits of %s are no %s", wg_dtype_name(from), wg_dtype_name(to));
        return WG_EDTYPE;
    }
    *out = (wg__type){ .dtype = to, .shape = in[0].shape };
    return WG_OK;
}

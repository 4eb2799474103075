/* Views, tensors and arrays: strides, parts, what is refused, and packing of any stride and
 * alignment. Packed elements are compared with sums of index times stride, written out again.    */
#include "support/test.h"

#include <core/internal.h>
#include <string.h>

static const float data[24] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
};

Test(view, strides_are_contiguous_and_always_filled)
{
    const wg_view view = wg_f32(data, WG_SHAPE(2, 3, 4));
    check(view.data == data);
    check_equal_i(view.dtype, WG_F32);
    check_equal_i(view.stride[0], 12);
    check_equal_i(view.stride[1], 4);
    check_equal_i(view.stride[2], 1);
    check_status(wg__view_check(&view), WG_OK);
    check(wg__view_is_contiguous(&view));
}

Test(view, typed_views_carry_their_dtype)
{
    check_equal_i(wg_f64(NULL, WG_SHAPE(0)).dtype, WG_F64);
    check_equal_i(wg_i32(NULL, WG_SHAPE(0)).dtype, WG_I32);
    check_equal_i(wg_i64(NULL, WG_SHAPE(0)).dtype, WG_I64);
    check_equal_i(wg_u8(NULL, WG_SHAPE(0)).dtype, WG_U8);
}

Test(view, tensors_have_the_layout_of_views)
{
    float out[6];
    const wg_tensor tensor = wg_tensor_of(out, WG_F32, WG_SHAPE(2, 3));
    const wg_view view = wg_view_of(out, WG_F32, WG_SHAPE(2, 3));
    check_equal_i(sizeof tensor, sizeof view);
    check_bytes(&tensor, &view, sizeof view);
}

static int check_of(wg_view view)
{
    return wg__view_check(&view);
}

Test(view, malformed_views_are_refused)
{
    check_status(wg__view_check(NULL), WG_EINVALID);
    check_status(check_of((wg_view){ 0 }), WG_EDTYPE);
    check_status(check_of(wg_view_of(data, (wg_dtype)7, WG_SHAPE(2))), WG_EDTYPE);
    check_status(check_of(wg_view_of(data, (wg_dtype)-1, WG_SHAPE(2))), WG_EDTYPE);
    check_status(check_of(wg_f32(data, (wg_shape){ .rank = 9 })), WG_ESHAPE);
    check_status(check_of(wg_f32(data, WG_SHAPE(2, -3))), WG_ESHAPE);
    check_status(check_of(wg_f32(NULL, WG_SHAPE(2))), WG_EINVALID);
    check_status(check_of(wg_f32(NULL, WG_SCALAR)), WG_EINVALID);
    check_status(check_of(wg_f32(NULL, WG_SHAPE(2, 0))), WG_OK);
}

Test(view, views_beyond_all_memory_are_refused)
{
    check_status(check_of(wg_f32(data, WG_SHAPE(INT64_MAX, 2))), WG_ELIMIT);
    check_status(check_of(wg_f64(NULL, WG_SHAPE(0, INT64_MAX, 2))), WG_ELIMIT);
    check_status(check_of(wg_f32(data, WG_SHAPE(INT64_MAX / 4 + 1))), WG_ELIMIT);
    check_status(check_of(wg_f32(data, WG_SHAPE(INT64_MAX / 2))), WG_ELIMIT);
    wg_view view = wg_f32(data, WG_SHAPE(2, 3));
    const int64_t quarter = INT64_MAX / 4;
    const int64_t strides[] = { INT64_MIN, INT64_MAX, INT64_MAX / 2, quarter, -quarter };
    for (int i = 0; i < 5; i++) {
        view.stride[0] = strides[i];
        check_status(wg__view_check(&view), WG_ELIMIT);
    }
    view.stride[0] = INT64_MAX / 4;
    view.shape.dim[0] = 1; /* its stride is never taken */
    check_status(wg__view_check(&view), WG_OK);
}

Test(view, transpose_swaps_the_last_two_axes)
{
    const wg_view view = wg_view_transpose(wg_f32(data, WG_SHAPE(2, 3, 4)));
    check(wg_shape_equal(view.shape, WG_SHAPE(2, 4, 3)));
    check_equal_i(view.stride[0], 12);
    check_equal_i(view.stride[1], 1);
    check_equal_i(view.stride[2], 4);
    check(!wg__view_is_contiguous(&view));
}

Test(view, transpose_below_rank_two_or_malformed_is_the_view)
{
    const wg_view views[] = {
        wg_f32(data, WG_SCALAR), wg_f32(data, WG_SHAPE(4)), wg_f32(data, (wg_shape){ .rank = 99 }),
    };
    for (int i = 0; i < 3; i++) {
        const wg_view same = wg_view_transpose(views[i]);
        check_bytes(&same, &views[i], sizeof same);
    }
}

Test(view, rows_are_a_part)
{
    const wg_view rows = wg_view_rows(wg_f32(data, WG_SHAPE(6, 4)), 2, 5);
    check(rows.data == data + 8);
    check(wg_shape_equal(rows.shape, WG_SHAPE(3, 4)));
    check_equal_i(rows.stride[0], 4);
    const wg_view all = wg_view_rows(wg_f32(data, WG_SHAPE(6, 4)), 0, 6);
    check(all.data == data && all.shape.dim[0] == 6);
}

Test(view, rows_walk_back_with_the_stride)
{
    wg_view backward = wg_f32(data + 20, WG_SHAPE(6, 4));
    backward.stride[0] = -4;
    const wg_view rows = wg_view_rows(backward, 1, 3);
    check(rows.data == data + 16);
}

Test(view, no_rows_are_an_empty_view)
{
    const wg_view none = wg_view_rows(wg_f32(data, WG_SHAPE(6, 4)), 6, 6);
    check_status(check_of(none), WG_OK);
    check_equal_i(wg_shape_count(none.shape), 0);
    check(none.data == data);
    check_status(check_of(wg_view_rows(wg_f32(NULL, WG_SHAPE(0, 4)), 0, 0)), WG_OK);
}

Test(view, rows_that_do_not_exist_are_refused)
{
    const wg_view view = wg_f32(data, WG_SHAPE(6, 4));
    const int64_t range[][2] = {
        { -1, 3 }, { 0, 7 }, { 4, 3 }, { INT64_MIN, INT64_MAX }, { INT64_MAX, INT64_MAX },
    };
    for (int i = 0; i < 5; i++)
        check_status(check_of(wg_view_rows(view, range[i][0], range[i][1])), WG_EDTYPE);
    check_status(check_of(wg_view_rows(wg_f32(data, WG_SCALAR), 0, 0)), WG_EDTYPE);
    check_status(check_of(wg_view_rows((wg_view){ 0 }, 0, 0)), WG_EDTYPE);
    check_status(check_of(wg_view_rows(wg_f32(NULL, WG_SHAPE(6, 4)), 0, 1)), WG_EDTYPE);
}

Test(view, contiguous_looks_only_at_strides_that_are_taken)
{
    wg_view view = wg_f32(data, WG_SHAPE(2, 1, 3));
    view.stride[1] = 1234;
    check(wg__view_is_contiguous(&view));
    view.stride[0] = 4;
    check(!wg__view_is_contiguous(&view));
    view.shape.dim[2] = 0;
    check(wg__view_is_contiguous(&view));
    check(wg__view_is_contiguous(&(wg_view){ .data = data, .dtype = WG_F32 }));
}

Test(view, arrays_follow_shapes_and_views)
{
    float out[24];
    const wg__shape shape = wg__shape_of(WG_SHAPE(2, 3, 4));
    const wg__array array = wg__array_of(out, WG_F32, &shape);
    check_equal_i(wg__array_count(&array), 24);
    check(wg__array_is_contiguous(&array));
    const wg_view view = wg_view_transpose(wg_f32(out, WG_SHAPE(2, 3, 4)));
    const wg__array turned = wg__array_of_view(&view);
    check(turned.data == out && turned.rank == 3 && turned.dtype == WG_F32);
    check_equal_i(turned.dim[1], 4);
    check_equal_i(turned.stride[1], 1);
    check(!wg__array_is_contiguous(&turned));
    const wg__shape scalar = { 0 };
    const wg__array one = wg__array_of(out, WG_F32, &scalar);
    check_equal_i(wg__array_count(&one), 1);
    check(wg__array_is_contiguous(&one));
}

Test(view, pack_follows_every_kind_of_stride)
{
    const int64_t strides[][3] = { { 12, 4, 1 }, { 1, 2, 6 }, { 0, 4, 1 },  { 0, 0, 0 },
                                   { -12, 4, 1 }, { 12, -4, -1 }, { 0, -1, 2 } };
    const int64_t starts[] = { 0, 0, 0, 5, 12, 11, 9 };
    for (int s = 0; s < 7; s++) {
        wg_view view = wg_f32(data + starts[s], WG_SHAPE(2, 3, 4));
        memcpy(view.stride, strides[s], sizeof strides[s]);
        float out[24];
        wg__view_pack(&view, out);
        for (int64_t i = 0; i < 24; i++) {
            const int64_t at = starts[s] + i / 12 * strides[s][0] + i / 4 % 3 * strides[s][1] +
                               i % 4 * strides[s][2];
            check_msg(out[i] == data[at], "strides %d, element %d", s, (int)i);
        }
    }
}

Test(view, pack_takes_any_alignment_and_size)
{
    const wg_dtype dtypes[] = { WG_F32, WG_F64, WG_I32, WG_I64, WG_U8, WG_BOOL };
    unsigned char from[8 * 12 + 8];
    unsigned char out[8 * 12];
    for (size_t i = 0; i < sizeof from; i++) from[i] = (unsigned char)(i * 7);
    for (size_t d = 0; d < 6; d++) {
        const size_t size = wg_dtype_bytes(dtypes[d]);
        for (size_t shift = 0; shift < 8; shift++) {
            const wg_view view =
                wg_view_transpose(wg_view_of(from + shift, dtypes[d], WG_SHAPE(3, 4)));
            wg__view_pack(&view, out);
            for (size_t i = 0; i < 12; i++)
                check_bytes(out + i * size, from + shift + (i % 3 * 4 + i / 3) * size, size);
        }
    }
}

Test(view, pack_never_takes_the_stride_of_a_single_element)
{
    const int64_t wild[] = { INT64_MAX, INT64_MIN };
    for (int i = 0; i < 2; i++) {
        wg_view view = wg_f32(data, WG_SHAPE(1, 3, 1));
        float out[3];
        view.stride[0] = wild[i];
        view.stride[1] = 2;
        view.stride[2] = wild[i];
        check_status(wg__view_check(&view), WG_OK);
        wg__view_pack(&view, out);
        check(out[0] == 0 && out[1] == 2 && out[2] == 4);
    }
}

Test(view, pack_of_nothing_writes_nothing)
{
    const wg_view view = wg_f32(NULL, WG_SHAPE(3, 0, 2));
    float out = 7;
    wg__view_pack(&view, &out);
    check(out == 7);
    const wg_view scalar = wg_f32(data + 3, WG_SCALAR);
    wg__view_pack(&scalar, &out);
    check(out == 3);
}

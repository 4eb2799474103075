/* Columns are copied from any view, share their rows, and are found by name; whatever is refused
 * leaves the dataset as it was.                                                                 */
#include "support/memory.h"
#include "support/test.h"

#include <string.h>
#include <wengert/data.h>

Test(dataset, copies_a_strided_view)
{
    float x[6] = { 1, 2, 3, 4, 5, 6 };
    wg_dataset *data = wg_dataset_create(NULL);
    const wg_view turned = wg_view_transpose(wg_f32(x, WG_SHAPE(2, 3)));
    check_equal_i(wg_dataset_add(data, "x", turned), WG_OK);
    memset(x, 0, sizeof x);
    wg_view view;
    check_equal_i(wg_dataset_find(data, "x", &view), WG_OK);
    check_equal_i(view.shape.dim[0], 3);
    check_equal_i(view.shape.dim[1], 2);
    const float expected[6] = { 1, 4, 2, 5, 3, 6 };
    check_bytes(view.data, expected, sizeof expected);
    check_equal_i(wg_dataset_count(data), 3);
    wg_dataset_free(data);
}

/* What is lent is read where it lies, also by a loader, and is not released. */
Test(dataset, lends_without_a_copy)
{
    float x[6] = { 1, 2, 3, 4, 5, 6 };
    const int64_t t[3] = { 7, 8, 9 };
    wg_dataset *data = wg_dataset_create(NULL);
    wg_view view = { 0 };
    check_equal_i(wg_dataset_lend(data, "x", wg_f32(x, WG_SHAPE(3, 2))), WG_OK);
    check_equal_i(wg_dataset_add(data, "t", wg_i64(t, WG_SHAPE(3))), WG_OK);
    check_equal_i(wg_dataset_find(data, "x", &view), WG_OK);
    check(view.data == x);

    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_loader *loader = NULL;
    const wg_loader_options options = { .batch_size = 2, .in_order = true };
    check_equal_i(wg_loader_create(runtime, data, &options, &loader, NULL), WG_OK);
    wg_dataset_free(data);
    x[2] = 30;
    check_equal_i(wg_loader_start(loader, 0), WG_OK);
    check_equal_i(wg_loader_next(loader), 1);
    check_close(((const float *)wg_loader_view(loader, "x").data)[2], 30, 0);
    wg_loader_free(loader);
    wg_runtime_free(runtime);
}

Test(dataset, lends_only_what_lies_as_a_column)
{
    _Alignas(8) unsigned char bytes[40] = { 0 };
    wg_dataset *data = wg_dataset_create(NULL);
    const wg_view rows = wg_f32((const float *)(const void *)bytes, WG_SHAPE(2, 3));
    check_status(wg_dataset_lend(data, "x", wg_view_transpose(rows)), WG_EINVALID);
    check_status(wg_dataset_lend(data, "x", wg_view_of(bytes + 1, WG_F32, WG_SHAPE(3))),
                 WG_EINVALID);
    check_status(wg_dataset_lend(data, "x", wg_f32(NULL, WG_SHAPE(3))), WG_EINVALID);
    check_status(wg_dataset_lend(data, "a b", rows), WG_ENAME);
    check_status(wg_dataset_lend(NULL, "x", rows), WG_EINVALID);
    check_equal_i(wg_dataset_lend(data, "x", rows), WG_OK);
    check_status(wg_dataset_lend(data, "x", rows), WG_ENAME);
    check_status(wg_dataset_lend(data, "y", wg_view_rows(rows, 0, 1)), WG_ESHAPE);
    wg_dataset_free(data);
}

Test(dataset, refuses_what_is_no_column)
{
    const float x[6] = { 0 };
    wg_dataset *data = wg_dataset_create(NULL);
    check_equal_i(wg_dataset_add(data, "x", wg_f32(x, WG_SHAPE(3, 2))), WG_OK);
    check_status(wg_dataset_add(data, "x", wg_f32(x, WG_SHAPE(3))), WG_ENAME);
    check_status(wg_dataset_add(data, "a b", wg_f32(x, WG_SHAPE(3))), WG_ENAME);
    check_status(wg_dataset_add(data, "", wg_f32(x, WG_SHAPE(3))), WG_ENAME);
    check_status(wg_dataset_add(data, NULL, wg_f32(x, WG_SHAPE(3))), WG_EINVALID);
    check_status(wg_dataset_add(data, "y", wg_f32(x, WG_SHAPE(2))), WG_ESHAPE);
    check_status(wg_dataset_add(data, "y", wg_f32(x, WG_SCALAR)), WG_ESHAPE);
    check_status(wg_dataset_add(data, "y", wg_f32(NULL, WG_SHAPE(3))), WG_EINVALID);
    check_status(wg_dataset_add(data, "y", (wg_view){ 0 }), WG_EDTYPE);
    check_status(wg_dataset_add(NULL, "y", wg_f32(x, WG_SHAPE(3))), WG_EINVALID);
    wg_view view = { 0 };
    check_status(wg_dataset_find(data, "y", &view), WG_ENAME);
    check_status(wg_dataset_find(data, NULL, &view), WG_EINVALID);
    check_status(wg_dataset_find(data, "x", NULL), WG_EINVALID);
    check_status(wg_dataset_find(NULL, "x", &view), WG_EINVALID);
    check(view.data == NULL);
    check_equal_i(wg_dataset_count(data), 3);
    check_equal_i(wg_dataset_count(NULL), 0);
    wg_dataset_free(data);
    wg_dataset_free(NULL);
}

Test(dataset, may_have_no_rows)
{
    wg_dataset *data = wg_dataset_create(NULL);
    check_equal_i(wg_dataset_add(data, "x", wg_f32(NULL, WG_SHAPE(0, 4))), WG_OK);
    check_status(wg_dataset_add(data, "t", wg_i32((const int32_t[]){ 1 }, WG_SHAPE(1))), WG_ESHAPE);
    check_equal_i(wg_dataset_count(data), 0);
    wg_dataset_free(data);
}

/* Columns in this order, of values from `first` on. */
static wg_fingerprint print_of(const char *one, const char *other, wg_dtype dtype, int32_t first)
{
    const int32_t values[4] = { first, 2, 3, 4 };
    wg_fingerprint print = { { 0, 0 } };
    wg_dataset *data = wg_dataset_create(NULL);
    check_status(wg_dataset_add(data, one, wg_view_of(values, dtype, WG_SHAPE(4))), WG_OK);
    check_status(wg_dataset_add(data, other, wg_view_of(values, dtype, WG_SHAPE(4))), WG_OK);
    check_status(wg_dataset_fingerprint(data, &print), WG_OK);
    wg_dataset_free(data);
    return print;
}

static bool are_equal(wg_fingerprint x, wg_fingerprint y)
{
    return x.word[0] == y.word[0] && x.word[1] == y.word[1];
}

Test(dataset, fingerprint_is_of_names_dtypes_and_elements_in_any_order)
{
    const wg_fingerprint print = print_of("x", "t", WG_I32, 1);
    check(are_equal(print, print_of("t", "x", WG_I32, 1)));
    check(!are_equal(print, print_of("x", "s", WG_I32, 1)));
    check(!are_equal(print, print_of("x", "t", WG_F32, 1)));
    check(!are_equal(print, print_of("x", "t", WG_I32, 5)));
    check_status(wg_dataset_fingerprint(NULL, &(wg_fingerprint){ { 0, 0 } }), WG_EINVALID);
}

static int fill(const wg_allocator *allocator, void *user)
{
    static const float x[20] = { 0 };
    (void)user;
    wg_dataset *data = wg_dataset_create(allocator);
    if (data == NULL) return WG_EMEMORY;
    int status = WG_OK;
    for (int i = 0; i < 10 && status >= 0; i++) {
        const char name[3] = { 'x', (char)('0' + i), '\0' };
        const wg_view view = wg_f32(x, WG_SHAPE(10, 2));
        status = i % 2 == 0 ? wg_dataset_add(data, name, view) : wg_dataset_lend(data, name, view);
    }
    wg_dataset_free(data);
    return status;
}

Test(dataset, gives_all_back_when_memory_ends)
{
    check(test_memory_fail_each(fill, NULL) > 15);
}

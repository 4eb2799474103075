/* Parameters that outlive recordings: entries, locks, references. */
#include "graph/internal.h"
#include "support/memory.h"

#include <string.h>

static wg_view two(const float *data)
{
    return wg_f32(data, WG_SHAPE(2));
}

Test(params, options_that_are_malformed_give_none)
{
    check(wg_params_create(WG_OPTIONS(wg_params_options, .reserved = { 1 })) == NULL);
    check(wg_params_create(WG_OPTIONS(wg_params_options, .dtype = WG_I32)) == NULL);
    const wg_allocator half = { .allocate = NULL };
    check(wg_params_create(WG_OPTIONS(wg_params_options, .allocator = &half)) == NULL);
}

Test(params, null_is_empty)
{
    wg_view view;
    check_equal_i(wg_params_count(NULL), 0);
    check(wg_params_name(NULL, 0) == NULL);
    check(!wg_params_trained(NULL, 0));
    check_status(wg_params_find(NULL, "a", &view), WG_EINVALID);
    check_status(wg_params_set(NULL, "a", two(NULL)), WG_EINVALID);
    check_status(wg_params_copy(NULL, "*", NULL), WG_EINVALID);
    wg_params_free(NULL);
}

Test(params, what_was_set_is_found_sorted_by_path)
{
    const float data[2] = { 1, 2 };
    const char *const paths[4] = { "net/w", "a", "net/b", "net" };
    const char *const sorted[4] = { "a", "net", "net/b", "net/w" };
    wg_params *params = wg_params_create(NULL);
    for (int i = 0; i < 4; i++) check_status(wg_params_set(params, paths[i], two(data)), WG_OK);
    check_equal_i(wg_params_count(params), 4);
    for (int i = 0; i < 4; i++) check_text(wg_params_name(params, i), sorted[i]);
    check(wg_params_name(params, 4) == NULL && wg_params_name(params, -1) == NULL);
    wg_view view;
    check_status(wg_params_find(params, "net/b", &view), WG_OK);
    check_equal_i(view.dtype, WG_F32);
    check_bytes(view.data, data, sizeof data);
    check(view.data != data);
    check_status(wg_params_find(params, "net/c", &view), WG_ENAME);
    check_status(wg_params_find(params, NULL, &view), WG_EINVALID);
    check_status(wg_params_find(params, "a", NULL), WG_EINVALID);
    wg_params_free(params);
}

Test(params, a_set_replaces_value_and_type)
{
    const float data[4] = { 1, 2, 3, 4 };
    const double wide[3] = { 5, 6, 7 };
    wg_params *params = wg_params_create(NULL);
    wg_params_set(params, "w", two(data));
    wg__entry *entry = wg__params_entry(params, "w");
    const void *address = entry->data;
    const uint64_t version = entry->version;
    wg_view every_second = two(data + 1);
    every_second.stride[0] = 2;
    check_status(wg_params_set(params, "w", every_second), WG_OK);
    check(entry == wg__params_entry(params, "w") && entry->data == address);
    check(((const float *)entry->data)[0] == 2 && ((const float *)entry->data)[1] == 4);
    check(entry->version > version);
    check_status(wg_params_set(params, "w", wg_f64(wide, WG_SHAPE(3, 1))), WG_OK);
    check(entry == wg__params_entry(params, "w"));
    check_equal_i(entry->type.dtype, WG_F64);
    check_equal_i(entry->bytes, 24);
    check(((const double *)entry->data)[2] == 7);
    check_equal_i((uintptr_t)entry->data % WG__ALIGNMENT, 0);
    wg_params_free(params);
}

Test(params, a_malformed_path_or_view_is_refused)
{
    const float data[2] = { 1, 2 };
    wg_params *params = wg_params_create(NULL);
    check_status(wg_params_set(params, "", two(data)), WG_ENAME);
    check_status(wg_params_set(params, "a//b", two(data)), WG_ENAME);
    check_status(wg_params_set(params, "a b", two(data)), WG_ENAME);
    check_status(wg_params_set(params, NULL, two(data)), WG_ENAME);
    check_status(wg_params_set(params, "a", (wg_view){ 0 }), WG_EDTYPE);
    check_status(wg_params_set(params, "a", two(NULL)), WG_EINVALID);
    check_equal_i(wg_params_count(params), 0);
    check_status(wg_params_set(params, "empty", wg_f32(NULL, WG_SHAPE(0, 3))), WG_OK);
    wg_params_free(params);
}

Test(params, a_copy_takes_what_matches)
{
    const float data[2] = { 1, 2 }, other[2] = { 8, 9 };
    const double wide[2] = { 3, 4 };
    wg_params *from = wg_params_create(NULL), *to = wg_params_create(NULL);
    wg_params_set(from, "a/w", two(data));
    wg_params_set(from, "a/b", wg_f64(wide, WG_SHAPE(2)));
    wg_params_set(from, "c", two(other));
    wg__params_entry(from, "a/b")->is_trained = false;
    wg_params_set(to, "a/b", two(other));
    wg_params_set(to, "z", two(other));
    check_equal_i(wg_params_copy(from, "a/*", to), 2);
    check_equal_i(wg_params_count(to), 3);
    check_text(wg_params_name(to, 1), "a/w");
    wg_view view;
    wg_params_find(to, "a/b", &view);
    check_equal_i(view.dtype, WG_F64);
    check_bytes(view.data, wide, sizeof wide);
    check(!wg_params_trained(to, 0) && wg_params_trained(to, 1));
    check_equal_i(wg_params_copy(from, "nothing", to), 0);
    check_status(wg_params_copy(from, "*", from), WG_EINVALID);
    wg_params_free(from);
    wg_params_find(to, "a/w", &view);
    check_bytes(view.data, data, sizeof data);
    wg_params_free(to);
}

Test(params, readers_share_and_a_writer_is_alone)
{
    const float data[2] = { 1, 2 };
    wg_params *params = wg_params_create(NULL), *other = wg_params_create(NULL);
    check_status(wg__params_lock(params, false), WG_OK);
    check_status(wg__params_lock(params, false), WG_OK);
    check_status(wg__params_lock(params, true), WG_EBUSY);
    check_status(wg_params_set(params, "a", two(data)), WG_EBUSY);
    check_status(wg_params_copy(other, "*", params), WG_EBUSY);
    check_status(wg_params_copy(params, "*", other), WG_OK);
    wg__params_unlock(params);
    wg__params_unlock(params);
    check_status(wg__params_lock(params, true), WG_OK);
    check_status(wg__params_lock(params, false), WG_EBUSY);
    check_status(wg_params_copy(params, "*", other), WG_EBUSY);
    wg__params_unlock(params);
    check_status(wg_params_set(params, "a", two(data)), WG_OK);
    wg_params_free(params);
    wg_params_free(other);
}

Test(params, a_tape_keeps_them_until_its_reset)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = &allocator));
    wg_tape *tape = wg_tape_create(NULL);
    wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    check(wg_scope_root(tape, params, WG_TRAINING).tape == tape);
    wg_params_free(params);
    check(memory.live_count > 0);
    check(wg__var_check(wg_state(scope, "s", WG_F32, WG_SCALAR, 0)) == WG_OK);
    wg_tape_reset(tape);
    check_equal_i(memory.live_count, 0);
    wg_tape_free(tape);
    check_memory(&memory);
}

/* ---- a failing allocator ---- */

static int set_and_copy(const wg_allocator *allocator, void *user)
{
    (void)user;
    const float data[2] = { 1, 2 };
    const double wide[3] = { 1, 2, 3 };
    int status = WG_EMEMORY;
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    wg_params *other = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    if (params != NULL && other != NULL) {
        status = wg_params_set(params, "a", two(data));
        if (status >= 0) status = wg_params_set(other, "a", wg_f64(wide, WG_SHAPE(3)));
        if (status >= 0) status = wg_params_set(params, "b/c", two(data));
        if (status >= 0) status = wg_params_copy(params, "*", other);
        /* All or nothing. */
        const wg__entry *entry = wg__params_entry(other, "a");
        if (status < 0 && entry != NULL) check_equal_i(entry->type.dtype, WG_F64);
        if (status < 0) check(wg_params_count(other) < 2);
        if (status >= 0) check_equal_i(wg_params_count(other), 2);
    }
    wg_params_free(params);
    wg_params_free(other);
    return status < 0 ? status : WG_OK;
}

Test(params, a_failing_allocator_leaves_all_as_it_was)
{
    check(test_memory_fail_each(set_and_copy, NULL) > 8);
}

/* ---- texts ---- */

static int texts_set(const wg_allocator *allocator, void *user)
{
    (void)user;
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    int status = params == NULL ? WG_EMEMORY : wg_params_set_text(params, "config", "width=8");
    if (status >= 0) status = wg_params_set_text(params, "a/b", "");
    if (status >= 0) status = wg_params_set_text(params, "config", "width=16");
    if (status >= 0) {
        check_text(wg_params_text(params, "config"), "width=16");
        check_text(wg_params_text(params, "a/b"), "");
        check_status(wg_params_set_text(params, "config", NULL), WG_OK);
        check(wg_params_text(params, "config") == NULL);
        check_text(wg_params_text(params, "a/b"), "");
    }
    wg_params_free(params);
    return status;
}

Test(params, texts_are_kept_by_key)
{
    check_status(texts_set(NULL, NULL), WG_OK);
    check(test_memory_fail_each(texts_set, NULL) > 5);
    wg_params *params = wg_params_create(NULL);
    check_status(wg_params_set_text(params, "my key", "x"), WG_ENAME);
    check_status(wg_params_set_text(params, "wengert", "x"), WG_ENAME);
    check_status(wg_params_set_text(NULL, "key", "x"), WG_EINVALID);
    check_status(wg_params_set_text(params, "none", NULL), WG_OK);
    check(wg_params_text(params, NULL) == NULL && wg_params_text(NULL, "key") == NULL);
    wg_params_free(params);
}

/* ---- what no layer asks for ---- */

Test(params, unused_are_those_set_and_never_met)
{
    const float data[2] = { 1, 2 };
    const char *path = NULL;
    wg_params *params = wg_params_create(NULL), *copy = wg_params_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    check_equal_i(wg_params_unused(params, &path), 0);
    check(path == NULL);
    wg_params_set(params, "old/w", two(data));
    wg_params_set(params, "mean", two(data));
    wg_params_set(params, "w", two(data));
    check_equal_i(wg_params_unused(params, &path), 3);
    check_text(path, "mean");
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_initializer none = { 0 };
    wg_var w = wg_param(scope, "w", WG_F32, WG_SHAPE(2), none);
    wg_var mean = wg_state_like(scope, "mean", w);
    check(mean.tape == tape);
    check_equal_i(wg_params_unused(params, &path), 1);
    check_text(path, "old/w");
    check_equal_i(wg_params_copy(params, "*", copy), 3);
    check_equal_i(wg_params_unused(copy, NULL), 2); /* a state is no weight */
    check_status(wg_params_unused(NULL, &path), WG_EINVALID);
    wg_tape_free(tape);
    wg_params_free(copy);
    wg_params_free(params);
}

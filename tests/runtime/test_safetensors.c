/* Parameter files are byte for byte those of the reference implementation, come back whole, with
 * what is trained and what is state, and a damaged file changes nothing.                        */
#include "support/files.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wengert/data.h>

#include "golden/data.h"

/* The tensors that make_data.py gave to the reference implementation. State is what was fitted or
 * came from a file whose note does not call it trained, so it comes from there.                 */
static wg_params *params_of_golden(const wg_allocator *allocator, wg_error *error)
{
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    if (params == NULL) return NULL;
    const char *path = test_path("golden");
    test_file_write(path, golden_params, sizeof golden_params - 1);
    const int status = wg_params_load(params, path, "*", error);
    test_file_remove(path);
    if (status >= 0) return params;
    wg_params_free(params);
    return NULL;
}

static wg_view find(const wg_params *params, const char *path)
{
    wg_view view = { 0 };
    check_msg(wg_params_find(params, path, &view) == WG_OK, "%s is missing", path);
    return view;
}

Test(safetensors, reads_the_reference_implementation)
{
    wg_error error = { 0 };
    wg_params *params = params_of_golden(NULL, &error);
    check_msg(params != NULL, "%s", error.message);
    check_equal_i(wg_params_count(params), 8);
    const float weight[6] = { -2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f };
    check(wg_shape_equal(find(params, "hidden/weight").shape, WG_SHAPE(2, 3)));
    check_bytes(find(params, "hidden/weight").data, weight, sizeof weight);
    check_close(*(const double *)find(params, "adam/step").data, 3, 0);
    check_equal_i(find(params, "adam/step").shape.rank, 0);
    check_equal_i(((const int32_t *)find(params, "classes").data)[1], -2);
    check_equal_i(*(const int64_t *)find(params, "draw").data, 7);
    check_equal_i(((const uint8_t *)find(params, "bytes").data)[2], 255);
    check_equal_i(find(params, "mask").dtype, WG_BOOL);
    check(wg_shape_equal(find(params, "empty").shape, WG_SHAPE(0, 3)));
    for (int64_t i = 0; i < wg_params_count(params); i++) {
        const bool expected = strncmp(wg_params_name(params, i), "hidden/", 7) == 0;
        check(wg_params_trained(params, i) == expected);
    }
    wg_params_free(params);
}

Test(safetensors, writes_as_the_reference_implementation)
{
    size_t bytes = 0;
    wg_error error = { 0 };
    wg_params *params = params_of_golden(NULL, &error);
    const char *path = test_path("saved");
    check_msg(params != NULL, "%s", error.message);
    check_msg(wg_params_save(params, path, &error) == WG_OK, "%s", error.message);
    char *text = test_file_read(path, &bytes);
    check_equal_i(bytes, sizeof golden_params - 1);
    check_bytes(text, golden_params, bytes);
    free(text);
    test_file_remove(path);
    wg_params_free(params);
}

/* The values NumPy was given: 16 bits of either kind to f32, small integers to i32, large ones to
 * i64.                                                                                          */
Test(safetensors, reads_other_dtypes_as_ours)
{
    wg_error error = { 0 };
    const char *path = test_path("foreign");
    wg_params *params = wg_params_create(NULL);
    test_file_write(path, golden_foreign, sizeof golden_foreign - 1);
    check_msg(wg_params_load(params, path, "*", &error) == 7, "%s", error.message);
    test_file_remove(path);
    const float *half = find(params, "f16").data;
    check(half[0] == 1.5f && half[1] == -2.0f && half[2] == 65504.0f && half[4] == HUGE_VALF);
    check_close(half[3], ldexp(1, -24), 0);
    const float *brain = find(params, "bf16").data;
    check(brain[0] == 1.0f && brain[1] == -3.140625f);
    check_close(brain[2] / 1e30f, 1, 0.01);
    check_equal_i(((const int32_t *)find(params, "i8").data)[0], -1);
    check_equal_i(((const int32_t *)find(params, "i16").data)[0], -2);
    check_equal_i(((const int32_t *)find(params, "u16").data)[0], 65534);
    check_equal_i(((const int64_t *)find(params, "u32").data)[0], 4294967295);
    check_equal_i(((const int64_t *)find(params, "u64").data)[0], 9);
    check(wg_params_trained(params, 0)); /* no note */
    wg_params_free(params);
}

/* A file with this header and so many zero bytes behind it. */
static int load_header(wg_params *params, const char *header, size_t data_bytes, wg_error *error)
{
    char text[4096] = { 0 };
    const size_t length = strlen(header);
    check(8 + length + data_bytes <= sizeof text);
    for (int i = 0; i < 8; i++) text[i] = (char)(length >> (8 * i));
    memcpy(text + 8, header, length);
    const char *path = test_path("header");
    test_file_write(path, text, 8 + length + data_bytes);
    const int status = wg_params_load(params, path, "*", error);
    test_file_remove(path);
    return status;
}

Test(safetensors, accepts_what_the_format_allows)
{
    static const struct { const char *header; size_t bytes; int count;
    } good[] = {
        { "{}", 0, 0 },
        { "{}     ", 0, 0 },
        { "{\"__metadata__\":{}}", 0, 0 },
        { "{ \"a\" : { \"shape\" : [ ] , \"data_offsets\" : [ 0 , 4 ] , \"dtype\" : \"F32\" } }",
          4, 1 },
        { "{\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]},"
          "\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}",
          4, 2 },
        { "{\"a\":{\"dtype\":\"F64\",\"shape\":[0,7],\"data_offsets\":[0,0]},"
          "\"b\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}",
          8, 2 },
        { "{\"\\u0061\\/b\":{\"dtype\":\"\\u00468_E5M2\",\"shape\":[0],\"data_offsets\":[0,0]}}",
          0, WG_EDTYPE },
        { "{\"\\ud83d\\ude00\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0,
          WG_ENAME },
        { "{\"__metadata__\":{\"\xC3\xA9\":\"\\u00e9\",\"wengert\":\"seed=x trained=\"},"
          "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
          0, 1 },
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        wg_error error = { 0 };
        wg_params *params = wg_params_create(NULL);
        const int count = load_header(params, good[i].header, good[i].bytes, &error);
        check_msg(count == good[i].count, "case %zu: %s", i, error.message);
        check_equal_i(wg_params_count(params), count < 0 ? 0 : count);
        wg_params_free(params);
    }
}

#define TENSOR(name, dtype, shape, offsets)                                                        \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

/* Headers, the bytes behind them, and how they are refused. */
static const struct {
    const char *header;
    size_t bytes;
    int status;
    const char *part;
} damaged[] = {
    { "", 0, WG_EFORMAT, "byte 8: expected {" },
    { " {}", 0, WG_EFORMAT, "byte 8: expected {" },
    { "[]", 0, WG_EFORMAT, "byte 8: expected {" },
    { "{} x", 0, WG_EFORMAT, "byte 11: text behind" },
    { "{}", 3, WG_EFORMAT, "byte 10: 3 bytes that belong to no tensor" },
    { "{\"a\"}", 0, WG_EFORMAT, "byte 12: expected :" },
    { "{\"a\":1}", 0, WG_EFORMAT, "byte 13: expected {" },
    { "{\"\xFF\":1}", 0, WG_EFORMAT, "byte 10: the header is not valid UTF-8" },
    { "{\"\xC0\x80\":1}", 0, WG_EFORMAT, "UTF-8" },
    { "{\"\xED\xA0\x80\":1}", 0, WG_EFORMAT, "UTF-8" },
    { "{\"a\\u0000\":1}", 0, WG_EFORMAT, "a zero character" },
    { "{\"\\ud800\":1}", 0, WG_EFORMAT, "half a surrogate pair" },
    { "{\"\\q\":1}", 0, WG_EFORMAT, "byte 11: an escape that does not exist" },
    { "{\"a\n\":1}", 0, WG_EFORMAT, "control character" },
    { "{\"a", 0, WG_EFORMAT, "byte 11: a string does not end" },
    { "{\"a\\", 0, WG_EFORMAT, "escape" },
    { "{\"__metadata__\":{\"a\":1}}", 0, WG_EFORMAT, "byte 29: expected \"" },
    { "{\"__metadata__\":{},\"__metadata__\":{}}", 0, WG_EFORMAT, "came before" },
    { "{" TENSOR("a", "F33", "[1]", "[0,4]") "}", 4, WG_EFORMAT,
      "byte 9: tensor \"a\": a dtype" },
    { "{" TENSOR("a", "F32", "[1,]", "[0,4]") "}", 4, WG_EFORMAT, "expected a whole number" },
    { "{" TENSOR("a", "F32", "[-1]", "[0,4]") "}", 4, WG_EFORMAT, "expected a whole number" },
    { "{" TENSOR("a", "F32", "[1.0]", "[0,4]") "}", 4, WG_EFORMAT,
      "expected a whole number" },
    { "{" TENSOR("a", "F32", "[01]", "[0,4]") "}", 4, WG_EFORMAT, "expected a whole number" },
    { "{" TENSOR("a", "F32", "[1e0]", "[0,4]") "}", 4, WG_EFORMAT,
      "expected a whole number" },
    { "{" TENSOR("a", "F32", "[99999999999999999999]", "[0,4]") "}", 4, WG_EFORMAT,
      "too large" },
    { "{" TENSOR("a", "F32", "[4294967296,4294967296]", "[0,4]") "}", 4, WG_ELIMIT,
      "counted" },
    { "{" TENSOR("a", "F32", "[1]", "[0]") "}", 4, WG_EFORMAT, "expected ," },
    { "{" TENSOR("a", "F32", "[1]", "[0,4,8]") "}", 4, WG_EFORMAT, "expected ]" },
    { "{" TENSOR("a", "F32", "[1]", "[4,0]") "}", 4, WG_EFORMAT, "end before they begin" },
    { "{" TENSOR("a", "F32", "[2]", "[0,4]") "}", 4, WG_EFORMAT, "other bytes" },
    { "{" TENSOR("a", "F4", "[3]", "[0,2]") "}", 2, WG_EFORMAT, "other bytes" },
    { "{" TENSOR("a", "F32", "[1]", "[0,4]") "}", 0, WG_EFORMAT,
      "beyond the end of the file" },
    { "{" TENSOR("a", "F32", "[1]", "[0,4]") "}", 5, WG_EFORMAT,
      "1 bytes that belong to no" },
    { "{" TENSOR("a", "F32", "[1]", "[4,8]") "}", 8, WG_EFORMAT,
      "a hole in the data before it" },
    { "{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("b", "F32", "[1]", "[0,4]") "}", 4,
      WG_EFORMAT, "tensor \"b\": its data overlap" },
    { "{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("b", "F32", "[1]", "[8,12]") "}", 12,
      WG_EFORMAT, "tensor \"b\": a hole" },
    { "{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("\\u0061", "F32", "[1]", "[4,8]") "}",
      8, WG_EFORMAT, "tensor \"a\": there are two" },
    { "{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("a/b c", "F32", "[1]", "[4,8]") "}",
      8, WG_ENAME, "not a path" },
    { "{" TENSOR("a", "F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, WG_ELIMIT, "8 axes" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, WG_EFORMAT, "data_offsets is missing" },
    { "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 4, WG_EFORMAT, "came before" },
    { "{\"a\":{\"kind\":\"F32\"}}", 4, WG_EFORMAT, "does not belong" },
    { "{\"a\":{}}", 4, WG_EFORMAT, "expected \"" },
    { "{" TENSOR("a", "F32", "[1]", "[0,4]") ",}", 4, WG_EFORMAT, "expected \"" },
};

Test(safetensors, says_what_is_wrong_and_where)
{
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        wg_error error = { 0 };
        wg_params *params = wg_params_create(NULL);
        const int status = load_header(params, damaged[i].header, damaged[i].bytes, &error);
        check_msg(status == damaged[i].status, "case %zu: %s", i, error.message);
        check_equal_i(error.status, status);
        check_contains(error.message, damaged[i].part);
        check_equal_i(wg_params_count(params), 0);
        wg_params_free(params);
    }
}

Test(safetensors, refuses_lengths_no_file_has)
{
    wg_error error = { 0 };
    const char *path = test_path("length");
    wg_params *params = wg_params_create(NULL);
    test_file_write(path, "\377\377\377\377\377\377\377\377{}", 10);
    check_status(wg_params_load(params, path, "*", &error), WG_EFORMAT);
    check_contains(error.message, "byte 0: a header of 18446744073709551615 bytes in a file of 10");
    test_file_write(path, "\3\0\0\0\0\0\0\0{}", 10);
    check_status(wg_params_load(params, path, "*", &error), WG_EFORMAT);
    test_file_write(path, "\0\0\0", 3);
    check_status(wg_params_load(params, path, "*", &error), WG_EFORMAT);
    check_contains(error.message, "byte 3: the file ends");
    test_file_remove(path);
    check_status(wg_params_load(params, path, "*", &error), WG_EFILE);
    check_status(wg_params_load(params, NULL, "*", &error), WG_EINVALID);
    check_status(wg_params_load(NULL, path, "*", &error), WG_EINVALID);
    check_status(wg_params_save(params, NULL, &error), WG_EINVALID);
    check_status(wg_params_save(NULL, path, &error), WG_EINVALID);
    check_status(wg_params_save(params, "/no/such/folder/file", &error), WG_EFILE);
    check_contains(error.message, "no such file or folder");
    wg_params_free(params);
}

Test(safetensors, loads_what_matches_and_only_what_fits)
{
    wg_error error = { 0 };
    const float bias[3] = { 0 };
    const float short_bias[2] = { 9, 9 };
    const char *path = test_path("golden");
    wg_params *params = wg_params_create(NULL);
    test_file_write(path, golden_params, sizeof golden_params - 1);
    check_equal_i(wg_params_load(params, path, "none*", &error), 0);
    check_equal_i(wg_params_load(params, path, "hidden/*", &error), 2);
    check_equal_i(wg_params_count(params), 2);
    check_equal_i(wg_params_set(params, "hidden/bias", wg_f32(bias, WG_SHAPE(3))), WG_OK);
    check_equal_i(wg_params_load(params, path, "hidden/*", &error), 2);
    check_close(((const float *)find(params, "hidden/bias").data)[2], 2, 0);
    check_equal_i(wg_params_set(params, "hidden/bias", wg_f32(short_bias, WG_SHAPE(2))), WG_OK);
    check_status(wg_params_load(params, path, "*", &error), WG_ESHAPE);
    check_contains(error.message, "\"hidden/bias\": f32 [3] in the file, f32 [2] in the params");
    check_equal_i(wg_params_count(params), 2);
    check_close(((const float *)find(params, "hidden/bias").data)[1], 9, 0);
    test_file_remove(path);
    wg_params_free(params);
}

/* Texts come back as they were, whatever is in them; those of other programs are read too. */
Test(safetensors, texts_come_back)
{
    const char *const texts[4] = { "", "width=8\nrate=1e-3\t", "a \"b\" \\ c/",
                                   "\x01 \xc3\xa9 \x7f" };
    const char *path = test_path("texts");
    wg_error error = { 0 };
    for (int i = 0; i < 4; i++) {
        wg_params *params = wg_params_create(NULL), *copy = wg_params_create(NULL);
        check_status(wg_params_set_text(params, "config", texts[i]), WG_OK);
        check_status(wg_params_set_text(params, "note", "n"), WG_OK);
        check_status(wg_params_save(params, path, &error), WG_OK);
        check_status(wg_params_set_text(copy, "config", "replaced"), WG_OK);
        check_status(wg_params_set_text(copy, "own", "kept"), WG_OK);
        check_msg(wg_params_load(copy, path, "*", &error) == 0, "%s", error.message);
        check_text(wg_params_text(copy, "config"), texts[i]);
        check_text(wg_params_text(copy, "note"), "n");
        check_text(wg_params_text(copy, "own"), "kept");
        wg_params_free(copy);
        wg_params_free(params);
    }
    wg_params *params = wg_params_create(NULL);
    check_status(wg_params_set_text(params, "bad", "\xff"), WG_OK);
    check_status(wg_params_save(params, path, &error), WG_EFORMAT);
    check_contains(error.message, "the text under bad is not valid UTF-8");
    wg_params_free(params);
    test_file_remove(path);
}

/* Whatever the damage: a status, a message, and the params as they were. */
Test(safetensors, survives_every_truncation_and_every_flipped_bit)
{
    const size_t bytes = sizeof golden_params - 1;
    const char *path = test_path("damaged");
    char text[sizeof golden_params];
    for (size_t i = 0; i < 9 * bytes; i++) {
        test_memory memory = { 0 };
        const wg_allocator allocator = test_memory_allocator(&memory);
        wg_params *params =
            wg_params_create(WG_OPTIONS(wg_params_options, .allocator = &allocator));
        wg_error error = { 0 };
        const size_t left = test_file_damage(golden_params, bytes, i, text);
        test_file_write(path, text, left);
        const int status = wg_params_load(params, path, "*", &error);
        if (left < bytes) check_status(status, WG_EFORMAT);
        check(status >= 0 || (status == error.status && error.message[0] != '\0'));
        check(status >= 0 || wg_params_count(params) == 0);
        check_msg(memory.live_bytes_max < 32768, "%zu bytes were taken", memory.live_bytes_max);
        wg_params_free(params);
        check_memory(&memory);
    }
    test_file_remove(path);
}

static int load_and_save(const wg_allocator *allocator, void *paths)
{
    const char **path = paths;
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    if (params == NULL) return WG_EMEMORY;
    int status = wg_params_load(params, path[0], "*", NULL);
    check(status >= 0 || wg_params_count(params) == 0);
    if (status >= 0) status = wg_params_save(params, path[1], NULL);
    wg_params_free(params);
    return status;
}

Test(safetensors, gives_all_back_when_memory_ends)
{
    char text[2][512];
    const char *path[2] = { text[0], text[1] };
    snprintf(text[0], sizeof text[0], "%s", test_path("golden"));
    snprintf(text[1], sizeof text[1], "%s", test_path("copy"));
    test_file_write(path[0], golden_params, sizeof golden_params - 1);
    check(test_memory_fail_each(load_and_save, path) > 30);
    size_t bytes = 0;
    char *copy = test_file_read(path[1], &bytes);
    check_equal_i(bytes, sizeof golden_params - 1);
    free(copy);
    test_file_remove(path[0]);
    test_file_remove(path[1]);
}

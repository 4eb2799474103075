/* .npy files as NumPy writes them are read to the last bit; damaged ones, at every byte and every
 * bit, are refused without a crash, a leak or more memory than the file can account for.        */
#include "runtime/data/dataset.h"
#include "support/files.h"
#include "support/memory.h"

#include "golden/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double view_value(wg_view view, int64_t i)
{
    switch (view.dtype) {
    case WG_F32: return (double)((const float *)view.data)[i];
    case WG_F64: return ((const double *)view.data)[i];
    case WG_I32: return ((const int32_t *)view.data)[i];
    case WG_I64: return (double)((const int64_t *)view.data)[i];
    case WG_U8: case WG_BOOL: return ((const uint8_t *)view.data)[i];
    }
    return 0.0;
}

/* The status of reading these bytes as column "x". */
static int read_bytes(wg_dataset *data, const void *bytes, size_t count, wg_error *error)
{
    const char *path = test_path("npy");
    test_file_write(path, bytes, count);
    const int status = wg_dataset_read_npy(data, "x", path, error);
    test_file_remove(path);
    return status;
}

Test(npy, reads_what_numpy_writes)
{
    for (size_t k = 0; k < sizeof golden_npys / sizeof golden_npys[0]; k++) {
        const golden_npy *golden = &golden_npys[k];
        wg_error error = { 0 };
        wg_view view;
        wg_dataset *data = wg_dataset_create(NULL);
        const int status = read_bytes(data, golden->data, golden->bytes, &error);
        check_msg(status == WG_OK, "case %zu: %s", k, error.message);
        check_equal_i(wg_dataset_find(data, "x", &view), WG_OK);
        check_equal_i(view.dtype, golden->dtype);
        check_equal_i(view.shape.rank, golden->rank);
        for (int i = 0; i < golden->rank; i++) check_equal_i(view.shape.dim[i], golden->dim[i]);
        for (int64_t i = 0; i < wg_shape_count(view.shape); i++)
            check_msg(view_value(view, i) == golden->value[i], "case %zu, element %lld", k,
                      (long long)i);
        wg_dataset_free(data);
    }
}

/* A version 1 header around this dictionary, and data of so many zero bytes. */
static int read_header(const char *dictionary, size_t data_bytes, wg_error *error)
{
    char text[1024] = "\223NUMPY\001\000";
    const size_t length = strlen(dictionary);
    text[8] = (char)(length & 0xFF);
    text[9] = (char)(length >> 8);
    memcpy(text + 10, dictionary, length);
    wg_dataset *data = wg_dataset_create(NULL);
    const int status = read_bytes(data, text, 10 + length + data_bytes, error);
    check(status == WG_OK || wg_dataset_count(data) == 0);
    wg_dataset_free(data);
    return status;
}

/* value * 2^exponent of each of the 65536 halves, from the definition of the format. */
Test(npy, reads_every_half)
{
    const char *header = "{'shape': (65536,), 'descr': '<f2', 'fortran_order': False}";
    const size_t length = strlen(header);
    char *text = malloc(10 + length + 131072);
    memcpy(text, "\223NUMPY\001\000", 8);
    text[8] = (char)length;
    text[9] = 0;
    memcpy(text + 10, header, length);
    for (int i = 0; i < 65536; i++) {
        text[10 + length + 2 * (size_t)i] = (char)(i & 0xFF);
        text[10 + length + 2 * (size_t)i + 1] = (char)(i >> 8);
    }
    wg_error error = { 0 };
    wg_dataset *data = wg_dataset_create(NULL);
    check_msg(read_bytes(data, text, 10 + length + 131072, &error) == WG_OK, "%s", error.message);
    wg_view view;
    check_equal_i(wg_dataset_find(data, "x", &view), WG_OK);
    const float *value = view.data;
    for (int i = 0; i < 65536; i++) {
        const int exponent = i >> 10 & 31;
        const int fraction = i & 1023;
        double expected =
            exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
        if (exponent == 31) expected = HUGE_VAL;
        if (i >= 32768) expected = -expected;
        if (exponent == 31 && fraction != 0)
            check(value[i] != value[i]);
        else
            check_msg((double)value[i] == expected && (signbit(value[i]) != 0) == (i >= 32768),
                      "half %d", i);
    }
    wg_dataset_free(data);
    free(text);
}

Test(npy, takes_keys_in_any_order_and_python_2)
{
    wg_error error = { 0 };
    check_equal_i(read_header("{\"shape\":(2L,),'fortran_order':True , 'descr':'=f4',}  \n", 8,
                              &error), WG_OK);
    check_equal_i(read_header("{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1)}", 8,
                              &error), WG_OK);
}

Test(npy, says_what_is_wrong_and_where)
{
    static const struct {
        const char *dictionary;
        size_t bytes;
        int status;
        const char *part;
    } bad[] = {
        { "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", 8, WG_EDTYPE, "objects" },
        { "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4, WG_EDTYPE,
          "byte 20: records" },
        { "{'descr': '<U5', 'fortran_order': False, 'shape': (1,), }", 20, WG_EDTYPE, "byte 20" },
        { "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", 8, WG_EDTYPE, "neither" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 4, WG_ESHAPE, "0 axes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", 4,
          WG_ESHAPE, "9 axes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 7, WG_EFORMAT,
          "7 bytes of data where the header says 8" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 9, WG_EFORMAT, "9 bytes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", 4,
          WG_ELIMIT, "extent too large" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 4,
          WG_ELIMIT, "more elements" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000,), }", 4, WG_EFORMAT,
          "4000000000" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", 4, WG_EFORMAT,
          "an extent" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1), }", 4, WG_EFORMAT,
          "expected ," },
        { "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }", 4, WG_EFORMAT,
          "True or False" },
        { "{'descr': '<f4', 'shape': (1,), }", 4, WG_EFORMAT, "lacks" },
        { "{'descr': '<f4', 'descr': '<f4', 'shape': (1,), }", 4, WG_EFORMAT, "byte 27: a key" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", 4, WG_EFORMAT,
          "a key" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } x", 4, WG_EFORMAT,
          "behind" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), ", 0, WG_EFORMAT, "a string" },
        { "", 4, WG_EFORMAT, "byte 10: expected {" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wg_error error = { 0 };
        check_status(read_header(bad[i].dictionary, bad[i].bytes, &error), bad[i].status);
        check_equal_i(error.status, bad[i].status);
        check_contains(error.message, bad[i].part);
    }
}

Test(npy, refuses_what_is_no_npy_file)
{
    wg_error error = { 0 };
    wg_dataset *data = wg_dataset_create(NULL);
    check_status(read_bytes(data, "", 0, &error), WG_EFORMAT);
    check_status(read_bytes(data, "PK\003\004 a zip file", 14, &error), WG_EFORMAT);
    check_contains(error.message, "byte 0: not a .npy file");
    check_status(read_bytes(data, "\223NUMPY\004\000\001\000{", 11, &error), WG_EFORMAT);
    check_contains(error.message, "byte 6: version 4.0");
    check_status(read_bytes(data, "\223NUMPY\002\000\377\377\377\377", 12, &error), WG_EFORMAT);
    check_contains(error.message, "4294967295 bytes");
    check_status(wg_dataset_read_npy(data, "x", test_path("missing"), &error), WG_EFILE);
    check_contains(error.message, "no such file");
    check_status(wg_dataset_read_npy(data, "x", ".", &error), WG_EFILE);
    check_status(wg_dataset_read_npy(data, "x", NULL, &error), WG_EINVALID);
    check_status(wg_dataset_read_npy(data, NULL, "a", &error), WG_EINVALID);
    check_status(wg_dataset_read_npy(NULL, "x", "a", NULL), WG_EINVALID);
    wg_dataset_free(data);
}

Test(npy, refuses_a_column_that_does_not_join)
{
    wg_error error = { 0 };
    wg_dataset *data = wg_dataset_create(NULL);
    const float other[3] = { 1, 2, 3 };
    check_equal_i(wg_dataset_add(data, "other", wg_f32(other, WG_SHAPE(3))), WG_OK);
    check_status(read_bytes(data, golden_npy_0, golden_npys[0].bytes, &error), WG_ESHAPE);
    check_contains(error.message, "2 rows, the others have 3");
    check_equal_i(wg_dataset_count(data), 3);
    wg_dataset_free(data);
}

/* Each prefix of a good file, and the file with each single bit turned, under an allocator that
 * counts.                                                                                       */
Test(npy, survives_every_truncation_and_every_flipped_bit)
{
    const golden_npy *golden = &golden_npys[23]; /* Fortran's order takes the longest way. */
    char text[512];
    check(golden->bytes <= sizeof text);
    for (size_t i = 0; i < 9 * golden->bytes; i++) {
        test_memory memory = { 0 };
        const wg_allocator allocator = test_memory_allocator(&memory);
        wg_dataset *data = wg_dataset_create(&allocator);
        wg_error error = { 0 };
        const size_t bytes = test_file_damage(golden->data, golden->bytes, i, text);
        const int status = read_bytes(data, text, bytes, &error);
        if (bytes < golden->bytes) check_status(status, WG_EFORMAT);
        check(status == WG_OK || (status == error.status && error.message[0] != '\0'));
        check_msg(memory.live_bytes_max < 4096, "%zu bytes were taken", memory.live_bytes_max);
        wg_dataset_free(data);
        check_memory(&memory);
    }
}

static int read_golden(const wg_allocator *allocator, void *path)
{
    wg_error error = { 0 };
    wg_dataset *data = wg_dataset_create(allocator);
    if (data == NULL) return WG_EMEMORY;
    const int status = wg_dataset_read_npy(data, "x", path, &error);
    check(status == WG_OK || wg_dataset_count(data) == 0);
    wg_dataset_free(data);
    return status;
}

Test(npy, gives_all_back_when_memory_ends)
{
    char path[512];
    snprintf(path, sizeof path, "%s", test_path("npy"));
    test_file_write(path, golden_npy_23, golden_npys[23].bytes);
    check(test_memory_fail_each(read_golden, path) >= 5);
    test_file_remove(path);
}

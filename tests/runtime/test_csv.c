/* CSV texts of every shape that RFC 4180 allows are read; what is wrong is named with line and
 * column; no prefix and no changed byte of a file does more than that.                          */
#include "support/files.h"
#include "support/memory.h"

#include <stdio.h>
#include <string.h>
#include <wengert/data.h>

/* Reads a text as a file called "csv". */
static int read_text(const char *text, const wg_csv_options *options, wg_dataset **out,
                     wg_error *error)
{
    const char *path = test_path("csv");
    test_file_write(path, text, strlen(text));
    const int status = wg_dataset_read_csv(path, options, out, error);
    test_file_remove(path);
    return status;
}

static wg_view column(const wg_dataset *data, const char *name)
{
    wg_view view = { 0 };
    check_status(wg_dataset_find(data, name, &view), WG_OK);
    return view;
}

/* Both columns of a text: x as rows of floats, t as integers. */
static void expect(const char *text, const wg_csv_options *options, int64_t rows, int64_t width,
                   const float *x, const int32_t *t)
{
    wg_error error = { 0 };
    wg_dataset *data = NULL;
    const int status = read_text(text, options, &data, &error);
    check_msg(status == WG_OK, "%s", error.message);
    const wg_view view_x = column(data, "x");
    const wg_view view_t = column(data, "t");
    check_equal_i(view_x.dtype, WG_F32);
    check(wg_shape_equal(view_x.shape, WG_SHAPE(rows, width)));
    check_bytes(view_x.data, x, (size_t)(rows * width) * sizeof *x);
    check_equal_i(view_t.dtype, WG_I32);
    check(wg_shape_equal(view_t.shape, WG_SHAPE(rows)));
    check_bytes(view_t.data, t, (size_t)rows * sizeof *t);
    wg_dataset_free(data);
}

Test(csv, reads_what_rfc_4180_allows)
{
    const float x[4] = { 1.5f, -2, 1e-3f, 4 };
    const int32_t t[2] = { 0, 7 };
    expect("a,b,c\n1.5,-2,0\n0.001,+4,7\n", NULL, 2, 2, x, t);
    expect("a,b,c\r\n1.5,-2,0\r\n1e-3,4.0,7.0", NULL, 2, 2, x, t);
    expect("\xEF\xBB\xBF\"a\",\"b\n\"\"b\"\"\",c\n\"1.5\" , -2,0\n 1E-3,\t4,\"7\"\n\n\n", NULL, 2,
           2, x, t);
    expect("a;b;c\n1.5;-2;0\n.001;4.;7\n", WG_OPTIONS(wg_csv_options, .separator = ';'), 2, 2, x,
           t);
    expect("a\tb\tc\n1.5\t-2\t0\n1e-3 \t 4\t7\n", WG_OPTIONS(wg_csv_options, .separator = '\t'),
           2, 2, x, t);
    expect("1.5,-2,0\n1e-3,4,7\n", WG_OPTIONS(wg_csv_options, .without_header = true), 2, 2, x, t);
}

Test(csv, chooses_columns_by_name)
{
    const float x[4] = { 1.5f, -2, 1e-3f, 4 };
    const int32_t t[2] = { 0, 7 };
    const char *text = "k,b,c,a\n0,-2,9,1.5\n7,4,9,.001\n";
    expect(text, WG_OPTIONS(wg_csv_options, .x = "a, b", .t = "k"), 2, 2, x, t);
    expect("0,-2,1.5\n7,4,1e-3\n",
           WG_OPTIONS(wg_csv_options, .x = "2,1", .t = "0", .without_header = true), 2, 2, x, t);
    const float others[6] = { -2, 9, 1.5f, 4, 9, 1e-3f };
    expect(text, WG_OPTIONS(wg_csv_options, .t = "k"), 2, 3, others, t);
}

Test(csv, may_leave_out_the_target_or_read_several)
{
    wg_error error = { 0 };
    wg_dataset *data = NULL;
    wg_view view = { 0 };
    check_status(read_text("a,b\n1,2\n", WG_OPTIONS(wg_csv_options, .t = ""), &data, &error),
                 WG_OK);
    check(wg_shape_equal(column(data, "x").shape, WG_SHAPE(1, 2)));
    check_status(wg_dataset_find(data, "t", &view), WG_ENAME);
    wg_dataset_free(data);
    check_status(read_text("a,b\n1,2.5\n", WG_OPTIONS(wg_csv_options, .x = "", .t = "b,a"), &data,
                           &error), WG_OK);
    check_status(wg_dataset_find(data, "x", &view), WG_ENAME);
    check_equal_i(column(data, "t").dtype, WG_F32);
    check(wg_shape_equal(column(data, "t").shape, WG_SHAPE(1, 2)));
    check_close(((const float *)column(data, "t").data)[0], 2.5, 0);
    wg_dataset_free(data);
}

Test(csv, replaces_missing_fields_where_asked)
{
    const float x[2] = { -1, 5 };
    const int32_t t[2] = { 3, -1 };
    expect("a,b\n,3\n5,\n", WG_OPTIONS(wg_csv_options, .missing = "", .missing_value = -1), 2, 1,
           x, t);
    expect("a,b\nNA,3\n5,\"NA\"\n",
           WG_OPTIONS(wg_csv_options, .missing = "NA", .missing_value = -1), 2, 1, x, t);
}

/* Names in the order of their bytes, capitals first, quotes undoubled; parts of a split have them
 * too.                                                                                          */
Test(csv, reads_names_of_classes)
{
    const char *text = "x,kind\n1,wet\n2,\"a \"\"b\"\"\"\n3,?\n4, Dry\n5,wet\n6,\n";
    const int32_t expected[6] = { 3, 2, -1, 1, 3, 0 };
    const char *const name[4] = { "", "Dry", "a \"b\"", "wet" };
    const double share[2] = { 1, 1 };
    for (int streamed = 0; streamed < 2; streamed++) {
        wg_error error = { 0 };
        wg_dataset *data = NULL, *part[2] = { NULL, NULL };
        const wg_csv_options options = { .labels = true, .missing = "?", .missing_value = -1,
                                         .stream = streamed };
        const int status = read_text(text, &options, &data, &error);
        check_msg(status >= 0, "%s", error.message);
        if (!streamed) {
            check_equal_i(column(data, "t").dtype, WG_I32);
            check_bytes(column(data, "t").data, expected, sizeof expected);
            check_status(wg_dataset_split(data, 2, share, NULL, part, &error), WG_OK);
        }
        for (int i = 0; i < 4; i++) check_text(wg_dataset_label(data, i), name[i]);
        check(wg_dataset_label(data, 4) == NULL && wg_dataset_label(data, -1) == NULL);
        wg_dataset_free(data);
        if (!streamed) check_text(wg_dataset_label(part[1], 1), "Dry");
        wg_dataset_free(part[0]);
        wg_dataset_free(part[1]);
    }
    check(wg_dataset_label(NULL, 0) == NULL);
}

Test(csv, refuses_names_that_are_none)
{
    static char long_name[300], many[12000 * 8];
    wg_error error = { 0 };
    wg_dataset *data = NULL;
    const wg_csv_options named = { .labels = true };
    memcpy(long_name, "x,t\n1,", 6);
    memset(long_name + 6, 'n', 256);
    check_status(read_text(long_name, &named, &data, &error), WG_EFORMAT);
    check_contains(error.message, "csv:2:3: \"nnn");
    check_contains(error.message, "is too long for the name of a class");
    size_t length = (size_t)snprintf(many, sizeof many, "x,t\n");
    for (int i = 0; i < 10001; i++)
        length += (size_t)snprintf(many + length, sizeof many - length, "1,%d\n", i);
    check_status(read_text(many, &named, &data, &error), WG_EFORMAT);
    check_contains(error.message, "csv:10002:3: \"10000\" is one class too many");
    const wg_csv_options several = { .labels = true, .x = "", .t = "a,b" };
    check_status(read_text("a,b\n1,2\n", &several, &data, &error), WG_EINVALID);
    check_contains(error.message, "labels are one column t, not 2");
    check(data == NULL);
}

Test(csv, says_what_is_wrong_and_where)
{
    static const struct { const char *text; int status; const char *part; } bad[] = {
        { "", WG_EFORMAT, "csv:1:1: the file ends without a row" },
        { "\n\n", WG_EFORMAT, "the file ends without a row" },
        { "a,b\n", WG_EFORMAT, "csv:2:1: the file ends without a row" },
        { "a,b\n1,2\n1\n", WG_EFORMAT, "csv:3:1: 1 fields, the first record has 2" },
        { "a,b\n1,2,3\n", WG_EFORMAT, "csv:2:5: 3 fields" },
        { "a,b\n1,2,\n", WG_EFORMAT, "csv:2:5: 3 fields" },
        { "a,b\n1,2\n\n1,2\n", WG_EFORMAT, "csv:3:1: 1 fields" },
        { "a,b\n1,x2\n", WG_EFORMAT, "csv:2:3: \"x2\" is not a number" },
        { "a,b\n1,2x\n", WG_EFORMAT, "csv:2:3: \"2x\" is not a number" },
        { "a,b\n1,\n", WG_EFORMAT, "csv:2:3: \"\" is not a number" },
        { "a,b\n\"p\nq\",1\n", WG_EFORMAT, "csv:2:1: \"p?q\" is not a number" },
        { "a,b\n\"1\n\",x\n", WG_EFORMAT, "csv:2:1" },
        { "a,\"b\nc\"\n1, y\n", WG_EFORMAT, "csv:3:4: \"y\"" },
        { "a,b\n1e39,1\n", WG_EFORMAT, "csv:2:1: \"1e39\" is not a finite number of f32" },
        { "a,b\nnan,1\n", WG_EFORMAT, "not a finite" },
        { "a,b\ninf,1\n", WG_EFORMAT, "not a finite" },
        { "a,b\n\"1,2\n", WG_EFORMAT, "csv:2:1: the quote that opens here never closes" },
        { "a,b\n1\"2,2\n", WG_EFORMAT, "csv:2:2: a quote inside" },
        { "a,b\n\"1\"x,2\n", WG_EFORMAT, "csv:2:4: text behind the closing quote" },
        { "a,b\r1,2\r", WG_EFORMAT, "csv:1:4: a carriage return" },
        { "a,a\n1,2\n", WG_OK, "" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wg_error error = { 0 };
        wg_dataset *data = NULL;
        check_msg(read_text(bad[i].text, NULL, &data, &error) == bad[i].status, "case %zu: %s", i,
                  error.message);
        check_contains(error.message, bad[i].part);
        check((data == NULL) == (bad[i].status < 0));
        wg_dataset_free(data);
    }
}

Test(csv, refuses_bad_options_and_paths)
{
    static const struct { wg_csv_options options; int status; const char *part; } bad[] = {
        { { .t = "z" }, WG_ENAME, "no column is called \"z\"" },
        { { .t = "a,a" }, WG_ENAME, "\"a\" is chosen twice" },
        { { .x = "a", .t = "a" }, WG_ENAME, "chosen twice" },
        { { .x = "d" }, WG_EFORMAT, "csv:1:7: \"d\" heads two columns" },
        { { .x = "", .t = "" }, WG_EINVALID, "no column" },
        { { .separator = '"' }, WG_EINVALID, "quote" },
        { { .separator = '\n' }, WG_EINVALID, "end of line" },
        { { .reserved = { 1 } }, WG_EINVALID, "reserved" },
    };
    wg_error error = { 0 };
    wg_dataset *data = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check_status(read_text("a,b,d,d\n1,2,3,4\n", &bad[i].options, &data, &error),
                     bad[i].status);
        check_contains(error.message, bad[i].part);
        check(data == NULL);
    }
    check_status(wg_dataset_read_csv(test_path("missing"), NULL, &data, &error), WG_EFILE);
    check_contains(error.message, "missing: cannot be opened: no such file");
    check_status(wg_dataset_read_csv(".", NULL, &data, NULL), WG_EFILE);
    check_status(wg_dataset_read_csv(NULL, NULL, &data, &error), WG_EINVALID);
    check_status(wg_dataset_read_csv("a", NULL, NULL, &error), WG_EINVALID);
}

static const char sample[] = "a,\"b \"\"q\"\"\",c\r\n1.5,\"-2\",0\r\n0.25 , 4e1,7\r\n";

Test(csv, survives_every_truncation_and_every_changed_byte)
{
    static const char other[] = { '"', ',', '\n', '\r', '\0', 'x', '9', ' ', '\xFF' };
    const size_t bytes = sizeof sample - 1;
    const char *path = test_path("csv");
    for (size_t i = 0; i < bytes * (1 + sizeof other); i++) {
        test_memory memory = { 0 };
        const wg_allocator allocator = test_memory_allocator(&memory);
        char text[sizeof sample];
        memcpy(text, sample, bytes);
        if (i >= bytes) text[(i - bytes) / sizeof other] = other[(i - bytes) % sizeof other];
        test_file_write(path, text, i < bytes ? i : bytes);
        wg_error error = { 0 };
        wg_dataset *data = NULL;
        const int status = wg_dataset_read_csv(
            path, WG_OPTIONS(wg_csv_options, .allocator = &allocator), &data, &error);
        check(status == WG_OK || (status == error.status && error.message[0] != '\0'));
        check((data == NULL) == (status < 0));
        wg_dataset_free(data);
        check_memory(&memory);
    }
    test_file_remove(path);
}

static int read_sample(const wg_allocator *allocator, void *path)
{
    wg_error error = { 0 };
    wg_dataset *data = NULL;
    const wg_csv_options options = { .allocator = allocator, .labels = true };
    const int status = wg_dataset_read_csv(path, &options, &data, &error);
    check((data == NULL) == (status < 0));
    wg_dataset_free(data);
    return status;
}

Test(csv, gives_all_back_when_memory_ends)
{
    char path[512];
    snprintf(path, sizeof path, "%s", test_path("csv"));
    test_file_write(path, sample, sizeof sample - 1);
    check(test_memory_fail_each(read_sample, path) > 6);
    test_file_remove(path);
}

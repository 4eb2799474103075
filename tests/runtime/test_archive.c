/* Archives: tensors of other programs by the names they have there. */
#include "runtime/data/archive.h"
#include "support/files.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wengert/data.h>

#include "golden/data.h"

/* The file of the reference implementation (make_data.py). */
Test(archive, gives_tensors_by_name)
{
    const char *path = test_path("archive");
    wg_error error = { 0 };
    wg_archive *archive;
    wg_view view;
    test_file_write(path, golden_params, sizeof golden_params - 1);
    check_msg(wg_archive_open(path, &archive, &error) == WG_OK, "%s", error.message);
    test_file_remove(path); /* it is not needed any more */
    check_equal_i(wg_archive_count(archive), 8);
    for (int64_t i = 1; i < 8; i++)
        check(strcmp(wg_archive_name(archive, i - 1), wg_archive_name(archive, i)) < 0);
    check(wg_archive_name(archive, 8) == NULL && wg_archive_name(archive, -1) == NULL);
    check_status(wg_archive_find(archive, "hidden/weight", &view), WG_OK);
    const float weight[6] = { -2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f };
    check(view.dtype == WG_F32 && wg_shape_equal(view.shape, WG_SHAPE(2, 3)));
    check_bytes(view.data, weight, sizeof weight);
    check_status(wg_archive_find(archive, "hidden/weigh", &view), WG_ENAME);
    check_status(wg_archive_find(archive, NULL, &view), WG_EINVALID);
    wg_archive_free(archive);
    wg_archive_free(NULL);
}

/* A header and data, with the length before them. */
static void file_write(const char *path, const char *header, const void *data, size_t bytes)
{
    const size_t length = strlen(header);
    char *text = malloc(8 + length + bytes);
    check(text != NULL);
    for (int i = 0; i < 8; i++) text[i] = (char)(length >> (8 * i));
    memcpy(text + 8, header, length);
    memcpy(text + 8 + length, data, bytes);
    test_file_write(path, text, 8 + length + bytes);
    free(text);
}

/* Names that are no path here, half precision as f32, and a dtype that is not read, which only
 * matters to who asks for it. */
Test(archive, takes_files_as_they_are)
{
    const char *path = test_path("foreign");
    wg_error error = { 0 };
    wg_archive *archive;
    wg_view view;
    file_write(path,
               "{\"a b:0\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]},"
               "\"odd\":{\"dtype\":\"F8_E4M3\",\"shape\":[1],\"data_offsets\":[4,5]}}",
               "\x00\x3c\x00\xc1\x01", 5); /* 1, -2.5 */
    check_msg(wg_archive_open(path, &archive, &error) == WG_OK, "%s", error.message);
    check_status(wg_archive_find(archive, "a b:0", &view), WG_OK);
    check(view.dtype == WG_F32);
    check(((const float *)view.data)[0] == 1 && ((const float *)view.data)[1] == -2.5f);
    check_status(wg_archive_find(archive, "odd", &view), WG_EDTYPE);
    wg_archive_free(archive);
    test_file_remove(path);
}

Test(archive, a_damaged_file_gives_none)
{
    const char *path = test_path("damaged");
    wg_error error = { 0 };
    wg_archive *archive = (wg_archive *)(void *)&error;
    for (size_t bytes = 0; bytes < sizeof golden_params - 1; bytes += 7) {
        test_file_write(path, golden_params, bytes);
        check_status(wg_archive_open(path, &archive, &error), WG_EFORMAT);
        check(archive == NULL);
        check_contains(error.message, "byte ");
    }
    test_file_remove(path);
    check_status(wg_archive_open(path, &archive, &error), WG_EFILE);
    check_status(wg_archive_open(NULL, &archive, &error), WG_EINVALID);
}

static int open_path(const wg_allocator *allocator, void *path)
{
    wg_error error = { 0 };
    wg_archive *archive;
    const int status = wg__archive_open(path, allocator, &archive, &error);
    check((status == WG_OK) == (archive != NULL));
    wg_archive_free(archive);
    return status;
}

Test(archive, gives_all_back_when_memory_ends)
{
    char path[512];
    snprintf(path, sizeof path, "%s", test_path("archive"));
    test_file_write(path, golden_params, sizeof golden_params - 1);
    check(test_memory_fail_each(open_path, path) >= 20);
    test_file_remove(path);
}

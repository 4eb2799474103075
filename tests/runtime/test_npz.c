/* .npz files as NumPy writes them are read to the last bit; damaged ones, at every byte and every
 * bit, are refused without a crash, a leak or more memory than the file can account for, and
 * nothing is half loaded.                                                                       */
#include "runtime/data/archive.h"
#include "runtime/data/npz.h"
#include "support/files.h"
#include "support/memory.h"

#include "golden/npz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct blob { const void *bytes; size_t count; } blob;
#define LITERAL(text) (blob){ text, sizeof(text) - 1 }

static int read_blob(blob file, const wg_allocator *allocator, wg_dataset **data, wg_error *error)
{
    const char *path = test_path("npz");
    test_file_write(path, file.bytes, file.count);
    const int status = wg__npz_read(path, allocator, data, error);
    test_file_remove(path);
    check((status == WG_OK) == (*data != NULL));
    return status;
}

static int open_blob(blob file, const wg_allocator *allocator, wg_archive **archive,
                     wg_error *error)
{
    const char *path = test_path("npz");
    test_file_write(path, file.bytes, file.count);
    const int status = wg__archive_open(path, allocator, archive, error);
    test_file_remove(path);
    check((status == WG_OK) == (*archive != NULL));
    return status;
}

/* What make_npz.py saved. */
static void check_sample(wg_view x, wg_view t, wg_view flipped)
{
    const float x_values[6] = { -0.5f, -0.25f, 0.0f, 0.25f, 0.5f, 0.75f };
    const int64_t t_values[3] = { 7, -1, 9 };
    check(x.dtype == WG_F32 && wg_shape_equal(x.shape, WG_SHAPE(3, 2)));
    check(t.dtype == WG_I64 && wg_shape_equal(t.shape, WG_SHAPE(3)));
    check(flipped.dtype == WG_I32 && wg_shape_equal(flipped.shape, WG_SHAPE(3, 4)));
    check_bytes(x.data, x_values, sizeof x_values);
    check_bytes(t.data, t_values, sizeof t_values);
    for (int i = 0; i < 12; i++) check_equal_i(((const int32_t *)flipped.data)[i], i);
}

/* Stored, packed, and packed into a pipe, where sizes and checksums stand behind the members. */
static const blob samples[3] = { { golden_npz_stored, sizeof golden_npz_stored - 1 },
                                 { golden_npz_packed, sizeof golden_npz_packed - 1 },
                                 { golden_npz_piped, sizeof golden_npz_piped - 1 } };

Test(npz, gives_each_array_as_a_column)
{
    for (int k = 0; k < 3; k++) {
        test_memory memory = { 0 };
        const wg_allocator allocator = test_memory_allocator(&memory);
        wg_dataset *data;
        wg_error error = { 0 };
        wg_view x, t, flipped;
        check_msg(read_blob(samples[k], &allocator, &data, &error) == WG_OK, "%s", error.message);
        check_equal_i(wg_dataset_count(data), 3);
        check_status(wg_dataset_find(data, "x", &x), WG_OK);
        check_status(wg_dataset_find(data, "t", &t), WG_OK);
        check_status(wg_dataset_find(data, "flipped", &flipped), WG_OK);
        check_sample(x, t, flipped);
        wg_dataset_free(data);
        check_memory(&memory);
    }
}

Test(npz, an_empty_one_is_a_dataset_without_columns)
{
    wg_dataset *data;
    wg_error error = { 0 };
    check_status(read_blob(LITERAL(golden_npz_empty), NULL, &data, &error), WG_OK);
    check_equal_i(wg_dataset_count(data), 0);
    wg_dataset_free(data);
}

Test(npz, an_archive_gives_arrays_by_name)
{
    for (int k = 0; k < 3; k++) {
        wg_archive *archive;
        wg_error error = { 0 };
        wg_view x, t, flipped;
        check_msg(open_blob(samples[k], NULL, &archive, &error) == WG_OK, "%s", error.message);
        check_equal_i(wg_archive_count(archive), 3);
        check_text(wg_archive_name(archive, 0), "flipped");
        check_text(wg_archive_name(archive, 1), "t");
        check_text(wg_archive_name(archive, 2), "x");
        check_status(wg_archive_find(archive, "x", &x), WG_OK);
        check_status(wg_archive_find(archive, "t", &t), WG_OK);
        check_status(wg_archive_find(archive, "flipped", &flipped), WG_OK);
        check_sample(x, t, flipped);
        check_status(wg_archive_find(archive, "x.npy", &x), WG_ENAME);
        wg_archive_free(archive);
    }
}

/* Unlike a dataset's columns an archive's arrays have any number of rows, or none, and one that is
 * not read only matters to who asks for it. b-bias stands before b/weight.                      */
Test(npz, an_archive_takes_files_as_they_are)
{
    wg_archive *archive;
    wg_error error = { 0 };
    wg_view view;
    check_msg(open_blob(LITERAL(golden_npz_mixed), NULL, &archive, &error) == WG_OK, "%s",
              error.message);
    check_equal_i(error.status, WG_OK);
    check_equal_i(wg_archive_count(archive), 4);
    for (int64_t i = 1; i < 4; i++)
        check(strcmp(wg_archive_name(archive, i - 1), wg_archive_name(archive, i)) < 0);
    check_status(wg_archive_find(archive, "b/weight", &view), WG_OK);
    check(view.dtype == WG_F32 && wg_shape_equal(view.shape, WG_SHAPE(1, 2)));
    check(((const float *)view.data)[0] == 1 && ((const float *)view.data)[1] == -2.5f);
    check_status(wg_archive_find(archive, "b-bias", &view), WG_OK);
    check(view.dtype == WG_F64 && view.shape.rank == 0 && *(const double *)view.data == 0.25);
    check_status(wg_archive_find(archive, "none", &view), WG_OK);
    check(wg_shape_equal(view.shape, WG_SHAPE(0, 3)));
    check_status(wg_archive_find(archive, "words", &view), WG_EDTYPE);
    wg_archive_free(archive);
    check_status(open_blob(LITERAL(golden_npz_text), NULL, &archive, &error), WG_OK);
    check_status(wg_archive_find(archive, "a", &view), WG_OK);
    check_status(wg_archive_find(archive, "readme", &view), WG_EDTYPE);
    wg_archive_free(archive);
    check_status(open_blob(LITERAL(golden_npz_same), NULL, &archive, &error), WG_EFORMAT);
    check_contains(error.message, "two members are named \"a\"");
}

/* ---- what is refused ---- */

Test(npz, says_what_is_wrong_and_where)
{
    const struct { blob file; int status; const char *part; } bad[] = {
        { LITERAL(""), WG_EFORMAT, "byte 0: the end of a zip's directory is missing" },
        { LITERAL("\x93NUMPY\1\0"), WG_EFORMAT, "byte 8: the end of a zip's directory is missing" },
        { LITERAL(golden_npz_rows), WG_ESHAPE, "column \"b\": 3 rows, the others have 2" },
        { LITERAL(golden_npz_text), WG_EFORMAT, "member \"readme\": not a .npy file" },
        { LITERAL(golden_npz_bzip), WG_EFORMAT, "member \"a.npy\": neither stored nor deflated" },
        { LITERAL(golden_npz_mixed), WG_ESHAPE, "member \"b-bias\": 0 axes, a column has 1 to 8" },
        { LITERAL(golden_npz_damaged), WG_EFORMAT,
          "member \"a\": byte 128: 7 bytes of data where the header says 8" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wg_dataset *data;
        wg_error error = { 0 };
        check_status(read_blob(bad[i].file, NULL, &data, &error), bad[i].status);
        check_contains(error.message, bad[i].part);
    }
}

Test(npz, refuses_paths_that_lead_nowhere)
{
    wg_error error = { 0 };
    wg_dataset *data = (wg_dataset *)(void *)&error;
    check_status(wg_dataset_read_npz(test_path("missing"), &data, &error), WG_EFILE);
    check(data == NULL);
    check_status(wg_dataset_read_npz(NULL, &data, &error), WG_EINVALID);
    check_status(wg_dataset_read_npz("a", NULL, &error), WG_EINVALID);
}

/* A sound archive of one member, stored: its local header at 0, its name of 5 bytes behind 30 and
 * its data behind that; the directory's entry, and the end of the directory, from behind.       */
enum {
    ONE_BYTES = sizeof golden_npz_one - 1,
    ENDING = ONE_BYTES - 22,
    ENTRY = ENDING - 46 - 5
};

static void check_changed(int at, int bytes, uint32_t value, int status, const char *part)
{
    char text[ONE_BYTES];
    wg_dataset *data;
    wg_error error = { 0 };
    memcpy(text, golden_npz_one, sizeof text);
    for (int i = 0; i < bytes; i++) text[at + i] = (char)(value >> (8 * i));
    check_status(read_blob((blob){ text, sizeof text }, NULL, &data, &error), status);
    check_contains(error.message, part);
    check_contains(error.message, "byte ");
}

Test(npz, believes_no_size_and_no_place)
{
    check_changed(ENTRY + 8, 2, 1, WG_EFORMAT, "encrypted");
    check_changed(ENTRY + 10, 2, 8, WG_EFORMAT, "a member's header differs from the directory");
    check_changed(ENTRY + 16, 4, 1, WG_EFORMAT, "a member's header differs from the directory");
    check_changed(ENTRY + 20, 4, 1000, WG_EFORMAT, "stored, but its two sizes differ");
    check_changed(ENTRY + 24, 4, 0xFFFFFFFFu, WG_ELIMIT, "zip64");
    check_changed(ENTRY + 28, 2, 300, WG_EFORMAT, "an entry longer than the directory");
    check_changed(ENTRY + 28, 2, 0, WG_EFORMAT, "the name of a member is empty or no text");
    check_changed(ENTRY + 42, 4, 7, WG_EFORMAT, "a member's header differs from the directory");
    check_changed(28, 2, 1000, WG_EFORMAT, "it overlaps what follows it");
    check_changed(ENTRY + 42, 4, 1000000, WG_EFORMAT, "it overlaps what follows it");
    check_changed(ENTRY, 1, 'Q', WG_EFORMAT, "expected a member's entry");
    check_changed(ENDING + 8, 4, 2 | 2 << 16, WG_EFORMAT, "too short for its members");
    check_changed(ENDING + 8, 4, 0, WG_EFORMAT, "more than its members in the directory");
    check_changed(ENDING + 12, 4, 5000, WG_EFORMAT, "the directory does not end here");
    check_changed(ENDING + 16, 4, 0xFFFFFFFFu, WG_ELIMIT, "zip64");
    check_changed(ENDING + 4, 2, 1, WG_ELIMIT, "one part of several");
    check_changed(30 + 5 + 130, 1, 'x', WG_EFORMAT, "its checksum is wrong");
}

/* Two entries for the same bytes would give much from little. */
Test(npz, members_share_no_byte)
{
    char text[ONE_BYTES + 51];
    wg_dataset *data;
    wg_error error = { 0 };
    memcpy(text, golden_npz_one, ENDING);
    memcpy(text + ENDING, golden_npz_one + ENTRY, 51);
    text[ENDING + 46] = 'b';
    memcpy(text + ENDING + 51, golden_npz_one + ENDING, 22);
    text[ENDING + 51 + 8] = text[ENDING + 51 + 10] = 2;
    text[ENDING + 51 + 12] = 102;
    check_status(read_blob((blob){ text, sizeof text }, NULL, &data, &error), WG_EFORMAT);
    check_contains(error.message, "member \"a.npy\": it overlaps what follows it");
}

/* 300,000 bytes from 500: read as they are; but no more than deflate can make is believed. */
Test(npz, much_from_little_is_read_and_more_is_not_believed)
{
    char text[sizeof golden_npz_one_packed - 1];
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    wg_dataset *data;
    wg_error error = { 0 };
    check(sizeof golden_npz_zeros < 2000);
    check_status(read_blob(LITERAL(golden_npz_zeros), &allocator, &data, &error), WG_OK);
    check_equal_i(wg_dataset_count(data), 3);
    wg_dataset_free(data);
    memory.live_bytes_max = 0;
    memcpy(text, golden_npz_one_packed, sizeof text);
    text[sizeof text - 22 - 51 + 27] = 0x40; /* 2^30 bytes */
    check_status(read_blob((blob){ text, sizeof text }, &allocator, &data, &error), WG_EFORMAT);
    check_contains(error.message, "member \"a\": 1073741");
    check_contains(error.message, "bytes do not come from");
    check(memory.live_bytes_max < 200000);
    check_memory(&memory);
}

/* Of deflate's bytes one is missing, or one too many: they end where they say, or are damaged. */
Test(npz, packed_bytes_end_where_they_say)
{
    enum { BYTES = sizeof golden_npz_one_packed - 1, END = BYTES - 22, HERE = END - 46 - 5 };
    char text[BYTES + 1];
    wg_dataset *data;
    wg_error error = { 0 };
    memcpy(text, golden_npz_one_packed, BYTES);
    text[HERE + 20]--;
    check_status(read_blob((blob){ text, BYTES }, NULL, &data, &error), WG_EFORMAT);
    check_contains(error.message, "of the compressed file: it ends too early");
    memcpy(text, golden_npz_one_packed, HERE);
    text[HERE] = 'x';
    memcpy(text + HERE + 1, golden_npz_one_packed + HERE, BYTES - HERE);
    text[HERE + 1 + 20]++;
    text[END + 1 + 16]++;
    check_status(read_blob((blob){ text, BYTES + 1 }, NULL, &data, &error), WG_EFORMAT);
    check_contains(error.message, "of the compressed file: there is more behind its end");
    memcpy(text, golden_npz_one_packed, BYTES);
    text[HERE + 24]--; /* one byte fewer than are packed */
    check_status(read_blob((blob){ text, BYTES }, NULL, &data, &error), WG_EFORMAT);
    check_contains(error.message, "there is more behind the data");
}

/* ---- damage ---- */

Test(npz, survives_every_truncation_and_every_flipped_bit)
{
    const blob good[2] = { LITERAL(golden_npz_one), LITERAL(golden_npz_one_packed) };
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < 9 * good[k].count; i++) {
            char text[512];
            test_memory memory = { 0 };
            const wg_allocator allocator = test_memory_allocator(&memory);
            wg_dataset *data;
            wg_error error = { 0 };
            check(good[k].count <= sizeof text);
            const size_t bytes = test_file_damage(good[k].bytes, good[k].count, i, text);
            const blob file = { text, bytes };
            const int status = read_blob(file, &allocator, &data, &error);
            if (bytes < good[k].count) check_status(status, WG_EFORMAT);
            check(status == WG_OK || (status == error.status && error.message[0] != '\0'));
            wg_view view;
            /* A turned bit can change a date or a column's name, but no value. */
            const float ones[2] = { 1, 1 };
            if (status == WG_OK && wg_dataset_find(data, "a", &view) == WG_OK)
                check_bytes(view.data, ones, sizeof ones);
            wg_dataset_free(data);
            check_memory(&memory);
            /* The stream, zlib's state and window, and at most 1032 times what is packed. */
            check_msg(memory.live_bytes_max < 600000, "%zu bytes", memory.live_bytes_max);
        }
}

/* ---- memory ---- */

static int read_path(const wg_allocator *allocator, void *path)
{
    wg_error error = { 0 };
    wg_dataset *data;
    const int status = wg__npz_read(path, allocator, &data, &error);
    check(status == WG_OK || data == NULL);
    wg_dataset_free(data);
    return status;
}

static int open_path(const wg_allocator *allocator, void *path)
{
    wg_error error = { 0 };
    wg_archive *archive;
    const int status = wg__archive_open(path, allocator, &archive, &error);
    check(status == WG_OK || archive == NULL);
    wg_archive_free(archive);
    return status;
}

Test(npz, gives_all_back_when_memory_ends)
{
    char path[512];
    snprintf(path, sizeof path, "%s", test_path("npz"));
    for (int k = 0; k < 3; k++) {
        test_file_write(path, samples[k].bytes, samples[k].count);
        check(test_memory_fail_each(read_path, path) >= 15);
        check(test_memory_fail_each(open_path, path) >= 15);
    }
    test_file_write(path, golden_npz_mixed, sizeof golden_npz_mixed - 1);
    check(test_memory_fail_each(open_path, path) >= 15);
    test_file_remove(path);
}

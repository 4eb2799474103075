/* IDX files of every type, plain and compressed, are read to the last bit; damaged ones, at every
 * byte and every bit, are refused without a crash, a leak or more memory than the file can account
 * for, and nothing is half loaded.                                                              */
#include "runtime/data/idx.h"
#include "support/files.h"
#include "support/memory.h"

#include "golden/idx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double view_value(wg_view view, int64_t i)
{
    switch (view.dtype) {
    case WG_F32: return (double)((const float *)view.data)[i];
    case WG_F64: return ((const double *)view.data)[i];
    case WG_I32: return ((const int32_t *)view.data)[i];
    case WG_U8: return ((const uint8_t *)view.data)[i];
    default: return -1e9;
    }
}

/* A file of bytes, or none if they are NULL. */
typedef struct blob { const void *bytes; size_t count; } blob;
#define LITERAL(text) (blob){ text, sizeof(text) - 1 }

static int read_blobs(blob images, blob labels, const wg_allocator *allocator, wg_dataset **data,
                      wg_error *error)
{
    char x[512], t[512];
    snprintf(x, sizeof x, "%s", test_path("images"));
    snprintf(t, sizeof t, "%s", test_path("labels"));
    if (images.bytes) test_file_write(x, images.bytes, images.count);
    if (labels.bytes) test_file_write(t, labels.bytes, labels.count);
    const int status = wg__idx_read(x, labels.bytes ? t : NULL, allocator, data, error);
    test_file_remove(x);
    test_file_remove(t);
    check((status == WG_OK) == (*data != NULL));
    return status;
}

/* The status of images alone; a failure leaves nothing. */
static int read_images(blob images, wg_error *error)
{
    wg_dataset *data = NULL;
    const int status = read_blobs(images, (blob){ NULL, 0 }, NULL, &data, error);
    wg_dataset_free(data);
    return status;
}

Test(idx, reads_every_type_and_rank)
{
    for (size_t k = 0; k < sizeof golden_idxs / sizeof golden_idxs[0]; k++) {
        const golden_idx *golden = &golden_idxs[k];
        wg_dataset *data;
        wg_error error = { 0 };
        wg_view view;
        const blob images = { golden->data, golden->bytes };
        check_msg(read_blobs(images, (blob){ NULL, 0 }, NULL, &data, &error) == WG_OK, "%s",
                  error.message);
        check_status(wg_dataset_find(data, "x", &view), WG_OK);
        check_status(wg_dataset_find(data, "t", &view), WG_ENAME);
        check_status(wg_dataset_find(data, "x", &view), WG_OK);
        check_equal_i(view.dtype, golden->dtype);
        check_equal_i(view.shape.rank, golden->rank);
        for (int i = 0; i < golden->rank; i++) check_equal_i(view.shape.dim[i], golden->dim[i]);
        for (int64_t i = 0; i < wg_shape_count(view.shape); i++)
            check_msg(view_value(view, i) == golden->value[i], "case %zu, element %lld", k,
                      (long long)i);
        wg_dataset_free(data);
    }
}

static void check_sample(wg_dataset *data)
{
    wg_view x, t;
    check_status(wg_dataset_find(data, "x", &x), WG_OK);
    check_status(wg_dataset_find(data, "t", &t), WG_OK);
    check(wg_shape_equal(x.shape, WG_SHAPE(3, 40, 40)));
    check(wg_shape_equal(t.shape, WG_SHAPE(3)));
    for (int64_t i = 0; i < 3 * 1600; i++)
        check_equal_i(((const uint8_t *)x.data)[i], i * i / 7 % 251);
    const uint8_t labels[3] = { 7, 0, 9 };
    check_bytes(t.data, labels, 3);
}

/* Compressed, and in several members that were put one after the other, an empty one too. */
Test(idx, reads_what_gzip_wrote)
{
    const blob labels[3] = { LITERAL(golden_labels_gz), LITERAL(golden_members_gz),
                             LITERAL(golden_labels) };
    for (int i = 0; i < 3; i++) {
        test_memory memory = { 0 };
        const wg_allocator allocator = test_memory_allocator(&memory);
        wg_dataset *data;
        wg_error error = { 0 };
        const int status =
            read_blobs(LITERAL(golden_images_gz), labels[i], &allocator, &data, &error);
        check_msg(status == WG_OK, "%s", error.message);
        check_sample(data);
        wg_dataset_free(data);
        check_memory(&memory);
    }
}

Test(idx, says_what_is_wrong_and_where)
{
    const struct { blob file; const char *part; } bad[] = {
        { LITERAL(""), "byte 0: the file ends, 4 bytes too early" },
        { LITERAL("\0\0\010"), "byte 3: the file ends, 1 bytes too early" },
        { LITERAL("\0\001\010\001"), "byte 0: not an IDX file" },
        { LITERAL("PK\003\004 a zip file"), "byte 0: not an IDX file" },
        { LITERAL("\0\0\012\001\0\0\0\0"), "byte 2: type 0x0a, known are 08, 09" },
        { LITERAL("\0\0\010\0"), "byte 3: 0 axes, a column has 1 to 8" },
        { LITERAL("\0\0\010\011"), "byte 3: 9 axes, a column has 1 to 8" },
        { LITERAL("\0\0\010\002\0\0\0\001\0\0"), "byte 10: the file ends, 2 bytes too early" },
        { LITERAL("\0\0\010\001\377\377\377\377ab"),
          "byte 4: the extents ask for 4294967295 bytes, no more than 2 can follow" },
        { LITERAL("\0\0\016\003\377\377\377\377\377\377\377\377\377\377\377\377ab"),
          "byte 4: more elements than can be counted" },
        { LITERAL("\0\0\014\001\0\0\0\002abcdefg"),
          "byte 4: the extents ask for 8 bytes, no more than 7 can follow" },
        { LITERAL("\0\0\010\001\0\0\0\002abc"), "byte 10: there is more behind the data" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wg_error error = { 0 };
        check_status(read_images(bad[i].file, &error), WG_EFORMAT);
        check_contains(error.message, bad[i].part);
    }
}

Test(idx, counts_of_images_and_labels_agree)
{
    wg_dataset *data;
    wg_error error = { 0 };
    const blob two = LITERAL("\0\0\010\001\0\0\0\002ab");
    check_status(read_blobs(LITERAL(golden_images_gz), two, NULL, &data, &error), WG_EFORMAT);
    check_contains(error.message, "byte 4: 2 labels for 3 images");
    check_status(read_blobs(LITERAL(golden_images_gz), LITERAL("\0\0\010"), NULL, &data, &error),
                 WG_EFORMAT);
    check_contains(error.message, "labels");
}

Test(idx, refuses_paths_that_lead_nowhere)
{
    wg_error error = { 0 };
    wg_dataset *data = (wg_dataset *)&error;
    check_status(wg_dataset_read_idx(test_path("missing"), NULL, &data, &error), WG_EFILE);
    check_contains(error.message, "no such file");
    check(data == NULL);
    check_status(wg_dataset_read_idx(".", NULL, &data, &error), WG_EFILE);
    check_status(wg_dataset_read_idx(NULL, NULL, &data, &error), WG_EINVALID);
    check_status(wg_dataset_read_idx("a", NULL, NULL, &error), WG_EINVALID);
}

/* ---- damage ---- */

/* A little of the images, so that each bit can be turned. */
Test(idx, survives_every_truncation_and_every_flipped_bit)
{
    const blob good[2] = { LITERAL(golden_members_gz), LITERAL(golden_labels) };
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < 9 * good[k].count; i++) {
            char text[256];
            test_memory memory = { 0 };
            const wg_allocator allocator = test_memory_allocator(&memory);
            wg_dataset *data;
            wg_error error = { 0 };
            check(good[k].count <= sizeof text);
            const size_t bytes = test_file_damage(good[k].bytes, good[k].count, i, text);
            const blob file = { text, bytes };
            const int status = read_blobs(file, (blob){ NULL, 0 }, &allocator, &data, &error);
            if (bytes < good[k].count) check_status(status, WG_EFORMAT);
            check(status == WG_OK || (status == error.status && error.message[0] != '\0'));
            wg_dataset_free(data);
            check_memory(&memory);
            /* The stream, zlib's state and window, and the data of a few bytes. */
            check_msg(memory.live_bytes_max < 100000, "%zu bytes", memory.live_bytes_max);
        }
}

Test(idx, names_the_byte_of_damaged_compression)
{
    char text[sizeof golden_images_gz - 1];
    wg_error error = { 0 };
    memcpy(text, golden_images_gz, sizeof text);
    text[sizeof text - 8] ^= 1; /* of the checksum */
    check_status(read_images((blob){ text, sizeof text }, &error), WG_EFORMAT);
    check_contains(error.message, "of the compressed file: incorrect data check");
    check_status(read_images((blob){ golden_images_gz, sizeof text - 9 }, &error), WG_EFORMAT);
    check_contains(error.message, "of the compressed file: it ends too early");
    memcpy(text, golden_images_gz, sizeof text);
    text[2] = 7; /* a method that nobody knows */
    check_status(read_images((blob){ text, sizeof text }, &error), WG_EFORMAT);
    check_contains(error.message, "of the compressed file: unknown compression method");
    char tail[sizeof golden_labels_gz + 3];
    memcpy(tail, golden_labels_gz, sizeof golden_labels_gz - 1);
    memcpy(tail + sizeof golden_labels_gz - 1, "junk", 4);
    check_status(read_images((blob){ tail, sizeof tail }, &error), WG_EFORMAT);
    check_contains(error.message, "of the compressed file: incorrect header check");
}

/* 900,000 bytes from 900: read as they are; but a header that asks for more than such a file could
 * ever hold is refused before memory is taken.                                                  */
Test(idx, much_from_little_is_read_and_more_is_not_believed)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    wg_dataset *data;
    wg_error error = { 0 };
    const blob zeros = LITERAL(golden_zeros_gz);
    check(zeros.count < 2000);
    check_msg(read_blobs(zeros, (blob){ NULL, 0 }, &allocator, &data, &error) == WG_OK, "%s",
              error.message);
    wg_dataset_free(data);
    memory.live_bytes_max = 0;
    /* Stored, not compressed, between gzip's header and its checksum (that of Python's zlib): the
     * header of an IDX file of 2^31 bytes.                                                      */
    const blob liar = LITERAL("\037\213\010\0\0\0\0\0\0\377" "\001\010\0\367\377"
                              "\0\0\010\001\200\0\0\0" "\217\302\110\131\010\0\0\0");
    check_status(read_blobs(liar, (blob){ NULL, 0 }, &allocator, &data, &error), WG_EFORMAT);
    check_contains(error.message, "byte 4: the extents ask for 2147483648 bytes, no more than");
    check(memory.live_bytes_max < 100000);
    check_memory(&memory);
}

static int read_sample(const wg_allocator *allocator, void *paths)
{
    char **path = paths;
    wg_error error = { 0 };
    wg_dataset *data;
    const int status = wg__idx_read(path[0], path[1], allocator, &data, &error);
    check(status == WG_OK || data == NULL);
    wg_dataset_free(data);
    return status;
}

Test(idx, gives_all_back_when_memory_ends)
{
    char x[512], t[512], *paths[2] = { x, t };
    snprintf(x, sizeof x, "%s", test_path("images"));
    snprintf(t, sizeof t, "%s", test_path("labels"));
    test_file_write(x, golden_images_gz, sizeof golden_images_gz - 1);
    test_file_write(t, golden_labels, sizeof golden_labels - 1);
    check(test_memory_fail_each(read_sample, paths) >= 8);
    test_file_remove(x);
    test_file_remove(t);
}

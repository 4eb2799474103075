/* IDX files: two zero bytes, a type, a rank, big-endian extents, big-endian data. What the header
 * asks for is compared with what the file can hold before memory is taken, and a dataset is only
 * handed out when both files were read to their ends.                                           */
#include "runtime/data/idx.h"
#include "runtime/data/element.h"
#include "runtime/data/stream.h"

enum { BUFFER_BYTES = 8192 };

typedef struct idx_reader {
    wg__stream *stream;
    wg__element element;
    wg_shape shape;
    wg_error *error;
} idx_reader;

static wg__element element_of(int code)
{
    switch (code) {
    case 0x08: return WG__ELEMENT_U8;
    case 0x09: return WG__ELEMENT_I8;
    case 0x0B: return WG__ELEMENT_I16;
    case 0x0C: return WG__ELEMENT_I32;
    case 0x0D: return WG__ELEMENT_F32;
    case 0x0E: return WG__ELEMENT_F64;
    default: return WG__ELEMENT_NONE;
    }
}

static int header_read(idx_reader *reader)
{
    unsigned char magic[4], word[4];
    const char *path = wg__stream_path(reader->stream);
    WG_TRY(wg__stream_read(reader->stream, magic, sizeof magic, reader->error));
    if (magic[0] != 0 || magic[1] != 0)
        return wg__fail(reader->error, WG_EFORMAT, "%s: byte 0: not an IDX file", path);
    reader->element = element_of(magic[2]);
    if (reader->element == WG__ELEMENT_NONE)
        return wg__fail(reader->error, WG_EFORMAT,
                        "%s: byte 2: type 0x%02x, known are 08, 09, 0b, 0c, 0d and 0e", path,
                        magic[2]);
    if (magic[3] == 0 || magic[3] > WG_RANK_MAX)
        return wg__fail(reader->error, WG_EFORMAT, "%s: byte 3: %d axes, a column has 1 to %d",
                        path, magic[3], WG_RANK_MAX);
    reader->shape = (wg_shape){ .rank = magic[3] };
    for (int i = 0; i < magic[3]; i++) {
        WG_TRY(wg__stream_read(reader->stream, word, sizeof word, reader->error));
        reader->shape.dim[i] = (int64_t)word[0] << 24 | word[1] << 16 | word[2] << 8 | word[3];
    }
    return WG_OK;
}

/* The file can be long enough for what the header asks. */
static int size_check(const idx_reader *reader)
{
    const uint64_t left = wg__stream_left_max(reader->stream);
    const int64_t count = wg_shape_count(reader->shape);
    const uint64_t width = wg__element_bytes(reader->element);
    if (count >= 0 && (uint64_t)count <= left / width) return WG_OK;
    if (count < 0)
        return wg__fail(reader->error, WG_EFORMAT,
                        "%s: byte 4: more elements than can be counted",
                        wg__stream_path(reader->stream));
    return wg__fail(reader->error, WG_EFORMAT,
                    "%s: byte 4: the extents ask for %llu bytes, no more than %llu can follow",
                    wg__stream_path(reader->stream), (unsigned long long)count * width,
                    (unsigned long long)left);
}

static int data_read(idx_reader *reader, void *out)
{
    unsigned char buffer[BUFFER_BYTES];
    const size_t bytes = wg__element_bytes(reader->element);
    const int64_t count = wg_shape_count(reader->shape);
    const int64_t capacity = (int64_t)(sizeof buffer / bytes);
    for (int64_t done = 0; done < count;) {
        const int64_t here = count - done < capacity ? count - done : capacity;
        WG_TRY(wg__stream_read(reader->stream, buffer, (size_t)here * bytes, reader->error));
        wg__element_decode(reader->element, true, here, buffer, done, out);
        done += here;
    }
    return wg__stream_end(reader->stream, reader->error);
}

/* One more column. */
static int column_read(idx_reader *reader, wg_dataset *data, const char *column)
{
    void *memory = NULL;
    WG_TRY(header_read(reader));
    const int64_t rows = reader->shape.dim[0];
    if (data->column_count > 0 && rows != data->row_count)
        return wg__fail(reader->error, WG_EFORMAT, "%s: byte 4: %lld labels for %lld images",
                        wg__stream_path(reader->stream), (long long)rows,
                        (long long)data->row_count);
    WG_TRY(size_check(reader));
    const wg_dtype dtype = wg__element_dtype(reader->element);
    const int status = wg__dataset_reserve(data, column, dtype, reader->shape, &memory);
    if (status < 0)
        return wg__dataset_explain(data, status, column, reader->shape, reader->error);
    return data_read(reader, memory);
}

static int file_read(const char *path, const char *column, wg_dataset *data, wg_error *error)
{
    idx_reader reader = { .error = error };
    WG_TRY(wg__stream_open(path, &data->allocator, &reader.stream, error));
    const int status = column_read(&reader, data, column);
    wg__stream_close(reader.stream);
    return status;
}

int wg__idx_read(const char *images, const char *labels, const wg_allocator *allocator,
                 wg_dataset **out, wg_error *error)
{
    if (out == NULL) return wg__fail(error, WG_EINVALID, "a place for the dataset is needed");
    *out = NULL;
    wg_dataset *data = wg_dataset_create(allocator);
    if (data == NULL) return wg__fail(error, WG_EMEMORY, "no memory for a dataset");
    int status = file_read(images, "x", data, error);
    if (status >= 0 && labels != NULL) status = file_read(labels, "t", data, error);
    if (status < 0) wg_dataset_free(data);
    else *out = data;
    return status;
}

int wg_dataset_read_idx(const char *images, const char *labels, wg_dataset **out, wg_error *error)
{
    return wg__idx_read(images, labels, NULL, out, error);
}

/* NumPy's .npy files, versions 1 to 3. The header is the text of a Python dictionary; only what
 * NumPy itself writes there is understood, key by key in any order, and no memory is taken for
 * the data before the size of the file has been found to be exactly what the header says.       */
#include "runtime/data/npy.h"
#include "runtime/data/element.h"

#include <string.h>

enum {
    MAGIC_BYTES = 8,          /* six of magic and two of version */
    HEADER_BYTES_MAX = 10000, /* NumPy refuses to read longer ones too */
    RANK_MAX = 32             /* of the text; what is more than WG_RANK_MAX is refused in words */
};

typedef struct npy_reader {
    wg__file *file;
    char header[HEADER_BYTES_MAX];
    size_t header_bytes, at;
    uint64_t header_start;
    wg__element element;
    bool is_big_endian, is_fortran, has_element, has_order, has_shape;
    int rank;
    int64_t dim[RANK_MAX];
    wg_error *error;
} npy_reader;

static int fail_at(const npy_reader *reader, int status, const char *problem)
{
    return wg__fail(reader->error, status, "%s: byte %llu: %s", reader->file->path,
                    (unsigned long long)(reader->header_start + reader->at), problem);
}

/* ---- the header's text ---- */

static int peek(const npy_reader *reader)
{
    return reader->at < reader->header_bytes ? (unsigned char)reader->header[reader->at] : -1;
}

static void skip_blanks(npy_reader *reader)
{
    while (peek(reader) == ' ' || peek(reader) == '\t' || peek(reader) == '\n') reader->at++;
}

/* Passes the character, and blanks before it; false if another stands there. */
static bool take(npy_reader *reader, char c)
{
    skip_blanks(reader);
    if (peek(reader) != c) return false;
    reader->at++;
    return true;
}

static bool take_word(npy_reader *reader, const char *word)
{
    const size_t length = strlen(word);
    skip_blanks(reader);
    if (reader->header_bytes - reader->at < length) return false;
    if (memcmp(reader->header + reader->at, word, length) != 0) return false;
    reader->at += length;
    return true;
}

/* A string in quotes of either kind, without escapes. */
static int string_read(npy_reader *reader, char *out, size_t capacity)
{
    skip_blanks(reader);
    const int quote = peek(reader);
    if (quote != '\'' && quote != '"') return fail_at(reader, WG_EFORMAT, "expected a string");
    reader->at++;
    size_t length = 0;
    for (int c = peek(reader); c != quote; c = peek(reader)) {
        if (c < ' ' || c == '\\')
            return fail_at(reader, WG_EFORMAT, "expected the end of a string");
        if (length + 1 == capacity) return fail_at(reader, WG_EFORMAT, "a string too long");
        out[length++] = (char)c;
        reader->at++;
    }
    reader->at++;
    out[length] = '\0';
    return WG_OK;
}

static int extent_read(npy_reader *reader, int64_t *out)
{
    int64_t value = 0;
    skip_blanks(reader);
    if (peek(reader) < '0' || peek(reader) > '9')
        return fail_at(reader, WG_EFORMAT, "expected an extent");
    for (; peek(reader) >= '0' && peek(reader) <= '9'; reader->at++) {
        const int digit = peek(reader) - '0';
        if (value > (INT64_MAX - digit) / 10) return fail_at(reader, WG_ELIMIT, "extent too large");
        value = 10 * value + digit;
    }
    if (peek(reader) == 'L') reader->at++; /* Python 2 wrote its long integers so. */
    *out = value;
    return WG_OK;
}

/* (), (3,), (3, 4) */
static int shape_read(npy_reader *reader)
{
    if (!take(reader, '(')) return fail_at(reader, WG_EFORMAT, "expected ( of a shape");
    while (!take(reader, ')')) {
        if (reader->rank == RANK_MAX) return fail_at(reader, WG_ELIMIT, "too many axes");
        WG_TRY(extent_read(reader, &reader->dim[reader->rank++]));
        const bool has_comma = take(reader, ',');
        if (reader->rank == 1 && !has_comma)
            return fail_at(reader, WG_EFORMAT, "expected , behind a single extent");
        skip_blanks(reader);
        if (!has_comma && peek(reader) != ')')
            return fail_at(reader, WG_EFORMAT, "expected , or ) in a shape");
    }
    reader->has_shape = true;
    return WG_OK;
}

/* "<f4" and its kin. */
static int element_read(npy_reader *reader)
{
    static const struct { char name[3]; wg__element element; } known[] = {
        { "b1", WG__ELEMENT_BOOL }, { "u1", WG__ELEMENT_U8 },  { "i1", WG__ELEMENT_I8 },
        { "u2", WG__ELEMENT_U16 },  { "i2", WG__ELEMENT_I16 }, { "f2", WG__ELEMENT_F16 },
        { "u4", WG__ELEMENT_U32 },  { "i4", WG__ELEMENT_I32 }, { "f4", WG__ELEMENT_F32 },
        { "u8", WG__ELEMENT_U64 },  { "i8", WG__ELEMENT_I64 }, { "f8", WG__ELEMENT_F64 },
    };
    char text[64];
    skip_blanks(reader);
    if (peek(reader) == '[')
        return fail_at(reader, WG_EDTYPE, "records of several fields are not read");
    const size_t start = reader->at;
    WG_TRY(string_read(reader, text, sizeof text));
    const char order = text[0];
    const bool has_order = order == '<' || order == '>' || order == '|' || order == '=';
    const char *name = text + has_order;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i].name) == 0) reader->element = known[i].element;
    reader->is_big_endian = order == '>';
    reader->has_element = true;
    if (reader->element != WG__ELEMENT_NONE) return WG_OK;
    reader->at = start;
    if (name[0] == 'O') return fail_at(reader, WG_EDTYPE, "Python objects are not read");
    return fail_at(reader, WG_EDTYPE, "neither bool nor integer nor real of at most 64 bits");
}

static int order_read(npy_reader *reader)
{
    reader->is_fortran = take_word(reader, "True");
    if (!reader->is_fortran && !take_word(reader, "False"))
        return fail_at(reader, WG_EFORMAT, "expected True or False");
    reader->has_order = true;
    return WG_OK;
}

static int pair_read(npy_reader *reader)
{
    char key[16];
    skip_blanks(reader);
    const size_t start = reader->at;
    WG_TRY(string_read(reader, key, sizeof key));
    if (!take(reader, ':')) return fail_at(reader, WG_EFORMAT, "expected : behind a key");
    if (strcmp(key, "descr") == 0 && !reader->has_element) return element_read(reader);
    if (strcmp(key, "fortran_order") == 0 && !reader->has_order) return order_read(reader);
    if (strcmp(key, "shape") == 0 && !reader->has_shape) return shape_read(reader);
    reader->at = start;
    return fail_at(reader, WG_EFORMAT, "a key that does not belong there or came before");
}

static int dictionary_read(npy_reader *reader)
{
    if (!take(reader, '{')) return fail_at(reader, WG_EFORMAT, "expected { of the header");
    while (!take(reader, '}')) {
        WG_TRY(pair_read(reader));
        const bool has_comma = take(reader, ',');
        skip_blanks(reader);
        if (!has_comma && peek(reader) != '}')
            return fail_at(reader, WG_EFORMAT, "expected , or } in the header");
    }
    if (!reader->has_element || !reader->has_order || !reader->has_shape)
        return fail_at(reader, WG_EFORMAT, "the header lacks descr, fortran_order or shape");
    skip_blanks(reader);
    if (reader->at != reader->header_bytes)
        return fail_at(reader, WG_EFORMAT, "text behind the header's dictionary");
    return WG_OK;
}

/* ---- the file ---- */

static int header_read(npy_reader *reader)
{
    unsigned char lead[MAGIC_BYTES];
    unsigned char length[4] = { 0 };
    WG_TRY(wg__file_read(reader->file, lead, sizeof lead, reader->error));
    if (memcmp(lead, "\x93NUMPY", 6) != 0)
        return wg__fail(reader->error, WG_EFORMAT, "%s: byte 0: not a .npy file",
                        reader->file->path);
    if (lead[6] < 1 || lead[6] > 3 || lead[7] != 0)
        return wg__fail(reader->error, WG_EFORMAT,
                        "%s: byte 6: version %d.%d, known are 1.0 to 3.0", reader->file->path,
                        lead[6], lead[7]);
    WG_TRY(wg__file_read(reader->file, length, lead[6] == 1 ? 2 : 4, reader->error));
    const uint32_t bytes = length[0] | (uint32_t)length[1] << 8 | (uint32_t)length[2] << 16 |
                           (uint32_t)length[3] << 24;
    if (bytes > HEADER_BYTES_MAX)
        return wg__fail(reader->error, WG_EFORMAT,
                        "%s: byte 8: a header of %u bytes, the limit is %d", reader->file->path,
                        bytes, HEADER_BYTES_MAX);
    reader->header_start = reader->file->position;
    reader->header_bytes = bytes;
    WG_TRY(wg__file_read(reader->file, reader->header, bytes, reader->error));
    return dictionary_read(reader);
}

/* The file must be exactly as long as the shape asks for. */
static int shape_check(const npy_reader *reader, wg_shape *shape)
{
    if (reader->rank > WG_RANK_MAX)
        return wg__fail(reader->error, WG_ESHAPE, "%s: %d axes, the limit is %d",
                        reader->file->path, reader->rank, WG_RANK_MAX);
    shape->rank = reader->rank;
    for (int i = 0; i < reader->rank; i++) shape->dim[i] = reader->dim[i];
    const int64_t count = wg_shape_count(*shape);
    const uint64_t left = reader->file->bytes - reader->file->position;
    const uint64_t width = wg__element_bytes(reader->element);
    if (count < 0 || (uint64_t)count > UINT64_MAX / width)
        return wg__fail(reader->error, WG_ELIMIT, "%s: more elements than can be counted",
                        reader->file->path);
    if ((uint64_t)count * width != left)
        return wg__fail(reader->error, WG_EFORMAT,
                        "%s: byte %llu: %llu bytes of data where the header says %llu",
                        reader->file->path, (unsigned long long)reader->file->position,
                        (unsigned long long)left, (unsigned long long)((uint64_t)count * width));
    return WG_OK;
}

/* Data in Fortran's order is that of the array with its axes reversed. */
static int fortran_read(npy_reader *reader, const wg_allocator *allocator, wg_view view, void *out)
{
    const int64_t count = wg_shape_count(view.shape);
    const size_t bytes = (size_t)count * wg_dtype_bytes(view.dtype);
    void *block = wg__allocate(allocator, bytes);
    if (block == NULL)
        return wg__fail(reader->error, WG_EMEMORY, "%s: no memory for its %lld elements",
                        reader->file->path, (long long)count);
    const int status = wg__element_read(reader->file, reader->element, reader->is_big_endian,
                                        count, block, reader->error);
    view.data = block;
    for (int64_t i = 0, stride = 1; i < view.shape.rank; i++) {
        view.stride[i] = stride;
        stride *= view.shape.dim[i];
    }
    if (status >= 0) wg__view_pack(&view, out);
    wg__release(allocator, block, bytes);
    return status;
}

static int values_read(npy_reader *reader, const wg_allocator *allocator, wg_shape shape, void *out)
{
    const wg_dtype dtype = wg__element_dtype(reader->element);
    if (reader->is_fortran)
        return fortran_read(reader, allocator, wg_view_of(NULL, dtype, shape), out);
    return wg__element_read(reader->file, reader->element, reader->is_big_endian,
                            wg_shape_count(shape), out, reader->error);
}

int wg__npy_tensor(wg__file *file, const wg_allocator *allocator, wg_view *view, void **data,
                   wg_error *error)
{
    npy_reader reader = { .file = file, .error = error };
    wg_shape shape = WG_SCALAR;
    size_t bytes = 0;
    WG_TRY(header_read(&reader));
    WG_TRY(shape_check(&reader, &shape));
    const wg_dtype dtype = wg__element_dtype(reader.element);
    if (!wg__bytes_of(wg_shape_count(shape), dtype, &bytes))
        return wg__fail(error, WG_ELIMIT, "%s: too large for memory", file->path);
    void *block = wg__allocate(allocator, bytes);
    if (block == NULL) return wg__fail(error, WG_EMEMORY, "%s: no memory for its data", file->path);
    const int status = values_read(&reader, allocator, shape, block);
    if (status < 0) {
        wg__release(allocator, block, bytes);
        return status;
    }
    *data = block;
    *view = wg_view_of(block, dtype, shape);
    return WG_OK;
}

int wg__npy_column(wg__file *file, wg_dataset *data, const char *column, wg_error *error)
{
    npy_reader reader = { .file = file, .error = error };
    void *memory = NULL;
    wg_shape shape = WG_SCALAR;
    WG_TRY(header_read(&reader));
    if (reader.rank == 0)
        return wg__fail(error, WG_ESHAPE, "%s: 0 axes, a column has 1 to %d", file->path,
                        WG_RANK_MAX);
    WG_TRY(shape_check(&reader, &shape));
    const wg_dtype dtype = wg__element_dtype(reader.element);
    int status = wg__dataset_reserve(data, column, dtype, shape, &memory);
    if (status < 0) return wg__dataset_explain(data, status, column, shape, error);
    status = values_read(&reader, &data->allocator, shape, memory);
    if (status < 0) wg__dataset_drop_last(data);
    return status;
}

int wg_dataset_read_npy(wg_dataset *data, const char *column, const char *path, wg_error *error)
{
    if (data == NULL || column == NULL)
        return wg__dataset_explain(data, WG_EINVALID, column, WG_SCALAR, error);
    wg__file file;
    WG_TRY(wg__file_open(&file, path, error));
    const int status = wg__npy_column(&file, data, column, error);
    wg__file_close(&file);
    return status;
}

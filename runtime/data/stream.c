/* Files that gzip may have compressed, and parts of files that deflate has; the only file that
 * includes zlib.h.
 *
 * The invariant: nothing is believed before it is there. Input is taken piece by piece, output is
 * what the caller has room for, and what a file of this length can hold at most is known from
 * deflate's own limit, so a small file cannot ask for large memory.                             */
#include "runtime/data/stream.h"

#include <string.h>
#include <zlib.h>

enum {
    INPUT_BYTES = 16384,
    OUTPUT_BYTES_MAX = 1 << 30, /* at a time: zlib counts in 32 bits */
    RATIO_MAX = 1032,           /* deflate: 258 bytes from 2 bits, and less is never needed */
    HELD_BYTES_MAX = 16,        /* zlib has taken 64 bits, and a copy in progress, at most */
    GZIP_WINDOW = 16 + 15,      /* zlib's word for gzip's header and its largest window */
    BARE_WINDOW = -15           /* and for no header at all */
};

struct wg__stream {
    wg_allocator allocator;
    wg__file file;
    bool is_packed, is_bare; /* bare: deflate without gzip's header, and only one member */
    bool is_at_end;          /* of the last member */
    uint64_t position;
    z_stream zlib;
    unsigned char input[INPUT_BYTES];
};

/* ---- zlib's memory, from the caller's allocator ---- */

/* Before each block stands its size, in as many bytes as keep the block aligned. */
enum { HEAD_BYTES = 16 };
_Static_assert(sizeof(size_t) <= HEAD_BYTES, "the head holds a size");

static voidpf block_take(voidpf user, uInt count, uInt bytes)
{
    const size_t whole = HEAD_BYTES + (size_t)count * bytes;
    char *block = wg__allocate(user, whole);
    if (block == NULL) return NULL;
    memcpy(block, &whole, sizeof whole);
    return block + HEAD_BYTES;
}

static void block_release(voidpf user, voidpf block)
{
    size_t whole;
    char *start = (char *)block - HEAD_BYTES;
    memcpy(&whole, start, sizeof whole);
    wg__release(user, start, whole);
}

/* ---- opening ---- */

static int fail_memory(const char *path, wg_error *error)
{
    return wg__fail(error, WG_EMEMORY, "%s: no memory to read it", path);
}

static int unpacking_start(wg__stream *stream, int window, wg_error *error)
{
    stream->zlib.zalloc = block_take;
    stream->zlib.zfree = block_release;
    stream->zlib.opaque = &stream->allocator;
    if (inflateInit2(&stream->zlib, window) != Z_OK) return fail_memory(stream->file.path, error);
    stream->is_packed = true;
    stream->is_bare = window == BARE_WINDOW;
    return WG_OK;
}

static int packing_find(wg__stream *stream, wg_error *error)
{
    unsigned char magic[2];
    if (stream->file.bytes < sizeof magic) return WG_OK;
    WG_TRY(wg__file_read(&stream->file, magic, sizeof magic, error));
    WG_TRY(wg__file_seek(&stream->file, 0, error));
    if (magic[0] != 0x1F || magic[1] != 0x8B) return WG_OK;
    return unpacking_start(stream, GZIP_WINDOW, error);
}

static int stream_create(const char *path, const wg_allocator *allocator, wg__stream **out,
                         wg_error *error)
{
    wg__file file;
    WG_TRY(wg__file_open(&file, path, error));
    wg__stream *stream = wg__allocate_zeroed(allocator, sizeof *stream);
    if (stream == NULL) {
        wg__file_close(&file);
        return fail_memory(path, error);
    }
    stream->allocator = *allocator;
    stream->file = file;
    *out = stream;
    return WG_OK;
}

/* Closes it again if opening came to a failure. */
static int stream_finish(wg__stream *stream, int status, wg__stream **out)
{
    if (status < 0) wg__stream_close(stream);
    else *out = stream;
    return status;
}

int wg__stream_open(const char *path, const wg_allocator *allocator, wg__stream **out,
                    wg_error *error)
{
    wg__stream *stream = NULL;
    WG_TRY(stream_create(path, allocator, &stream, error));
    return stream_finish(stream, packing_find(stream, error), out);
}

static int part_choose(wg__stream *stream, uint64_t begin, uint64_t bytes, wg_error *error)
{
    if (begin > stream->file.bytes || bytes > stream->file.bytes - begin)
        return wg__fail(error, WG_EFORMAT, "%s: byte %llu: the file ends, %llu bytes are needed",
                        stream->file.path, (unsigned long long)begin, (unsigned long long)bytes);
    stream->file.bytes = begin + bytes;
    return wg__file_seek(&stream->file, begin, error);
}

int wg__stream_open_part(const char *path, uint64_t begin, uint64_t bytes, bool is_packed,
                         const wg_allocator *allocator, wg__stream **out, wg_error *error)
{
    wg__stream *stream = NULL;
    WG_TRY(stream_create(path, allocator, &stream, error));
    int status = part_choose(stream, begin, bytes, error);
    if (status >= 0 && is_packed) status = unpacking_start(stream, BARE_WINDOW, error);
    return stream_finish(stream, status, out);
}

void wg__stream_close(wg__stream *stream)
{
    const wg_allocator allocator = stream->allocator;
    if (stream->is_packed) inflateEnd(&stream->zlib);
    wg__file_close(&stream->file);
    wg__release(&allocator, stream, sizeof *stream);
}

/* ---- reading ---- */

static uint64_t input_left(const wg__stream *stream)
{
    return stream->file.bytes - stream->file.position;
}

static int input_fill(wg__stream *stream, wg_error *error)
{
    const uint64_t left = input_left(stream);
    if (stream->zlib.avail_in > 0 || left == 0) return WG_OK;
    const size_t bytes = left < INPUT_BYTES ? (size_t)left : INPUT_BYTES;
    WG_TRY(wg__file_read(&stream->file, stream->input, bytes, error));
    stream->zlib.next_in = stream->input;
    stream->zlib.avail_in = (uInt)bytes;
    return WG_OK;
}

static int fail_packed(const wg__stream *stream, const char *problem, wg_error *error)
{
    return wg__fail(error, WG_EFORMAT, "%s: byte %llu of the compressed file: %s",
                    stream->file.path,
                    (unsigned long long)(stream->file.position - stream->zlib.avail_in), problem);
}

/* The next bytes of the present member, as many as there is room for. Behind its end another one
 * may begin: gzip's files can be put one after the other.                                       */
static int unpack_some(wg__stream *stream, unsigned char *out, size_t bytes, size_t *done,
                       wg_error *error)
{
    z_stream *zlib = &stream->zlib;
    WG_TRY(input_fill(stream, error));
    zlib->next_out = out;
    zlib->avail_out = bytes < OUTPUT_BYTES_MAX ? (uInt)bytes : OUTPUT_BYTES_MAX;
    const uInt room = zlib->avail_out;
    const int result = inflate(zlib, Z_NO_FLUSH);
    *done = room - zlib->avail_out;
    switch (result) {
    case Z_OK: return WG_OK;
    case Z_STREAM_END:
        stream->is_at_end = zlib->avail_in == 0 && input_left(stream) == 0;
        if (stream->is_at_end) return WG_OK;
        if (stream->is_bare) return fail_packed(stream, "there is more behind its end", error);
        inflateReset(zlib);
        return WG_OK;
    case Z_BUF_ERROR: return fail_packed(stream, "it ends too early", error);
    case Z_MEM_ERROR: return fail_memory(stream->file.path, error);
    default: return fail_packed(stream, zlib->msg != NULL ? zlib->msg : "damaged", error);
    }
}

/* Up to so many bytes: fewer only at the end. */
static int unpack(wg__stream *stream, unsigned char *out, size_t bytes, size_t *done,
                  wg_error *error)
{
    size_t count = 0;
    while (count < bytes && !stream->is_at_end) {
        size_t more = 0;
        WG_TRY(unpack_some(stream, out + count, bytes - count, &more, error));
        count += more;
    }
    *done = count;
    return WG_OK;
}

int wg__stream_read(wg__stream *stream, void *out, size_t bytes, wg_error *error)
{
    if (stream->is_packed) {
        size_t done = 0;
        WG_TRY(unpack(stream, out, bytes, &done, error));
        if (done < bytes)
            return wg__fail(error, WG_EFORMAT, "%s: byte %llu: the data ends, %zu bytes too early",
                            stream->file.path, (unsigned long long)(stream->position + done),
                            bytes - done);
    } else {
        WG_TRY(wg__file_read(&stream->file, out, bytes, error));
    }
    stream->position += bytes;
    return WG_OK;
}

int wg__stream_end(wg__stream *stream, wg_error *error)
{
    unsigned char byte;
    size_t more = 0;
    /* The checksum behind the last byte is read, and compared, on the way to one more. */
    if (stream->is_packed) WG_TRY(unpack(stream, &byte, 1, &more, error));
    else more = input_left(stream) > 0;
    if (more > 0)
        return wg__fail(error, WG_EFORMAT, "%s: byte %llu: there is more behind the data",
                        stream->file.path, (unsigned long long)stream->position);
    return WG_OK;
}

const char *wg__stream_path(const wg__stream *stream)
{
    return stream->file.path;
}

uint64_t wg__stream_position(const wg__stream *stream)
{
    return stream->position;
}

uint64_t wg__stream_left_max(const wg__stream *stream)
{
    const uint64_t left = input_left(stream);
    if (!stream->is_packed) return left;
    const uint64_t packed = left + stream->zlib.avail_in + HELD_BYTES_MAX;
    return packed < UINT64_MAX / RATIO_MAX ? packed * RATIO_MAX : UINT64_MAX;
}

uint32_t wg__checksum(const void *bytes, size_t count)
{
    return (uint32_t)crc32_z(0, bytes, count);
}

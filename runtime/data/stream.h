/* Files read in order, compressed by gzip or not: the reader of a format sees the bytes that were
 * meant. Only gzip's own first two bytes tell; a name says nothing.                             */
#ifndef WG_RUNTIME_STREAM_H
#define WG_RUNTIME_STREAM_H

#include "runtime/data/file.h"

typedef struct wg__stream wg__stream;

/* WG_EFILE as wg__file_open; the path is borrowed. */
int wg__stream_open(const char *path, const wg_allocator *allocator, wg__stream **out,
                    wg_error *error);
/* Those bytes of a file, from begin on, as they are or packed by deflate alone, without the header
 * and the checksum of gzip. WG_EFORMAT: the file ends before.                                   */
int wg__stream_open_part(const char *path, uint64_t begin, uint64_t bytes, bool is_packed,
                         const wg_allocator *allocator, wg__stream **out, wg_error *error);
void wg__stream_close(wg__stream *stream);
/* Exactly so many bytes. WG_EFORMAT, with the byte: they end before, or are damaged. */
int wg__stream_read(wg__stream *stream, void *out, size_t bytes, wg_error *error);
/* That was all: WG_EFORMAT if more follows, or if the checksum of what was read is wrong. */
int wg__stream_end(wg__stream *stream, wg_error *error);

const char *wg__stream_path(const wg__stream *stream);
uint64_t wg__stream_position(const wg__stream *stream); /* bytes handed out */
/* No more than so many bytes can follow, whatever a header promises: memory is only taken for
 * what the file is long enough to hold.                                                         */
uint64_t wg__stream_left_max(const wg__stream *stream);

/* The checksum of gzip and zip: CRC 32 of IEEE 802.3. */
uint32_t wg__checksum(const void *bytes, size_t count);

#endif

/* Files as the readers and writers of the runtime see them. A file that is read has a size known
 * from the start, so that no header can ask for more memory than the file is long; a file that is
 * written appears whole or not at all.                                                          */
#ifndef WG_RUNTIME_FILE_H
#define WG_RUNTIME_FILE_H

#include "core/internal.h"

/* A regular file, or bytes in memory that are read as one. */
typedef struct wg__file {
    const char *path; /* borrowed */
    uint64_t bytes, position;
    int handle;
    const unsigned char *memory; /* borrowed; NULL: the handle's */
} wg__file;

/* WG_EFILE: not there, not allowed, not a regular file. */
int wg__file_open(wg__file *file, const char *path, wg_error *error);
/* Exactly so many bytes. WG_EFORMAT if the file ends before, WG_EFILE if it cannot be read. */
int wg__file_read(wg__file *file, void *out, size_t bytes, wg_error *error);
int wg__file_seek(wg__file *file, uint64_t position, wg_error *error);
void wg__file_close(wg__file *file);
/* Bytes in memory under a name for messages; never fails to be read, and need not be closed. */
wg__file wg__file_of_memory(const char *path, const void *memory, size_t bytes);
/* The whole file and a zero byte behind it, in one block of *bytes + 1 bytes. */
int wg__file_load(const char *path, const wg_allocator *allocator, char **out, size_t *bytes,
                  wg_error *error);

/* A file being written under a temporary name in the folder of its target: the path, or what a
 * symbolic link there leads to. Devices and pipes are never replaced: they are written as they
 * are.                                                                                          */
typedef struct wg__save {
    const char *path; /* borrowed */
    wg_allocator allocator;
    char *target, *temporary; /* in one block; temporary empty: none */
    size_t target_bytes;
    int handle;
    size_t held_bytes;
    char held[8192]; /* not yet handed to the system: a page or two */
} wg__save;

int wg__save_open(wg__save *save, const char *path, const wg_allocator *allocator,
                  wg_error *error);
int wg__save_write(wg__save *save, const void *data, size_t bytes, wg_error *error);
/* Makes it durable and gives it its name: status is what writing came to. If that is a failure,
 * or this fails, the temporary file is gone and what stood at the path stands there still.      */
int wg__save_close(wg__save *save, int status, wg_error *error);

#endif

/* Reading with sizes known beforehand; writing to a temporary file that takes the place of the
 * old one in one step: write, flush to the device, rename, flush the folder. A crash at any
 * moment leaves the old file or the new one.                                                    */
#include "runtime/data/file.h"

#include "runtime/data/system.h"

#include <string.h>

/* One call moves no more than this: some systems refuse counts beyond 31 bits. */
enum { PIECE_BYTES = 1 << 30 };

/* The system's last failure becomes ours. */
static int fail_of_system(wg_error *error, const char *path, const char *what)
{
    char reason[WG__SYSTEM_REASON_BYTES];
    wg__system_reason(reason);
    return wg__fail(error, WG_EFILE, "%s: %s: %s", path, what, reason);
}

/* ---- reading ---- */

int wg__file_open(wg__file *file, const char *path, wg_error *error)
{
    if (path == NULL) return wg__fail(error, WG_EINVALID, "a path is needed, not NULL");
    *file = (wg__file){ .path = path };
    file->handle = wg__system_open(path);
    if (file->handle < 0) return fail_of_system(error, path, "cannot be opened");
    if (!wg__system_is_regular(file->handle, &file->bytes)) {
        (void)wg__system_close(file->handle);
        return wg__fail(error, WG_EFILE, "%s: not a regular file", path);
    }
    return WG_OK;
}

wg__file wg__file_of_memory(const char *path, const void *memory, size_t bytes)
{
    return (wg__file){ .path = path, .bytes = bytes, .handle = -1, .memory = memory };
}

/* As wg__system_read. */
static int64_t piece_read(const wg__file *file, void *out, size_t bytes)
{
    if (file->memory == NULL) return wg__system_read(file->handle, out, bytes);
    const uint64_t left = file->bytes - file->position;
    const size_t here = bytes < left ? bytes : (size_t)left;
    if (here > 0) memcpy(out, file->memory + file->position, here);
    return (int64_t)here;
}

int wg__file_read(wg__file *file, void *out, size_t bytes, wg_error *error)
{
    char *to = out;
    for (size_t done = 0; done < bytes;) {
        const size_t left = bytes - done;
        const int64_t got = piece_read(file, to + done, left < PIECE_BYTES ? left : PIECE_BYTES);
        if (got < 0) return fail_of_system(error, file->path, "cannot be read");
        if (got == 0)
            return wg__fail(error, WG_EFORMAT, "%s: byte %llu: the file ends, %zu bytes too early",
                            file->path, (unsigned long long)file->position, left);
        done += (size_t)got;
        file->position += (uint64_t)got;
    }
    return WG_OK;
}

int wg__file_seek(wg__file *file, uint64_t position, wg_error *error)
{
    if (position == file->position) return WG_OK;
    if (file->memory == NULL && wg__system_seek(file->handle, position) < 0)
        return fail_of_system(error, file->path, "cannot be read");
    file->position = position;
    return WG_OK;
}

void wg__file_close(wg__file *file)
{
    if (file->memory == NULL) (void)wg__system_close(file->handle);
}

int wg__file_load(const char *path, const wg_allocator *allocator, char **out, size_t *bytes,
                  wg_error *error)
{
    wg__file file;
    WG_TRY(wg__file_open(&file, path, error));
    int status = WG_OK;
    char *text = NULL;
    if (file.bytes >= SIZE_MAX)
        status = wg__fail(error, WG_ELIMIT, "%s: %llu bytes are more than memory can address", path,
                          (unsigned long long)file.bytes);
    else if ((text = wg__allocate(allocator, (size_t)file.bytes + 1)) == NULL)
        status = wg__fail(error, WG_EMEMORY, "%s: no memory for its %llu bytes", path,
                          (unsigned long long)file.bytes);
    else
        status = wg__file_read(&file, text, (size_t)file.bytes, error);
    wg__file_close(&file);
    if (status < 0) {
        if (text != NULL) wg__release(allocator, text, (size_t)file.bytes + 1);
        return status;
    }
    text[file.bytes] = '\0';
    *out = text;
    *bytes = (size_t)file.bytes;
    return WG_OK;
}

/* ---- writing ---- */

enum {
    TEMPORARY_BYTES = 48, /* what is added to a path: the process, a count, an ending */
    ATTEMPTS_MAX = 1000
};

static size_t save_bytes(const wg__save *save)
{
    return 2 * save->target_bytes + TEMPORARY_BYTES;
}

static void save_release(wg__save *save)
{
    wg__release(&save->allocator, save->target, save_bytes(save));
    save->target = NULL;
}

/* A temporary file: the process and a count make its name unique among those who write now and
 * those who died.                                                                               */
static int temporary_create(wg__save *save)
{
    for (int i = 0; i < ATTEMPTS_MAX; i++) {
        wg__text name = wg__text_of(save->temporary, save->target_bytes + TEMPORARY_BYTES);
        wg__text_add(&name, "%s.%d-%d.tmp", save->target, wg__system_process(), i);
        const int handle = wg__system_create(save->temporary);
        if (handle >= 0 || !wg__system_exists()) return handle;
    }
    return -1;
}

int wg__save_open(wg__save *save, const char *path, const wg_allocator *allocator, wg_error *error)
{
    char resolved[WG__SYSTEM_PATH_BYTES];
    if (path == NULL) return wg__fail(error, WG_EINVALID, "a path is needed, not NULL");
    const char *target = wg__system_resolve(path, resolved) ? resolved : path;
    save->path = path;
    save->allocator = *allocator;
    save->held_bytes = 0;
    save->target_bytes = strlen(target) + 1;
    save->target = wg__allocate(allocator, save_bytes(save));
    if (save->target == NULL)
        return wg__fail(error, WG_EMEMORY, "%s: no memory for its temporary name", path);
    memcpy(save->target, target, save->target_bytes);
    save->temporary = save->target + save->target_bytes;
    save->temporary[0] = '\0';
    const bool is_device = wg__system_is_device(target);
    save->handle = is_device ? wg__system_append(target) : temporary_create(save);
    if (save->handle >= 0) return WG_OK;
    const int status = fail_of_system(error, path, "cannot be written");
    save_release(save);
    return status;
}

static int save_send(wg__save *save, const char *data, size_t bytes, wg_error *error)
{
    for (size_t done = 0; done < bytes;) {
        const size_t left = bytes - done;
        const int64_t sent = wg__system_write(save->handle, data + done,
                                              left < PIECE_BYTES ? left : PIECE_BYTES);
        if (sent < 0) return fail_of_system(error, save->path, "cannot be written");
        done += (size_t)sent;
    }
    return WG_OK;
}

static int save_empty(wg__save *save, wg_error *error)
{
    const size_t bytes = save->held_bytes;
    save->held_bytes = 0;
    return save_send(save, save->held, bytes, error);
}

int wg__save_write(wg__save *save, const void *data, size_t bytes, wg_error *error)
{
    if (bytes > sizeof save->held - save->held_bytes) WG_TRY(save_empty(save, error));
    if (bytes > sizeof save->held) return save_send(save, data, bytes, error);
    if (bytes > 0) memcpy(save->held + save->held_bytes, data, bytes);
    save->held_bytes += bytes;
    return WG_OK;
}

int wg__save_close(wg__save *save, int status, wg_error *error)
{
    const bool is_temporary = save->temporary[0] != '\0';
    if (status >= 0) status = save_empty(save, error);
    if (status >= 0 && is_temporary && wg__system_flush(save->handle) < 0)
        status = fail_of_system(error, save->path, "cannot be written");
    /* Some file systems tell only now that there was no room. */
    if (wg__system_close(save->handle) < 0 && status >= 0)
        status = fail_of_system(error, save->path, "cannot be written");
    if (status >= 0 && is_temporary && wg__system_replace(save->temporary, save->target) < 0)
        status = fail_of_system(error, save->path, "cannot be replaced");
    if (status < 0 && is_temporary) (void)wg__system_remove(save->temporary);
    save_release(save);
    return status < 0 ? status : WG_OK;
}

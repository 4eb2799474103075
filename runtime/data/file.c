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

int wg__file_read(wg__file *file, void *out, size_t bytes, wg_error *error)
{
    char *to = out;
    for (size_t done = 0; done < bytes;) {
        const size_t left = bytes - done;
        const int64_t got = wg__system_read(file->handle, to + done,
                                            left < PIECE_BYTES ? left : PIECE_BYTES);
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
    if (wg__system_seek(file->handle, position) < 0)
        return fail_of_system(error, file->path, "cannot be read");
    file->position = position;
    return WG_OK;
}

void wg__file_close(wg__file *file)
{
    (void)wg__system_close(file->handle);
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

static void save_release(wg__save *save)
{
    wg__release(&save->allocator, save->temporary, save->temporary_bytes);
    save->temporary = NULL;
}

int wg__save_open(wg__save *save, const char *path, const wg_allocator *allocator, wg_error *error)
{
    enum { NAME_BYTES = 48, ATTEMPT_COUNT = 1000 };
    if (path == NULL) return wg__fail(error, WG_EINVALID, "a path is needed, not NULL");
    save->path = path;
    save->allocator = *allocator;
    save->handle = -1;
    save->held_bytes = 0;
    save->temporary_bytes = strlen(path) + NAME_BYTES;
    save->temporary = wg__allocate(allocator, save->temporary_bytes);
    if (save->temporary == NULL)
        return wg__fail(error, WG_EMEMORY, "%s: no memory for its temporary name", path);
    /* The process and a count make the name unique among those who write now and those who died. */
    for (int i = 0; i < ATTEMPT_COUNT; i++) {
        wg__text name = wg__text_of(save->temporary, save->temporary_bytes);
        wg__text_add(&name, "%s.%d-%d.tmp", path, wg__system_process(), i);
        save->handle = wg__system_create(save->temporary);
        if (save->handle >= 0) return WG_OK;
        if (!wg__system_exists()) break;
    }
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
    if (status >= 0) status = save_empty(save, error);
    if (status >= 0 && wg__system_flush(save->handle) < 0)
        status = fail_of_system(error, save->path, "cannot be written");
    /* Some file systems tell only now that there was no room. */
    if (wg__system_close(save->handle) < 0 && status >= 0)
        status = fail_of_system(error, save->path, "cannot be written");
    if (status >= 0 && wg__system_replace(save->temporary, save->path) < 0)
        status = fail_of_system(error, save->path, "cannot be replaced");
    if (status < 0) (void)wg__system_remove(save->temporary);
    save_release(save);
    return status < 0 ? status : WG_OK;
}

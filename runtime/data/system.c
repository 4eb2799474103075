/* Files, clock and terminal of POSIX and of Windows behind one face. Nothing is decided here. */
#include "runtime/data/system.h"

#include "core/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Names for the usual reasons: the C library's own texts depend on the locale, and asking for
 * them is not safe from several threads.                                                        */
static const char *reason_text(int reason)
{
    switch (reason) {
    case ENOENT: case ENOTDIR: return "no such file or folder";
    case EACCES: case EPERM: case EROFS: return "permission denied";
    case EISDIR: return "it is a folder";
    case ENOSPC: return "no space left";
    case EFBIG: return "larger than this file system or process may write";
    case EMFILE: case ENFILE: return "too many open files";
    case EEXIST: return "the name is taken";
    case ENAMETOOLONG: return "the name is too long";
    default: return NULL;
    }
}

void wg__system_reason(char out[WG__SYSTEM_REASON_BYTES])
{
    const int reason = errno;
    wg__text text = wg__text_of(out, WG__SYSTEM_REASON_BYTES);
    const char *known = reason_text(reason);
    if (known != NULL) wg__text_add(&text, "%s", known);
    if (known == NULL) wg__text_add(&text, "system error %d", reason);
}

bool wg__system_exists(void)
{
    return errno == EEXIST;
}

bool wg__system_is_there(const char *path)
{
    const int handle = wg__system_open(path);
    if (handle >= 0) (void)wg__system_close(handle);
    return handle >= 0 || errno != ENOENT;
}

#if defined(_WIN32)

#define WIN32_LEAN_AND_MEAN
#include <io.h>
#include <process.h>
#include <windows.h>

typedef struct wide_path { wchar_t text[4096]; } wide_path;

static bool wide_path_of(const char *path, wide_path *out)
{
    const int capacity = (int)(sizeof out->text / sizeof out->text[0]);
    const int used =
        MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, out->text, capacity);
    if (used == 0) errno = ENOENT;
    return used > 0;
}

static int open_with(const char *path, int flags)
{
    wide_path wide;
    if (!wide_path_of(path, &wide)) return -1;
    return _wopen(wide.text, flags | _O_BINARY | _O_NOINHERIT, _S_IREAD | _S_IWRITE);
}

int wg__system_open(const char *path)
{
    return open_with(path, _O_RDONLY);
}

int wg__system_create(const char *path)
{
    return open_with(path, _O_WRONLY | _O_CREAT | _O_EXCL);
}

int wg__system_append(const char *path)
{
    return open_with(path, _O_WRONLY);
}

int64_t wg__system_read(int handle, void *out, size_t bytes)
{
    return _read(handle, out, (unsigned)bytes);
}

int wg__system_seek(int handle, uint64_t position)
{
    return _lseeki64(handle, (int64_t)position, SEEK_SET) < 0 ? -1 : 0;
}

int64_t wg__system_write(int handle, const void *data, size_t bytes)
{
    return _write(handle, data, (unsigned)bytes);
}

int wg__system_flush(int handle)
{
    return _commit(handle);
}

int wg__system_close(int handle)
{
    return _close(handle);
}

int wg__system_remove(const char *path)
{
    wide_path wide;
    return wide_path_of(path, &wide) ? _wunlink(wide.text) : -1;
}

int wg__system_replace(char *source, const char *target)
{
    wide_path from;
    wide_path to;
    if (!wide_path_of(source, &from) || !wide_path_of(target, &to)) return -1;
    /* With write-through it returns when the new name is on the device. */
    const DWORD flags = MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH;
    if (MoveFileExW(from.text, to.text, flags)) return 0;
    errno = EACCES;
    return -1;
}

bool wg__system_is_regular(int handle, uint64_t *bytes)
{
    struct _stat64 what;
    if (_fstat64(handle, &what) < 0 || (what.st_mode & _S_IFMT) != _S_IFREG) return false;
    *bytes = (uint64_t)what.st_size;
    return true;
}

bool wg__system_is_device(const char *path)
{
    wide_path wide;
    struct _stat64 what;
    if (!wide_path_of(path, &wide) || _wstat64(wide.text, &what) < 0) return false;
    return (what.st_mode & _S_IFMT) != _S_IFREG && (what.st_mode & _S_IFMT) != _S_IFDIR;
}

/* Links are rare here: one that is written to becomes a file. */
bool wg__system_resolve(const char *path, char out[WG__SYSTEM_PATH_BYTES])
{
    (void)path;
    (void)out;
    return false;
}

int wg__system_process(void)
{
    return _getpid();
}

double wg__system_seconds(void)
{
    LARGE_INTEGER count;
    LARGE_INTEGER per_second;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&per_second);
    return (double)count.QuadPart / (double)per_second.QuadPart;
}

int wg__system_terminal(void)
{
    CONSOLE_SCREEN_BUFFER_INFO screen;
    if (!GetConsoleScreenBufferInfo(GetStdHandle(STD_ERROR_HANDLE), &screen)) return 0;
    return screen.srWindow.Right - screen.srWindow.Left + 1;
}

#else

#include <limits.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static int open_with(const char *path, int flags)
{
    int handle;
    do handle = open(path, flags | O_CLOEXEC, 0666);
    while (handle < 0 && errno == EINTR);
    return handle;
}

int wg__system_open(const char *path)
{
    /* Without O_NONBLOCK the opening of a pipe that nobody writes to would never return. */
    return open_with(path, O_RDONLY | O_NONBLOCK);
}

int wg__system_create(const char *path)
{
    return open_with(path, O_WRONLY | O_CREAT | O_EXCL);
}

int wg__system_append(const char *path)
{
    return open_with(path, O_WRONLY | O_APPEND);
}

int64_t wg__system_read(int handle, void *out, size_t bytes)
{
    ssize_t got;
    do got = read(handle, out, bytes);
    while (got < 0 && errno == EINTR);
    return got;
}

int wg__system_seek(int handle, uint64_t position)
{
    return lseek(handle, (off_t)position, SEEK_SET) < 0 ? -1 : 0;
}

int64_t wg__system_write(int handle, const void *data, size_t bytes)
{
    ssize_t sent;
    do sent = write(handle, data, bytes);
    while (sent < 0 && errno == EINTR);
    return sent;
}

int wg__system_flush(int handle)
{
#if defined(F_FULLFSYNC)
    /* Where this exists, fsync alone leaves the data in the device's own memory. */
    if (fcntl(handle, F_FULLFSYNC) == 0) return 0;
#endif
    int status;
    do status = fsync(handle);
    while (status < 0 && errno == EINTR);
    return status;
}

int wg__system_close(int handle)
{
    /* An interrupted close has closed. */
    return close(handle) < 0 && errno != EINTR ? -1 : 0;
}

int wg__system_remove(const char *path)
{
    return unlink(path);
}

/* Flushes the folder of path, which is cut behind its last slash meanwhile. Not every file system
 * can do this; the file is whole either way, so the answer is no reason to call its writing
 * failed.                                                                                       */
static void folder_flush(char *path)
{
    char *slash = strrchr(path, '/');
    char *end = slash == NULL ? path : slash + 1;
    const char cut = *end;
    *end = '\0';
    const int folder = wg__system_open(slash == NULL ? "." : path);
    if (folder >= 0) {
        (void)wg__system_flush(folder);
        (void)wg__system_close(folder);
    }
    *end = cut;
}

int wg__system_replace(char *source, const char *target)
{
    if (rename(source, target) < 0) return -1;
    folder_flush(source);
    return 0;
}

bool wg__system_is_regular(int handle, uint64_t *bytes)
{
    struct stat what;
    if (fstat(handle, &what) < 0 || !S_ISREG(what.st_mode)) return false;
    *bytes = (uint64_t)what.st_size;
    return true;
}

bool wg__system_is_device(const char *path)
{
    struct stat what;
    return stat(path, &what) == 0 && !S_ISREG(what.st_mode) && !S_ISDIR(what.st_mode);
}

bool wg__system_resolve(const char *path, char out[WG__SYSTEM_PATH_BYTES])
{
    struct stat what;
    char resolved[PATH_MAX];
    if (lstat(path, &what) < 0 || !S_ISLNK(what.st_mode)) return false;
    if (realpath(path, resolved) == NULL || strlen(resolved) >= WG__SYSTEM_PATH_BYTES) return false;
    memcpy(out, resolved, strlen(resolved) + 1);
    return true;
}

int wg__system_process(void)
{
    return (int)getpid();
}

double wg__system_seconds(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0) return 0.0;
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int wg__system_terminal(void)
{
    if (!isatty(STDERR_FILENO)) return 0;
    const char *kind = getenv("TERM");
    if (kind == NULL || strcmp(kind, "dumb") == 0) return 0;
    struct winsize size = { 0 };
    const bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return is_known ? size.ws_col : 80;
}

#endif

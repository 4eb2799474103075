/* A file that is written appears whole or not at all, whatever goes wrong on the way, and leaves
 * nothing beside it; only regular files are read.                                               */
#include "runtime/data/file.h"
#include "runtime/data/system.h"
#include "support/files.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if !defined(_WIN32)
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

static void check_content(const char *path, const char *expected)
{
    char *text = test_file_read(path, NULL);
    check_text(text, expected);
    free(text);
}

/* No temporary file of this process stands beside it. */
static void check_alone(const char *path)
{
    char name[600];
    snprintf(name, sizeof name, "%s.%d-0.tmp", path, wg__system_process());
    char *text = test_file_read(name, NULL);
    check(text == NULL);
}

static int save_text(const char *path, const char *text, int status, wg_error *error)
{
    wg__save save;
    WG_TRY(wg__save_open(&save, path, &wg__allocator_default, error));
    const int written = wg__save_write(&save, text, strlen(text), error);
    return wg__save_close(&save, written < 0 ? written : status, error);
}

Test(file, appears_whole)
{
    wg_error error = { 0 };
    const char *path = test_path("whole");
    check_equal_i(save_text(path, "old", WG_OK, &error), WG_OK);
    check_content(path, "old");
    check_equal_i(save_text(path, "", WG_OK, &error), WG_OK);
    check_content(path, "");
    check_alone(path);
    test_file_remove(path);
}

/* Pieces of all sizes around that of the buffer, against the same bytes in one piece. */
Test(file, keeps_pieces_in_their_order)
{
    enum { BYTES = 100000 };
    wg__save save;
    char *expected = malloc(BYTES);
    check(expected != NULL);
    for (int i = 0; i < BYTES; i++) expected[i] = (char)(i * 7 % 251);
    const char *path = test_path("pieces");
    check_equal_i(wg__save_open(&save, path, &wg__allocator_default, NULL), WG_OK);
    for (size_t done = 0, piece = 1; done < BYTES; done += piece, piece = piece * 3 % 20011) {
        if (piece > BYTES - done) piece = BYTES - done;
        check_equal_i(wg__save_write(&save, expected + done, piece, NULL), WG_OK);
    }
    check_equal_i(wg__save_close(&save, WG_OK, NULL), WG_OK);
    size_t bytes = 0;
    char *text = test_file_read(path, &bytes);
    check_equal_i(bytes, BYTES);
    check_bytes(text, expected, BYTES);
    free(text);
    free(expected);
    test_file_remove(path);
}

Test(file, stays_as_it_was_if_writing_fails)
{
    wg_error error = { 0 };
    const char *path = test_path("kept");
    test_file_write(path, "old", 3);
    check_status(save_text(path, "new", WG_EFORMAT, &error), WG_EFORMAT);
    check_content(path, "old");
    check_alone(path);
    check_status(save_text("no/such/folder", "new", WG_OK, &error), WG_EFILE);
    check_contains(error.message, "no/such/folder: cannot be written: no such file or folder");
    check_status(save_text(NULL, "new", WG_OK, &error), WG_EINVALID);
    test_file_remove(path);
}

Test(file, takes_another_name_if_one_is_left_from_before)
{
    char left[600];
    const char *path = test_path("left");
    snprintf(left, sizeof left, "%s.%d-0.tmp", path, wg__system_process());
    test_file_write(left, "dead", 4);
    check_equal_i(save_text(path, "new", WG_OK, NULL), WG_OK);
    check_content(path, "new");
    check_content(left, "dead");
    test_file_remove(left);
    test_file_remove(path);
}

#if !defined(_WIN32)

/* The system refuses to write more than 4 KiB: the old file stays, nothing is left beside it. */
Test(file, stays_as_it_was_if_there_is_no_room)
{
    wg_error error = { 0 };
    struct rlimit before;
    char *text = malloc(20000);
    check(text != NULL);
    memset(text, 'x', 19999);
    text[19999] = '\0';
    const char *path = test_path("room");
    test_file_write(path, "old", 3);
    check(getrlimit(RLIMIT_FSIZE, &before) == 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = { .rlim_cur = 4096, .rlim_max = before.rlim_max };
    check(setrlimit(RLIMIT_FSIZE, &small) == 0);
    const int status = save_text(path, text, WG_OK, &error);
    check(setrlimit(RLIMIT_FSIZE, &before) == 0);
    signal(SIGXFSZ, handler);
    check_status(status, WG_EFILE);
    check_contains(error.message, "larger than");
    check_content(path, "old");
    check_alone(path);
    test_file_remove(path);
    free(text);
}

Test(file, replaces_no_folder_and_reads_no_pipe)
{
    wg_error error = { 0 };
    wg__file file;
    const char *path = test_path("folder");
    check(mkdir(path, 0700) == 0);
    check_status(save_text(path, "new", WG_OK, &error), WG_EFILE);
    check_alone(path);
    check_status(wg__file_open(&file, path, &error), WG_EFILE);
    check_contains(error.message, "not a regular file");
    check(remove(path) == 0);
    check(mkfifo(path, 0600) == 0);
    check_status(wg__file_open(&file, path, &error), WG_EFILE);
    check(remove(path) == 0);
}

/* A device that is replaced by a file would be gone for everybody. */
Test(file, writes_to_devices_and_through_links)
{
    struct stat what;
    char link[512];
    check_equal_i(save_text("/dev/null", "new", WG_OK, NULL), WG_OK);
    check(stat("/dev/null", &what) == 0 && S_ISCHR(what.st_mode));
    check_alone("/dev/null");
    const char *path = test_path("target");
    snprintf(link, sizeof link, "%s", test_path("link"));
    test_file_write(path, "old", 3);
    check(symlink(path, link) == 0);
    check_equal_i(save_text(link, "new", WG_OK, NULL), WG_OK);
    check(lstat(link, &what) == 0 && S_ISLNK(what.st_mode));
    check_content(path, "new");
    check(remove(link) == 0);
    test_file_remove(path);
}

#endif

static int save_and_load(const wg_allocator *allocator, void *path)
{
    wg__save save;
    char *text = NULL;
    size_t bytes = 0;
    WG_TRY(wg__save_open(&save, path, allocator, NULL));
    WG_TRY(wg__save_close(&save, wg__save_write(&save, "abc", 3, NULL), NULL));
    const int status = wg__file_load(path, allocator, &text, &bytes, NULL);
    if (status < 0) return status;
    check_text(text, "abc");
    wg__release(allocator, text, bytes + 1);
    return WG_OK;
}

Test(file, gives_all_back_when_memory_ends)
{
    char path[512];
    snprintf(path, sizeof path, "%s", test_path("memory"));
    check_equal_i(test_memory_fail_each(save_and_load, path), 3);
    test_file_remove(path);
}

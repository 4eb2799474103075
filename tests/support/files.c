/* Plain stdio; the process number in each name keeps tests that run at once apart. */
#include "support/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#include <process.h>
#define getpid _getpid
#else
#include <unistd.h>
#endif

const char *test_path(const char *name)
{
    static char path[4][512];
    static int next;
    const char *folder = getenv("TMPDIR");
    if (folder == NULL) folder = getenv("TEMP");
    if (folder == NULL) folder = "/tmp";
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/wengert-%d-%s", folder, (int)getpid(), name);
    return path[next];
}

void test_file_write(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");
    check_msg(file != NULL, "%s cannot be written", path);
    const size_t written = bytes == 0 ? 0 : fwrite(data, 1, bytes, file);
    const int status = fclose(file);
    check(written == bytes && status == 0);
}

char *test_file_read(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    size_t capacity = 4096;
    size_t length = 0;
    char *text = malloc(capacity);
    while (text != NULL) {
        length += fread(text + length, 1, capacity - 1 - length, file);
        if (length < capacity - 1) break;
        capacity *= 2;
        char *larger = realloc(text, capacity);
        if (larger == NULL) free(text);
        text = larger;
    }
    fclose(file);
    check(text != NULL);
    text[length] = '\0';
    if (bytes != NULL) *bytes = length;
    return text;
}

void test_file_remove(const char *path)
{
    (void)remove(path);
}

size_t test_file_damage(const void *data, size_t bytes, size_t index, char *copy)
{
    memcpy(copy, data, bytes);
    if (index < bytes) return index;
    const size_t bit = index - bytes;
    copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
    return bytes;
}

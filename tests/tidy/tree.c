/* Reads the tree: the list of folders grows while it is walked, so nothing recurses. */
#include "tree.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

source files[FILES_MAX];
int file_count;

void stop(const char *what, const char *why)
{
    fprintf(stderr, "tidy: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text);
    const size_t m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_c(const char *path)
{
    static const char *const ends[] = { ".c", ".h", ".def", ".inc", ".cpp", ".hpp" };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(path, ends[i])) return true;
    return false;
}

char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    fseek(file, 0, SEEK_END);
    const long size = ftell(file);
    rewind(file);
    char *text = size >= 0 ? malloc((size_t)size + 1) : NULL;
    if (text == NULL || fread(text, 1, (size_t)size, file) != (size_t)size) stop(path, "not read");
    text[size] = '\0';
    fclose(file);
    return text;
}

static int order_of(const void *x, const void *y)
{
    return strcmp(((const source *)x)->path, ((const source *)y)->path);
}

/* Adds one directory's C files and appends its folders to the list of those still to be read. */
static void read_folder(const char *folder, char (*pending)[PATH_BYTES], int *pending_count)
{
    DIR *directory = opendir(folder);
    if (directory == NULL) stop(folder, "not a folder");
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char path[PATH_BYTES];
        struct stat status;
        if (entry->d_name[0] == '.' || starts_with(entry->d_name, "zig-")) continue;
        const int length = strcmp(folder, ".") == 0
            ? snprintf(path, sizeof path, "%s", entry->d_name)
            : snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (length >= PATH_BYTES || stat(path, &status) != 0) stop(path, "not readable");
        if (*pending_count == FILES_MAX || file_count == FILES_MAX) stop(path, "too many files");
        if (S_ISDIR(status.st_mode)) {
            strcpy(pending[(*pending_count)++], path);
        } else if (is_c(path)) {
            strcpy(files[file_count].path, path);
            files[file_count++].text = read_file(path);
        }
    }
    closedir(directory);
}

void read_tree(void)
{
    static char pending[FILES_MAX][PATH_BYTES] = { "." };
    int pending_count = 1;
    for (int i = 0; i < pending_count; i++) read_folder(pending[i], pending, &pending_count);
    qsort(files, (size_t)file_count, sizeof *files, order_of);
}

bool next_line(const char **at, char *line, size_t bytes)
{
    if (**at == '\0') return false;
    const size_t length = strcspn(*at, "\n");
    snprintf(line, bytes, "%.*s", (int)length, *at);
    *at += length + ((*at)[length] == '\n');
    return true;
}

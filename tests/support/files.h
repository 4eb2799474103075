/* Files that tests write, read and remove, in the system's folder for such things. */
#ifndef WG_TEST_FILES_H
#define WG_TEST_FILES_H

#include "support/test.h"

/* A path that no other test and no other process uses; valid until the fourth next call. */
const char *test_path(const char *name);
void test_file_write(const char *path, const void *data, size_t bytes);
/* The content and a zero byte behind it, to be freed; NULL if there is no such file. */
char *test_file_read(const char *path, size_t *bytes);
void test_file_remove(const char *path); /* if it is there */

/* The damaged copies of a file of so many bytes, by index: below `bytes` its first `index` bytes,
 * then up to 9 * bytes the file with one of its bits turned. Returns the size of the copy. */
size_t test_file_damage(const void *data, size_t bytes, size_t index, char *copy);

#endif

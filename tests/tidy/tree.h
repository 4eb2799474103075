/* Every C file of the tree, read once, and how to look at its text. */
#ifndef TIDY_TREE_H
#define TIDY_TREE_H

#include <stdbool.h>
#include <stddef.h>

enum { PATH_BYTES = 400, FILES_MAX = 4000 }; /* some ten times the tree */

typedef struct source { char path[PATH_BYTES]; char *text; } source;
extern source files[FILES_MAX]; /* ordered by path */
extern int file_count;

/* Reads all C files below the working directory but those in hidden and zig- folders. */
void read_tree(void);
/* Any one file; NULL if there is none. To be freed. */
char *read_file(const char *path);

/* Copies the next line, without its end, and moves on; false at the end of the text. */
bool next_line(const char **at, char *line, size_t bytes);
bool starts_with(const char *text, const char *start);
bool ends_with(const char *text, const char *end);

/* Ends the check: it could not be made. */
void stop(const char *what, const char *why);

#endif

/* The little in which operating systems differ: files, the clock, the terminal. Paths are UTF-8. */
#ifndef WG_RUNTIME_SYSTEM_H
#define WG_RUNTIME_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Handles are 0 or more. What returns int or int64_t is negative on failure, and why is then told
 * by wg__system_reason, if it is the next call of this thread.                                  */
int wg__system_open(const char *path);   /* to read */
int wg__system_create(const char *path); /* to write; fails if it exists */
int wg__system_append(const char *path); /* to write; fails if it does not */
int64_t wg__system_read(int handle, void *out, size_t bytes); /* 0: the end */
int wg__system_seek(int handle, uint64_t position);
int64_t wg__system_write(int handle, const void *data, size_t bytes);
int wg__system_flush(int handle); /* to the device */
int wg__system_close(int handle);
int wg__system_remove(const char *path);
/* source takes the place of target in one step, and durably. source is changed and put back. */
int wg__system_replace(char *source, const char *target);
bool wg__system_is_regular(int handle, uint64_t *bytes); /* not a pipe, not a folder */

/* Something is there that is neither a file nor a folder. */
bool wg__system_is_device(const char *path);
/* The path without symbolic links; false if there is nothing to resolve, or no room. */
enum { WG__SYSTEM_PATH_BYTES = 4096 };
bool wg__system_resolve(const char *path, char out[WG__SYSTEM_PATH_BYTES]);

enum { WG__SYSTEM_REASON_BYTES = 64 };
void wg__system_reason(char out[WG__SYSTEM_REASON_BYTES]);
bool wg__system_exists(void); /* the failure was that create found a file */
bool wg__system_is_there(const char *path); /* anything, also what cannot be opened */

int wg__system_process(void); /* its number */
double wg__system_seconds(void); /* of a clock that never goes back */
int wg__system_terminal(void);   /* columns of the terminal that is stderr, 0 if it is none */

#endif

/* Memory between two pages that nobody may touch: one element read or written beyond an end stops
 * the program. Where the system has no such pages it is plain memory.                            */
#ifndef WG_TEST_GUARD_H
#define WG_TEST_GUARD_H

#include <stddef.h>

typedef struct guard { char *block, *first, *end; size_t block_bytes; } guard;

/* At least bytes between first and end. */
guard guard_open(size_t bytes);
void guard_close(guard *g);
/* The last bytes in front of the end: aligned as their size is. */
void *guard_last(const guard *g, size_t bytes);

#endif

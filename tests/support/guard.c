/* Three parts of one mapping: a page without rights, the memory, a page without rights. */
#include "support/guard.h"

#include "support/test.h"

#include <stdlib.h>
#if !defined(_WIN32)
#include <sys/mman.h>
#include <unistd.h>
#endif

#if defined(_WIN32)
guard guard_open(size_t bytes)
{
    char *block = malloc(bytes);
    check(block != NULL);
    return (guard){ .block = block, .first = block, .end = block + bytes, .block_bytes = bytes };
}

void guard_close(guard *g)
{
    free(g->block);
}
#else
guard guard_open(size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t inner = (bytes + page - 1) / page * page;
    const size_t all = inner + 2 * page;
    char *block = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(block != MAP_FAILED);
    check(mprotect(block, page, PROT_NONE) == 0);
    check(mprotect(block + page + inner, page, PROT_NONE) == 0);
    return (guard){ .block = block,
                    .first = block + page,
                    .end = block + page + inner,
                    .block_bytes = all };
}

void guard_close(guard *g)
{
    check(munmap(g->block, g->block_bytes) == 0);
}
#endif

void *guard_last(const guard *g, size_t bytes)
{
    check(bytes <= (size_t)(g->end - g->first));
    return g->end - bytes;
}

/* All memory of the library comes through here. The caller's allocator promises no more than the
 * alignment of malloc; ours is a cache line. So 64 bytes more are asked for, the block begins at
 * the next boundary above the start, and the byte before it holds its distance from the start:
 *
 *     start ... [distance] block ... end          1 <= distance <= 64
 *
 * The size asked for is always bytes + 64, so release can tell it without having stored it.      */
#include <core/internal.h>
#include <stdlib.h>
#include <string.h>

static void *default_allocate(size_t bytes, void *user)
{
    (void)user;
    return malloc(bytes);
}

static void default_release(void *block, size_t bytes, void *user)
{
    (void)bytes;
    (void)user;
    free(block);
}

const wg_allocator wg__allocator_default = {
    .allocate = default_allocate, .release = default_release,
};

/* Half an allocator is no allocator: what one of them made the other could not release. */
wg_allocator wg__allocator_or_default(const wg_allocator *given)
{
    const bool complete = given != NULL && given->allocate != NULL && given->release != NULL;
    return complete ? *given : wg__allocator_default;
}

void *wg__allocate(const wg_allocator *allocator, size_t bytes)
{
    /* Distances between pointers are ptrdiff_t: a larger block could not be walked. */
    if (bytes > PTRDIFF_MAX - WG__ALIGNMENT) return NULL;
    unsigned char *start = allocator->allocate(bytes + WG__ALIGNMENT, allocator->user);
    if (start == NULL) return NULL;
    const size_t distance = WG__ALIGNMENT - (uintptr_t)start % WG__ALIGNMENT;
    unsigned char *block = start + distance;
    block[-1] = (unsigned char)distance;
    WG_ASSERT((uintptr_t)block % WG__ALIGNMENT == 0);
    return block;
}

void *wg__allocate_zeroed(const wg_allocator *allocator, size_t bytes)
{
    void *block = wg__allocate(allocator, bytes);
    if (block != NULL) memset(block, 0, bytes);
    return block;
}

void wg__release(const wg_allocator *allocator, void *block, size_t bytes)
{
    if (block == NULL) return;
    const size_t distance = ((unsigned char *)block)[-1];
    WG_ASSERT(distance >= 1 && distance <= WG__ALIGNMENT);
    allocator->release((unsigned char *)block - distance, bytes + WG__ALIGNMENT, allocator->user);
}

char *wg__string_copy(const wg_allocator *allocator, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = wg__allocate(allocator, bytes);
    if (copy != NULL) memcpy(copy, text, bytes);
    return copy;
}

/* The larger of twice the present capacity and what is needed, so n appends copy O(n) items. */
static int64_t grown_capacity(int64_t capacity, int64_t needed)
{
    const int64_t least = 8; /* the first few appends share one allocation */
    const int64_t twice = capacity > INT64_MAX / 2 ? INT64_MAX : 2 * capacity;
    const int64_t wanted = twice > needed ? twice : needed;
    return wanted > least ? wanted : least;
}

int wg__grow(const wg_allocator *allocator, void **items, int64_t *capacity, int64_t needed,
             size_t item_bytes)
{
    WG_ASSERT(*capacity >= 0 && needed >= 0);
    if (needed <= *capacity) return WG_OK;
    const int64_t grown = grown_capacity(*capacity, needed);
    size_t bytes;
    if ((uint64_t)grown > SIZE_MAX || !wg__size_mul((size_t)grown, item_bytes, &bytes))
        return WG_EMEMORY;
    void *block = wg__allocate(allocator, bytes);
    if (block == NULL) return WG_EMEMORY;
    const size_t old_bytes = (size_t)*capacity * item_bytes;
    if (old_bytes > 0) memcpy(block, *items, old_bytes);
    wg__release(allocator, *items, old_bytes);
    *items = block;
    *capacity = grown;
    return WG_OK;
}

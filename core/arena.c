/* Chunks in a list; blocks are taken from the current one, then from the next that has room, else
 * from a new chunk at the end. Reset goes back to the first. A new chunk is at least as large as
 * all before it together, so the same work, done again after a reset, soon fits into the last chunk
 * alone and asks for no more memory, whatever came between.                                      */
#include <core/internal.h>
#include <string.h>

enum {
    BLOCK_ALIGNMENT = 16,
    FIRST_CHUNK_BYTES = 4096 /* one page: an arena hardly used stays small */
};

struct wg__arena_chunk {
    wg__arena_chunk *next;
    size_t bytes; /* behind the head */
};

enum { HEAD_BYTES = 16 };

_Static_assert(sizeof(wg__arena_chunk) <= HEAD_BYTES, "the head stands before the first block");
_Static_assert(HEAD_BYTES % BLOCK_ALIGNMENT == 0, "the first block is aligned as its chunk is");

void wg__arena_init(wg__arena *arena, const wg_allocator *allocator)
{
    *arena = (wg__arena){ .allocator = *allocator };
}

/* Appends a chunk with room for `needed` and makes it current; false leaves the arena as it was. */
static bool arena_extend(wg__arena *arena, size_t needed)
{
    size_t total = 0;
    wg__arena_chunk **link = &arena->first;
    for (; *link != NULL; link = &(*link)->next)
        if (!wg__size_add(total, (*link)->bytes, &total)) return false;

    size_t bytes = total > FIRST_CHUNK_BYTES ? total : FIRST_CHUNK_BYTES;
    if (bytes < needed) bytes = needed;
    size_t with_head;
    if (!wg__size_add(bytes, HEAD_BYTES, &with_head)) return false;
    wg__arena_chunk *chunk = wg__allocate(&arena->allocator, with_head);
    if (chunk == NULL) return false;
    *chunk = (wg__arena_chunk){ .bytes = bytes };
    *link = chunk;
    arena->current = chunk;
    arena->used = 0;
    return true;
}

/* Moves to the next chunk with room for `needed`, if one is left. */
static bool arena_advance(wg__arena *arena, size_t needed)
{
    if (arena->current == NULL) return false;
    for (wg__arena_chunk *chunk = arena->current->next; chunk != NULL; chunk = chunk->next) {
        if (chunk->bytes < needed) continue;
        arena->current = chunk;
        arena->used = 0;
        return true;
    }
    return false;
}

void *wg__arena_take(wg__arena *arena, size_t bytes)
{
    if (bytes > PTRDIFF_MAX - BLOCK_ALIGNMENT) return NULL;
    /* An empty block still gets an address of its own. */
    const size_t asked = bytes > 0 ? bytes : 1;
    const size_t needed = (asked + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
    const bool fits = arena->current != NULL && arena->current->bytes - arena->used >= needed;
    if (!fits && !arena_advance(arena, needed) && !arena_extend(arena, needed)) return NULL;
    unsigned char *block = (unsigned char *)arena->current + HEAD_BYTES + arena->used;
    arena->used += needed;
    WG_ASSERT(arena->used <= arena->current->bytes);
    return block;
}

char *wg__arena_string(wg__arena *arena, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = wg__arena_take(arena, bytes);
    if (copy != NULL) memcpy(copy, text, bytes);
    return copy;
}

void wg__arena_reset(wg__arena *arena)
{
    arena->current = arena->first;
    arena->used = 0;
}

void wg__arena_free(wg__arena *arena)
{
    wg__arena_chunk *chunk = arena->first;
    while (chunk != NULL) {
        wg__arena_chunk *next = chunk->next;
        wg__release(&arena->allocator, chunk, chunk->bytes + HEAD_BYTES);
        chunk = next;
    }
    arena->first = NULL;
    arena->current = NULL;
    arena->used = 0;
}

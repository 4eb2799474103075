/* Every block carries its size in front. A released block is marked before it is freed, so that a
 * second release is seen as long as the memory was not reused.                                   */
#include "support/memory.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t alive = UINT64_C(0xa11fe0000b10c000);

typedef union header {
    struct { uint64_t mark; size_t bytes; } is;
    max_align_t alignment; /* the block behind the header is aligned as malloc's */
} header;

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void note(test_memory *memory, const char *format, ...)
{
    if (memory->mistake[0] != '\0') return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(memory->mistake, sizeof memory->mistake, format, arguments);
    va_end(arguments);
}

static void *allocate(size_t bytes, void *user)
{
    test_memory *memory = user;
    memory->request_count++;
    if (memory->locked) note(memory, "%zu bytes were asked for while locked", bytes);
    if (memory->locked || (memory->fail_at > 0 && memory->request_count >= memory->fail_at)) {
        memory->refused_count++;
        return NULL;
    }
    if (bytes > SIZE_MAX - sizeof(header)) return NULL;
    header *block = malloc(sizeof *block + bytes);
    if (block == NULL) return NULL;
    block->is.mark = alive;
    block->is.bytes = bytes;
    memory->live_count++;
    memory->live_bytes += bytes;
    if (memory->live_bytes > memory->live_bytes_max) memory->live_bytes_max = memory->live_bytes;
    return block + 1;
}

static void release(void *data, size_t bytes, void *user)
{
    test_memory *memory = user;
    if (data == NULL) {
        note(memory, "NULL was released");
        return;
    }
    header *block = (header *)data - 1;
    if (block->is.mark != alive) {
        note(memory, "a block of %zu bytes was released twice or never allocated", bytes);
        return;
    }
    if (block->is.bytes != bytes)
        note(memory, "a block of %zu bytes was released as %zu", block->is.bytes, bytes);
    memory->live_count--;
    memory->live_bytes -= block->is.bytes;
    block->is.mark = 0;
    free(block);
}

wg_allocator test_memory_allocator(test_memory *memory)
{
    return (wg_allocator){ .allocate = allocate, .release = release, .user = memory };
}

void test_memory_check(test_place place, const test_memory *memory)
{
    if (memory->mistake[0] != '\0') test_fail(place, "%s", memory->mistake);
    if (memory->live_count != 0)
        test_fail(place, "%" PRId64 " blocks, %zu bytes, were never released", memory->live_count,
                  memory->live_bytes);
}

int64_t test_memory_fail_each(int (*body)(const wg_allocator *allocator, void *user), void *user)
{
    for (int64_t n = 1;; n++) {
        test_memory memory = { .fail_at = n };
        const wg_allocator allocator = test_memory_allocator(&memory);
        const int status = body(&allocator, user);
        check_memory(&memory);
        if (memory.refused_count == 0) {
            check_msg(status >= 0, "nothing was refused, yet status %d", status);
            return n;
        }
        check_msg(status == WG_EMEMORY, "request %" PRId64 " was refused, yet status %d", n,
                  status);
    }
}

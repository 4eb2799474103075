/* Blocks of an arena are apart, aligned and stay put; after a few resets the same work allocates
 * nothing. Blocks are filled with a byte of their own, so that an overlap would show.            */
#include "support/memory.h"

#include <core/internal.h>
#include <string.h>

typedef struct taken { unsigned char *block; size_t bytes; } taken;

static void fill(taken *block, unsigned char mark)
{
    memset(block->block, mark, block->bytes);
}

static bool is_filled(const taken *block, unsigned char mark)
{
    for (size_t i = 0; i < block->bytes; i++)
        if (block->block[i] != mark) return false;
    return true;
}

/* 200 blocks from 0 bytes to 40 KiB, in an order that jumps. */
static size_t size_of_block(int i)
{
    const int step = i * 37 % 200;
    return (size_t)(step * step);
}

static int take_all(wg__arena *arena)
{
    taken blocks[200];
    for (int i = 0; i < 200; i++) {
        blocks[i] = (taken){ .block = wg__arena_take(arena, size_of_block(i)),
                             .bytes = size_of_block(i) };
        if (blocks[i].block == NULL) return WG_EMEMORY;
        check_equal_i((uintptr_t)blocks[i].block % 16, 0);
        fill(&blocks[i], (unsigned char)i);
    }
    for (int i = 0; i < 200; i++) check(is_filled(&blocks[i], (unsigned char)i));
    return WG_OK;
}

Test(arena, blocks_do_not_overlap)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    wg__arena arena;
    wg__arena_init(&arena, &allocator);
    check_status(take_all(&arena), WG_OK);
    wg__arena_free(&arena);
    check_memory(&memory);
}

Test(arena, empty_blocks_have_addresses_of_their_own)
{
    wg__arena arena;
    wg__arena_init(&arena, &wg__allocator_default);
    const void *x = wg__arena_take(&arena, 0);
    const void *y = wg__arena_take(&arena, 0);
    check(x != NULL && y != NULL && x != y);
    wg__arena_free(&arena);
}

Test(arena, same_work_after_resets_allocates_nothing)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    wg__arena arena;
    wg__arena_init(&arena, &allocator);
    for (int i = 0; i < 3; i++) {
        check_status(take_all(&arena), WG_OK);
        wg__arena_reset(&arena);
    }
    memory.locked = true;
    for (int i = 0; i < 3; i++) {
        check_status(take_all(&arena), WG_OK);
        wg__arena_reset(&arena);
    }
    wg__arena_free(&arena);
    check_memory(&memory);
}

/* Work of changing size: requests are bounded by doubling, not by the number of rounds. */
Test(arena, any_history_settles)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    wg__arena arena;
    wg__arena_init(&arena, &allocator);
    uint64_t state = test_seed();
    for (int round = 0; round < 2000; round++) {
        size_t left = 100000;
        while (left > 0) {
            const size_t wanted = (size_t)(test_random(&state) % 30000);
            const size_t bytes = wanted < left ? wanted : left;
            check(wg__arena_take(&arena, bytes) != NULL);
            left -= bytes;
        }
        wg__arena_reset(&arena);
    }
    check_msg(memory.request_count <= 10, "%d requests", (int)memory.request_count);
    wg__arena_free(&arena);
    check_memory(&memory);
}

Test(arena, strings_are_copies)
{
    wg__arena arena;
    wg__arena_init(&arena, &wg__allocator_default);
    char text[] = "encoder/hidden_1";
    char *copy = wg__arena_string(&arena, text);
    text[0] = 'E';
    check_text(copy, "encoder/hidden_1");
    check_text(wg__arena_string(&arena, ""), "");
    wg__arena_free(&arena);
}

Test(arena, free_leaves_a_usable_arena)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    wg__arena arena;
    wg__arena_init(&arena, &allocator);
    wg__arena_reset(&arena);
    wg__arena_free(&arena);
    check(wg__arena_take(&arena, 10) != NULL);
    wg__arena_free(&arena);
    wg__arena_free(&arena);
    check_memory(&memory);
}

static int use_once(const wg_allocator *allocator, void *user)
{
    (void)user;
    wg__arena arena;
    wg__arena_init(&arena, allocator);
    const int status = take_all(&arena);
    wg__arena_free(&arena);
    return status;
}

Test(arena, refusal_is_null_and_loses_nothing)
{
    check(test_memory_fail_each(use_once, NULL) > 2);
}

Test(arena, blocks_before_a_refusal_stay)
{
    test_memory memory = { .fail_at = 2 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    wg__arena arena;
    wg__arena_init(&arena, &allocator);
    taken block = { .block = wg__arena_take(&arena, 100), .bytes = 100 };
    fill(&block, 0xA5);
    check(wg__arena_take(&arena, 1000000) == NULL);
    check(wg__arena_take(&arena, SIZE_MAX) == NULL);
    check(wg__arena_string(&arena, "still room for this") != NULL);
    check(is_filled(&block, 0xA5));
    wg__arena_free(&arena);
    check_memory(&memory);
}

/* Blocks are aligned whatever the allocator below gives, sizes come back exactly, and a refused
 * request changes nothing.                                                                       */
#include "support/memory.h"

#include <core/internal.h>
#include <stdlib.h>
#include <string.h>

Test(allocator, null_or_half_a_one_means_the_default)
{
    const wg_allocator half = { .allocate = wg__allocator_default.allocate, .user = &(int){ 0 } };
    const wg_allocator *const given[] = { NULL, &(wg_allocator){ 0 }, &half };
    for (int i = 0; i < 3; i++) {
        const wg_allocator used = wg__allocator_or_default(given[i]);
        check(used.allocate == wg__allocator_default.allocate);
        check(used.release == wg__allocator_default.release);
        check(used.user == NULL);
    }
}

Test(allocator, a_whole_one_is_taken)
{
    test_memory memory = { 0 };
    const wg_allocator given = test_memory_allocator(&memory);
    const wg_allocator used = wg__allocator_or_default(&given);
    check(used.allocate == given.allocate && used.release == given.release);
    check(used.user == &memory);
}

/* Hands out one buffer at a chosen distance from a boundary: worse than any malloc. */
typedef struct shifted { unsigned char *at; size_t asked; } shifted;

static void *shifted_allocate(size_t bytes, void *user)
{
    shifted *memory = user;
    memory->asked = bytes;
    return memory->at;
}

static void shifted_release(void *block, size_t bytes, void *user)
{
    shifted *memory = user;
    check(block == memory->at);
    check_equal_i(bytes, memory->asked);
    memory->asked = 0;
}

Test(allocator, every_misalignment_is_healed_and_undone)
{
    static unsigned char buffer[1024];
    const wg_allocator base = { .allocate = shifted_allocate, .release = shifted_release };
    for (size_t shift = 0; shift < 128; shift++) {
        shifted memory = { .at = buffer + shift };
        wg_allocator allocator = base;
        allocator.user = &memory;
        unsigned char *block = wg__allocate(&allocator, 200);
        check_equal_i((uintptr_t)block % WG__ALIGNMENT, 0);
        check(block > memory.at && block + 200 <= memory.at + memory.asked);
        memset(block, 0xFF, 200);
        wg__release(&allocator, block, 200);
        check_equal_i(memory.asked, 0);
    }
}

Test(allocator, sizes_come_back_exactly)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    const size_t sizes[] = { 0, 1, 63, 64, 65, 100000 };
    void *block[6];
    for (int i = 0; i < 6; i++) {
        block[i] = wg__allocate(&allocator, sizes[i]);
        check(block[i] != NULL);
        memset(block[i], 0xFF, sizes[i]);
    }
    for (int i = 0; i < 6; i++) wg__release(&allocator, block[i], sizes[i]);
    wg__release(&allocator, NULL, 10);
    check_memory(&memory);
}

Test(allocator, sizes_without_room_for_the_head_never_reach_the_allocator)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 63, (size_t)PTRDIFF_MAX, PTRDIFF_MAX - 63 };
    for (int i = 0; i < 4; i++) check(wg__allocate(&allocator, sizes[i]) == NULL);
    check_equal_i(memory.request_count, 0);
}

Test(allocator, zeroed_blocks_are_zero)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    unsigned char *block = wg__allocate_zeroed(&allocator, 300);
    for (int i = 0; i < 300; i++) check_equal_i(block[i], 0);
    wg__release(&allocator, block, 300);
    check_memory(&memory);
}

static int use_once(const wg_allocator *allocator, void *user)
{
    (void)user;
    int status = WG_EMEMORY;
    char *block = wg__allocate_zeroed(allocator, 10);
    char *copy = block != NULL ? wg__string_copy(allocator, "hidden_1") : NULL;
    if (copy != NULL) {
        status = WG_OK;
        check_text(copy, "hidden_1");
        wg__release(allocator, copy, strlen(copy) + 1);
    }
    wg__release(allocator, block, 10);
    return status;
}

Test(allocator, refusal_is_null)
{
    check_equal_i(test_memory_fail_each(use_once, NULL), 3);
}

typedef struct list { int64_t *item; int64_t capacity, count; } list;

static int list_fill(const wg_allocator *allocator, void *user)
{
    list items = { 0 };
    const int64_t wanted = *(int64_t *)user;
    int status = WG_OK;
    while (status == WG_OK && items.count < wanted) {
        status = wg__grow(allocator, (void **)&items.item, &items.capacity, items.count + 1,
                          sizeof *items.item);
        if (status == WG_OK) items.item[items.count] = items.count * items.count;
        if (status == WG_OK) items.count++;
    }
    for (int64_t i = 0; i < items.count; i++) check_equal_i(items.item[i], i * i);
    wg__release(allocator, items.item, (size_t)items.capacity * sizeof *items.item);
    return status;
}

Test(allocator, growing_keeps_the_items_and_survives_refusal)
{
    check_equal_i(test_memory_fail_each(list_fill, &(int64_t){ 1 }), 2);
    check(test_memory_fail_each(list_fill, &(int64_t){ 1000 }) > 5);
}

Test(allocator, appending_copies_a_bounded_number_of_times)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    check_status(list_fill(&allocator, &(int64_t){ 100000 }), WG_OK);
    check_msg(memory.request_count <= 17, "%d requests", (int)memory.request_count);
    check_memory(&memory);
}

Test(allocator, growing_beyond_all_sizes_leaves_the_list)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    list items = { 0 };
    check_status(wg__grow(&allocator, (void **)&items.item, &items.capacity, INT64_MAX, 8),
                 WG_EMEMORY);
    check(items.item == NULL && items.capacity == 0);
    check_status(wg__grow(&allocator, (void **)&items.item, &items.capacity, 0, 8), WG_OK);
    check(items.item == NULL && items.capacity == 0);
    check_equal_i(memory.request_count, 0);
}

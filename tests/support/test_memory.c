/* The allocator of the tests tells what a library does wrong with memory. */
#include "support/memory.h"

Test(memory, clean_use_is_clean)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    void *block = allocator.allocate(100, allocator.user);
    check(block != NULL);
    check_equal_i(memory.live_count, 1);
    check_equal_i(memory.live_bytes, 100);
    allocator.release(block, 100, allocator.user);
    check_memory(&memory);
    check_equal_i(memory.live_bytes_max, 100);
}

Test(memory, wrong_size_is_noticed)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    allocator.release(allocator.allocate(100, allocator.user), 99, allocator.user);
    check_text(memory.mistake, "a block of 100 bytes was released as 99");
}

Test(memory, locked_allocator_refuses_and_tells)
{
    test_memory memory = { .locked = true };
    const wg_allocator allocator = test_memory_allocator(&memory);
    check(allocator.allocate(7, allocator.user) == NULL);
    check_text(memory.mistake, "7 bytes were asked for while locked");
}

static int take_two(const wg_allocator *allocator, void *user)
{
    (void)user;
    int status = WG_EMEMORY;
    void *first = allocator->allocate(10, allocator->user);
    void *second = first != NULL ? allocator->allocate(20, allocator->user) : NULL;
    if (second != NULL) status = WG_OK;
    if (second != NULL) allocator->release(second, 20, allocator->user);
    if (first != NULL) allocator->release(first, 10, allocator->user);
    return status;
}

Test(memory, every_request_is_refused_once)
{
    check_equal_i(test_memory_fail_each(take_two, NULL), 3);
}

/* The cache of programs: what is one program, what is kept, what is told about it. */
#include "runtime/network.h"
#include "support/memory.h"

static wg_cache_statistics statistics_of(const wg_runtime *runtime)
{
    wg_cache_statistics found;
    check_status(wg_runtime_cache(runtime, &found), WG_OK);
    return found;
}

typedef struct lab {
    test_memory memory;
    wg_allocator allocator;
    wg_runtime *runtime;
    wg_tape *tape;
    wg_params *params;
} lab;

static void lab_open(lab *l, size_t cache_bytes)
{
    *l = (lab){ .allocator = test_memory_allocator(&l->memory) };
    l->runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .allocator = &l->allocator,
                                              .threads = 1, .cache_bytes = cache_bytes));
    l->tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = &l->allocator));
    l->params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = &l->allocator));
}

static void lab_close(lab *l)
{
    wg_tape_free(l->tape);
    wg_params_free(l->params);
    wg_runtime_free(l->runtime);
    check_memory(&l->memory);
}

/* The first step makes the parameters, so it is a recording of its own; all others are one. */
Test(cache, a_thousand_steps_with_a_schedule_and_dropout_are_one_program)
{
    enum { COUNT = 1000 };
    lab l;
    lab_open(&l, 0);
    network *net = network_make(8, 4);
    net->dropout = 0.25;
    wg_optimizer adam = wg_adam(1e-3, NULL);
    for (int step = 0; step < COUNT; step++) {
        double loss;
        adam.rate = wg_rate_cosine(step, COUNT, 1e-3, 1e-5);
        l.memory.locked = step > 1;   /* and after the first two steps nothing is allocated */
        wg_tape_reset(l.tape);
        check_status(wg_item(l.runtime, network_step(net, l.tape, l.params, &adam), &loss), WG_OK);
    }
    l.memory.locked = false;
    const wg_cache_statistics found = statistics_of(l.runtime);
    check_equal_i(found.programs, 2);
    check_equal_i(found.misses, 2);
    check_equal_i(found.hits, COUNT - 2);
    check_text(wg_runtime_advice(l.runtime), "");
    wg_view draw;
    check_status(wg_params_find(l.params, "draw", &draw), WG_OK);
    check_equal_i(*(const int64_t *)draw.data, COUNT);   /* and as many masks */
    free(net);
    lab_close(&l);
}

Test(cache, a_program_allocates_nothing_from_its_first_run_on)
{
    lab l;
    lab_open(&l, 0);
    network *net = network_make(16, 4);
    net->dropout = 0.25;
    const wg_optimizer adam = wg_adam(1e-3, NULL);
    const wg_var loss = network_step(net, l.tape, l.params, &adam);
    wg_program *program = wg_compile(l.runtime, l.tape, 1, &loss);
    check_status(wg_program_bind(program, "x", wg_f32(net->x, WG_SHAPE(16, NETWORK_INPUTS))),
                 WG_OK);
    check_status(wg_program_bind(program, "t", wg_i32(net->t, WG_SHAPE(16))), WG_OK);
    l.memory.locked = true;
    for (int step = 0; step < 5; step++) {
        double value;
        check_status(wg_program_set(program, "adam/rate", 1e-3 / (step + 1)), WG_OK);
        check_status(wg_program_run(program), WG_OK);
        check_status(wg_program_item(program, 0, &value), WG_OK);
    }
    l.memory.locked = false;
    wg_program_free(program);
    free(net);
    lab_close(&l);
}

/* Batches of 16, 16 and 5 rows: one program each size, however many epochs. */
Test(cache, the_last_batch_of_an_epoch_is_planned_once)
{
    lab l;
    lab_open(&l, 0);
    network *net = network_make(16, 4);
    const wg_optimizer adam = wg_adam(1e-3, NULL);
    for (int epoch = 0; epoch < 4; epoch++)
        for (int batch = 0; batch < 3; batch++) {
            double loss;
            net->rows = batch < 2 ? 16 : 5;
            wg_tape_reset(l.tape);
            check_status(wg_item(l.runtime, network_step(net, l.tape, l.params, &adam), &loss),
                         WG_OK);
        }
    check_equal_i(statistics_of(l.runtime).misses, 3);
    check_equal_i(statistics_of(l.runtime).hits, 4 * 3 - 3);
    free(net);
    lab_close(&l);
}

static void numbered(lab *l, int i)
{
    const float x[2] = { 1, 2 };
    double value;
    wg_tape_reset(l->tape);
    const wg_var input = wg_input(l->tape, "x", wg_f32(x, WG_SHAPE(2)));
    const wg_var y = wg_at((wg_scale)(input, i), "train.c", 41);
    const wg_var sum = wg_at((wg_sum)((wg_shift)(y, 0.5), WG_ALL), "train.c", 42);
    check_status(wg_item(l->runtime, sum, &value), WG_OK);
    check_close(value, 3.0 * i + 1, 0);
}

Test(cache, what_was_not_used_for_longest_goes_first)
{
    lab l;
    lab_open(&l, 0);
    for (int i = 1; i <= 4; i++) numbered(&l, i);
    const size_t one = statistics_of(l.runtime).bytes / 4;
    lab_close(&l);
    lab_open(&l, 3 * one + one / 2);
    for (int i = 1; i <= 4; i++) numbered(&l, i);
    check_equal_i(statistics_of(l.runtime).programs, 3);
    check(statistics_of(l.runtime).bytes <= 3 * one + one / 2);
    numbered(&l, 2);                                    /* is there: 1 went */
    check_equal_i(statistics_of(l.runtime).hits, 1);
    numbered(&l, 1);                                    /* is not: 3 goes */
    numbered(&l, 2);
    check_equal_i(statistics_of(l.runtime).hits, 2);
    numbered(&l, 3);
    check_equal_i(statistics_of(l.runtime).misses, 6);
    lab_close(&l);
}

Test(cache, a_number_that_is_always_another_is_told_with_its_line)
{
    lab l;
    lab_open(&l, 0);
    for (int i = 1; i <= 9; i++) {
        check_text(wg_runtime_advice(l.runtime), "");
        numbered(&l, i);
    }
    check_text(wg_runtime_advice(l.runtime),
               "the number 9 (train.c:41) was another in each of the last 8 recordings, and each "
               "was planned anew: wg_scalar is an input, and no part of the program");
    lab_close(&l);
}

Test(cache, statistics_need_a_runtime)
{
    wg_cache_statistics found;
    check_status(wg_runtime_cache(NULL, &found), WG_EINVALID);
    check_text(wg_runtime_advice(NULL), "");
}

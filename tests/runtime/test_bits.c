/* The same bits, however the work is cut: a training step is run statement by statement by the
 * immediate evaluator, and by the runtime on 1, 2, 3 and 8 threads with shards of many sizes.
 * Losses and all parameters, moments and counters must be equal bit by bit after several steps. */
#include "runtime/network.h"
#include "support/replay.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS = 4 };

typedef struct outcome {
    float loss[STEPS];
    wg_fingerprint params;
} outcome;

static wg_params *params_make(void)
{
    return wg_params_create(WG_OPTIONS(wg_params_options, .seed = 5));
}

static outcome train_immediately(const network *net)
{
    outcome out = { .loss = { 0 } };
    wg_params *params = params_make();
    wg_tape *tape = wg_tape_create(NULL);
    const wg_optimizer adam = wg_adam(1e-2, NULL);
    for (int step = 0; step < STEPS; step++) {
        wg_tape_reset(tape);
        replay *run = replay_attach(tape, wg__level_detect());
        const wg_var loss = network_step(net, tape, params, &adam);
        replay_copy(run, loss, &out.loss[step]);
        check_status(replay_commit(run), WG_OK);
        replay_free(run);
    }
    check_status(wg_params_fingerprint(params, &out.params), WG_OK);
    wg_tape_free(tape);
    wg_params_free(params);
    return out;
}

typedef void join_function(wg_runtime *runtime, int64_t count, wg__pool_work *work, void *context);

static outcome train(const network *net, int threads, int64_t shard_rows, join_function *join)
{
    outcome out = { .loss = { 0 } };
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = threads));
    wg_params *params = params_make();
    wg_tape *tape = wg_tape_create(NULL);
    const wg_optimizer adam = wg_adam(1e-2, NULL);
    check(runtime != NULL);
    runtime->shard_rows_test = shard_rows;
    runtime->is_forked_always = true;
    runtime->join_test = join;
    for (int step = 0; step < STEPS; step++) {
        wg_tape_reset(tape);
        const wg_var loss = network_step(net, tape, params, &adam);
        const int status = wg_read_f32(runtime, loss, &out.loss[step], 1);
        check_msg(status == WG_OK, "%s", wg_explain(status, tape, NULL));
    }
    if (threads > 1) check(runtime->join_count >= STEPS);
    check_status(wg_params_fingerprint(params, &out.params), WG_OK);
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return out;
}

static void compare(const network *net)
{
    static const int threads[] = { 1, 2, 3, 8 };
    const outcome expected = train_immediately(net);
    uint64_t state = test_seed();
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++)
        for (int j = 0; j < 4; j++) {
            const int64_t rows = j == 0 ? 0 : 1 + (int64_t)(test_random(&state) % 70);
            const outcome found = train(net, threads[i], rows, NULL);
            check_msg(memcmp(&found, &expected, sizeof found) == 0,
                      "%d threads, shards of %lld: loss %.9g, not %.9g", threads[i],
                      (long long)rows, (double)found.loss[STEPS - 1],
                      (double)expected.loss[STEPS - 1]);
        }
}

/* ---- a scheduler that a seed drives, in place of the pool: any order, any worker ---- */

static uint64_t order_state;

static void join_in_any_order(wg_runtime *runtime, int64_t count, wg__pool_work *work,
                              void *context)
{
    int64_t *item = malloc((size_t)count * sizeof *item);
    check(item != NULL || count == 0);
    for (int64_t i = 0; i < count; i++) {
        const int64_t j = test_draw(&order_state, 0, i);
        item[i] = item[j];
        item[j] = i;
    }
    for (int64_t i = 0; i < count; i++)
        work(context, (int)test_draw(&order_state, 0, runtime->threads - 1), item[i]);
    free(item);
}

Test(bits, a_step_is_the_same_in_any_order_of_its_items)
{
    network *net = network_make(60, 33);
    net->dropout = 0.2;
    const outcome expected = train_immediately(net);
    uint64_t state = test_seed();
    for (int i = 0; i < 100; i++) {
        order_state = test_random(&state);
        const uint64_t seed = order_state;
        const outcome found = train(net, 5, 1 + i % 19, join_in_any_order);
        check_msg(memcmp(&found, &expected, sizeof found) == 0, "the order of seed %llu",
                  (unsigned long long)seed);
    }
    free(net);
}

Test(bits, a_small_step_is_the_same_however_it_is_cut)
{
    network *net = network_make(64, 48);
    compare(net);
    free(net);
}

Test(bits, a_step_with_dropout_and_odd_rows_is_the_same_however_it_is_cut)
{
    network *net = network_make(101, 37);
    net->dropout = 0.3;
    compare(net);
    free(net);
}

Test(bits, a_step_of_weighted_samples_is_the_same_however_it_is_cut)
{
    network *net = network_make(77, 32);
    net->is_weighted = true;
    net->dropout = 0.1;
    compare(net);
    free(net);
}

/* Wide enough for weight gradients and updates to be cut along their rows. */
Test(bits, a_wide_step_is_the_same_however_it_is_cut)
{
    network *net = network_make(200, 257);
    compare(net);
    free(net);
}

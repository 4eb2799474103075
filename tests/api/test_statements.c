/* A recording means what the same statements mean executed one by one: every example runs here
 * as it stands, while each of its values is also computed the moment it is recorded
 * (support/replay.h). Whatever the example reads from its runtime must have the same bits.
 *
 * The calls that make tapes and read values are replaced by macros before an example is
 * included. */
#include "support/replay.h"
#include "support/test.h"
#include <stdio.h>
#include <string.h>
#include <wengert/wengert.h>

static replay *statements;      /* of the example's one tape */
static int64_t compared;        /* values that were */
static double first_loss;       /* of a program, as its statements give it */
static bool has_first_loss;

static wg_tape *tape_create(const wg_tape_options *options)
{
    wg_tape *tape = wg_tape_create(options);
    statements = replay_attach(tape, wg__level_detect());
    return tape;
}

static void tape_free(wg_tape *tape)
{
    replay_free(statements);
    statements = NULL;
    wg_tape_free(tape);
}

static int read_f64(wg_runtime *runtime, wg_var x, double *out, int64_t count)
{
    const int status = wg_read_f64(runtime, x, out, count);
    check_status(status, WG_OK);
    for (int64_t i = 0; i < count; i++) {
        const double expected = replay_at(statements, x, i);
        check_bytes(&out[i], &expected, sizeof expected);
        compared++;
    }
    return status;
}

static int items(wg_runtime *runtime, int64_t count, const wg_var *x, double *out)
{
    const int status = wg_items(runtime, count, x, out);
    check_status(status, WG_OK);
    for (int64_t i = 0; i < count; i++) {
        const double expected = replay_at(statements, x[i], 0);
        check_bytes(&out[i], &expected, sizeof expected);
        compared++;
    }
    return status;
}

static int item(wg_runtime *runtime, wg_var x, double *out)
{
    return items(runtime, 1, &x, out);
}

/* The data that example 03 binds later, so that its statements have them from the first. */
static const float line_x[12] = { 0, 0, 1, 0, 0, 1, 1, 1, 2, 1, 1, 2 };
static const float line_y[6] = { 1, 3, 0, 2, 4, 1 };

static wg_var batch(wg_tape *tape, const char *name, wg_view view)
{
    view.data = strcmp(name, "x") == 0 ? line_x : line_y;
    return (wg_batch)(tape, name, view);
}

static wg_program *compile(wg_runtime *runtime, wg_tape *tape, int64_t count, const wg_var *output)
{
    first_loss = replay_at(statements, output[0], 0);
    has_first_loss = true;
    return wg_compile(runtime, tape, count, output);
}

static int program_run(wg_program *program)
{
    const int status = wg_program_run(program);
    double loss;
    if (has_first_loss) {
        check_status(wg_program_item(program, 0, &loss), WG_OK);
        check_bytes(&loss, &first_loss, sizeof loss);
        compared++;
        has_first_loss = false;
    }
    return status;
}

/* What the checker differentiates, and its first derivative. */
static int check_function(wg_runtime *runtime, wg_function *function, void *user, int64_t count,
                          const wg_view *in, const wg_check_options *options, wg_check_result *out,
                          wg_error *error)
{
    wg_tape *tape = tape_create(NULL);
    wg_var x[2], y, gradient[2];
    double value[64];
    check(count == 2);
    for (int64_t i = 0; i < count; i++) x[i] = wg_input(tape, NULL, in[i]);
    check_status(function(x, &y, user), WG_OK);
    check_status(wg_grads(wg_sum(y, WG_ALL), count, x, gradient), WG_OK);
    read_f64(runtime, y, value, wg_shape_count(wg_shape_of(y)));
    for (int64_t i = 0; i < count; i++)
        read_f64(runtime, gradient[i], value, wg_shape_count(in[i].shape));
    tape_free(tape);
    return wg_check_gradient(runtime, function, user, count, in, options, out, error);
}

#define wg_tape_create   tape_create
#define wg_tape_free     tape_free
#define wg_read_f64      read_f64
#define wg_items         items
#define wg_item          item
#define wg_compile       compile
#define wg_program_run   program_run
#define wg_check_gradient check_function

int derivative_main(void);
int activation_main(void);
int loop_main(void);
int program_main(void);
int check_main(void);

#define main derivative_main
#include "examples/00_derivative.c"
#undef main
#define main activation_main
#define network activation_network
#include "examples/01_activation.c"
#undef main
#undef network
#define main loop_main
#define network loop_network
#include "examples/02_loop.c"
#undef main
#undef network
#define main program_main
#pragma push_macro("wg_batch")
#undef wg_batch
#define wg_batch batch
#include "examples/03_program.c"
#pragma pop_macro("wg_batch")
#undef main
#define main check_main
#include "examples/04_check.c"
#undef main

Test(statements, every_example_means_what_its_statements_mean)
{
    int (*const example[])(void) = { derivative_main, activation_main, loop_main, program_main,
                                     check_main };
    const int64_t least[] = { 20, 301, 802, 1, 33 };
    for (int i = 0; i < 5; i++) {
        compared = 0;
        check_equal_i(example[i](), 0);
        check_msg(compared == least[i], "example %d: %lld values compared", i, (long long)compared);
    }
}

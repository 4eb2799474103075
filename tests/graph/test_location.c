/* Places: each value carries the line of the user's outermost call that recorded it. */
#include "graph/internal.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>
#include <wengert/ops.h>

/* A library's composite: compiled without macros, so its values wait for the caller's line. */
static wg_var softplus(wg_var x)
{
    return (wg_logaddexp)(x, (wg_number)(x, 0));
}
#define softplus(...) WG_HERE(softplus(__VA_ARGS__))

/* A library's layer with a callback of the user's, as wg_dense has one. */
static wg_var layer(wg_var x, wg_var (*activation)(wg_var))
{
    x = (wg_mul)(x, x);
    const uint32_t held = wg_location_hold(x.tape);
    x = activation(x);
    wg_location_release(x.tape, held);
    return (wg_neg)(x);
}
#define layer(...) WG_HERE(layer(__VA_ARGS__))

static int line_of(wg_var x)
{
    return x.tape->place[x.index].line;
}

static int line_at(const wg_tape *tape, int64_t node)
{
    return tape->place[node].line;
}

static void check_message(const wg_tape *tape, const char *what, const char *file, int line)
{
    char expected[300];
    snprintf(expected, sizeof expected, "%s (%s:%d)", what, file, line);
    check_text(wg_tape_message(tape), expected);
}

#line 1000 "user.c"
static wg_var snake(wg_var x)
{
    return wg_mul(x, wg_sin(x)); /* 1002 */
}
#line 50 "test_location.c"

static wg_var points(wg_tape *tape)
{
    static const float data[3] = { -1, 0, 1 };
    return wg_input(tape, "x", wg_f32(data, WG_SHAPE(3)));
}

Test(location, a_call_gives_its_line_to_what_it_recorded)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape);
    const int here = __LINE__ + 1;
    wg_var y = wg_exp(x);
    wg_var z = softplus(y);
    check_equal_i(line_of(y), here);
    for (int64_t node = y.index + 1; node <= z.index; node++)
        check_equal_i(line_at(tape, node), here + 1);
    check_contains(tape->place[z.index].file, "test_location.c");
    wg_tape_free(tape);
}

Test(location, an_inner_call_of_the_users_keeps_its_own_line)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape);
    const int here = __LINE__ + 1;
    wg_var y = wg_mul(x, snake(x));
    check_equal_i(line_of(y), here);
    check_equal_i(line_at(tape, y.index - 1), 1002);
    check_equal_i(line_at(tape, y.index - 2), 1002);
    wg_tape_free(tape);
}

Test(location, what_a_layer_recorded_before_a_callback_is_the_layers)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape);
    const int here = __LINE__ + 1;
    wg_var y = layer(x, snake);
    const int expected[4] = { here, 1002, 1002, here };
    for (uint32_t i = 0; i < 4; i++) check_equal_i(line_at(tape, x.index + 1 + i), expected[i]);
    check_equal_i(y.index, x.index + 4);
    wg_tape_free(tape);
}

Test(location, a_function_pointer_is_placed_by_the_next_call)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape);
    wg_var (*activation)(wg_var) = wg_tanh;
    wg_var y = activation(x);
    const int here = __LINE__ + 1;
    wg_var z = wg_exp(y);
    check_equal_i(line_of(y), here);
    check_equal_i(line_of(z), here);
    y = WG_HERE(activation(z));
    check_equal_i(line_of(y), here + 3);
    wg_tape_free(tape);
}

Test(location, an_error_is_that_of_the_outermost_call)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = wg_broadcast(points(tape), WG_SHAPE(2, 3));
#line 70 "user.c"
    wg_var y = wg_matmul(x, x);
    y = wg_exp(y);
    check(y.tape == tape);
#line 119 "test_location.c"
    check_message(tape, "matmul: [2, 3] x [2, 3]: 3 is not 2", "user.c", 70);
    wg_tape_free(tape);
}

enum { FAILING_LINE = __LINE__ + 3 };
static wg_var failing(wg_var x)
{
    return wg_transpose(x);
}

Test(location, an_error_in_a_callback_is_that_of_the_callbacks_line)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var y = layer(points(tape), failing);
    check(y.tape == tape);
    check_message(tape, "transpose: axis -2 of [3]", "test_location.c", FAILING_LINE);
    wg_tape_free(tape);
}

/* The error is found before the callback, which must not be blamed. */
static wg_var failing_layer(wg_var x, wg_var (*activation)(wg_var))
{
    x = (wg_transpose)(x);
    const uint32_t held = wg_location_hold(x.tape);
    x = activation(x);
    wg_location_release(x.tape, held);
    return x;
}
#define failing_layer(...) WG_HERE(failing_layer(__VA_ARGS__))

Test(location, an_error_before_a_callback_is_not_the_callbacks)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape);
    const int here = __LINE__ + 1;
    wg_var y = failing_layer(x, snake);
    check(y.tape == tape);
    check_message(tape, "transpose: axis -2 of [3]", "test_location.c", here);
    wg_tape_free(tape);
}

Test(location, gradients_carry_the_lines_of_what_they_come_from)
{
    wg_tape *tape = wg_tape_create(NULL);
#line 200 "user.c"
    wg_var x = wg_input(tape, "x", wg_f32((const float[3]){ 0 }, WG_SHAPE(3)));
    wg_var y = wg_exp(x);
    wg_var z = wg_sin(y);
    wg_var s = wg_sum(z, WG_ALL);
    const int64_t count = tape->count;
    wg_var g = wg_grad(s, x);
#line 172 "test_location.c"
    for (int64_t node = count; node < tape->count; node++) {
        const int line = line_at(tape, node);
        check_msg(line >= 201 && line <= 203, "%%%lld has line %d", (long long)node, line);
        if (tape->record[node].op == WG__OP_cos) check_equal_i(line, 202);
    }
    check_equal_i(line_of(g), 201);
    wg_tape_free(tape);
}

Test(location, without_a_file_lines_are_inherited)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape);
    const int here = line_of(x);
    wg_var y = (wg_exp)((wg_neg)(x));
    y = wg_at(y, NULL, 0);
    check_equal_i(line_of(y), here);
    check_equal_i(line_at(tape, y.index - 1), here);
    wg_var bad = wg_at((wg_transpose)(y), NULL, 0);
    check(bad.tape == tape);
    check_text(wg_tape_message(tape), "transpose: axis -2 of [3]");
    bad = wg_at(y, NULL, 0);
    check_message(tape, "transpose: axis -2 of [3]", "test_location.c", here);
    wg_tape_free(tape);
}

Test(location, a_layer_is_named_by_its_parameter)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    wg_scope scope = wg_scope_in(wg_scope_root(tape, params, WG_TRAINING), "encoder/hidden_1");
    wg_var x = points(tape);
    wg_var w = (wg_param)(scope, "weight", WG_F32, WG_SHAPE(4, 4), (wg_initializer){ 0 });
    x = (wg_reshape)(x, WG_SHAPE(1, 3));
    const int here = __LINE__ + 1;
    wg_var y = wg_matmul(x, w);
    check(y.tape == tape);
    check_message(tape, "encoder/hidden_1: matmul: [1, 3] x [4, 4]: 3 is not 4",
                  "test_location.c", here);
    wg_tape_free(tape);
    wg_params_free(params);
}

/* Where a name is met twice, both lines are told. */
Test(location, a_repeated_name_has_two_lines)
{
    const wg_initializer zero = { .make = NULL };
    char expected[100];
    wg_params *params = wg_params_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    for (int kind = 0; kind < 3; kind++) {
        wg_tape_reset(tape);
        wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        wg_var x = { .tape = NULL };
        int line[2];
        for (int i = 0; i < 2; i++) {
            line[i] = 500 + 10 * kind + i;
            x = kind == 0   ? (wg_param)(scope, "w", WG_F32, WG_SCALAR, zero)
                : kind == 1 ? (wg_uniform)(scope, "w", WG_F32, WG_SCALAR)
                            : (wg_scalar)(tape, "w", WG_F32, 1);
            x = wg_at(x, "model.c", line[i]);
        }
        check_status(wg__var_check(x), WG_ENAME);
        snprintf(expected, sizeof expected, " (model.c:%d)", line[0]);
        check_contains(wg_tape_message(tape), expected);
        snprintf(expected, sizeof expected, " (model.c:%d)", line[1]);
        check_contains(wg_tape_message(tape), expected);
    }
    wg_tape_free(tape);
    wg_params_free(params);
}

Test(location, null_has_no_places)
{
    const wg_var null = { .tape = NULL };
    check(wg_at(null, "file.c", 1).tape == NULL);
    check_equal_i(wg_location_hold(NULL), 0);
    wg_location_release(NULL, 0);
}

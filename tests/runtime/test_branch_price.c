/* What branch masks cost: the work of a step, against the same network whose ReLU has a
 * rule of its own, where masks end.                                                              */
#include "runtime/internal.h"
#include "support/test.h"

#include <wengert/wengert.h>

static int relu_rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    (void)y;
    (void)user;
    const wg_var zero = wg_number(in[0], 0);
    gradient[0] = wg_select(wg_le(in[0], zero), zero, cotangent);
    return WG_OK;
}

static wg_var relu_without_mask(wg_var x)
{
    return wg_custom_vjp(wg_relu(x), 1, &x, relu_rule, NULL);
}

static wg_var conv_norm_relu(wg_scope scope, wg_var x, wg_activation *relu)
{
    for (int64_t i = 0; i < 2; i++) {
        const wg_scope block = wg_scope_nth(scope, "block", i);
        x = wg_conv2d(block, "conv", x, 8, 3, 3, WG_OPTIONS(wg_conv_options, .same = true));
        x = relu(wg_batch_norm(block, "norm", x, NULL));
    }
    return wg_sum(wg_square(x), WG_ALL);
}

static wg_var mlp(wg_scope scope, wg_var x, wg_activation *relu)
{
    x = wg_reshape(x, WG_SHAPE(4, -1));
    for (int64_t i = 0; i < 3; i++)
        x = relu(wg_dense(wg_scope_nth(scope, "block", i), "dense", x, 16, NULL));
    return wg_sum(wg_square(x), WG_ALL);
}

static bool is_elementwise(const wg__value *value)
{
    const wg__class class = wg__op_table[value->op].class;
    return class == WG__CLASS_LINEAR || class == WG__CLASS_MAP;
}

/* A select of a product that lies in the same tile: the two are one superinstruction. */
static bool is_select_of_product(const wg__plan *plan, const wg__value *value)
{
    if (value->op != WG__OP_select) return false;
    for (int i = 1; i <= 2; i++) {
        const wg__value *x = &plan->value[value->in[i]];
        if (x->op == WG__OP_mul && x->is_tile && x->chain == value->chain) return true;
    }
    return false;
}

/* Elements that micro-ops compute: one of a channel's numbers is not one of an image's. */
static int64_t work_of(const wg__plan *plan)
{
    int64_t count = 0;
    for (int64_t i = 0; i < plan->chain_count; i++)
        for (int64_t k = 0; k < plan->chain[i].count; k++) {
            const wg__value *value = &plan->value[plan->order[plan->chain[i].first + k]];
            if (is_elementwise(value) && !is_select_of_product(plan, value))
                count += wg__shape_count(&value->type.shape);
        }
    return count;
}

/* Of the program of a loss and all its gradients. */
static int64_t work(wg_var (*network)(wg_scope, wg_var, wg_activation *),
                         wg_activation *relu)
{
    enum { PARAMETERS_MAX = 16 };
    static float image[4 * 6 * 6 * 3];
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_params *params = wg_params_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_var x = wg_batch(tape, "x", wg_f32(image, WG_SHAPE(4, 6, 6, 3)));
    wg_var parameter[PARAMETERS_MAX], output[PARAMETERS_MAX + 1];
    output[0] = network(scope, x, relu);
    const int64_t count = wg_parameters(scope, PARAMETERS_MAX, parameter);
    check(count > 0 && count <= PARAMETERS_MAX);
    check_msg(wg_grads(output[0], count, parameter, output + 1) == WG_OK, "%s",
              wg_tape_message(tape));
    wg_program *program = wg_compile(runtime, tape, count + 1, output);
    check_msg(program != NULL, "%s", wg_tape_message(tape));
    const int64_t elements = work_of(program->frame->plan);
    wg_program_free(program);
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return elements;
}

Test(branch_price, of_a_relu_network_is_nothing)
{
    const int64_t with = work(mlp, wg_relu), without = work(mlp, relu_without_mask);
    check(without > 10);
    check_equal_i(with, without);
}

Test(branch_price, of_conv_norm_relu_is_at_most_15_percent)
{
    const int64_t with = work(conv_norm_relu, wg_relu);
    const int64_t without = work(conv_norm_relu, relu_without_mask);
    check_msg(100 * with <= 115 * without, "%lld elements, %lld without masks", (long long)with,
              (long long)without);
}

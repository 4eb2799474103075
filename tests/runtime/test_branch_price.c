/* What branch masks cost: the micro-ops of a step, against those of the same network whose ReLU has
 * a rule of its own, where masks end. Counted twice: elementwise values of the plan, one each, and
 * what its tile programs do, with each load and store of a run.                                  */
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

enum { RUN_END = 0 };         /* WG__RUN_END, the first code of ops/kernels/kernels.h */
typedef struct price { int64_t micro_ops, steps; } price;

static int64_t steps_of(const wg__tiles *tiles)
{
    int64_t count = 0;
    for (int64_t i = 0; tiles != NULL && i < tiles->micro_count; i++) {
        const wg__run_step *step = tiles->micro[i].step;
        if (tiles->micro[i].run == NULL) count++;
        else for (; step->code != RUN_END; step++) count++;
    }
    return count;
}

static price price_of(const wg__frame *frame)
{
    const wg__plan *plan = frame->plan;
    price sum = { 0, 0 };
    for (int64_t i = 0; i < plan->chain_count; i++) {
        for (int64_t k = 0; k < plan->chain[i].count; k++)
            sum.micro_ops += is_elementwise(&plan->value[plan->order[plan->chain[i].first + k]]);
        sum.steps += steps_of(frame->instruction[i].tiles);
    }
    return sum;
}

/* Of the program of a loss and all its gradients. */
static price measure(wg_var (*network)(wg_scope, wg_var, wg_activation *), wg_activation *relu)
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
    const price sum = price_of(program->frame);
    wg_program_free(program);
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return sum;
}

Test(branch_price, of_a_relu_network_is_nothing)
{
    const price with = measure(mlp, wg_relu), without = measure(mlp, relu_without_mask);
    check(without.micro_ops > 10 && without.steps > 10);
    check_equal_i(with.micro_ops, without.micro_ops);
    check_equal_i(with.steps, without.steps);
}

Test(branch_price, of_conv_norm_relu_is_at_most_15_percent)
{
    const price with = measure(conv_norm_relu, wg_relu);
    const price without = measure(conv_norm_relu, relu_without_mask);
    check_msg(100 * with.micro_ops <= 115 * without.micro_ops, "%lld micro-ops, %lld without masks",
              (long long)with.micro_ops, (long long)without.micro_ops);
    check_msg(100 * with.steps <= 115 * without.steps, "%lld steps, %lld without masks",
              (long long)with.steps, (long long)without.steps);
}

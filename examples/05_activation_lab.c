/* A bench for a new activation. Write it at the place below, composed from primitives, and run:
 *
 *   05_activation_lab             what it is: values, derivatives, errors, slopes, depth, training
 *   05_activation_lab FILE.svg    the same, and a picture
 *   05_activation_lab --table     the activations of the library as a Markdown table
 *
 * The one here is Serf (Nag & Bhattacharyya 2021), which the library has not.                    */
#include "lab/lab.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the activation ---- */

static const char name[] = "serf";
static const char formula[] = "x erf(log(1 + exp x))";

static wg_var activation(wg_var x)
{
    return wg_mul(x, wg_erf(wg_softplus(x)));
}

/* ---- the curve ---- */

enum { POINTS = 1201, SHOWN = 100, BINS = 100 };
static double x[POINTS], wide[LAB_ORDERS * POINTS], single[LAB_ORDERS * POINTS];
static double place[BINS], worst_ulp[BINS];

static int look(lab l)
{
    lab_points(-6, 6, POINTS, x);
    int status = lab_evaluate(l, activation, WG_F64, POINTS, x, LAB_ORDERS, wide);
    if (status >= 0) status = lab_evaluate(l, activation, WG_F32, POINTS, x, LAB_ORDERS, single);
    if (status < 0) return status;
    printf("%s(x) = %s\n\n", name, formula);
    printf("     x         f        f'       f''      f'''\n");
    for (int i = 0; i < POINTS; i += SHOWN) {
        printf("%6.1f", x[i]);
        for (int order = 0; order < LAB_ORDERS; order++)
            printf(" %9.5f", wide[order * POINTS + i] + 0.0);
        printf("\n");
    }
    lab_worst(POINTS, x, single, wide, BINS, place, worst_ulp);
    return WG_OK;
}

/* Errors of a derivative are told in eps of its largest value: where it crosses 0 the last place
 * has no meaning. */
static double error_of_slope(int order)
{
    double largest = 0, worst = 0;
    for (int i = order * POINTS; i < (order + 1) * POINTS; i++) {
        largest = fmax(largest, fabs(wide[i]));
        worst = fmax(worst, fabs(single[i] - wide[i]));
    }
    return worst / largest * 8388608; /* 2^23 */
}

static int judge(lab l)
{
    lab_facts facts;
    wg_error error = { 0 };
    double worst = 0;
    int status = lab_check(l, activation, &worst, &error);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, NULL, &error));
    if (status >= 0) status = lab_facts_find(l, activation, &facts);
    if (status < 0) return status;
    int flat = 0;
    for (int i = 0; i < POINTS; i++) flat += fabs(wide[POINTS + i]) < 0.01;
    char text[4][LAB_NUMBER];
    printf("\nderivatives   three orders agree with differences to %s\n",
           worst < 1e-8 ? "1e-8" : lab_number(worst, text[0]));
    printf("range         %s to %s; at -inf %s, at inf %s\n", lab_number(facts.least, text[0]),
           lab_number(facts.most, text[1]), lab_number(facts.left, text[2]),
           lab_number(facts.right, text[3]));
    printf("slope         %.5f at 0, steepest %.5f: a Lipschitz constant\n", facts.slope_at_zero,
           facts.steepest);
    printf("saturation    the slope is below 0.01 on %.1f%% of -6 .. 6\n",
           100.0 * flat / (double)POINTS);
    printf("f32 error     value %.1f ulp at %.4g; derivatives %.1f, %.1f, %.1f eps of their "
           "largest\n", facts.ulp, facts.ulp_at, error_of_slope(1), error_of_slope(2),
           error_of_slope(3));
    printf("cost          %d primitives, %d with the slope\n", facts.value_ops, facts.slope_ops);
    return WG_OK;
}

/* ---- depth: what twenty layers do to a signal and to a gradient ---- */

enum { DEPTH = 20, WIDTH = 64, ROWS = 256, INITIALISERS = 4 };
static const char *const initialiser_name[INITIALISERS] = { "xavier", "he", "glorot",
                                                            "orthogonal" };
static double layer[DEPTH + 1], signal[INITIALISERS][DEPTH + 1],
    gradient[INITIALISERS][DEPTH + 1];

static wg_initializer initialiser(int index)
{
    switch (index) {
    case 0: return wg_init_xavier();
    case 1: return wg_init_he();
    case 2: return wg_init_glorot();
    default: return wg_init_orthogonal(1);
    }
}

/* Mean squares of what each layer gives, and of the gradient that reaches it. */
static int descend(lab l, int index)
{
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 5));
    wg_tape_reset(l.tape);
    wg_scope scope = wg_scope_root(l.tape, params, WG_TRAINING);
    wg_var h[DEPTH + 1], g[DEPTH + 1], wanted[2 * DEPTH + 2];
    h[0] = wg_normal(scope, "x", WG_F32, WG_SHAPE(ROWS, WIDTH));
    for (int i = 0; i < DEPTH; i++)
        h[i + 1] = wg_dense(wg_scope_nth(scope, "layer", i), "dense", h[i], WIDTH,
                            WG_OPTIONS(wg_dense_options, .activation = activation,
                                       .without_bias = true, .weight = initialiser(index)));
    wg_var pull = wg_normal(scope, "pull", WG_F32, WG_SHAPE(ROWS, WIDTH));
    int status = wg_grads(wg_dot(h[DEPTH], pull), DEPTH + 1, h, g);
    for (int i = 0; status >= 0 && i <= DEPTH; i++) {
        wanted[i] = wg_mean(wg_square(h[i]), WG_ALL);
        wanted[DEPTH + 1 + i] = wg_mean(wg_square(g[i]), WG_ALL);
    }
    double value[2 * DEPTH + 2];
    if (status >= 0) status = wg_items(l.runtime, 2 * DEPTH + 2, wanted, value);
    for (int i = 0; status >= 0 && i <= DEPTH; i++) {
        signal[index][i] = value[i];
        gradient[index][i] = value[DEPTH + 1 + i];
    }
    wg_tape_reset(l.tape);
    wg_params_free(params);
    return status;
}

static int dive(lab l)
{
    printf("\n%d layers of %d   signal at the end   gradient at the start\n", DEPTH, WIDTH);
    for (int i = 0; i <= DEPTH; i++) layer[i] = i;
    for (int k = 0; k < INITIALISERS; k++) {
        const int status = descend(l, k);
        if (status < 0) return status;
        printf("  %-14s %19.2e %23.2e\n", initialiser_name[k], signal[k][DEPTH], gradient[k][0]);
    }
    return WG_OK;
}

/* ---- training: two small problems, beside three activations that are known ---- */

enum { SAMPLES = 192, STEPS = 300, RIVALS = 4 };
static const char *const rival_name[RIVALS] = { name, "relu", "gelu", "mish" };
static double step_index[STEPS], course[2][RIVALS][STEPS];

/* Two spirals to tell apart; a Chebyshev polynomial of the fifth degree to follow. */
static void make_data(float *spiral, int32_t *arm, float *line, float *height)
{
    const double count = SAMPLES;
    for (int i = 0; i < SAMPLES; i++) {
        const double r = 0.1 + 1.8 * (i / 2) / count, angle = 4 * r + 3.141592654 * (i % 2);
        spiral[2 * i] = (float)(r * sin(angle));
        spiral[2 * i + 1] = (float)(r * cos(angle));
        arm[i] = i % 2;
        const double t = (2 * i + 1 - count) / count;
        line[i] = (float)t;
        height[i] = (float)(((16 * t * t - 20) * t * t + 5) * t);
    }
}

static wg_var network(wg_scope scope, wg_var in, int64_t outputs, wg_activation *f)
{
    const wg_dense_options options = { .activation = f, .weight = wg_init_he() };
    wg_var h = wg_dense(scope, "hidden_1", in, 24, &options);
    h = wg_dense(scope, "hidden_2", h, 24, &options);
    return wg_dense(scope, "output", h, outputs, NULL);
}

/* The loss at each step; *score is the accuracy at the end, or the error's root mean square. */
static int train(lab l, wg_activation *f, bool is_spiral, double *loss, double *score)
{
    static float spiral[2 * SAMPLES], line[SAMPLES], height[SAMPLES];
    static int32_t arm[SAMPLES];
    make_data(spiral, arm, line, height);
    const wg_optimizer adam = wg_adam(1e-2, NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 3));
    int status = WG_OK;
    for (int step = 0; step < STEPS && status >= 0; step++) {
        wg_tape_reset(l.tape);
        wg_scope scope = wg_scope_root(l.tape, params, WG_TRAINING);
        wg_var in = is_spiral ? wg_batch(l.tape, "x", wg_f32(spiral, WG_SHAPE(SAMPLES, 2)))
                              : wg_batch(l.tape, "x", wg_f32(line, WG_SHAPE(SAMPLES, 1)));
        wg_var t = is_spiral ? wg_batch(l.tape, "t", wg_i32(arm, WG_SHAPE(SAMPLES)))
                             : wg_batch(l.tape, "t", wg_f32(height, WG_SHAPE(SAMPLES, 1)));
        wg_var out = network(scope, in, is_spiral ? 2 : 1, f), wanted[2];
        wg_loss *const loss_of = is_spiral ? wg_cross_entropy : wg_squared_error;
        wanted[0] = wg_mean(WG_HERE(loss_of(out, t)), WG_ALL);
        wanted[1] = is_spiral ? wg_mean(wg_accuracy(out, t), WG_ALL) : wg_sqrt(wanted[0]);
        wg_minimize(&adam, scope, wanted[0]);
        double value[2];
        status = wg_items(l.runtime, 2, wanted, value);
        loss[step] = value[0];
        *score = value[1];
    }
    wg_tape_reset(l.tape);
    wg_params_free(params);
    return status;
}

static int compete(lab l)
{
    wg_activation *const rival[RIVALS] = { activation, wg_relu, wg_gelu, wg_mish };
    printf("\nafter %d steps   spirals: loss, accuracy   polynomial: loss, error\n", STEPS);
    for (int i = 0; i < STEPS; i++) step_index[i] = i;
    for (int k = 0; k < RIVALS; k++) {
        double score[2];
        int status = train(l, rival[k], true, course[0][k], &score[0]);
        if (status >= 0) status = train(l, rival[k], false, course[1][k], &score[1]);
        if (status < 0) return status;
        printf("  %-6s %25.4f, %.3f %19.5f, %.3f\n", rival_name[k], course[0][k][STEPS - 1],
               score[0], course[1][k][STEPS - 1], score[1]);
    }
    return WG_OK;
}

/* ---- the picture ---- */

static int draw(const char *path)
{
    static const char *const order_name[LAB_ORDERS] = { "f", "f′", "f″", "f‴" };
    lab_panel panel[6] = {
        { .title = "Value and three derivatives", .x_label = "x", .y_label = "", .lower = -1,
          .upper = 3, .line_count = LAB_ORDERS },
        { .title = "Error in f32", .x_label = "x", .y_label = "ulp", .line_count = 1,
          .line = { { "worst of 12 values", BINS, place, worst_ulp } } },
        { .title = "Signal through 20 layers", .x_label = "layer", .y_label = "mean square",
          .is_log = true, .line_count = INITIALISERS },
        { .title = "Gradient on its way back", .x_label = "layer", .y_label = "mean square",
          .is_log = true, .line_count = INITIALISERS },
        { .title = "Learning two spirals", .x_label = "step", .y_label = "cross-entropy",
          .is_log = true, .line_count = RIVALS },
        { .title = "Learning a polynomial", .x_label = "step", .y_label = "squared error",
          .is_log = true, .line_count = RIVALS },
    };
    for (int k = 0; k < 4; k++) {
        panel[0].line[k] = (lab_line){ order_name[k], POINTS, x, wide + k * POINTS };
        panel[2].line[k] = (lab_line){ initialiser_name[k], DEPTH + 1, layer, signal[k] };
        panel[3].line[k] = (lab_line){ initialiser_name[k], DEPTH + 1, layer, gradient[k] };
        panel[4].line[k] = (lab_line){ rival_name[k], STEPS, step_index, course[0][k] };
        panel[5].line[k] = (lab_line){ rival_name[k], STEPS, step_index, course[1][k] };
    }
    char title[80];
    snprintf(title, sizeof title, "Activation lab: %s", name);
    return lab_draw(path, title, formula, 6, panel);
}

/* ---- the library's ---- */

static wg_params *own; /* of those that have parameters */

static wg_scope scope_of(wg_var in)
{
    const wg_scope root = wg_scope_root(in.tape, own, WG_EVALUATION);
    return wg_scope_in(root, wg_dtype_name(wg_dtype_of(in)));
}

static wg_var prelu(wg_var in)
{
    return wg_squeeze(wg_prelu(scope_of(in), "prelu", wg_expand(in, -1)), WG_AXES(-1));
}

/* Of the number and its negative. */
static wg_var maxout(wg_var in)
{
    return wg_squeeze(wg_maxout(scope_of(in), "maxout", wg_expand(in, -1), 1, 2), WG_AXES(-1));
}

static wg_var twice(wg_var in)
{
    return wg_stack(2, (const wg_var[2]){ in, in }, -1);
}

static wg_var glu(wg_var in)
{
    return wg_squeeze(wg_glu(twice(in)), WG_AXES(-1));
}

static wg_var swiglu(wg_var in)
{
    return wg_squeeze(wg_swiglu(twice(in)), WG_AXES(-1));
}

static wg_var geglu(wg_var in)
{
    return wg_squeeze(wg_geglu(twice(in)), WG_AXES(-1));
}

static int own_create(void)
{
    const double sides[2] = { 1, -1 };
    const float sides_f32[2] = { 1, -1 };
    own = wg_params_create(NULL);
    if (own == NULL) return WG_EMEMORY;
    int status = wg_params_set(own, "f64/maxout/weight", wg_f64(sides, WG_SHAPE(1, 2)));
    if (status >= 0)
        status = wg_params_set(own, "f32/maxout/weight", wg_f32(sides_f32, WG_SHAPE(1, 2)));
    return status;
}

static int print_table(lab l)
{
    static const char *const names[] = {
        "identity", "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "hardtanh",
        "hardsigmoid", "hardswish", "sigmoid", "log_sigmoid", "softplus", "tanh", "softsign",
        "tanhshrink", "silu", "mish", "gelu", "gelu_tanh", "snake",
    };
    enum { NAMED = sizeof names / sizeof names[0], COUNT = NAMED + 5 };
    lab_entry entry[COUNT] = {
        [NAMED] = { "glu", glu }, { "swiglu", swiglu }, { "geglu", geglu }, { "prelu", prelu },
        { "maxout", maxout },
    };
    for (int i = 0; i < NAMED; i++)
        entry[i] = (lab_entry){ names[i], wg_activation_find(names[i]) };
    printf("# Activations\n\n"
           "Made by `05_activation_lab --table` from the functions themselves; the test command "
           "makes it\nagain and compares. Range and steepest slope are those of 8,001 "
           "points between -20 and 20\nand of the ends; the error of f32 is the worst against f64 "
           "between -10 and 10, in units in the\nlast place and in eps (2^-23) of the larger of "
           "the value and 1; primitives are the recorded\noperations of a value, and of a value "
           "and its slope. Both halves of `glu`, `swiglu` and `geglu` are x;\n`prelu` has its "
           "first slope, and `maxout` the larger of x and -x. What each is, with its "
           "accuracy\nat all orders and its source, stands in [`activation.h`]"
           "(../graph/include/wengert/nn/activation.h).\n\n");
    int status = own_create();
    if (status >= 0) status = lab_table(l, COUNT, entry);
    wg_tape_reset(l.tape);
    wg_params_free(own);
    return status;
}

int main(int argc, char **argv)
{
    const lab l = lab_open();
    if (argc > 1 && strcmp(argv[1], "--table") == 0) return lab_close(l, print_table(l));
    int status = look(l);
    if (status >= 0) status = judge(l);
    if (status >= 0) status = dive(l);
    if (status >= 0) status = compete(l);
    if (status >= 0 && argc > 1) status = draw(argv[1]);
    return lab_close(l, status);
}

/* A bench for a new loss. Write it at the place below, composed from primitives, and run:
 *
 *   06_loss_lab             its curve, gradient and curvature, extreme logits, label noise
 *   06_loss_lab FILE.svg    the same, and a picture
 *   06_loss_lab --table     the losses of the library as a Markdown table
 *
 * The one here is generalised cross-entropy (Zhang & Sabuncu 2018) of two classes, (1 - p^q) / q of
 * the probability p of what is true: between cross-entropy (q = 0) and absolute error (q = 1).   */
#include "lab/lab.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the loss ---- */

static const char name[] = "generalised";
static const char formula[] = "(1 - p^0.7) / 0.7, p the probability of what is true";

/* log p is -softplus of the logit, mirrored where the target is 1: no p is ever formed. */
static wg_var loss(wg_var logits, wg_var target)
{
    const double q = 0.7;
    wg_var cost = wg_binary_cross_entropy(logits, target); /* -log p */
    return wg_scale(wg_neg(wg_expm1(wg_scale(cost, -q))), 1 / q);
}

/* ---- the curve, where 1 is true ---- */

enum { RIVALS = 3, POINTS = 1201, SHOWN = 100 };
static wg_loss *const rival[RIVALS] = { loss, wg_binary_cross_entropy, wg_focal };
static const char *const rival_name[RIVALS] = { "generalised", "cross-entropy", "focal" };
static double x[POINTS], wide[RIVALS][3 * POINTS];

static wg_var is_true(wg_var logit)
{
    return wg_full(logit.tape, WG_BOOL, WG_SCALAR, 1);
}

static wg_var of_logit(wg_var logit)
{
    return loss(logit, is_true(logit));
}

static wg_var cross_entropy_of_logit(wg_var logit)
{
    return wg_binary_cross_entropy(logit, is_true(logit));
}

static wg_var focal_of_logit(wg_var logit)
{
    return wg_focal(logit, is_true(logit));
}

static int look(lab l)
{
    wg_activation *const f[RIVALS] = { of_logit, cross_entropy_of_logit, focal_of_logit };
    lab_points(-6, 6, POINTS, x);
    for (int k = 0; k < RIVALS; k++) {
        const int status = lab_evaluate(l, f[k], WG_F64, POINTS, x, 3, wide[k]);
        if (status < 0) return status;
    }
    printf("%s: %s\n\n", name, formula);
    printf(" logit      loss  gradient curvature   of cross-entropy\n");
    for (int i = 0; i < POINTS; i += SHOWN)
        printf("%6.1f %9.5f %9.5f %9.5f %9.5f %9.5f %9.5f\n", x[i], wide[0][i],
               wide[0][POINTS + i], wide[0][2 * POINTS + i] + 0.0, wide[1][i],
               wide[1][POINTS + i], wide[1][2 * POINTS + i]);
    return WG_OK;
}

static int look_far(lab l)
{
    enum { FAR = 6 };
    const double far[FAR] = { -INFINITY, -1e4, -50, 50, 1e4, INFINITY };
    double value[3 * FAR];
    const int status = lab_evaluate(l, of_logit, WG_F64, FAR, far, 3, value);
    if (status < 0) return status;
    printf("\nextreme logits      loss   gradient  curvature\n");
    for (int i = 0; i < FAR; i++) {
        char text[4][LAB_NUMBER];
        printf("%8s %15s %10s %10s\n", lab_number(far[i], text[0]),
               lab_number(value[i], text[1]), lab_number(value[FAR + i], text[2]),
               lab_number(value[2 * FAR + i], text[3]));
    }
    return WG_OK;
}

static int judge(lab l)
{
    lab_facts facts;
    wg_error error = { 0 };
    double worst = 0;
    int status = lab_check(l, of_logit, &worst, &error);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, NULL, &error));
    if (status >= 0) status = lab_facts_find(l, of_logit, &facts);
    if (status < 0) return status;
    char text[LAB_NUMBER];
    printf("\nderivatives   three orders agree with differences to %s\n",
           worst < 1e-8 ? "1e-8" : lab_number(worst, text));
    printf("bounds        from %.4g to %.4g; steepest %.4f\n", facts.least + 0.0, facts.most,
           facts.steepest);
    printf("f32 error     %.1f ulp at %.4g\n", facts.ulp, facts.ulp_at);
    printf("cost          %d primitives, %d with the gradient\n", facts.value_ops,
           facts.slope_ops);
    return WG_OK;
}

/* ---- label noise: which points of a square lie in a disc, when some answers are wrong ---- */

enum { TRAINING = 400, TEST = 1000, STEPS = 200, NOISES = 5 };
static double noise[NOISES], accuracy[RIVALS][NOISES];
static double step_index[STEPS], course[RIVALS][STEPS]; /* at the noise of MARKED */
enum { MARKED = 2 };

/* Numbers in 0 .. 1 (Knuth's linear congruence). */
static double draw_number(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 40) / 16777216;
}

/* A point of the square and whether it lies in the disc, which is half as large. */
static void make_points(uint64_t seed, int count, double flipped, float *point, float *label)
{
    for (int i = 0; i < count; i++) {
        const double a = 2 * draw_number(&seed) - 1, b = 2 * draw_number(&seed) - 1;
        const bool is_wrong = draw_number(&seed) < flipped;
        point[2 * i] = (float)a;
        point[2 * i + 1] = (float)b;
        label[i] = (a * a + b * b < 0.63) != is_wrong ? 1 : 0;
    }
}

static wg_var network(wg_scope scope, wg_var in)
{
    const wg_dense_options options = { .activation = wg_tanh };
    wg_var h = wg_dense(scope, "hidden_1", in, 32, &options);
    h = wg_dense(scope, "hidden_2", h, 32, &options);
    return wg_dense(scope, "logit", h, 1, NULL);
}

/* Trains on labels of which a share is wrong; right[step] is the accuracy on a clean test set. */
static int train(lab l, wg_loss *f, double flipped, double *right)
{
    static float point[2 * TRAINING], label[TRAINING], test_point[2 * TEST], test_label[TEST];
    make_points(1, TRAINING, flipped, point, label);
    make_points(2, TEST, 0, test_point, test_label);
    const wg_optimizer adam = wg_adam(2e-2, NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 9));
    int status = WG_OK;
    for (int step = 0; step < STEPS && status >= 0; step++) {
        wg_tape_reset(l.tape);
        wg_scope scope = wg_scope_root(l.tape, params, WG_TRAINING);
        wg_scope net = wg_scope_shared(scope, "net");
        wg_var in = wg_batch(l.tape, "x", wg_f32(point, WG_SHAPE(TRAINING, 2)));
        wg_var t = wg_batch(l.tape, "t", wg_f32(label, WG_SHAPE(TRAINING, 1)));
        wg_var test = wg_batch(l.tape, "test", wg_f32(test_point, WG_SHAPE(TEST, 2)));
        wg_var truth = wg_batch(l.tape, "truth", wg_f32(test_label, WG_SHAPE(TEST, 1)));
        wg_var found = wg_gt(network(net, test), wg_number(test, 0));
        wg_var same = wg_eq(found, wg_cast(truth, WG_BOOL));
        wg_var share = wg_mean(wg_cast(same, WG_F32), WG_ALL);
        wg_minimize(&adam, scope, wg_mean(f(network(net, in), t), WG_ALL));
        status = wg_item(l.runtime, share, &right[step]);
    }
    wg_tape_reset(l.tape);
    wg_params_free(params);
    return status;
}

static int disturb(lab l)
{
    printf("\naccuracy on a clean test set, by the share of training labels that is wrong\n");
    printf("  %-14s", "");
    for (int i = 0; i < NOISES; i++) {
        noise[i] = 10 * i;
        printf("%6.0f%%", noise[i]);
    }
    printf("\n");
    for (int i = 0; i < STEPS; i++) step_index[i] = i;
    for (int k = 0; k < RIVALS; k++) {
        printf("  %-14s", rival_name[k]);
        for (int i = 0; i < NOISES; i++) {
            double right[STEPS];
            const int status = train(l, rival[k], noise[i] / 100, right);
            if (status < 0) return status;
            accuracy[k][i] = right[STEPS - 1];
            if (i == MARKED) memcpy(course[k], right, sizeof right);
            printf("%7.3f", accuracy[k][i]);
        }
        printf("\n");
    }
    return WG_OK;
}

/* ---- the picture ---- */

static int draw(const char *path)
{
    lab_panel panel[4] = {
        { .title = "Loss where 1 is true", .x_label = "logit", .y_label = "", .lower = 0,
          .upper = 4, .line_count = RIVALS },
        { .title = "Gradient", .x_label = "logit", .y_label = "", .line_count = RIVALS },
        { .title = "Curvature", .x_label = "logit", .y_label = "", .line_count = RIVALS },
        { .title = "Learning with 20% of labels wrong", .x_label = "step",
          .y_label = "accuracy, clean", .lower = 0.5, .upper = 1, .line_count = RIVALS },
    };
    for (int k = 0; k < RIVALS; k++) {
        for (int order = 0; order < 3; order++)
            panel[order].line[k] =
                (lab_line){ rival_name[k], POINTS, x, wide[k] + order * POINTS };
        panel[3].line[k] = (lab_line){ rival_name[k], STEPS, step_index, course[k] };
    }
    char title[80];
    snprintf(title, sizeof title, "Loss lab: %s", name);
    return lab_draw(path, title, formula, 4, panel);
}

/* ---- the library's, as functions of the output ---- */

static wg_var zero(wg_var like)
{
    return wg_number(like, 0);
}

static wg_var squared_error(wg_var e)
{
    return wg_squared_error(e, zero(e));
}

static wg_var absolute_error(wg_var e)
{
    return wg_absolute_error(e, zero(e));
}

static wg_var huber(wg_var e)
{
    return wg_huber(e, zero(e));
}

static wg_var log_cosh(wg_var e)
{
    return wg_log_cosh(e, zero(e));
}

static wg_var quantile(wg_var e)
{
    return wg_quantile_with(e, zero(e), 0.9);
}

static wg_var hinge(wg_var e)
{
    return wg_hinge(e, wg_number(e, 1));
}

static wg_var bernoulli(wg_var e)
{
    return wg_bernoulli_nll(wg_sigmoid(e), is_true(e));
}

/* [..., 2] */
static wg_var pair_of(wg_var first, wg_var second)
{
    return wg_stack(2, (const wg_var[2]){ first, second }, -1);
}

static wg_var cross_entropy(wg_var e)
{
    wg_var two = pair_of(wg_full_like(e, 0), e);
    return wg_cross_entropy(two, wg_full(e.tape, WG_I32, WG_SCALAR, 1));
}

static wg_var smoothed(wg_var e)
{
    wg_var two = pair_of(wg_full_like(e, 0), e);
    return wg_cross_entropy_with(two, wg_full(e.tape, WG_I32, WG_SCALAR, 1),
                                 WG_OPTIONS(wg_cross_entropy_options, .smoothing = 0.1));
}

static wg_var divergence(wg_var e)
{
    wg_var even = pair_of(wg_full_like(e, 0.5), wg_full_like(e, 0.5));
    return wg_kl_divergence(wg_log_softmax(pair_of(wg_full_like(e, 0), e), -1), even);
}

/* One place, which must say class 1. */
static wg_var ctc(wg_var e)
{
    const int64_t count = wg_shape_count(wg_shape_of(e));
    wg_var two = wg_reshape(pair_of(wg_full_like(e, 0), e), WG_SHAPE(count, 1, 2));
    wg_var said = wg_full(e.tape, WG_I32, WG_SHAPE(count, 1), 1);
    return wg_reshape(wg_ctc(two, said, (wg_var){ 0 }, (wg_var){ 0 }), wg_shape_of(e));
}

static wg_var poisson(wg_var e)
{
    return wg_poisson_nll(e, wg_number(e, 2));
}

static wg_var gaussian(wg_var e)
{
    wg_var mean_and_log_variance = pair_of(e, wg_full_like(e, 0));
    return wg_squeeze(wg_gaussian_nll(mean_and_log_variance, zero(e)), WG_AXES(-1));
}

/* The directions of (x, 1) and (1, 0). */
static wg_var cosine(wg_var e)
{
    wg_var one = wg_full_like(e, 1);
    return wg_cosine_distance(pair_of(e, one), pair_of(one, wg_full_like(e, 0)));
}

/* (x, 1) must choose (1, 0), and not (0, 1). */
static wg_var contrastive(wg_var e)
{
    wg_var one = wg_full_like(e, 1), none = wg_full_like(e, 0);
    const wg_var rows[2] = { pair_of(e, one), pair_of(none, one) };
    const wg_var among[2] = { pair_of(one, none), pair_of(none, one) };
    wg_var cost = wg_contrastive(wg_stack(2, rows, -2), wg_stack(2, among, -2), 1);
    return wg_squeeze(wg_slice(cost, -1, 0, 1, 1), WG_AXES(-1));
}

/* x must be nearer to 1 than to -1. */
static wg_var triplet(wg_var e)
{
    wg_var anchor = wg_expand(e, -1);
    return wg_triplet(anchor, wg_full_like(anchor, 1), wg_full_like(anchor, -1), 1);
}

static int print_table(lab l)
{
    const lab_entry entry[] = {
        { "squared_error", squared_error }, { "absolute_error", absolute_error },
        { "huber", huber }, { "log_cosh", log_cosh }, { "quantile_with 0.9", quantile },
        { "hinge", hinge }, { "binary_cross_entropy", cross_entropy_of_logit },
        { "focal", focal_of_logit }, { "bernoulli_nll", bernoulli },
        { "cross_entropy", cross_entropy }, { "cross_entropy_with 0.1", smoothed },
        { "kl_divergence", divergence }, { "ctc", ctc }, { "poisson_nll", poisson },
        { "gaussian_nll", gaussian }, { "cosine_distance", cosine },
        { "contrastive", contrastive }, { "triplet", triplet },
    };
    printf("# Losses\n\nMade by `06_loss_lab --table` from the functions themselves; the test "
           "command makes it again and\ncompares. Each is a function of one output x:\n\n"
           "- of the error, to target 0, down to `quantile_with`;\n"
           "- of the logit of what is true from `hinge` to `bernoulli_nll`, which is given its "
           "sigmoid;\n"
           "- of the logit of one class of two: the true one, smoothed by 0.1, against even "
           "probabilities, and\n  to be said in one place (`ctc`);\n"
           "- of a log rate (target 2), and of a mean (target 0, variance 1);\n"
           "- of the direction of (x, 1), which should be that of (1, 0), alone and against "
           "(0, 1); and of a place\n  that should be nearer to 1 than to -1 (`triplet`).\n\n"
           "The columns are those of [activations](activations.md); where a loss vanishes, an ulp "
           "does too, and\nthe error in eps is the one to look at. What each is, with its accuracy "
           "at all orders and its source,\nstands in [`loss.h`]"
           "(../graph/include/wengert/nn/loss.h).\n\n");
    return lab_table(l, (int)(sizeof entry / sizeof entry[0]), entry);
}

int main(int argc, char **argv)
{
    const lab l = lab_open();
    if (argc > 1 && strcmp(argv[1], "--table") == 0) return lab_close(l, print_table(l));
    int status = look(l);
    if (status >= 0) status = look_far(l);
    if (status >= 0) status = judge(l);
    if (status >= 0) status = disturb(l);
    if (status >= 0 && argc > 1) status = draw(argv[1]);
    return lab_close(l, status);
}

/* The programs p05, p07, p08, p12 and p15 as a user would run them: a CNN from image files, a
 * transformer, two networks that train against each other, Newton's method, rules and kernels of
 * one's own. What they compute is compared with the same in double, or with the same statements one
 * by one. */
#include "support/test.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wengert/wengert.h>

int p05_cnn_main(void);
wg_var language_model(wg_scope scope, wg_var tokens, wg_var lengths);
int gan_step(wg_runtime *runtime, wg_tape *tape, wg_params *params, wg_view real_rows,
             double loss[2]);
int newton_cg(wg_runtime *runtime, wg_view x_rows, wg_view t_rows, double w[26]);
wg_var features(wg_var x);

/* A number in [-1, 1) that depends on i alone. */
static double wave(int64_t i)
{
    return (double)((i * 2654435761u) % 4096) / 2048.0 - 1;
}

/* ---- p05: image files to a trained network ---- */

enum { IMAGES = 200, SIDE = 8 };

/* Ten patterns of bars with noise, in IDX. That the files are not compressed is the reader's. */
static void write_images(void)
{
    const unsigned char head[16] = { 0, 0, 8, 3, 0, 0, 0, IMAGES, 0, 0, 0, SIDE, 0, 0, 0, SIDE };
    const unsigned char label_head[8] = { 0, 0, 8, 1, 0, 0, 0, IMAGES };
    FILE *images = fopen("images.gz", "wb"), *labels = fopen("labels.gz", "wb");
    check(images != NULL && labels != NULL);
    check(fwrite(head, 1, 16, images) == 16 && fwrite(label_head, 1, 8, labels) == 8);
    for (int i = 0; i < IMAGES; i++) {
        fputc(i % 10, labels);
        for (int j = 0; j < SIDE * SIDE; j++) {
            const int bar = (i % 10 * 7919 >> j % 16) & 1 ? 180 : 20;
            fputc(bar + (int)(50 * (1 + wave(64 * i + j)) / 2), images);
        }
    }
    check(fclose(images) == 0 && fclose(labels) == 0);
}

Test(networks, p05_trains_from_image_files_and_says_what_is_missing)
{
    char before[1024], path[] = "/tmp/wengert_XXXXXX";
    check(getcwd(before, sizeof before) != NULL);
    check(mkdtemp(path) != NULL && chdir(path) == 0);
    check_equal_i(p05_cnn_main(), 1); /* no such file */
    write_images();
    check_equal_i(p05_cnn_main(), 0);
    check(truncate("labels.gz", 20) == 0);
    check_equal_i(p05_cnn_main(), 1);
    check(unlink("images.gz") == 0 && unlink("labels.gz") == 0);
    check(chdir(before) == 0 && rmdir(path) == 0);
}

/* ---- p07: a transformer, once more in double ---- */

enum { TOKENS = 6, WIDTH = 256, HEADS = 8, BLOCKS = 6, WORDS = 8192 };

static const float *at_path(const wg_params *params, const char *scope, const char *name)
{
    char path[100];
    wg_view view;
    snprintf(path, sizeof path, "%s%s", scope, name);
    check_msg(wg_params_find(params, path, &view) == WG_OK, "%s", path);
    return view.data;
}

static void dense(const wg_params *params, const char *scope, const char *name, int64_t in,
                  int64_t out, const double *x, double *y)
{
    char path[80];
    snprintf(path, sizeof path, "%s/weight", name);
    const float *w = at_path(params, scope, path);
    snprintf(path, sizeof path, "%s/bias", name);
    const float *b = at_path(params, scope, path);
    for (int64_t t = 0; t < TOKENS; t++) {
        for (int64_t j = 0; j < out; j++) y[t * out + j] = (double)b[j];
        for (int64_t i = 0; i < in; i++)
            for (int64_t j = 0; j < out; j++)
                y[t * out + j] += x[t * in + i] * (double)w[i * out + j];
    }
}

static void norm(const wg_params *params, const char *scope, const char *name, const double *x,
                 double *y)
{
    char path[80];
    snprintf(path, sizeof path, "%s/scale", name);
    const float *scale = at_path(params, scope, path);
    snprintf(path, sizeof path, "%s/bias", name);
    const float *bias = at_path(params, scope, path);
    for (int64_t t = 0; t < TOKENS; t++) {
        double mean = 0, variance = 0;
        for (int i = 0; i < WIDTH; i++) mean += x[t * WIDTH + i] / (double)WIDTH;
        for (int i = 0; i < WIDTH; i++) {
            const double left = x[t * WIDTH + i] - mean;
            variance += left * left / (double)WIDTH;
        }
        for (int i = 0; i < WIDTH; i++)
            y[t * WIDTH + i] = (x[t * WIDTH + i] - mean) / sqrt(variance + 1e-5) *
                                   (double)scale[i] + (double)bias[i];
    }
}

/* Each token looks at those up to it, as far as they are real. */
static void attend(const double *query, const double *key, const double *value, int64_t real,
                   double *out)
{
    const int64_t width = WIDTH / HEADS;
    memset(out, 0, sizeof *out * TOKENS * WIDTH);
    for (int64_t h = 0; h < HEADS; h++)
        for (int64_t t = 0; t < TOKENS; t++) {
            double weight[TOKENS], sum = 0;
            const int64_t count = t + 1 < real ? t + 1 : real;
            for (int64_t s = 0; s < count; s++) {
                double score = 0;
                for (int64_t i = h * width; i < (h + 1) * width; i++)
                    score += query[t * WIDTH + i] * key[s * WIDTH + i];
                sum += weight[s] = exp(score / sqrt((double)width));
            }
            for (int64_t s = 0; s < count; s++)
                for (int64_t i = h * width; i < (h + 1) * width; i++)
                    out[t * WIDTH + i] += weight[s] / sum * value[s * WIDTH + i];
        }
}

/* Values of one sequence on their way through a block. */
typedef struct activity {
    double x[TOKENS * WIDTH], y[TOKENS * WIDTH], query[TOKENS * WIDTH], key[TOKENS * WIDTH];
    double value[TOKENS * WIDTH], up[TOKENS * 4 * WIDTH];
} activity;

static void block(const wg_params *params, const char *scope, int64_t real, activity *a)
{
    norm(params, scope, "norm_1", a->x, a->y);
    dense(params, scope, "attention/query", WIDTH, WIDTH, a->y, a->query);
    dense(params, scope, "attention/key", WIDTH, WIDTH, a->y, a->key);
    dense(params, scope, "attention/value", WIDTH, WIDTH, a->y, a->value);
    attend(a->query, a->key, a->value, real, a->y);
    dense(params, scope, "attention/out", WIDTH, WIDTH, a->y, a->query);
    for (int i = 0; i < TOKENS * WIDTH; i++) a->x[i] += a->query[i];
    norm(params, scope, "norm_2", a->x, a->y);
    dense(params, scope, "up", WIDTH, 4 * WIDTH, a->y, a->up);
    for (int i = 0; i < TOKENS * 4 * WIDTH; i++)
        a->up[i] *= erfc(-a->up[i] / sqrt(2.0)) / 2;
    dense(params, scope, "down", 4 * WIDTH, WIDTH, a->up, a->y);
    for (int i = 0; i < TOKENS * WIDTH; i++) a->x[i] += a->y[i];
}

/* Logits of every 61st word at each token. */
static void check_logits(const wg_params *params, const int32_t *token, int64_t real,
                         const float *logits)
{
    static activity a;
    const float *table = at_path(params, "", "words"), *place = at_path(params, "", "places");
    for (int64_t t = 0; t < TOKENS; t++)
        for (int64_t i = 0; i < WIDTH; i++)
            a.x[t * WIDTH + i] = (double)table[token[t] * WIDTH + i] + (double)place[t * WIDTH + i];
    for (int k = 0; k < BLOCKS; k++) {
        char scope[20];
        snprintf(scope, sizeof scope, "block_%d/", k);
        block(params, scope, real, &a);
    }
    norm(params, "", "norm", a.x, a.y);
    for (int64_t t = 0; t < TOKENS; t++)
        for (int64_t word = 0; word < WORDS; word += 61) {
            double sum = 0;
            for (int64_t i = 0; i < WIDTH; i++)
                sum += a.y[t * WIDTH + i] * (double)table[word * WIDTH + i];
            /* Sums of 256 terms of size 1 / 50 of values of size 1, which thirty layers rounded to
             * 2^-24 each: about 256 / 50 * 30 * 6e-8 if all errors had one sign. */
            check_close(logits[t * WORDS + word], sum, 1e-5);
        }
}

/* Two sequences, the second of four real tokens. */
static void read_logits(wg_runtime *runtime, wg_params *params, const int32_t *tokens,
                        float *logits)
{
    const int32_t lengths[2] = { TOKENS, 4 };
    wg_tape *tape = wg_tape_create(NULL);
    const wg_scope scope = wg_scope_root(tape, params, WG_EVALUATION);
    wg_var y = language_model(scope, wg_batch(tape, "tokens", wg_i32(tokens, WG_SHAPE(2, TOKENS))),
                              wg_batch(tape, "lengths", wg_i32(lengths, WG_SHAPE(2))));
    const int status = wg_read_f32(runtime, y, logits, 2 * TOKENS * WORDS);
    check_msg(status >= 0, "%s", wg_explain(status, tape, NULL));
    wg_tape_free(tape);
}

Test(networks, p07_is_the_same_transformer_in_double_and_sees_what_it_may)
{
    int32_t tokens[2 * TOKENS];
    for (int i = 0; i < 2 * TOKENS; i++) tokens[i] = (i * 977 + 5) % WORDS;
    const size_t bytes = sizeof(float) * 2 * TOKENS * WORDS;
    float *logits = malloc(bytes), *other = malloc(bytes);
    check(logits != NULL && other != NULL);
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 7));
    read_logits(runtime, params, tokens, logits);
    check_logits(params, tokens, TOKENS, logits);
    check_logits(params, tokens + TOKENS, 4, logits + TOKENS * WORDS);
    /* The last real token of the first, and one behind the end of the second, change: all bits of
     * the tokens that cannot see them stay. */
    tokens[TOKENS - 1] = tokens[2 * TOKENS - 2] = 17;
    read_logits(runtime, params, tokens, other);
    check_bytes(other, logits, sizeof(float) * (TOKENS - 1) * WORDS);
    check(memcmp(other + (TOKENS - 1) * WORDS, logits + (TOKENS - 1) * WORDS, 40) != 0);
    check_bytes(other + TOKENS * WORDS, logits + TOKENS * WORDS, sizeof(float) * 4 * WORDS);
    wg_params_free(params);
    wg_runtime_free(runtime);
    free(logits);
    free(other);
}

/* ---- p08: one recording, and the same in two ---- */

static wg_var two_layers(wg_scope s, wg_var x, wg_activation *activation, int64_t width)
{
    const wg_dense_options hidden = { .activation = activation };
    return wg_dense(s, "out", wg_dense(s, "hidden", x, 128, &hidden), width, NULL);
}

/* The critic's step (turn 0) or the generator's (turn 1), alone. */
static double gan_turn(wg_runtime *runtime, wg_params *params, wg_view rows, int turn)
{
    wg_optimizer optimizer =
        turn == 0 ? wg_adam(2e-4, NULL) : wg_adam(1e-4, WG_OPTIONS(wg_adam_options, .beta1 = 0.5));
    optimizer.name = turn == 0 ? "adam_critic" : "adam_generator";
    wg_tape *tape = wg_tape_create(NULL);
    const wg_scope root = wg_scope_root(tape, params, WG_TRAINING);
    const wg_scope make = wg_scope_in(root, "generator"), judge = wg_scope_shared(root, "critic");
    wg_var real = wg_batch(tape, "real", rows);
    wg_var noise = wg_normal(root, "noise", WG_F32, WG_SHAPE(wg_extent(real, 0), 16));
    wg_var fake = two_layers(make, noise, wg_relu, 2), loss;
    if (turn == 0) {
        wg_var right = two_layers(judge, real, wg_leaky_relu, 1);
        wg_var wrong = two_layers(judge, wg_stop_gradient(fake), wg_leaky_relu, 1);
        loss = wg_mean(wg_sub(wg_softplus(wrong), wg_log_sigmoid(right)), WG_ALL);
    } else {
        wg_var fooled = wg_log_sigmoid(two_layers(judge, fake, wg_leaky_relu, 1));
        loss = wg_mean(wg_neg(fooled), WG_ALL);
    }
    wg_minimize(&optimizer, turn == 0 ? judge : make, loss);
    double value;
    const int status = wg_item(runtime, loss, &value);
    check_msg(status >= 0, "%s", wg_explain(status, tape, NULL));
    wg_tape_free(tape);
    return value;
}

static void check_same_params(const wg_params *x, const wg_params *y)
{
    check_equal_i(wg_params_count(x), wg_params_count(y));
    for (int64_t i = 0; i < wg_params_count(x); i++) {
        wg_view a, b;
        check_text(wg_params_name(x, i), wg_params_name(y, i));
        check_status(wg_params_find(x, wg_params_name(x, i), &a), WG_OK);
        check_status(wg_params_find(y, wg_params_name(y, i), &b), WG_OK);
        check_bytes(a.data, b.data, (size_t)wg_shape_count(a.shape) * wg_dtype_bytes(a.dtype));
    }
}

/* The two turns, each a recording of its own with the same noise, leave the same bits. */
Test(networks, p08_means_what_its_statements_mean)
{
    enum { ROWS = 64 };
    float rows[ROWS * 2];
    for (int i = 0; i < ROWS * 2; i++) rows[i] = (float)(wave(i) + 2 * (i % 2));
    const wg_view real = wg_f32(rows, WG_SHAPE(ROWS, 2));
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *one = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 8));
    wg_params *two = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 8));
    for (int64_t step = 0; step < 5; step++) {
        double loss[2];
        const int status = gan_step(runtime, tape, one, real, loss);
        check_msg(status >= 0, "%s", wg_explain(status, tape, NULL));
        const double judged = gan_turn(runtime, two, real, 0);
        check_status(wg_params_set(two, "draw", wg_i64(&step, WG_SCALAR)), WG_OK);
        const double made = gan_turn(runtime, two, real, 1);
        check(loss[0] == judged && loss[1] == made);
        check_same_params(one, two);
    }
    wg_params_free(one);
    wg_params_free(two);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* ---- p12: the minimum, by its gradient in double ---- */

Test(networks, p12_ends_where_the_gradient_is_nothing)
{
    enum { ROWS = 400, N = 26 };
    static double x[ROWS * N];
    static uint8_t t[ROWS];
    double w[N] = { 0 }, gradient[N];
    for (int64_t i = 0; i < ROWS; i++) {
        double sum = 0.3;
        for (int64_t j = 0; j < N; j++) {
            x[i * N + j] = wave(N * i + j);
            sum += x[i * N + j] * wave(1000 * j);
        }
        t[i] = sum + 1.5 * wave(77 * i) > 0;
    }
    wg_runtime *runtime = wg_runtime_create(NULL);
    check_status(newton_cg(runtime, wg_f64(x, WG_SHAPE(ROWS, N)), wg_u8(t, WG_SHAPE(ROWS)), w),
                 WG_OK);
    double size = 0;
    for (int j = 0; j < N; j++) {
        gradient[j] = 2e-4 * w[j];
        size += w[j] * w[j];
    }
    for (int i = 0; i < ROWS; i++) {
        double sum = 0;
        for (int j = 0; j < N; j++) sum += x[i * N + j] * w[j];
        for (int j = 0; j < N; j++)
            gradient[j] += (1 / (1 + exp(-sum)) - t[i]) * x[i * N + j] / (double)ROWS;
    }
    check(size > 1); /* it went somewhere */
    for (int j = 0; j < N; j++) check_close(gradient[j], 0, 1e-10); /* its own criterion */
    wg_runtime_free(runtime);
}

/* ---- p15: rules and a kernel of one's own ---- */

/* With r = round(x) the value is r r; by the rules its gradient is -1/2 * 2 r, whose own is 1/2. */
Test(networks, p15_follows_the_rules_that_it_gives)
{
    const double x[4] = { -1.7, 0.2, 2.5, 3.6 }, rounded[4] = { -2, 0, 2, 4 };
    double y[4], first[4], second[4];
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_var v = wg_input(tape, "x", wg_f64(x, WG_SHAPE(4)));
    wg_var f = features(v), d = wg_grad(wg_sum(f, WG_ALL), v);
    wg_var dd = wg_grad(wg_sum(d, WG_ALL), v);
    int status = wg_read_f64(runtime, f, y, 4);
    if (status >= 0) status = wg_read_f64(runtime, d, first, 4);
    if (status >= 0) status = wg_read_f64(runtime, dd, second, 4);
    check_msg(status >= 0, "%s", wg_explain(status, tape, NULL));
    for (int i = 0; i < 4; i++) {
        check(y[i] == rounded[i] * rounded[i]);
        check(first[i] == -rounded[i]);
        check(second[i] == 0.5);
    }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

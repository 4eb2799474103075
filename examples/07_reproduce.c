/* The same bits on another machine: trains a small network and prints a receipt of it. Given that
 * receipt, it trains again and says `same`, or names what differs first:
 *
 *     07_reproduce                     prints the receipt
 *     07_reproduce --verify RECEIPT    RECEIPT is that line
 *
 * The fingerprint of the parameters is taken after 0, 1, 10, 100 and 500 steps, so a difference is
 * found near where it began.                                                                     */
#include <stdio.h>
#include <string.h>
#include <wengert/wengert.h>

enum { ROWS = 400, BATCH = 32, SEED = 7, STEPS = 500, RECEIPT_BYTES = 1024 };

static wg_var network(wg_scope scope, wg_var x)
{
    const wg_dense_options options = { .activation = wg_mish };
    x = wg_dense(scope, "hidden_1", x, 24, &options);
    x = wg_dropout(scope, "dropout", x, 0.1);
    x = wg_dense(scope, "hidden_2", x, 24, &options);
    return wg_dense(scope, "logits", x, 2, NULL);
}

/* Points of a square, and whether they lie in the ring around its middle. */
static int make_data(wg_runtime *runtime, wg_tape *tape, wg_dataset *data)
{
    float x[ROWS * 2];
    int32_t t[ROWS];
    wg_params *source = wg_params_create(WG_OPTIONS(wg_params_options, .seed = SEED));
    wg_scope scope = wg_scope_root(tape, source, WG_EVALUATION);
    wg_var point = wg_uniform(scope, "points", WG_F32, WG_SHAPE(ROWS, 2));
    wg_var centred = wg_shift(wg_scale(point, 2), -1);
    wg_var radius = wg_sum(wg_square(centred), WG_AXES(1));
    wg_var ring = wg_lt(wg_abs(wg_shift(radius, -0.45)), wg_number(radius, 0.25));
    wg_keep(centred);
    int status = wg_read_i32(runtime, wg_cast(ring, WG_I32), t, ROWS);
    if (status >= 0) status = wg_read_f32(runtime, centred, x, ROWS * 2);
    if (status >= 0) status = wg_dataset_add(data, "x", wg_f32(x, WG_SHAPE(ROWS, 2)));
    if (status >= 0) status = wg_dataset_add(data, "t", wg_i32(t, WG_SHAPE(ROWS)));
    wg_params_free(source);
    return status;
}

static void note(char *receipt, const char *name, wg_fingerprint print)
{
    const size_t used = strlen(receipt);
    snprintf(receipt + used, RECEIPT_BYTES - used, " %s=%016llx%016llx", name,
             (unsigned long long)print.word[1], (unsigned long long)print.word[0]);
}

static void note_parameters(char *receipt, int step, const wg_params *params)
{
    char name[40];
    wg_fingerprint print;
    snprintf(name, sizeof name, "parameters-after-%d-steps", step);
    if (wg_params_fingerprint(params, &print) >= 0) note(receipt, name, print);
}

/* One program, run for each batch of the loader. */
static int train(wg_program *program, wg_loader *loader, const wg_params *params, char *receipt)
{
    int status = WG_OK;
    int64_t epoch = 0;
    note_parameters(receipt, 0, params);
    for (int step = 1; step <= STEPS && status >= 0; step++) {
        if (step == 1 || (status = wg_loader_next(loader)) == 0) {
            status = wg_loader_start(loader, epoch++);
            if (status >= 0) status = wg_loader_next(loader);
        }
        if (status >= 0) status = wg_program_bind(program, "x", wg_loader_view(loader, "x"));
        if (status >= 0) status = wg_program_bind(program, "t", wg_loader_view(loader, "t"));
        if (status >= 0) status = wg_program_run(program);
        if (step == 1 || step == 10 || step == 100 || step == STEPS)
            note_parameters(receipt, step, params);
    }
    return status;
}

static int reproduce(wg_runtime *runtime, wg_tape *tape, char *receipt, wg_error *error)
{
    wg_dataset *data = wg_dataset_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = SEED));
    wg_loader *loader = NULL;
    wg_program *program = NULL;
    wg_fingerprint print;
    const wg_optimizer adam = wg_adam(3e-3, NULL);
    const wg_loader_options options = { .batch_size = BATCH, .seed = SEED, .drop_last = true };

    int status = make_data(runtime, tape, data);
    if (status >= 0) status = wg_loader_create(runtime, data, &options, &loader, error);
    if (status >= 0) status = wg_loader_start(loader, 0);
    if (status >= 0) status = wg_loader_next(loader);
    if (status >= 0) {
        wg_tape_reset(tape);
        wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        wg_var x = wg_batch(tape, "x", wg_loader_view(loader, "x"));
        wg_var t = wg_batch(tape, "t", wg_loader_view(loader, "t"));
        wg_var loss = wg_mean(wg_cross_entropy(network(scope, x), t), WG_ALL);
        wg_minimize(&adam, scope, loss);
        program = wg_compile(runtime, tape, 1, &loss);
        status = program != NULL ? WG_OK : wg_tape_status(tape);
    }
    if (status >= 0) {
        snprintf(receipt, RECEIPT_BYTES, "wengert seed=%d steps=%d", SEED, STEPS);
        if (wg_dataset_fingerprint(data, &print) >= 0) note(receipt, "data", print);
        if (wg_program_fingerprint(program, &print) >= 0) note(receipt, "program", print);
        status = train(program, loader, params, receipt);
    }
    wg_program_free(program);
    wg_loader_free(loader);
    wg_params_free(params);
    wg_dataset_free(data);
    return status;
}

/* Returns 0 if all is the same. */
static int verify(const char *here, const char *there)
{
    while (*here != '\0' || *there != '\0') {
        const size_t n = strcspn(here, " "), m = strcspn(there, " ");
        if (n != m || strncmp(here, there, n) != 0) {
            printf("different: %.*s here, %.*s in the receipt\n", (int)n, here, (int)m, there);
            return 1;
        }
        here += n + (here[n] == ' ');
        there += n + (there[n] == ' ');
    }
    printf("same\n");
    return 0;
}

int main(int count, char **argument)
{
    char receipt[RECEIPT_BYTES] = "";
    wg_error error = { 0 };
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    const int status = reproduce(runtime, tape, receipt, &error);
    int result = 0;
    if (status < 0) {
        fprintf(stderr, "%s\n", wg_explain(status, tape, &error));
        result = 1;
    } else if (count == 3 && strcmp(argument[1], "--verify") == 0) {
        result = verify(receipt, argument[2]);
    } else {
        printf("%s\n", receipt);
    }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
    return result;
}

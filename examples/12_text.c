/* A model of text, letter by letter: an embedding, a GRU over the places, logits of the next
 * letter. It trains on windows of one poem (William Blake, The Tyger, 1794), and then writes on
 * from two words, each letter the likeliest after all before it. There the state is a value of the
 * params that every run reads and replaces, so a run takes one letter and returns the next. */
#include <stdio.h>
#include <string.h>
#include <wengert/wengert.h>

static const char poem[] = "Tyger Tyger, burning bright,\n"
                           "In the forests of the night;\n"
                           "What immortal hand or eye,\n"
                           "Could frame thy fearful symmetry?\n"
                           "\n"
                           "In what distant deeps or skies\n"
                           "Burnt the fire of thine eyes?\n"
                           "On what wings dare he aspire?\n"
                           "What the hand, dare seize the fire?\n"
                           "\n"
                           "And what shoulder, & what art,\n"
                           "Could twist the sinews of thy heart?\n"
                           "And when thy heart began to beat,\n"
                           "What dread hand? & what dread feet?\n";

enum { LETTERS = 128, WIDTH = 96, WINDOW = 48, BETWEEN = 12, STEPS = 160, WRITTEN = 115 };
enum { WINDOWS = (sizeof poem - 2 - WINDOW) / BETWEEN + 1 };

/* Letters [n, t] -> logits of the letters after them [n, t, LETTERS]. */
static wg_var network(wg_scope scope, wg_var letters, wg_recurrent_state *state)
{
    wg_var h = wg_embedding(scope, "letter", letters, LETTERS, 24);
    h = wg_gru(scope, "gru", h, WIDTH, state);
    return wg_dense(scope, "next", h, LETTERS, NULL);
}

/* Windows of the poem, and the same one letter on: both are read where the poem lies. */
static int train(wg_runtime *runtime, wg_tape *tape, wg_params *params)
{
    const wg_optimizer adam = wg_adam(1e-2, NULL);
    wg_view x = wg_u8((const uint8_t *)poem, WG_SHAPE(WINDOWS, WINDOW));
    x.stride[0] = BETWEEN;
    wg_view next = x;
    next.data = poem + 1;
    int status = 0;
    for (int step = 0; step <= STEPS && status >= 0; step++) {
        double value;
        wg_tape_reset(tape);
        wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        wg_var logits = network(scope, wg_batch(tape, "x", x), NULL);
        wg_var loss = wg_mean(wg_cross_entropy(logits, wg_batch(tape, "next", next)), WG_ALL);
        wg_minimize(&adam, scope, loss);
        status = wg_item(runtime, loss, &value);
        if (status >= 0 && step % 40 == 0) printf("step %3d  loss %.4f\n", step, value);
    }
    return status;
}

/* One letter to the next: the state goes on from run to run. */
static wg_program *writer(wg_runtime *runtime, wg_tape *tape, wg_params *params)
{
    static const uint8_t any[1] = { 0 };
    wg_tape_reset(tape);
    wg_scope scope = wg_scope_root(tape, params, WG_EVALUATION);
    wg_var leaf = wg_state(scope, "hidden", WG_F32, WG_SHAPE(1, WIDTH), 0);
    wg_recurrent_state state = { .hidden = leaf };
    wg_var logits = network(scope, wg_input(tape, "letter", wg_u8(any, WG_SHAPE(1, 1))), &state);
    wg_assign(leaf, state.hidden);
    wg_var next = wg_argmax(logits, -1);
    return wg_compile(runtime, tape, 1, &next);
}

static int write_on(wg_program *program, const char *words)
{
    const size_t given = strlen(words);
    uint8_t letter = 0;
    int status = 0;
    for (size_t i = 0; i < WRITTEN && status >= 0; i++) {
        if (i < given) letter = (uint8_t)words[i];
        putchar(letter);
        double next = 0;
        wg_program_bind(program, "letter", wg_u8(&letter, WG_SHAPE(1, 1)));
        status = wg_program_run(program);
        if (status >= 0) status = wg_program_item(program, 0, &next);
        letter = (uint8_t)next;
    }
    putchar('\n');
    return status;
}

int main(void)
{
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 12));
    int status = train(runtime, tape, params);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, tape, NULL));
    wg_program *program = status < 0 ? NULL : writer(runtime, tape, params);
    if (program) status = write_on(program, "What the ");
    else if (status >= 0) status = wg_tape_status(tape);
    wg_program_free(program);
    wg_params_free(params);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
    return status < 0;
}

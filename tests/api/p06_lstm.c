/* Character model. The LSTM's state is carried from batch to batch as state of the params: no host
 * copy, and the gradient stops at the batch boundary because the state is a leaf (truncated
 * back-propagation). */
#include <wengert/wengert.h>

static wg_var carried_lstm(wg_scope scope, wg_var x, int64_t width)
{
    const wg_shape shape = WG_SHAPE(wg_extent(x, 0), width);
    scope = wg_scope_in(scope, "carry");
    wg_recurrent_state leaf = { wg_state(scope, "hidden", WG_F32, shape, 0),
                                wg_state(scope, "cell", WG_F32, shape, 0) };
    wg_recurrent_state state = leaf;
    x = wg_lstm(scope, "lstm", x, width, &state);
    wg_assign(leaf.hidden, state.hidden);
    wg_assign(leaf.cell, state.cell);
    return x;
}

int train_text(wg_runtime *runtime, wg_params *params, const uint8_t *text, int64_t step_count,
               double *loss_last);
int train_text(wg_runtime *runtime, wg_params *params, const uint8_t *text, int64_t step_count,
               double *loss_last)
{
    enum { STREAMS = 32, STEPS = 64 };
    const int64_t stream_length = step_count * STEPS + 1;
    wg_tape *tape = wg_tape_create(NULL);
    wg_optimizer adam = wg_adam(2e-3, NULL);
    adam.clip_norm = 1;

    wg_view x = wg_u8(text, WG_SHAPE(STREAMS, STEPS));
    wg_view t = wg_u8(text + 1, WG_SHAPE(STREAMS, STEPS));
    x.stride[0] = t.stride[0] = stream_length;   /* 32 places of one text, side by side */
    wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    wg_var h = wg_embedding(scope, "letter", wg_batch(tape, "x", x), 256, 64);
    h = carried_lstm(scope, h, 256);
    wg_var logits = wg_dense(scope, "next", h, 256, NULL);
    wg_var loss = wg_mean(wg_cross_entropy(logits, wg_batch(tape, "t", t)), WG_ALL);
    wg_minimize(&adam, scope, loss);
    wg_program *program = wg_compile(runtime, tape, 1, &loss);
    int status = program ? 0 : wg_tape_status(tape);

    for (int64_t step = 0; step < step_count && status >= 0; step++) {
        x.data = text + step * STEPS;
        t.data = text + step * STEPS + 1;
        wg_program_bind(program, "x", x);
        wg_program_bind(program, "t", t);
        wg_program_set(program, "adam/rate", wg_rate_cosine(step, step_count, 2e-3, 1e-4));
        status = wg_program_run(program);
    }
    if (status >= 0) status = wg_program_item(program, 0, loss_last);
    wg_program_free(program);
    wg_tape_free(tape);
    return status;
}

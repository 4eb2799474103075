/* Reading intermediate values by name, printing the tape, and what errors look like. */
#include <wengert/wengert.h>
#include <stdio.h>
#include <string.h>

typedef struct text { char *to; size_t left; } text;
static int append(const char *from, size_t bytes, void *user)
{
    text *t = user;
    if (bytes >= t->left) return -1;
    memcpy(t->to, from, bytes);
    t->to += bytes;
    t->left -= bytes;
    *t->to = 0;
    return 0;
}

int inspect(wg_runtime *runtime, wg_params *params, wg_view x_rows);
int inspect(wg_runtime *runtime, wg_params *params, wg_view x_rows)
{
    char listing[4096] = "";
    text out = { listing, sizeof listing };
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .check_finite = true));
    wg_scope scope = wg_scope_root(tape, params, WG_EVALUATION);
    wg_var x = wg_batch(tape, "x", x_rows);
    wg_var h =
        wg_dense(scope, "hidden", x, 64, WG_OPTIONS(wg_dense_options, .activation = wg_relu));
    wg_var is_dead = wg_le(wg_max(h, WG_AXES(0)), wg_number(h, 0));
    wg_note(scope, "dead", wg_mean(wg_cast(is_dead, WG_F32), WG_ALL));
    wg_note(scope, "logits", wg_dense(wg_scope_in(scope, "top"), "logits", h, 10, NULL));

    double dead;
    wg_view hidden;
    int status = wg_item(runtime, wg_find(scope, "dead"), &dead);
    if (status >= 0)
        status = wg_peek(runtime, wg_find(scope, "hidden"), &hidden); /* layers note themselves */
    if (status >= 0)
        printf("%g dead; first unit %g\n", dead, (double)((const float *)hidden.data)[0]);
    wg_tape_print(tape, wg_write_stderr, NULL);
    wg_tape_print(tape, append, &out);

    wg_tape_reset(tape);
    wg_var a = wg_full(tape, WG_F32, WG_SHAPE(3, 4), 0);
    wg_var b = wg_full(tape, WG_F32, WG_SHAPE(5, 6), 0);
    wg_var wrong = wg_matmul(a, b);
    wrong = wg_tanh(wg_scale(wrong, 2)); /* nothing happens: the first error stays */
    /* matmul: [3, 4] x [5, 6]: 4 is not 5 (p18_inspect.c:45) */
    if (wg_tape_status(tape) < 0) puts(wg_tape_message(tape));
    wg_var stale = h;
    wg_tape_reset(tape);
    status = wg_item(runtime, wg_relu(stale), &dead);          /* WG_ESTALE */
    wg_tape_free(tape);
    status = wg_item(runtime, wg_relu((wg_var){ 0 }), &dead);  /* no tape at all: WG_EINVALID */
    return status;
}

/* Recurrent layers: what does not depend on the state is computed for all places at once, and a
 * scan goes through the rest. A step sees [n, gates width] of the first, and the weights that it
 * captured. */
#include <wengert/nn.h>

/* What a step has besides its carries. */
typedef struct cell {
    int64_t width;
    wg_var hidden;             /* weights of the state */
    wg_var hidden_bias;        /* of a GRU */
} cell;

typedef struct kind {
    const char *name;
    int64_t gates;
    wg_scan_body *step;
    int carries;               /* hidden, or hidden and cell */
    bool has_hidden_bias;
    wg_initializer bias;
} kind;

/* ---- steps ---- */

static wg_var gate(const cell *c, wg_var gates, int64_t i)
{
    return wg_slice(gates, -1, i * c->width, (i + 1) * c->width, 1);
}

static int rnn_step(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    const cell *c = user;
    y[0] = carry[0] = wg_tanh(wg_add(x[0], wg_matmul(carry[0], c->hidden)));
    return 0;
}

static int gru_step(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    const cell *c = user;
    const wg_var own = wg_matmul(carry[0], c->hidden);
    const wg_var reset = wg_sigmoid(wg_add(gate(c, x[0], 0), gate(c, own, 0)));
    const wg_var kept = wg_sigmoid(wg_add(gate(c, x[0], 1), gate(c, own, 1)));
    const wg_var past = wg_mul(reset, wg_add(gate(c, own, 2), c->hidden_bias));
    const wg_var made = wg_tanh(wg_add(gate(c, x[0], 2), past));
    const wg_var change = wg_mul(kept, wg_sub(carry[0], made));
    y[0] = carry[0] = wg_add(made, change);
    return 0;
}

static int lstm_step(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    const cell *c = user;
    const wg_var gates = wg_add(x[0], wg_matmul(carry[0], c->hidden));
    const wg_var in = wg_sigmoid(gate(c, gates, 0));
    const wg_var kept = wg_sigmoid(gate(c, gates, 1));
    const wg_var made = wg_tanh(gate(c, gates, 2));
    const wg_var out = wg_sigmoid(gate(c, gates, 3));
    const wg_var past = wg_mul(kept, carry[1]);
    carry[1] = wg_add(past, wg_mul(in, made));
    y[0] = carry[0] = wg_mul(out, wg_tanh(carry[1]));
    return 0;
}

/* ---- layers ---- */

/* The second of four gates is open at first. */
static wg_var lstm_bias(wg_scope scope, wg_dtype dtype, wg_shape shape, const double *setting)
{
    (void)setting;
    const int64_t width = shape.dim[0] / 4;
    wg_var part[3];
    part[0] = wg_full(scope.tape, dtype, WG_SHAPE(width), 0);
    part[1] = wg_full(scope.tape, dtype, WG_SHAPE(width), 1);
    part[2] = wg_full(scope.tape, dtype, WG_SHAPE(2 * width), 0);
    return wg_concat(3, part, 0);
}

/* x input + bias for all places, as [t, n, gates]: the steps' axis first. */
static wg_var projected(wg_scope own, wg_var x, int64_t gates, wg_initializer bias)
{
    const wg_dtype dtype = wg_dtype_of(x);
    const int64_t n = wg_extent(x, 0), t = wg_extent(x, 1), d = wg_extent(x, 2);
    const wg_var weight = wg_param(own, "input", dtype, WG_SHAPE(d, gates), wg_init_glorot());
    const wg_var rows = wg_matmul(wg_reshape(x, WG_SHAPE(n * t, d)), weight);
    const wg_var shifted = wg_add(rows, wg_param(own, "bias", dtype, WG_SHAPE(gates), bias));
    return wg_permute(wg_reshape(shifted, WG_SHAPE(n, t, gates)), WG_AXES(1, 0, 2));
}

/* Carries before the first place; false after an error. */
static bool states_open(wg_scope own, const kind *k, wg_var x, int64_t width,
                        const wg_recurrent_state *state, wg_var *carry, wg_var *refused)
{
    const int64_t n = wg_extent(x, 0);
    for (int i = 0; i < k->carries; i++) {
        const wg_var given = state == NULL ? (wg_var){ 0 } : i == 0 ? state->hidden : state->cell;
        carry[i] = given.tape ? given : wg_full(x.tape, wg_dtype_of(x), WG_SHAPE(n, width), 0);
        const wg_shape shape = wg_shape_of(carry[i]);
        if (shape.rank == 2 && shape.dim[0] == n && shape.dim[1] == width) continue;
        *refused = wg_refuse(own, k->name, carry[i], WG_ESHAPE, "a state [n, width] expected");
        return false;
    }
    return true;
}

static bool arguments_check(wg_scope own, const kind *k, wg_var x, int64_t width, wg_var *refused)
{
    int status = WG_OK;
    const char *reason = NULL;
    if (wg_shape_of(x).rank != 3) status = WG_ESHAPE, reason = "[n, t, d] expected";
    else if (wg_dtype_of(x) != WG_F32 && wg_dtype_of(x) != WG_F64)
        status = WG_EDTYPE, reason = "f32 or f64 expected";
    else if (width < 0) status = WG_EINVALID, reason = "the width is negative";
    if (reason != NULL) *refused = wg_refuse(own, k->name, x, status, reason);
    return reason == NULL;
}

static wg_var recurrent(wg_scope scope, const char *name, wg_var x, int64_t width,
                        wg_recurrent_state *state, const kind *k)
{
    const wg_scope own = wg_scope_in(scope, name);
    const int64_t gates = k->gates * width;
    wg_var y, carry[2];
    if (!arguments_check(own, k, x, width, &y) ||
        !states_open(own, k, x, width, state, carry, &y))
        return y;
    const wg_dtype dtype = wg_dtype_of(x);
    const wg_var steps = projected(own, x, gates, k->bias);
    cell c = { .width = width };
    c.hidden = wg_param(own, "hidden", dtype, WG_SHAPE(width, gates), wg_init_orthogonal(1));
    if (k->has_hidden_bias)
        c.hidden_bias = wg_param(own, "hidden_bias", dtype, WG_SHAPE(width), (wg_initializer){ 0 });
    wg_scan(k->step, &c, k->carries, carry, 1, &steps, 1, &y, NULL);
    y = wg_permute(y, WG_AXES(1, 0, 2));
    if (state != NULL) state->hidden = carry[0];
    if (state != NULL && k->carries == 2) state->cell = carry[1];
    wg_note(scope, name, y);
    return y;
}

wg_var wg_rnn(wg_scope scope, const char *name, wg_var x, int64_t width,
              wg_recurrent_state *state)
{
    const kind k = { .name = "rnn", .gates = 1, .step = rnn_step, .carries = 1 };
    return recurrent(scope, name, x, width, state, &k);
}

wg_var wg_gru(wg_scope scope, const char *name, wg_var x, int64_t width,
              wg_recurrent_state *state)
{
    const kind k = { .name = "gru",
                     .gates = 3,
                     .step = gru_step,
                     .carries = 1,
                     .has_hidden_bias = true };
    return recurrent(scope, name, x, width, state, &k);
}

wg_var wg_lstm(wg_scope scope, const char *name, wg_var x, int64_t width,
               wg_recurrent_state *state)
{
    const kind k = { .name = "lstm",
                     .gates = 4,
                     .step = lstm_step,
                     .carries = 2,
                     .bias = { .make = lstm_bias } };
    return recurrent(scope, name, x, width, state, &k);
}

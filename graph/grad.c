/* Derivatives: what the caller asks for, and how it is handed out. A sweep (sweep.c) is a span,
 * so a tape that follows its last recording skips it. */
#include "graph/sweep.h"

/* ---- results ---- */

/* Records the derivatives of all y by each x: what reached it, a sum, or zeros. */
static int results_record(wg__sweep *s, const wg__seeds *from, int64_t count, const wg_var *x,
                          uint32_t *result)
{
    wg_tape *tape = s->tape;
    WG_TRY(wg__sweep_depend(s, count, x));
    WG_TRY(wg__cons_begin(tape));
    const wg__place place = tape->place[s->y];
    tape->inherited = &place;
    uint32_t one = WG__NONE;
    wg__seeds start = *from;
    if (start.cotangent == NULL) {
        one = wg__tape_number(&tape->builder, (wg_dtype)tape->record[s->y].dtype, 1);
        start.cotangent = &one;
    }
    tape->is_sweeping = true;
    const int status = wg__sweep_run(s, &start);
    tape->inherited = &place;
    for (int64_t i = 0; i < count && status == WG_OK; i++) {
        result[i] = wg__sweep_result(s, x[i].index);
        if (result[i] == WG__NONE) result[i] = wg__emit_full_like(&tape->builder, x[i].index, 0);
    }
    tape->is_sweeping = false;
    tape->inherited = NULL;
    WG_TRY(tape->error.status);
    for (int64_t i = 0; i < count; i++) {
        WG_ASSERT(tape->record[result[i]].shape == tape->record[x[i].index].shape);
        if (wg__cons_forget(tape, result[i]) < 0) return wg__tape_no_memory(tape);
    }
    return WG_OK;
}

/* What a sweep is a function of, besides what was recorded before. */
static uint32_t *key_make(const wg__sweep *s, const wg__seeds *from, int64_t count, const wg_var *x,
                          size_t *bytes)
{
    const bool has_cotangents = from->cotangent != NULL;
    *bytes = (size_t)(3 + from->count * (1 + has_cotangents) + count) * sizeof(uint32_t);
    uint32_t *key = wg__arena_take(&s->tape->arena, *bytes);
    if (key == NULL) return NULL;
    uint32_t *at = key;
    *at++ = WG__SPAN_OF_SWEEP;
    *at++ = (uint32_t)from->count;
    *at++ = has_cotangents;
    for (int64_t i = 0; i < from->count; i++) {
        *at++ = from->y[i];
        if (has_cotangents) *at++ = from->cotangent[i];
    }
    for (int64_t i = 0; i < count; i++) *at++ = x[i].index;
    return key;
}

/* The derivatives as values: a sweep is a span. */
static int derivatives(wg__sweep *s, const wg__seeds *from, int64_t count, const wg_var *x,
                       wg_var *gradient)
{
    wg_tape *tape = s->tape;
    size_t key_bytes;
    const uint32_t *key = key_make(s, from, count, x, &key_bytes);
    uint32_t *recorded = wg__arena_take(&tape->arena, (size_t)count * sizeof *recorded);
    if (key == NULL || recorded == NULL) return wg__tape_no_memory(tape);
    const uint32_t *result = recorded;
    const int is_skipped = wg_span_open(tape, key, key_bytes);
    WG_TRY(is_skipped);
    if (is_skipped) result = wg__span_results(tape);
    else {
        WG_TRY(results_record(s, from, count, x, recorded));
        WG_TRY(wg__span_give(tape, count, recorded));
        wg_span_close(tape);
        WG_TRY(tape->error.status);
    }
    for (int64_t i = 0; i < count; i++) gradient[i] = wg__var_of(tape, result[i]);
    return WG_OK;
}

/* ---- arguments ---- */

/* `where` is the node whose place an error takes, WG__NONE for that of the caller to come. */
static int wanted_check(const wg__sweep *s, uint32_t where, int64_t count, const wg_var *x)
{
    wg_tape *tape = s->tape;
    const wg_dtype of = (wg_dtype)tape->record[s->y].dtype;
    if (!wg__dtype_is_float(of))
        return wg__tape_refuse(tape, WG_EGRADIENT, s->op, where, "no derivative of %s exists",
                               wg_dtype_name(of));
    for (int64_t i = 0; i < count; i++) {
        const wg_dtype by = (wg_dtype)tape->record[x[i].index].dtype;
        if (!wg__dtype_is_float(by))
            return wg__tape_refuse(tape, WG_EGRADIENT, s->op, where,
                                   "no derivative by %s exists", wg_dtype_name(by));
        if (wg__tape_is_number(tape, x[i].index))
            return wg__tape_refuse(tape, WG_EGRADIENT, s->op, where,
                                   "by a number, which others share: use wg_full or wg_scalar");
    }
    return WG_OK;
}

static int scalar_check(const wg__sweep *s, uint32_t where)
{
    const wg__shape *shape = wg__tape_shape(s->tape, s->y);
    if (shape->rank == 0) return WG_OK;
    char text[160];
    wg__text of = wg__text_of(text, sizeof text);
    wg__text_shape(&of, shape);
    return wg__tape_refuse(s->tape, WG_ESHAPE, s->op, where, "%s is not a scalar: sum it first",
                           text);
}

/* Checks that all values are of one tape and opens a sweep from y. */
static int sweep_open(wg__sweep *s, const char *op, wg_var y, int64_t count, const wg_var *x,
                      wg_var *failed)
{
    wg_tape *tape = wg__tape_of(op, 1, &y, failed);
    for (int64_t i = 0; i < count && tape != NULL; i++)
        tape = wg__tape_of(op, 2, (const wg_var[2]){ y, x[i] }, failed);
    if (tape == NULL) return failed->tape == NULL ? WG_EINVALID : failed->tape->error.status;
    *failed = wg__var_of(tape, WG__NONE);
    *s = (wg__sweep){ .tape = tape, .space = wg__grad_space_of(tape), .y = y.index, .op = op };
    return s->space == NULL ? WG_EMEMORY : WG_OK;
}

wg_var wg__grad_for(const char *op, wg_var y, wg_var x)
{
    wg__sweep s;
    wg_var failed, gradient;
    if (sweep_open(&s, op, y, 1, &x, &failed) < 0 || wanted_check(&s, WG__NONE, 1, &x) < 0 ||
        scalar_check(&s, WG__NONE) < 0)
        return failed;
    const wg__seeds from = { .count = 1, .y = &s.y };
    return derivatives(&s, &from, 1, &x, &gradient) < 0 ? failed : gradient;
}

wg_var wg_grad(wg_var y, wg_var x)
{
    return wg__grad_for("grad", y, x);
}

int wg_grads(wg_var y, int64_t count, const wg_var *x, wg_var *gradient)
{
    wg__sweep s;
    wg_var failed;
    if (count < 0 || (count > 0 && (x == NULL || gradient == NULL))) {
        if (y.tape == NULL) return WG_EINVALID;
        return wg__tape_refuse(y.tape, WG_EINVALID, "grads", WG__NONE, "x or gradient is NULL");
    }
    WG_TRY(sweep_open(&s, "grads", y, count, x, &failed));
    WG_TRY(wanted_check(&s, y.index, count, x));
    WG_TRY(scalar_check(&s, y.index));
    const wg__seeds from = { .count = 1, .y = &s.y };
    return derivatives(&s, &from, count, x, gradient);
}

/* A cotangent has the type of its y. */
static int cotangent_check(const wg__sweep *s, uint32_t where, uint32_t y, uint32_t cotangent)
{
    return wg__type_expect(s->tape, s->op, where, "cotangent", cotangent, "y", y);
}

wg_var wg__vjp_for(const char *op, wg_var y, wg_var x, wg_var cotangent)
{
    wg__sweep s;
    wg_var failed, gradient;
    const wg_var both[2] = { x, cotangent };
    if (sweep_open(&s, op, y, 2, both, &failed) < 0 || wanted_check(&s, WG__NONE, 1, &x) < 0 ||
        cotangent_check(&s, WG__NONE, y.index, cotangent.index) < 0)
        return failed;
    const wg__seeds from = { .count = 1, .y = &s.y, .cotangent = &cotangent.index };
    return derivatives(&s, &from, 1, &x, &gradient) < 0 ? failed : gradient;
}

wg_var wg_vjp(wg_var y, wg_var x, wg_var cotangent)
{
    return wg__vjp_for("vjp", y, x, cotangent);
}

static int vjps_refuse(int64_t y_count, const wg_var *y)
{
    if (y == NULL || y_count < 1 || y[0].tape == NULL) return WG_EINVALID;
    return wg__tape_refuse(y[0].tape, WG_EINVALID, "vjps", WG__NONE, "an array is NULL");
}

int wg_vjps(int64_t y_count, const wg_var *y, const wg_var *cotangent, int64_t x_count,
            const wg_var *x, wg_var *gradient)
{
    wg__sweep s;
    wg_var failed;
    const bool has_x = x_count == 0 || (x_count > 0 && x != NULL && gradient != NULL);
    if (y_count < 1 || y == NULL || cotangent == NULL || !has_x) return vjps_refuse(y_count, y);
    WG_TRY(sweep_open(&s, "vjps", y[0], x_count, x, &failed));
    uint32_t *in = wg__arena_take(&s.tape->arena, 2 * (size_t)y_count * sizeof *in);
    if (in == NULL) return wg__tape_no_memory(s.tape);
    const wg__seeds from = { .count = y_count, .y = in, .cotangent = in + y_count };
    uint32_t last = 0;
    for (int64_t i = 0; i < y_count; i++) {
        const wg_var all[3] = { y[0], y[i], cotangent[i] };
        if (wg__tape_of("vjps", 3, all, &failed) == NULL)
            return failed.tape == NULL ? WG_EINVALID : s.tape->error.status;
        s.y = in[i] = y[i].index;
        in[y_count + i] = cotangent[i].index;
        WG_TRY(wanted_check(&s, s.y, x_count, x));
        WG_TRY(cotangent_check(&s, s.y, s.y, in[y_count + i]));
        if (s.y > last) last = s.y;
    }
    s.y = last;
    return derivatives(&s, &from, x_count, x, gradient);
}

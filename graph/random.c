/* Random numbers: bits are a function of a key, an element and a draw. The key is made of the
 * params' seed and the path, so neither the order of recording nor other draws change them; the
 * draw is a state of the params, "draw", that each training run advances by one.
 *
 * Bits become numbers by exact steps: an integer of 24 or 53 bits, scaled by a power of two. */
#include "graph/tape.h"
#include <string.h>
#include <wengert/ops.h>

/* ---- streams ---- */

/* What a draw needs: the key of its path and the counter. */
typedef struct stream {
    wg_tape *tape;
    wg_var counter;
    uint64_t key;
} stream;

static uint32_t zero_make(wg_tape *tape, const wg__version *wanted, void *user)
{
    (void)user;
    return wg_full(tape, wanted->type.dtype, WG_SCALAR, 0).index;
}

/* The slot of the params' draw; WG__NONE after an error. */
static uint32_t draw_slot(wg_scope scope)
{
    wg_tape *tape = scope.tape;
    const uint32_t path = wg__tape_path(tape, 0, "draw", true);
    if (path == WG__NONE) return WG__NONE;
    const wg__version wanted = { .params = scope.params,
                                 .name = path,
                                 .type = { .dtype = WG_I64, .shape = { .rank = 0 } },
                                 .condition = WG__NONE,
                                 .is_shared = true };
    return wg__version_meet(tape, &wanted, "draw", zero_make, NULL);
}

/* The value of this epoch, also after its advance was assigned: all draws of a run are of one
 * draw. */
static wg_var draw_counter(wg_scope scope)
{
    wg_tape *tape = scope.tape;
    const wg_var none = wg__var_of(tape, WG__NONE);
    if (scope.flags & WG__SCOPE_INITIAL) return wg_full(tape, WG_I64, WG_SCALAR, 0);
    const uint32_t slot = draw_slot(scope);
    if (slot == WG__NONE) return none;
    const uint32_t leaf = wg__version_leaf(tape, slot);
    const bool advances =
        wg_scope_training(scope) && tape->version[slot].assigned == WG__NONE;
    if (leaf == WG__NONE || !advances) return wg__var_of(tape, leaf);
    const uint32_t body = wg__body_leave(tape);
    const uint32_t next = wg__emit2(&tape->builder, WG__OP_add, leaf,
                                    wg__tape_number(&tape->builder, WG_I64, 1));
    tape->body_now = body;
    if (next == WG__NONE || wg__version_assign(tape, slot, next) < 0) return none;
    return wg__var_of(tape, leaf);
}

/* The counter as the bodies of scans see it that are open: another one at each step. */
static wg_var draw_of_step(wg_scope scope)
{
    const wg_var counter = draw_counter(scope);
    if (wg__var_check(counter) < 0) return counter;
    return wg__var_of(scope.tape, wg__draw_of_step(scope.tape, counter.index));
}

static uint64_t key_of(uint64_t seed, const char *path, uint64_t ordinal)
{
    const uint64_t base = wg__hash64(path, strlen(path), seed);
    return ordinal == 0 ? base : wg__hash64(&ordinal, sizeof ordinal, base);
}

/* How often this path was drawn for these params; NULL after an error. */
static wg__draw *draw_of(wg_tape *tape, uint32_t path, const wg_params *params)
{
    uint32_t at = tape->scope[path].draw;
    while (at != WG__NONE && tape->draw[at].params != params) at = tape->draw[at].next;
    if (at != WG__NONE) return &tape->draw[at];
    if (wg__grow(&tape->allocator, (void **)&tape->draw, &tape->draw_capacity,
                 tape->draw_count + 1, sizeof *tape->draw) < 0) {
        wg__tape_no_memory(tape);
        return NULL;
    }
    at = (uint32_t)tape->draw_count++;
    tape->draw[at] = (wg__draw){ .params = params,
                                 .first = (uint32_t)tape->count,
                                 .next = tape->scope[path].draw };
    if (wg__tape_change(tape, WG__CHANGE_SCOPE_DRAW, path, at) < 0) return NULL;
    return &tape->draw[at];
}

/* Counts this draw among those of its path; a second one needs a shared scope. */
static int ordinal_next(wg_scope scope, const char *op, uint32_t path, uint64_t *ordinal)
{
    wg_tape *tape = scope.tape;
    wg__draw *draw = draw_of(tape, path, scope.params);
    if (draw == NULL) return WG_EMEMORY;
    if (draw->count > 0 && (scope.flags & WG__SCOPE_SHARED) == 0) {
        char text[120];
        wg__text place = wg__text_of(text, sizeof text);
        if (draw->first < tape->count) wg__text_place(&place, &tape->place[draw->first]);
        return wg__tape_refuse(tape, WG_ENAME, op, WG__NONE,
                               "%s was drawn already%s: use wg_scope_shared to draw anew",
                               tape->scope[path].path, text);
    }
    *ordinal = draw->count;
    return wg__tape_change(tape, WG__CHANGE_DRAW, (uint32_t)(draw - tape->draw), draw->count + 1);
}

static bool stream_open(wg_scope scope, const char *op, const char *name, wg_shape shape,
                        stream *s, wg_var *failed)
{
    const uint32_t path = wg__scope_name(scope, op, name, failed);
    if (path == WG__NONE) return false;
    wg_tape *tape = scope.tape;
    const int status = wg__shape_check(shape);
    uint64_t ordinal = 0;
    if (scope.params == NULL)
        wg__tape_refuse(tape, WG_EINVALID, op, WG__NONE, "%s: the scope has no params",
                        tape->scope[path].path);
    else if (status < 0)
        wg__tape_refuse(tape, status, op, WG__NONE, "%s: the shape is malformed or too large",
                        tape->scope[path].path);
    else if (ordinal_next(scope, op, path, &ordinal) == WG_OK)
        *s = (stream){ .tape = tape,
                       .counter = draw_of_step(scope),
                       .key = key_of(scope.params->seed, tape->scope[path].path, ordinal) };
    return tape->error.status == WG_OK;
}

static bool float_check(wg_scope scope, const char *op, wg_dtype dtype, wg_var *failed)
{
    wg_tape *tape = wg__scope_open(scope, op, failed);
    if (tape == NULL) return false;
    if (wg__dtype_is_float(dtype)) return true;
    wg__tape_refuse(tape, WG_EDTYPE, op, WG__NONE, "f32 or f64 expected, not %s",
                    wg_dtype_name(dtype));
    return false;
}

/* ---- numbers ---- */

/* One statement a record: C does not say in which order arguments are evaluated, and the order of
 * records is part of a program's key. */
static wg_var scaled(wg_var x, double factor)
{
    const wg_var number = wg_number(x, factor);
    return wg_mul(x, number);
}

/* The upper `bits` bits of 32 as a number from 0 to 2^bits - 1. The shift keeps the sign, so the
 * integer is centred on 0 and half the range is added after the conversion, which is exact. `word`
 * counts the words that a stream takes for one element. */
static wg_var upper_bits(const stream *s, uint64_t word, wg_dtype dtype, wg_shape shape, int bits)
{
    const uint64_t key = word == 0 ? s->key : wg__hash64(&word, sizeof word, s->key);
    const wg_var random = wg_random_bits(s->counter, key, shape);
    const wg_var centred = wg_cast(wg_bits_right(random, 32 - bits), dtype);
    const wg_var half = wg_number(centred, (double)(INT64_C(1) << (bits - 1)));
    return wg_add(centred, half);
}

/* [0, 1): 24 bits of one word in f32, 53 bits of two in f64. Words word and word + 1 are used. */
static wg_var uniform_of(const stream *s, uint64_t word, wg_dtype dtype, wg_shape shape)
{
    if (dtype == WG_F32) return scaled(upper_bits(s, word, dtype, shape, 24), 0x1p-24);
    const wg_var high = scaled(upper_bits(s, word, dtype, shape, 27), 0x1p26);
    const wg_var low = upper_bits(s, word + 1, dtype, shape, 26);
    return scaled(wg_add(high, low), 0x1p-53);
}

wg_var wg_uniform(wg_scope scope, const char *name, wg_dtype dtype, wg_shape shape)
{
    stream s;
    wg_var failed;
    if (!float_check(scope, "uniform", dtype, &failed) ||
        !stream_open(scope, "uniform", name, shape, &s, &failed))
        return failed;
    return uniform_of(&s, 0, dtype, shape);
}

/* Box and Muller 1958. 1 - u is never 0, so every element is finite: within 5.8 deviations in f32,
 * 8.6 in f64. */
wg_var wg_normal(wg_scope scope, const char *name, wg_dtype dtype, wg_shape shape)
{
    stream s;
    wg_var failed;
    if (!float_check(scope, "normal", dtype, &failed) ||
        !stream_open(scope, "normal", name, shape, &s, &failed))
        return failed;
    const wg_var log = wg_log1p(wg_neg(uniform_of(&s, 0, dtype, shape)));
    const wg_var length = wg_sqrt(scaled(log, -2));
    const wg_var angle = scaled(uniform_of(&s, 2, dtype, shape), 6.283185307179586477); /* 2 pi */
    const wg_var height = wg_cos(angle);
    return wg_mul(length, height);
}

wg_var wg_bernoulli(wg_scope scope, const char *name, wg_shape shape, double probability)
{
    stream s;
    wg_var failed;
    if (!stream_open(scope, "bernoulli", name, shape, &s, &failed)) return failed;
    if (!(probability >= 0 && probability <= 1)) {
        char text[32];
        wg__number_text(probability, text);
        wg__tape_refuse(s.tape, WG_EINVALID, "bernoulli", WG__NONE, "%s is no probability", text);
        return failed;
    }
    /* Of the 2^32 words, those below the threshold count; all of them are no i32. */
    const double count = (double)(uint64_t)(probability * 0x1p32 + 0.5);
    if (count >= 0x1p32) return wg_full(s.tape, WG_BOOL, shape, 1);
    const wg_var random = wg_random_bits(s.counter, s.key, shape);
    const wg_var threshold = wg_number(random, count - 0x1p31);
    return wg_lt(random, threshold);
}

wg_var wg_permutation(wg_scope scope, const char *name, int64_t count)
{
    stream s;
    wg_var failed;
    if (!stream_open(scope, "permutation", name, WG_SHAPE(count), &s, &failed)) return failed;
    return wg_argsort(wg_random_bits(s.counter, s.key, WG_SHAPE(count)), 0);
}

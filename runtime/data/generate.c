/* Made data. The idea: each set is a recording, a few lines of the library's own ops over its own
 * random numbers, so it is the same to the last bit on every machine. Row i is of class i mod the
 * number of classes, so every part of a set is balanced. */
#include "runtime/data/generate.h"

#include <math.h>
#include <string.h>
#include <wengert/nn.h>

typedef struct maker {
    wg_scope scope;
    int64_t count;
    double noise;
} maker;

typedef struct points { wg_var x, y, t; } points;

static const double pi = 3.14159265358979323846;

/* ---- draws: one value a row, f32 [count] ---- */

static wg_var between(const maker *m, const char *name, double low, double high)
{
    const wg_var share = wg_uniform(m->scope, name, WG_F32, WG_SHAPE(m->count));
    return wg_shift(wg_scale(share, high - low), low);
}

static wg_var normal(const maker *m, const char *name)
{
    return wg_normal(m->scope, name, WG_F32, WG_SHAPE(m->count));
}

static wg_var class_of(const maker *m, int64_t classes)
{
    const wg_var row = wg_iota(m->scope.tape, WG_I32, m->count);
    return wg_rem(row, wg_number(row, (double)classes));
}

static wg_var is_class(wg_var class, int64_t index)
{
    return wg_eq(class, wg_number(class, (double)index));
}

/* x is moved by up to noise times the extent of the set, for its label alone. */
static wg_var shaken(const maker *m, const char *name, wg_var x, double extent)
{
    return wg_add(x, between(m, name, -extent * m->noise, extent * m->noise));
}

static wg_var polar_radius(wg_var x, wg_var y)
{
    return wg_sqrt(wg_add(wg_square(x), wg_square(y)));
}

/* ---- the sets ---- */

static points circle(const maker *m)
{
    const wg_var is_inner = is_class(class_of(m, 2), 0);
    const wg_var radius = wg_select(is_inner, between(m, "inner", 0, 2.5),
                                    between(m, "outer", 3.5, 5));
    const wg_var angle = between(m, "angle", 0, 2 * pi);
    const wg_var x = wg_mul(radius, wg_sin(angle)), y = wg_mul(radius, wg_cos(angle));
    const wg_var seen = polar_radius(shaken(m, "shift_x", x, 5), shaken(m, "shift_y", y, 5));
    return (points){ x, y, wg_cast(wg_lt(seen, wg_number(seen, 2.5)), WG_I32) };
}

/* Pushed away from the axes. */
static wg_var pushed(wg_var x)
{
    const wg_var zero = wg_number(x, 0);
    return wg_add(x, wg_select(wg_gt(x, zero), wg_number(x, 0.3), wg_number(x, -0.3)));
}

static points xor(const maker *m)
{
    const wg_var x = pushed(between(m, "x", -5, 5)), y = pushed(between(m, "y", -5, 5));
    const wg_var seen = wg_mul(shaken(m, "shift_x", x, 5), shaken(m, "shift_y", y, 5));
    return (points){ x, y, wg_cast(wg_ge(seen, wg_number(seen, 0)), WG_I32) };
}

static points gauss(const maker *m)
{
    const wg_var class = class_of(m, 2);
    const double deviation = sqrt(0.5 + 7 * m->noise);
    const wg_var x = wg_scale(normal(m, "x"), deviation), y = wg_scale(normal(m, "y"), deviation);
    const wg_var middle = wg_select(is_class(class, 1), wg_number(x, 2), wg_number(x, -2));
    return (points){ wg_add(x, middle), wg_add(y, middle), class };
}

static points spiral(const maker *m)
{
    const wg_var class = class_of(m, 2);
    const wg_var row = wg_cast(wg_iota(m->scope.tape, WG_I32, m->count), WG_F32);
    const wg_var along = wg_scale(row, 1 / (double)m->count);
    const wg_var start = wg_scale(wg_cast(class, WG_F32), pi);
    const wg_var angle = wg_add(wg_scale(along, 1.75 * 2 * pi), start);
    const wg_var radius = wg_scale(along, 5);
    return (points){ shaken(m, "x", wg_mul(radius, wg_sin(angle)), 1),
                     shaken(m, "y", wg_mul(radius, wg_cos(angle)), 1), class };
}

static points plane(const maker *m)
{
    const wg_var x = between(m, "x", -6, 6), y = between(m, "y", -6, 6);
    const wg_var sum = wg_add(shaken(m, "shift_x", x, 6), shaken(m, "shift_y", y, 6));
    return (points){ x, y, wg_scale(sum, 0.1) };
}

static points bumps(const maker *m)
{
    static const double bump[6][3] = { { -4, 2.5, 1 },   { 0, 2.5, -1 }, { 4, 2.5, 1 },
                                       { -4, -2.5, -1 }, { 0, -2.5, 1 }, { 4, -2.5, -1 } };
    const wg_var x = between(m, "x", -6, 6), y = between(m, "y", -6, 6);
    const wg_var near_x = shaken(m, "shift_x", x, 6), near_y = shaken(m, "shift_y", y, 6);
    wg_var t = wg_full_like(x, 0);
    for (int i = 0; i < 6; i++) {
        const wg_var distance = polar_radius(wg_shift(near_x, -bump[i][0]),
                                             wg_shift(near_y, -bump[i][1]));
        const wg_var height = wg_relu(wg_shift(wg_scale(distance, -0.5), 1));
        t = wg_select(wg_gt(height, wg_abs(t)), wg_scale(height, bump[i][2]), t);
    }
    return (points){ x, y, t };
}

static points blobs(const maker *m)
{
    const wg_var class = class_of(m, 3);
    const wg_var angle = wg_scale(wg_cast(class, WG_F32), 2 * pi / 3);
    const wg_var x = wg_scale(normal(m, "x"), 0.5 + m->noise);
    const wg_var y = wg_scale(normal(m, "y"), 0.5 + m->noise);
    return (points){ wg_add(x, wg_scale(wg_sin(angle), 4)), wg_add(y, wg_scale(wg_cos(angle), 4)),
                     class };
}

static points moons(const maker *m)
{
    const wg_var class = class_of(m, 2);
    const wg_var angle = between(m, "angle", 0, pi);
    const wg_var is_upper = is_class(class, 0);
    const wg_var across = wg_cos(angle), up = wg_sin(angle);
    const wg_var x = wg_select(is_upper, across, wg_shift(wg_neg(across), 1));
    const wg_var y = wg_select(is_upper, up, wg_shift(wg_neg(up), 0.5));
    return (points){ wg_add(x, wg_scale(normal(m, "x"), m->noise)),
                     wg_add(y, wg_scale(normal(m, "y"), m->noise)), class };
}

static const struct { const char *name; points (*make)(const maker *m); } sets[] = {
    { "circle", circle }, { "xor", xor },     { "gauss", gauss }, { "spiral", spiral },
    { "plane", plane },   { "bumps", bumps }, { "blobs", blobs }, { "moons", moons },
    { "ttbar", NULL }, /* no points: generate_events.c */
};

/* ---- the call ---- */

typedef struct workplace {
    wg_runtime *runtime;
    wg_params *params;
    wg_tape *tape;
    wg_dataset *data;
} workplace;

static int fill(const workplace *w, points made)
{
    wg_view x, t;
    const wg_var both = wg_stack(2, (const wg_var[]){ made.x, made.y }, 1);
    if (wg_dtype_of(made.t) == WG_F32) made.t = wg_expand(made.t, 1);
    WG_TRY(wg_keep(made.t));
    WG_TRY(wg_peek(w->runtime, both, &x));
    WG_TRY(wg_peek(w->runtime, made.t, &t));
    WG_TRY(wg_dataset_add(w->data, "x", x));
    return wg_dataset_add(w->data, "t", t);
}

static int make(const workplace *w, size_t set, int64_t count, double noise, uint64_t seed,
                wg_error *error)
{
    if (w->runtime == NULL || w->params == NULL || w->tape == NULL || w->data == NULL)
        return wg__fail(error, WG_EMEMORY, "generate: no memory");
    const maker m = { wg_scope_root(w->tape, w->params, WG_EVALUATION), count, noise };
    const int status =
        sets[set].make == NULL
            ? wg__generate_events(w->runtime, w->tape, w->data, count, noise, seed)
            : fill(w, sets[set].make(&m));
    if (status < 0) wg__fail(error, status, "generate: %s", wg_explain(status, w->tape, NULL));
    return status;
}

int wg_dataset_generate(const char *name, int64_t count, double noise, uint64_t seed,
                        wg_dataset **out, wg_error *error)
{
    if (out == NULL) return wg__fail(error, WG_EINVALID, "generate: nowhere to put the dataset");
    *out = NULL;
    size_t set = 0;
    const size_t set_count = sizeof sets / sizeof *sets;
    while (set < set_count && (name == NULL || strcmp(sets[set].name, name) != 0)) set++;
    if (set == set_count)
        return wg__fail(error, WG_ENAME, "generate: there is no set \"%s\"", name ? name : "NULL");
    if (count < 1 || count > INT32_MAX || !(noise >= 0) || noise > 1)
        return wg__fail(error, WG_EINVALID, "generate: count %lld or noise %g is out of range",
                        (long long)count, noise);
    workplace w = {
        .runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1)),
        .params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = seed)),
        .tape = wg_tape_create(NULL),
        .data = wg_dataset_create(NULL),
    };
    const int status = make(&w, set, count, noise, seed, error);
    wg_tape_free(w.tape);
    wg_params_free(w.params);
    wg_runtime_free(w.runtime);
    if (status < 0) wg_dataset_free(w.data);
    else *out = w.data;
    return status;
}

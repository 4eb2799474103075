/* What joins the elements of rows and spreads the result over them again, with its derivatives: the
 * softmax cross-entropy of logits, and a layer norm with gain and bias.                          */
#include "benchmarks/session.h"

enum { ROWS = 1024, COLUMNS = 1024, WANTED_MAX = 4 };

/* Records on x [ROWS, COLUMNS]; the number of wanted values. */
typedef int64_t recorder(const bench_session *s, wg_var x, wg_var *wanted);

static int64_t record_cross_entropy(const bench_session *s, wg_var x, wg_var *wanted)
{
    const wg_var t = wg_batch(s->tape, "t", wg_i32(s->labels, WG_SHAPE(ROWS)));
    wanted[0] = wg_mean(wg_cross_entropy(x, t), WG_ALL);
    wanted[1] = wg_grad(wanted[0], x);
    return 2;
}

static int64_t record_layer_norm(const bench_session *s, wg_var x, wg_var *wanted)
{
    const wg_scope scope = wg_scope_root(s->tape, s->params, WG_TRAINING);
    const wg_var g = wg_batch(s->tape, "g", wg_f32(s->y, WG_SHAPE(ROWS, COLUMNS)));
    const wg_var y = wg_layer_norm(scope, "norm", x, NULL);
    wg_var by[3] = { x };
    wg_parameters(scope, 2, by + 1);
    wanted[0] = y;
    wg_vjps(1, &y, &g, 3, by, wanted + 1);
    return 4;
}

typedef struct setting { recorder *record; } setting;

static int rows_create(const bench_case *self, const bench_settings *settings, void **state)
{
    const setting *of = self->setting;
    bench_session *s = bench_session_create(self, settings);
    if (s == NULL) return WG_EMEMORY;
    s->x = bench_numbers(ROWS * COLUMNS);
    s->y = bench_numbers(ROWS * COLUMNS);
    s->labels = bench_allocate(ROWS * sizeof *s->labels);
    for (int i = 0; i < ROWS; i++) s->labels[i] = i * 7 % COLUMNS;
    const wg_view x = wg_f32(s->x, WG_SHAPE(ROWS, COLUMNS));
    wg_var wanted[WANTED_MAX];
    const int64_t count = of->record(s, wg_batch(s->tape, "x", x), wanted);
    int status = bench_session_compile(s, count, wanted);
    if (status >= 0) status = wg_program_bind(s->program, "x", x);
    if (status >= 0 && of->record == record_cross_entropy)
        status = wg_program_bind(s->program, "t", wg_i32(s->labels, WG_SHAPE(ROWS)));
    if (status >= 0 && of->record == record_layer_norm)
        status = wg_program_bind(s->program, "g", wg_f32(s->y, WG_SHAPE(ROWS, COLUMNS)));
    if (status < 0) bench_session_free(s);
    else *state = s;
    return status;
}

#define CASE(text, recorder)                                                                       \
    { .name = text "_1024x1024", .unit = "ns/element", .unit_ns = ROWS * COLUMNS,                  \
      .setting = &(const setting){ recorder }, .create = rows_create,                              \
      .repeat = bench_session_run, .free = bench_session_free }

static const bench_case cases[] = {
    CASE("cross_entropy", record_cross_entropy),
    CASE("layer_norm", record_layer_norm),
};

const bench_list bench_rows = BENCH_LIST(cases);

/* Every op of the table in a vmap: each row has the bits that it has alone, whichever inputs have
 * rows and whichever all rows share; so have the derivatives of each sample. What is expected is a
 * loop over the rows, recorded op by op.                                                         */
#include "runtime/internal.h"
#include "support/specimen.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <wengert/wengert.h>

enum { ROWS = 5 };

typedef struct bench { wg_runtime *runtime; wg_tape *tape; uint64_t state; } bench;

/* One specimen of which some inputs have rows. */
typedef struct sample {
    const specimen *s;
    int64_t count;                       /* of inputs with rows */
    bool has_rows[SPECIMEN_IN_MAX];
    wg_var in[SPECIMEN_IN_MAX];          /* with their rows, or as they are */
    wg_var weight;                       /* the cotangent of derivatives; shared by all rows */
    int32_t by;                          /* the input to differentiate by, -1: the value itself */
} sample;

/* The values of one row: what has rows is an argument, the rest is captured. */
static int record_row(const wg_var *in, wg_var *out, void *user)
{
    const sample *p = user;
    wg_var all[SPECIMEN_IN_MAX];
    uint32_t index[SPECIMEN_IN_MAX];
    for (int32_t i = 0; i < p->s->in_count; i++) {
        all[i] = p->has_rows[i] ? *in++ : p->in[i];
        index[i] = all[i].index;
    }
    wg_tape *tape = all[0].tape;
    const wg_var r = wg__var_of(tape, specimen_emit(&tape->builder, p->s, index));
    *out = p->by < 0 ? r : wg_vjp(r, all[p->by], p->weight);
    return WG_OK;
}

/* A constant of this type, or of rows of it. */
static wg_var draw(bench *b, const specimen *s, int32_t i, bool has_rows)
{
    wg_shape row = { .rank = s->in[i].shape.rank };
    for (int32_t k = 0; k < row.rank; k++) row.dim[k] = s->in[i].shape.dim[k];
    const wg_dtype dtype = s->in[i].dtype;
    const int64_t rows = has_rows ? ROWS : 1;
    const size_t bytes = (size_t)wg_shape_count(row) * wg_dtype_bytes(dtype);
    char *data = malloc((size_t)rows * bytes + 1);
    check(data != NULL);
    for (int64_t k = 0; k < rows; k++)
        specimen_fill(s, i, &b->state, data + (size_t)k * bytes);
    wg_shape shape = row;
    if (has_rows) {
        shape = (wg_shape){ .rank = row.rank + 1, .dim = { ROWS } };
        for (int32_t k = 0; k < row.rank; k++) shape.dim[k + 1] = row.dim[k];
    }
    const wg_var x = wg_constant(b->tape, wg_view_of(data, dtype, shape));
    free(data);
    return x;
}

static void check_same(bench *b, wg_var found, wg_var expected, const char *name)
{
    wg_view x, y;
    check_msg(wg_tape_status(b->tape) == WG_OK, "%s: %s", name, wg_tape_message(b->tape));
    check_msg(wg_peek(b->runtime, found, &x) == WG_OK, "%s: %s", name, wg_tape_message(b->tape));
    check_msg(wg_peek(b->runtime, expected, &y) == WG_OK, "%s", wg_tape_message(b->tape));
    check_msg(x.dtype == y.dtype && wg_shape_equal(x.shape, y.shape), "%s: another type", name);
    const size_t bytes = (size_t)wg_shape_count(x.shape) * wg_dtype_bytes(x.dtype);
    check_msg(memcmp(x.data, y.data, bytes) == 0, "%s: bits differ (WG_SEED=%llu)", name,
              (unsigned long long)test_seed());
}

/* The vmap of record_row against the stack of what it gives for each row alone. */
static void check_rows(bench *b, sample *p, const char *name)
{
    wg_var with_rows[SPECIMEN_IN_MAX], out, single[ROWS];
    int64_t count = 0;
    for (int32_t i = 0; i < p->s->in_count; i++)
        if (p->has_rows[i]) with_rows[count++] = p->in[i];
    const int status = wg_vmap(record_row, p, count, with_rows, 1, &out);
    check_msg(status == WG_OK, "%s: %s", name, wg_tape_message(b->tape));
    for (int64_t k = 0; k < ROWS; k++) {
        wg_var row[SPECIMEN_IN_MAX];
        for (int64_t i = 0; i < count; i++)
            row[i] = wg_squeeze(wg_slice(with_rows[i], 0, k, k + 1, 1), WG_AXES(0));
        check_status(record_row(row, &single[k], p), WG_OK);
    }
    check_same(b, out, wg_stack(ROWS, single, 0), name);
}

/* The type of one row's result, asked of a recording that is then dropped. */
static wg_var weight_of(bench *b, const specimen *s)
{
    uint32_t index[SPECIMEN_IN_MAX];
    for (int32_t i = 0; i < s->in_count; i++) index[i] = draw(b, s, i, false).index;
    const wg_var r = wg__var_of(b->tape, specimen_emit(&b->tape->builder, s, index));
    wg_var w = wg_iota(b->tape, WG_F64, wg_shape_count(wg_shape_of(r)));
    w = wg_reshape(wg_sin(wg_shift(w, 1)), wg_shape_of(r));
    return wg_cast(w, wg_dtype_of(r));
}

/* One choice of the inputs that have rows: bit i for input i. */
static void check_choice(bench *b, const specimen *s, int choice)
{
    char text[200];
    wg__text name = wg__text_of(text, sizeof text);
    specimen_name(s, &name);
    wg__text_add(&name, ", rows in %d", choice);
    const bool is_differentiable = wg__op_table[s->op].is_differentiable;
    check_status(wg_tape_reset(b->tape), WG_OK);
    sample p = { .s = s, .by = -1 };
    for (int32_t i = 0; i < s->in_count; i++) {
        p.has_rows[i] = choice >> i & 1;
        p.in[i] = draw(b, s, i, p.has_rows[i]);
    }
    check_rows(b, &p, text);
    if (!is_differentiable) return;
    p.weight = weight_of(b, s);
    if (!wg__dtype_is_float(wg_dtype_of(p.weight))) return;
    for (p.by = 0; p.by < s->in_count; p.by++)
        if (wg__dtype_is_float(s->in[p.by].dtype)) check_rows(b, &p, text);
}

/* Why the rows of an op are not those of the op run alone. */
static const char *exception_of(const specimen *s)
{
    if (s->op == WG__OP_random_bits) return "rows are parts of one draw of the whole shape";
    return s->in_count == 0 ? "without inputs there are no rows" : NULL;
}

static void check_table(wg_dtype dtype)
{
    bench b = { .runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 2)),
                .tape = wg_tape_create(NULL),
                .state = test_seed() };
    check(b.runtime != NULL && b.tape != NULL);
    for (int32_t i = 0; i < specimen_count(); i++) {
        const specimen s = specimen_as(specimen_at(i), dtype);
        if (exception_of(&s) != NULL) continue;
        for (int choice = 1; choice < 1 << s.in_count; choice++) check_choice(&b, &s, choice);
    }
    wg_runtime_free(b.runtime);
    wg_tape_free(b.tape);
}

Test(rows, of_every_op_have_the_bits_they_have_alone_in_f32)
{
    check_table(WG_F32);
}

Test(rows, of_every_op_have_the_bits_they_have_alone_in_f64)
{
    check_table(WG_F64);
}

/* wg_einsum: a rule of letters becomes permutations, reshapes, sums and batched products, operand
 * by operand from the left.
 *
 * The invariant: a letter counts how many operands to come, and the result, still use it. What
 * nobody will use is summed as soon as it can be: by itself if it stands in one operand, else by
 * the product of the two it joins. */
#include "graph/tape.h"
#include <wengert/ops.h>

typedef struct labels { int32_t count; char at[WG__RANK_MAX]; } labels;

/* A value and the letter of each of its axes. */
typedef struct term { uint32_t value; labels axes; } term;

typedef struct einsum {
    wg_tape *tape;
    int64_t count;             /* operands */
    const uint32_t *in;
    labels *operand;
    labels result;
    int64_t extent[128], use_count[128];   /* by letter; an extent of -1 is unknown */
} einsum;

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool has(const labels *x, char letter)
{
    for (int32_t i = 0; i < x->count; i++)
        if (x->at[i] == letter) return true;
    return false;
}

static void append(labels *x, const labels *more)
{
    for (int32_t i = 0; i < more->count; i++) x->at[x->count++] = more->at[i];
}

#define REFUSE(e, status, ...)                                                                     \
    wg__tape_refuse((e)->tape, status, "einsum", WG__NONE, __VA_ARGS__)

/* ---- the rule ---- */

static int letter_add(einsum *e, labels *x, char letter, int64_t place)
{
    if (x->count == WG_RANK_MAX)
        return REFUSE(e, WG_ELIMIT, "more than %d letters in a row, at %lld", (int)WG_RANK_MAX,
                      (long long)place);
    x->at[x->count++] = letter;
    return WG_OK;
}

static int character_refuse(einsum *e, char c, int64_t place)
{
    if (c > ' ' && c < 127)
        return REFUSE(e, WG_EINVALID, "'%c' at %lld of the rule is no letter, comma or arrow", c,
                      (long long)place);
    return REFUSE(e, WG_EINVALID, "byte %d at %lld of the rule is no letter, comma or arrow",
                  (int)(unsigned char)c, (long long)place);
}

/* Letters of each operand, then of the result; blanks say nothing. */
static int rule_parse(einsum *e, const char *rule)
{
    int64_t operand = 0;
    bool has_arrow = false;
    for (int64_t i = 0; rule[i] != '\0'; i++) {
        const bool is_arrow = !has_arrow && rule[i] == '-' && rule[i + 1] == '>';
        if (rule[i] == ' ') continue;
        if (is_arrow) {
            has_arrow = true;
            i++;
        } else if (is_letter(rule[i])) {
            labels rest = { .count = 0 };
            labels *target = has_arrow ? &e->result : operand < e->count ? &e->operand[operand]
                                                                         : &rest;
            WG_TRY(letter_add(e, target, rule[i], i));
        } else if (rule[i] == ',' && !has_arrow) {
            operand++;
        } else {
            return character_refuse(e, rule[i], i);
        }
    }
    if (!has_arrow) return REFUSE(e, WG_EINVALID, "the rule has no ->");
    if (operand + 1 != e->count)
        return REFUSE(e, WG_EINVALID, "the rule is for %lld operands, %lld are given",
                      (long long)operand + 1, (long long)e->count);
    return WG_OK;
}

/* One letter an axis, and one extent a letter. */
static int operand_check(einsum *e, int64_t k)
{
    const labels *x = &e->operand[k];
    const wg__shape *shape = wg__tape_shape(e->tape, e->in[k]);
    if (x->count != shape->rank) {
        char text[160];
        wg__text of = wg__text_of(text, sizeof text);
        wg__text_shape(&of, shape);
        return REFUSE(e, WG_ESHAPE, "\"%.*s\" for %s", (int)x->count, x->at, text);
    }
    for (int32_t i = 0; i < x->count; i++) {
        int64_t *extent = &e->extent[(int)x->at[i]];
        if (*extent >= 0 && *extent != shape->dim[i])
            return REFUSE(e, WG_ESHAPE, "'%c' is %lld and %lld", x->at[i], (long long)*extent,
                          (long long)shape->dim[i]);
        *extent = shape->dim[i];
    }
    return WG_OK;
}

/* Counts the users of each letter. */
static void labels_use(einsum *e, const labels *x, int64_t change)
{
    labels seen = { .count = 0 };
    for (int32_t i = 0; i < x->count; i++) {
        if (has(&seen, x->at[i])) continue;
        seen.at[seen.count++] = x->at[i];
        e->use_count[(int)x->at[i]] += change;
    }
}

static int rule_check(einsum *e)
{
    const int dtype = e->tape->record[e->in[0]].dtype;
    if (!wg__dtype_is_float((wg_dtype)dtype))
        return REFUSE(e, WG_EDTYPE, "f32 or f64 expected, not %s",
                      wg_dtype_name((wg_dtype)dtype));
    for (int letter = 0; letter < 128; letter++) e->extent[letter] = -1;
    for (int64_t k = 0; k < e->count; k++) {
        WG_TRY(operand_check(e, k));
        labels_use(e, &e->operand[k], 1);
    }
    for (int32_t i = 0; i < e->result.count; i++) {
        const char letter = e->result.at[i];
        if (e->use_count[(int)letter] == 0)
            return REFUSE(e, WG_EINVALID, "'%c' of the result is in no operand", letter);
        for (int32_t j = 0; j < i; j++)
            if (e->result.at[j] == letter)
                return REFUSE(e, WG_EINVALID, "'%c' is twice in the result", letter);
    }
    labels_use(e, &e->result, 1);
    return WG_OK;
}

/* ---- terms ---- */

/* The axes in another order of the same letters. */
static uint32_t arranged(const einsum *e, const term *t, const labels *order)
{
    int64_t axis[WG__RANK_MAX];
    for (int32_t i = 0; i < order->count; i++) {
        axis[i] = 0;
        while (t->axes.at[axis[i]] != order->at[i]) axis[i]++;
    }
    return wg__emit_permute(&e->tape->builder, t->value, axis, order->count);
}

/* Elements of axes with these letters; negative if they are too many. */
static int64_t count_of(const einsum *e, const labels *x)
{
    wg__shape shape = { .rank = x->count };
    for (int32_t i = 0; i < x->count; i++) shape.dim[i] = e->extent[(int)x->at[i]];
    return wg__shape_count(&shape);
}

/* Two axes of one letter. */
static bool pair_find(const labels *x, int32_t *i, int32_t *j)
{
    for (*j = 1; *j < x->count; ++*j)
        for (*i = 0; *i < *j; ++*i)
            if (x->at[*i] == x->at[*j]) return true;
    return false;
}

/* Takes the diagonal of axes i < j, which have one letter: every (n + 1)th of n n elements. */
static void diagonal_take(const einsum *e, term *t, int32_t i, int32_t j)
{
    wg__builder *b = &e->tape->builder;
    int64_t axis[WG__RANK_MAX];
    labels rest = { .count = 0 };
    wg__shape shape = { .rank = 0 };
    const char letter = t->axes.at[i];
    const labels both = { .count = 2, .at = { letter, letter } };
    const int64_t square = count_of(e, &both);
    for (int32_t k = 0; k < t->axes.count; k++) {
        if (k == i || k == j) continue;
        axis[rest.count] = k;
        shape.dim[shape.rank++] = e->extent[(int)t->axes.at[k]];
        rest.at[rest.count++] = t->axes.at[k];
    }
    axis[rest.count] = i;
    axis[rest.count + 1] = j;
    shape.dim[shape.rank++] = square;
    const uint32_t last = wg__emit_permute(b, t->value, axis, t->axes.count);
    const int64_t step = square > 0 ? e->extent[(int)letter] + 1 : 1;
    t->value = wg__emit_slice(b, wg__emit_reshape(b, last, &shape), rest.count, 0, square, step);
    rest.at[rest.count++] = letter;
    t->axes = rest;
}

/* Operand k, each letter once. */
static term term_of(einsum *e, int64_t k)
{
    int32_t i, j;
    term t = { .value = e->in[k], .axes = e->operand[k] };
    labels_use(e, &t.axes, -1);
    while (pair_find(&t.axes, &i, &j)) diagonal_take(e, &t, i, j);
    return t;
}

/* Sums over the letters that nobody uses any more and `other` does not have. */
static void term_sum(const einsum *e, term *t, const labels *other)
{
    uint32_t bits = 0;
    labels kept = { .count = 0 };
    for (int32_t i = 0; i < t->axes.count; i++) {
        const char letter = t->axes.at[i];
        const bool is_done = e->use_count[(int)letter] == 0 && !has(other, letter);
        if (is_done) bits |= 1u << i;
        else kept.at[kept.count++] = letter;
    }
    t->value = wg__emit_reduce(&e->tape->builder, WG__OP_sum, t->value, bits);
    t->axes = kept;
}

/* ---- products ---- */

/* The letters of two terms: in both and used later, in both and done, in one. */
typedef struct groups { labels batch, inner, left, right; } groups;

static groups groups_of(const einsum *e, const term *x, const term *y)
{
    groups g = { .batch = { .count = 0 } };
    for (int32_t i = 0; i < x->axes.count; i++) {
        const char letter = x->axes.at[i];
        const bool is_shared = has(&y->axes, letter);
        labels *group = !is_shared ? &g.left
                        : e->use_count[(int)letter] > 0 ? &g.batch : &g.inner;
        group->at[group->count++] = letter;
    }
    for (int32_t i = 0; i < y->axes.count; i++)
        if (!has(&x->axes, y->axes.at[i])) g.right.at[g.right.count++] = y->axes.at[i];
    return g;
}

/* The axes of three groups in their order, each group as one axis. */
static uint32_t as_matrix(const einsum *e, const term *t, const labels *batch, const labels *rows,
                          const labels *columns)
{
    labels order = *batch;
    append(&order, rows);
    append(&order, columns);
    wg__shape shape = { .rank = 0 };
    if (batch->count > 0) shape.dim[shape.rank++] = count_of(e, batch);
    shape.dim[shape.rank++] = count_of(e, rows);
    shape.dim[shape.rank++] = count_of(e, columns);
    return wg__emit_reshape(&e->tape->builder, arranged(e, t, &order), &shape);
}

/* x [batch, left, inner] times y [batch, inner, right]. */
static uint32_t multiplied(const einsum *e, const term *x, const term *y, const groups *g)
{
    wg__builder *b = &e->tape->builder;
    const uint32_t left = as_matrix(e, x, &g->batch, &g->left, &g->inner);
    const uint32_t right = as_matrix(e, y, &g->batch, &g->inner, &g->right);
    if (g->inner.count > 0) return wg__emit2(b, WG__OP_matmul, left, right);
    /* Nothing is summed: each element is one product, rounded once. */
    wg__shape shape = { .rank = 0 };
    if (g->batch.count > 0) shape.dim[shape.rank++] = count_of(e, &g->batch);
    shape.dim[shape.rank++] = count_of(e, &g->left);
    shape.dim[shape.rank++] = count_of(e, &g->right);
    return wg__emit2(b, WG__OP_mul, wg__emit_broadcast(b, left, &shape),
                     wg__emit_broadcast(b, right, &shape));
}

static term term_join(const einsum *e, const term *x, const term *y)
{
    const groups g = groups_of(e, x, y);
    term joined = { .value = WG__NONE };
    const int32_t rank = g.batch.count + g.left.count + g.right.count;
    if (rank > WG__RANK_MAX) {
        REFUSE(e, WG_ELIMIT, "%d axes on the way", (int)rank);
        return joined;
    }
    wg__shape shape = { .rank = rank };
    append(&joined.axes, &g.batch);
    append(&joined.axes, &g.left);
    append(&joined.axes, &g.right);
    for (int32_t i = 0; i < rank; i++) shape.dim[i] = e->extent[(int)joined.axes.at[i]];
    joined.value = wg__emit_reshape(&e->tape->builder, multiplied(e, x, y, &g), &shape);
    return joined;
}

static uint32_t einsum_record(einsum *e)
{
    const labels nothing = { .count = 0 };
    term t = term_of(e, 0);
    term_sum(e, &t, &nothing);
    for (int64_t k = 1; k < e->count && t.value != WG__NONE; k++) {
        term next = term_of(e, k);
        term_sum(e, &next, &t.axes);
        t = term_join(e, &t, &next);
    }
    return t.value == WG__NONE ? WG__NONE : arranged(e, &t, &e->result);
}

wg_var wg_einsum(const char *rule, int64_t count, const wg_var *x)
{
    wg_var failed;
    uint32_t *in;
    wg_tape *tape = wg__list_open("einsum", count, x, &in, &failed);
    if (tape == NULL) return failed;
    failed = wg__var_of(tape, WG__NONE);
    einsum e = { .tape = tape, .count = count, .in = in };
    e.operand = wg__arena_take(&tape->arena, (size_t)count * sizeof *e.operand);
    if (e.operand == NULL) {
        wg__tape_no_memory(tape);
        return failed;
    }
    for (int64_t k = 0; k < count; k++) e.operand[k] = (labels){ .count = 0 };
    if (rule == NULL) {
        REFUSE(&e, WG_EINVALID, "the rule is NULL");
        return failed;
    }
    if (rule_parse(&e, rule) < 0 || wg__dtypes_agree(tape, "einsum", (int32_t)count, in) < 0 ||
        rule_check(&e) < 0)
        return failed;
    return wg__var_of(tape, einsum_record(&e));
}

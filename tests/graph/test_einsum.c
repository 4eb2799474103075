/* einsum against a loop over all values of all letters; rules that make no sense. All numbers are
 * small whole ones, so that sums are exact in any order. */
#include "support/replay.h"
#include "support/test.h"

#include <string.h>
#include <wengert/ops.h>

static wg_tape *tape;
static replay *run;

#define WITH_TAPE(name)                                                                            \
    static void einsum_##name(void);                                                               \
    Test(einsum, name)                                                                             \
    {                                                                                              \
        tape = wg_tape_create(NULL);                                                               \
        run = replay_attach(tape, WG__PORTABLE);                                                   \
        einsum_##name();                                                                           \
        replay_free(run);                                                                          \
        wg_tape_free(tape);                                                                        \
    }                                                                                              \
    static void einsum_##name(void)

static wg_var f64(const double *data, wg_shape shape)
{
    return wg_input(tape, NULL, wg_f64(data, shape));
}

enum { OPERANDS_MAX = 4, ELEMENTS_MAX = 256 };

static int64_t extent_of(char letter)
{
    return 2 + (letter - 'a') % 3;
}

/* The place of the element of "abc" where each letter has this value. */
static int64_t place_of(const char *letters, size_t count, const int64_t *value)
{
    int64_t place = 0;
    for (size_t i = 0; i < count; i++)
        place = place * extent_of(letters[i]) + value[letters[i] - 'a'];
    return place;
}

static int64_t count_of(const char *letters, size_t count)
{
    int64_t elements = 1;
    for (size_t i = 0; i < count; i++) elements *= extent_of(letters[i]);
    return elements;
}

/* Moves on to the next value of the letters a to m that the rule has; false after the last. */
static bool value_next(const char *rule, int64_t *value)
{
    for (char letter = 'a'; letter <= 'm'; letter++) {
        if (strchr(rule, letter) == NULL) continue;
        if (++value[letter - 'a'] < extent_of(letter)) return true;
        value[letter - 'a'] = 0;
    }
    return false;
}

/* The operands of a rule, as pieces of its text. */
typedef struct operands {
    int count;
    const char *at[OPERANDS_MAX], *result;
    size_t length[OPERANDS_MAX];
} operands;

static operands operands_of(const char *rule)
{
    operands o = { .count = 0 };
    const char *arrow = strstr(rule, "->");
    for (const char *at = rule; at <= arrow;) {
        const size_t length = strcspn(at, ",-");
        o.at[o.count] = at;
        o.length[o.count++] = length;
        at += length + 1;
    }
    o.result = arrow + 2;
    return o;
}

static double data[OPERANDS_MAX][ELEMENTS_MAX], expected[ELEMENTS_MAX];

static void fill(const char *rule, const operands *o)
{
    for (int k = 0; k < o->count; k++)
        for (int i = 0; i < ELEMENTS_MAX; i++) data[k][i] = (i * 7 + k * 5) % 11 - 4;
    memset(expected, 0, sizeof expected);
    int64_t value[26] = { 0 };
    do {
        double product = 1;
        for (int k = 0; k < o->count; k++)
            product *= data[k][place_of(o->at[k], o->length[k], value)];
        expected[place_of(o->result, strlen(o->result), value)] += product;
    } while (value_next(rule, value));
}

static wg_var operand(const operands *o, int k)
{
    wg_shape shape = { .rank = (int32_t)o->length[k] };
    for (int32_t i = 0; i < shape.rank; i++) shape.dim[i] = extent_of(o->at[k][i]);
    return f64(data[k], shape);
}

/* The value, and that it is linear in each operand: <dx, x> is the sum of the result. */
static void check_rule(const char *rule)
{
    const operands o = operands_of(rule);
    wg_var x[OPERANDS_MAX], g[OPERANDS_MAX];
    fill(rule, &o);
    for (int k = 0; k < o.count; k++) x[k] = operand(&o, k);
    const wg_var r = wg_einsum(rule, o.count, x);
    check_msg(wg__var_check(r) == WG_OK, "%s: %s", rule, wg_tape_message(tape));
    check_equal_i(wg_shape_of(r).rank, strlen(o.result));
    double sum = 0;
    for (int64_t i = 0; i < count_of(o.result, strlen(o.result)); i++) {
        sum += expected[i];
        check_msg(replay_at(run, r, i) == expected[i], "%s, element %d: %g, not %g", rule, (int)i,
                  replay_at(run, r, i), expected[i]);
    }
    check_status(wg_grads(wg_sum(r, WG_ALL), o.count, x, g), WG_OK);
    for (int k = 0; k < o.count; k++) {
        double form = 0;
        for (int64_t i = 0; i < count_of(o.at[k], o.length[k]); i++)
            form += replay_at(run, g[k], i) * data[k][i];
        check_msg(form == sum, "%s, operand %d: %g, not %g", rule, k, form, sum);
    }
}

WITH_TAPE(every_rule_is_its_loop)
{
    static const char *const rules[] = {
        "->", "a->a", "a->", "ab->ba", "ab->b", "abc->ca", "aa->a", "aa->", "aab->b", "abab->ba",
        "aaa->a", ",->", "a,->a", ",a->a", "a,b->ab", "a,b->ba", "a,b->", "a,a->a", "a,a->",
        "ab,bc->ac", "ab,bc->ca", "ab,cb->ac", "ab,ab->", "ab,ab->a", "ab,ab->ba", "abc,acd->abd",
        "abc,cd->dba", "abcd,abed->abce", "aab,bc->ac", "ab,bb->ab", "abc,c->ab", "abc,abd->cd",
        "ab,bc,cd->ad", "ab,bc,ca->", "a,a,a->a", "ab,ac,ad->bcd", "a,b,c->", "abc,b,ca->ba",
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) check_rule(rules[i]);
}

WITH_TAPE(a_product_is_one_matmul_and_its_bits)
{
    fill("ab,bc->ac", &(operands){ .count = 0, .result = "" });
    for (int i = 0; i < ELEMENTS_MAX; i++) data[0][i] = 1 / (double)(i + 3);
    const wg_var x = f64(data[0], WG_SHAPE(5, 2, 7)), y = f64(data[0] + 70, WG_SHAPE(5, 7, 3));
    const wg_var pair[2] = { x, y };
    const wg_var r = wg_einsum(" bij, bjk -> bik ", 2, pair), m = wg_matmul(x, y);
    for (int i = 0; i < 30; i++) check(replay_at(run, r, i) == replay_at(run, m, i));
    const int64_t count = wg_tape_count(tape);
    wg_var again = wg_einsum("bij,bjk->bik", 2, pair);
    check_equal_i(wg_tape_count(tape), count + 1);
    check_equal_i(tape->record[again.index].op, WG__OP_matmul);
}

WITH_TAPE(axes_without_elements_sum_to_nothing)
{
    const wg_var none = wg_full(tape, WG_F32, WG_SHAPE(0, 0), 1);
    const wg_var pair[2] = { none, wg_full(tape, WG_F32, WG_SHAPE(0, 2), 1) };
    check(replay_at(run, wg_einsum("ii->", 1, pair), 0) == 0);
    const wg_var r = wg_einsum("ij,jk->ik", 2, pair);
    check(wg_shape_equal(wg_shape_of(r), WG_SHAPE(0, 2)));
    const wg_var sum = wg_einsum("ji,jk->k", 2, pair);
    for (int i = 0; i < 2; i++) check(replay_at(run, sum, i) == 0);
}

static void check_refused(const char *rule, int64_t count, int status, const char *message)
{
    replay_free(run);
    wg_tape_reset(tape);
    run = replay_attach(tape, WG__PORTABLE);
    const wg_var x[3] = { wg_full(tape, WG_F32, WG_SHAPE(2, 3), 1),
                          wg_full(tape, WG_F32, WG_SHAPE(3, 4), 1),
                          wg_full(tape, WG_F64, WG_SHAPE(2), 1) };
    const wg_var r = wg_einsum(rule, count, x);
    check(wg__var_check(r) < 0);
    check_status(wg_tape_status(tape), status);
    check_contains(wg_tape_message(tape), message);
}

WITH_TAPE(a_rule_without_sense_is_refused_in_words)
{
    check_refused(NULL, 2, WG_EINVALID, "einsum: the rule is NULL");
    check_refused("", 1, WG_EINVALID, "einsum: the rule has no ->");
    check_refused("ij,jk", 2, WG_EINVALID, "einsum: the rule has no ->");
    check_refused("ij,j1->i", 2, WG_EINVALID,
                  "einsum: '1' at 4 of the rule is no letter, comma or arrow");
    check_refused("ij,jk->i,k", 2, WG_EINVALID,
                  "einsum: ',' at 8 of the rule is no letter, comma or arrow");
    check_refused("ij->jk->i", 1, WG_EINVALID,
                  "einsum: '-' at 6 of the rule is no letter, comma or arrow");
    check_refused("i\xC3\xA9->i", 1, WG_EINVALID,
                  "einsum: byte 195 at 1 of the rule is no letter, comma or arrow");
    check_refused("ij\n->i", 1, WG_EINVALID,
                  "einsum: byte 10 at 2 of the rule is no letter, comma or arrow");
    check_refused("ij->i", 2, WG_EINVALID,
                  "einsum: the rule is for 1 operands, 2 are given");
    check_refused("ij,jk,k,l->i", 2, WG_EINVALID,
                  "einsum: the rule is for 4 operands, 2 are given");
    check_refused("ijk,jk->i", 2, WG_ESHAPE, "einsum: \"ijk\" for [2, 3]");
    check_refused("ij,ik->jk", 2, WG_ESHAPE, "einsum: 'i' is 2 and 3");
    check_refused("ii->i", 1, WG_ESHAPE, "einsum: 'i' is 2 and 3");
    check_refused("ij,jk->iz", 2, WG_EINVALID, "einsum: 'z' of the result is in no operand");
    check_refused("ij,jk->ii", 2, WG_EINVALID, "einsum: 'i' is twice in the result");
    check_refused("abcdefghi->a", 1, WG_ELIMIT, "einsum: more than 8 letters in a row, at 8");
    check_refused("ij,jk,i->k", 3, WG_EDTYPE, "einsum: f32 and f64 differ");
}

WITH_TAPE(integers_are_refused)
{
    const wg_var x = wg_full(tape, WG_I32, WG_SHAPE(2), 1);
    check(wg__var_check(wg_einsum("i->", 1, &x)) < 0);
    check_contains(wg_tape_message(tape), "einsum: f32 or f64 expected, not i32");
    check(wg__var_check(wg_einsum("i->", 0, &x)) < 0);
    check(wg__var_check(wg_einsum("i->", 1, NULL)) < 0);
}

/* Every message the graph can give, one after the other: reviewing this file is reviewing how the
 * library answers a mistake. The line of the mistake is left out; test_location.c looks at it. */
#include "graph/internal.h"
#include "support/test.h"

#include <string.h>
#include <wengert/nn.h>

/* What a mistake is made of: 0 vectors of 3 and 4 f32, a matrix, integers, bools, a params. */
typedef struct world {
    wg_tape *tape;
    wg_params *params;
    wg_scope scope;
    wg_var three, four, matrix, whole, truth;
} world;

static world world_make(void)
{
    world w = { .tape = wg_tape_create(NULL), .params = wg_params_create(NULL) };
    w.scope = wg_scope_in(wg_scope_root(w.tape, w.params, WG_TRAINING), "net");
    w.three = wg_full(w.tape, WG_F32, WG_SHAPE(3), 1);
    w.four = wg_full(w.tape, WG_F32, WG_SHAPE(4), 1);
    w.matrix = wg_full(w.tape, WG_F32, WG_SHAPE(2, 3), 1);
    w.whole = wg_full(w.tape, WG_I32, WG_SHAPE(3), 1);
    w.truth = wg_full(w.tape, WG_BOOL, WG_SHAPE(3), 1);
    return w;
}

static void world_end(world *w, int status, const char *expected)
{
    const char *message = wg_tape_message(w->tape);
    check_msg(wg_tape_status(w->tape) == status, "%s instead of %s: %s",
              wg_status_name(wg_tape_status(w->tape)), wg_status_name(status), message);
    char text[508];
    strncpy(text, message, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    char *place = strstr(text, " (test_message.c:");
    while (place != NULL) {
        char *end = strchr(place, ')') + 1;
        memmove(place, end, strlen(end) + 1);
        place = strstr(text, " (test_message.c:");
    }
    check_text(text, expected);
    wg_tape_free(w->tape);
    wg_params_free(w->params);
}

/* One mistake: what is recorded, its status and its text. */
#define MISTAKE(sentence, status, text, ...)                                                       \
    Test(message, sentence)                                                                        \
    {                                                                                              \
        world w = world_make();                                                                    \
        __VA_ARGS__;                                                                               \
        world_end(&w, status, text);                                                               \
    }
/* A recorder's result that nobody looks at. */
static void ignore(wg_var x)
{
    (void)x;
}

/* ---- elementwise ---- */

MISTAKE(dtypes_differ, WG_EDTYPE, "add: f32 and i32 differ", ignore(wg_add(w.three, w.whole)))
MISTAKE(shapes_do_not_join, WG_ESHAPE, "mul: [2, 3] and [4]: 3 is not 4",
        ignore(wg_mul(w.matrix, w.four)))
MISTAKE(an_integer_has_no_exponential, WG_EDTYPE, "exp: f32 or f64 expected, not i32",
        ignore(wg_exp(w.whole)))
MISTAKE(a_bool_is_no_number, WG_EDTYPE, "neg: numbers expected, not bool", ignore(wg_neg(w.truth)))
MISTAKE(a_float_has_no_bits, WG_EDTYPE, "and: integers or bool expected, not f32",
        ignore(wg_and(w.three, w.three)))
MISTAKE(gt_is_called_gt, WG_ESHAPE, "gt: [4] and [3]: 4 is not 3", ignore(wg_gt(w.three, w.four)))
MISTAKE(a_condition_is_bool, WG_EDTYPE, "select: the condition must be bool, not f32",
        ignore(wg_select(w.three, w.three, w.three)))
MISTAKE(the_sides_of_a_select_agree, WG_EDTYPE, "select: f32 and i32 differ",
        ignore(wg_select(w.truth, w.three, w.whole)))
MISTAKE(a_cast_needs_a_dtype, WG_EDTYPE, "cast: 77 is no dtype",
        ignore(wg_cast(w.three, (wg_dtype)77)))
MISTAKE(bits_are_not_stretched, WG_EDTYPE, "bitcast: the bits of f32 are no f64",
        ignore(wg_bitcast(w.three, WG_F64)))
MISTAKE(an_order_of_polygamma_has_a_limit, WG_EINVALID,
        "polygamma: order 101 is not within -1 and 100", ignore(wg_polygamma(101, w.three)))
MISTAKE(a_shift_is_not_negative, WG_EINVALID, "bits_right: cannot shift by -1",
        ignore(wg_bits_right(w.whole, -1)))

/* ---- movement ---- */

MISTAKE(a_reshape_keeps_the_count, WG_ESHAPE, "reshape: [2, 3] does not fill [4]",
        ignore(wg_reshape(w.matrix, WG_SHAPE(4))))
MISTAKE(an_open_extent_must_fit, WG_ESHAPE, "reshape: [2, 3] does not fill [4, -1]",
        ignore(wg_reshape(w.matrix, WG_SHAPE(4, -1))))
MISTAKE(a_shape_may_be_malformed, WG_ESHAPE, "reshape: the shape is malformed",
        ignore(wg_reshape(w.matrix, (wg_shape){ .rank = 9 })))
MISTAKE(a_permutation_names_all_axes, WG_EAXIS, "permute: 1 axes given for [2, 3]",
        ignore(wg_permute(w.matrix, WG_AXES(1))))
MISTAKE(a_permutation_names_each_axis_once, WG_EAXIS, "permute: axis 1 is named twice",
        ignore(wg_permute(w.matrix, WG_AXES(1, -1))))
MISTAKE(a_vector_has_no_transpose, WG_EAXIS, "transpose: axis -2 of [3]",
        ignore(wg_transpose(w.three)))
MISTAKE(a_broadcast_only_stretches, WG_ESHAPE, "broadcast: [3] does not stretch to [4]",
        ignore(wg_broadcast(w.three, WG_SHAPE(4))))
MISTAKE(a_broadcast_needs_a_shape, WG_ESHAPE, "broadcast: the shape is malformed or too large",
        ignore(wg_broadcast(w.three, WG_SHAPE(-4))))
MISTAKE(no_rank_exceeds_eight, WG_ELIMIT, "expand: rank 9 exceeds 8",
        ignore(wg_expand(wg_full(w.tape, WG_F32, WG_SHAPE(1, 1, 1, 1, 1, 1, 1, 1), 0), 0)))
MISTAKE(an_axis_is_inserted_within, WG_EAXIS, "expand: axis 3 of [3]",
        ignore(wg_expand(w.three, 3)))
MISTAKE(only_extent_one_is_squeezed, WG_ESHAPE, "squeeze: axis 1 has extent 3, not 1",
        ignore(wg_squeeze(w.matrix, WG_AXES(-1))))
MISTAKE(a_slice_stays_within, WG_EINVALID, "slice: 0:4:1 leaves axis 0 of [3]",
        ignore(wg_slice(w.three, 0, 0, 4, 1)))
MISTAKE(a_slice_has_an_axis, WG_EAXIS, "slice: axis 1 of [3]",
        ignore(wg_slice(w.three, 1, 0, 1, 1)))
MISTAKE(a_pad_is_not_negative, WG_EINVALID, "pad: cannot pad by -1",
        ignore(wg_pad(w.three, 0, -1, 0, 0, 0)))
MISTAKE(a_pad_holds_its_value, WG_EINVALID, "pad: 0.5 is no i32",
        ignore(wg_pad(w.whole, 0, 1, 0, 0, 0.5)))
MISTAKE(joined_shapes_are_equal_elsewhere, WG_ESHAPE,
        "concat: [2, 3] and [3] do not join along axis 0",
        ignore(wg_concat(2, (const wg_var[]){ w.matrix, w.three }, 0)))

/* ---- reductions, products ---- */

MISTAKE(an_axis_exists, WG_EAXIS, "sum: axes (2) of [2, 3]: missing or named twice",
        ignore(wg_sum(w.matrix, WG_AXES(2))))
MISTAKE(an_axis_is_named_once, WG_EAXIS, "mean: axes (1, -1) of [2, 3]: missing or named twice",
        ignore(wg_mean(w.matrix, WG_AXES(1, -1))))
MISTAKE(an_integer_has_no_mean, WG_EDTYPE, "mean: f32 or f64 expected, not i32",
        ignore(wg_mean(w.whole, WG_ALL)))
MISTAKE(nothing_has_no_largest, WG_ESHAPE, "max: [0] has no elements to choose from",
        ignore(wg_max(wg_slice(w.three, 0, 1, 1, 1), WG_ALL)))
MISTAKE(any_is_of_bools, WG_EDTYPE, "any: bool expected, not f32", ignore(wg_any(w.three, WG_ALL)))
MISTAKE(inner_extents_are_equal, WG_ESHAPE, "matmul: [2, 3] x [2, 3]: 3 is not 2",
        ignore(wg_matmul(w.matrix, w.matrix)))
MISTAKE(a_vector_is_a_column_behind_a_product, WG_ESHAPE, "matmul: [2, 3] x [4]: 3 is not 4",
        ignore(wg_matmul(w.matrix, w.four)))
MISTAKE(a_vector_is_a_row_before_a_product, WG_ESHAPE, "matmul: [3] x [2, 3]: 3 is not 2",
        ignore(wg_matmul(w.three, w.matrix)))
MISTAKE(a_scalar_has_no_product_of_matrices, WG_ESHAPE,
        "matmul: [2, 3] x []: an axis is needed; a scalar is for wg_mul",
        ignore(wg_matmul(w.matrix, wg_sum(w.three, WG_ALL))))
MISTAKE(an_index_is_an_integer, WG_EDTYPE, "gather: the index must be i32 or i64, not f32",
        ignore(wg_gather(w.matrix, w.three, 0)))
MISTAKE(an_update_has_the_shape_of_a_gather, WG_ESHAPE,
        "scatter_add: the update must be [3, 3], not [4]",
        ignore(wg_scatter_add(w.matrix, w.whole, w.four, 0)))
MISTAKE(a_counter_is_a_scalar, WG_EDTYPE, "random_bits: the draw must be a scalar i64, not i32 [3]",
        ignore(wg_random_bits(w.whole, 1, WG_SHAPE(2))))
MISTAKE(a_count_is_not_negative, WG_ESHAPE, "iota: [-1] is no shape",
        ignore(wg_iota(w.tape, WG_I32, -1)))

/* ---- values ---- */

MISTAKE(a_null_value_is_told, WG_EINVALID, "add: argument 2 is the null value",
        ignore(wg_add(w.three, (wg_var){ 0 })))
MISTAKE(a_stale_value_is_told, WG_ESTALE, "exp: a value of a recording that was reset",
        wg_tape_reset(w.tape);
        ignore(wg_exp(w.three)))
MISTAKE(an_extent_has_an_axis, WG_EAXIS, "extent: axis 2 of [2, 3]", wg_extent(w.matrix, 2))

/* ---- leaves ---- */

MISTAKE(a_view_is_not_zeroed, WG_EDTYPE, "input: the view is zeroed",
        ignore(wg_input(w.tape, "x", (wg_view){ 0 })))
MISTAKE(a_view_has_data, WG_EINVALID, "input: the view has no data",
        ignore(wg_input(w.tape, "x", wg_f32(NULL, WG_SHAPE(2)))))
MISTAKE(a_view_has_a_shape, WG_ESHAPE, "constant: the view's shape is malformed",
        ignore(wg_constant(w.tape, wg_f32((const float[1]){ 0 }, WG_SHAPE(-2)))))
MISTAKE(a_batch_has_rows, WG_ESHAPE, "batch: [] has no leading axis of samples",
        ignore(wg_batch(w.tape, "x", wg_f32((const float[1]){ 0 }, WG_SCALAR))))
MISTAKE(a_name_is_made_of_letters, WG_ENAME,
        "scalar: 'my rate' is no name: letters, digits, _ . - and / between them",
        ignore(wg_scalar(w.tape, "my rate", WG_F32, 0)))
MISTAKE(an_input_has_its_own_name, WG_ENAME, "scalar: x names another input",
        ignore(wg_scalar(w.tape, "x", WG_F32, 0)); ignore(wg_scalar(w.tape, "x", WG_F32, 0)))
MISTAKE(an_integer_holds_whole_numbers, WG_EINVALID, "number: 0.5 is no i32",
        ignore(wg_number(w.whole, 0.5)))
MISTAKE(a_full_shape_exists, WG_ESHAPE, "full: the shape is malformed or too large",
        ignore(wg_full(w.tape, WG_F32, WG_SHAPE(-1), 0)))

/* ---- derivatives ---- */

MISTAKE(a_gradient_is_of_a_scalar, WG_ESHAPE, "grad: [3] is not a scalar: sum it first",
        ignore(wg_grad(wg_exp(w.three), w.three)))
MISTAKE(a_gradient_is_not_of_an_integer, WG_EGRADIENT, "grad: no derivative of i32 exists",
        ignore(wg_grad(wg_sum(w.whole, WG_ALL), w.three)))
MISTAKE(a_gradient_is_not_by_an_integer, WG_EGRADIENT, "grad: no derivative by i32 exists",
        ignore(wg_grad(wg_sum(w.three, WG_ALL), w.whole)))
MISTAKE(a_gradient_is_not_by_a_number, WG_EGRADIENT,
        "grad: by a number, which others share: use wg_full or wg_scalar",
        wg_var two = wg_number(w.three, 2);
        ignore(wg_grad(wg_sum(wg_mul(w.three, two), WG_ALL), two)))
MISTAKE(a_cotangent_has_the_type_of_y, WG_ESHAPE, "vjp: the cotangent is f32 [4], y is f32 [3]",
        ignore(wg_vjp(w.three, w.three, w.four)))
MISTAKE(gradients_need_a_place, WG_EINVALID, "grads: x or gradient is NULL",
        wg_grads(w.three, 1, NULL, NULL))

/* ---- scopes, parameters ---- */

static const wg_initializer zero = { .make = NULL };
static wg_var make_wrong(wg_scope scope, wg_dtype dtype, wg_shape shape, const double *setting)
{
    (void)shape;
    return wg_full(scope.tape, dtype, WG_SHAPE(7), setting[0]);
}
static wg_var make_nothing(wg_scope scope, wg_dtype dtype, wg_shape shape, const double *setting)
{
    (void)scope, (void)dtype, (void)shape, (void)setting;
    return (wg_var){ 0 };
}

MISTAKE(a_scope_has_a_name, WG_ENAME,
        "scope: '' is no name: letters, digits, _ . - and / between them",
        wg_scope_in(w.scope, ""))
MISTAKE(a_scope_has_an_index, WG_EINVALID, "scope: block_-1: the index is negative",
        wg_scope_nth(w.scope, "block", -1))
MISTAKE(a_scope_has_a_mode, WG_EINVALID, "scope: 0 is no mode",
        wg_scope_root(w.tape, w.params, (wg_mode)0))
MISTAKE(a_scope_of_the_last_recording_is_stale, WG_ESTALE,
        "param: a scope of a recording that was reset", wg_tape_reset(w.tape),
        ignore(wg_param(w.scope, "w", WG_F32, WG_SHAPE(3), zero)))
MISTAKE(a_parameter_needs_params, WG_EINVALID, "param: w: the scope has no params",
        ignore(wg_param(wg_scope_root(w.tape, NULL, WG_TRAINING), "w", WG_F32, WG_SCALAR, zero)))
MISTAKE(a_name_is_met_once, WG_ENAME,
        "param: net/w is there already: use wg_scope_shared if the same is meant",
        ignore(wg_param(w.scope, "w", WG_F32, WG_SHAPE(3), zero));
        ignore(wg_param(w.scope, "w", WG_F32, WG_SHAPE(3), zero)))
MISTAKE(a_stored_shape_is_met_again, WG_ESHAPE, "param: net/w: [3] f32 is not [2] f32",
        wg_params_set(w.params, "net/w", wg_f32((const float[2]){ 0 }, WG_SHAPE(2)));
        ignore(wg_param(w.scope, "w", WG_F32, WG_SHAPE(3), zero)))
MISTAKE(a_stored_dtype_is_met_again, WG_EDTYPE, "state: net/w: [2] f64 is not [2] f32",
        wg_params_set(w.params, "net/w", wg_f32((const float[2]){ 0 }, WG_SHAPE(2)));
        ignore(wg_state(w.scope, "w", WG_F64, WG_SHAPE(2), 0)))
MISTAKE(an_initialiser_gives_the_shape, WG_ESHAPE, "param: net/w: [7] f32 is not [3] f32",
        ignore(wg_param(w.scope, "w", WG_F32, WG_SHAPE(3), (wg_initializer){ .make = make_wrong })))
MISTAKE(an_initialiser_gives_a_value, WG_ECALLBACK,
        "param: net/w: its initialiser gave no value",
        ignore(wg_param(w.scope, "w", WG_F32, WG_SCALAR, (wg_initializer){ .make = make_nothing })))
MISTAKE(a_value_of_a_formula_is_not_assigned, WG_EINVALID,
        "assign: exp is no parameter or state", wg_assign(wg_exp(w.three), w.three))
MISTAKE(an_assigned_shape_fits, WG_ESHAPE, "assign: net/w: [4] f32 is not [3] f32",
        wg_assign(wg_param(w.scope, "w", WG_F32, WG_SHAPE(3), zero), w.four))
MISTAKE(params_in_use_are_told, WG_EBUSY,
        "param: net/w: the params are being written by another thread",
        wg__params_lock(w.params, true);
        ignore(wg_param(w.scope, "w", WG_F32, WG_SCALAR, zero));
        wg__params_unlock(w.params))
MISTAKE(a_note_exists, WG_ENAME, "find: no value was noted as net/logits",
        ignore(wg_find(w.scope, "logits")))
MISTAKE(a_column_exists, WG_ENAME, "column: no input is named t", ignore(wg_column(w.scope, "t")))
MISTAKE(a_state_is_of_its_scopes_tape, WG_EFOREIGN,
        "state_like: the scope is of another tape than the value", wg_scope other = w.scope;
        other.tape = NULL; ignore(wg_state_like(other, "s", w.three)))

/* ---- draws ---- */

MISTAKE(a_draw_has_its_own_name, WG_ENAME,
        "uniform: net/u was drawn already: use wg_scope_shared to draw anew",
        ignore(wg_uniform(w.scope, "u", WG_F32, WG_SHAPE(3)));
        ignore(wg_uniform(w.scope, "u", WG_F32, WG_SHAPE(3))))
MISTAKE(a_draw_is_a_float, WG_EDTYPE, "normal: f32 or f64 expected, not i32",
        ignore(wg_normal(w.scope, "n", WG_I32, WG_SHAPE(3))))
MISTAKE(a_probability_is_one, WG_EINVALID, "net: bernoulli: 1.5 is no probability",
        ignore(wg_bernoulli(w.scope, "b", WG_SHAPE(3), 1.5)))

/* ---- limits ---- */

MISTAKE(a_reset_may_be_missing, WG_ELIMIT,
        "more than 20 values on the tape: is wg_tape_reset missing?", w.tape->count_max = 20;
        for (int i = 0; i < 20; i++) w.three = wg_exp(w.three))

MISTAKE(activations_of_integers_are_named, WG_EDTYPE, "mish: f32 or f64 expected, not i32",
        ignore(wg_mish(w.whole)))
MISTAKE(slopes_of_integers_are_named, WG_EDTYPE, "leaky_relu: f32 or f64 expected, not i32",
        ignore(wg_leaky_relu(w.whole)))
MISTAKE(losses_of_integers_are_named, WG_EDTYPE,
        "cross_entropy: f32 or f64 expected, not i32",
        ignore(wg_cross_entropy(w.whole, w.whole)))
MISTAKE(a_softmax_of_bools_is_named, WG_EDTYPE, "softmax: f32 or f64 expected, not bool",
        ignore(wg_softmax(w.truth, 0)))
MISTAKE(formulas_of_the_null_value_are_told, WG_EINVALID, "mul: argument 2 is the null value",
        ignore(wg_mul(w.three, wg_expect_float("mish", (wg_var){ 0 }))))

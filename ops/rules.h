/* What the rows of ops.def name, between the files of ops: rules, evaluators, and the tools they
 * share.
 *
 * A row PRIM(name, class, inputs, infer, vjp, eval) stands for wg__infer_<infer>, wg__vjp_<vjp> and
 * wg__eval_<eval>; none stands for NULL. A rule that is missing is a link error that names it.   */
#ifndef WG_OPS_RULES_H
#define WG_OPS_RULES_H

#include "ops/kernels/kernels.h"

#define wg__vjp_none  ((void *)0)
#define wg__eval_none ((void *)0)

/* ---- types: infer.c, and the family files ---- */

/* Of elementwise rows, by their macro: LIN and ALL, MAP, TEST, BITS; of marks. */
wg__infer_fn wg__infer_number, wg__infer_float, wg__infer_test, wg__infer_bits, wg__infer_same;
wg__infer_fn wg__infer_bits_right, wg__infer_select, wg__infer_cast, wg__infer_bitcast;
wg__infer_fn wg__infer_polygamma;
wg__infer_fn wg__infer_reshape, wg__infer_permute, wg__infer_broadcast;
wg__infer_fn wg__infer_slice, wg__infer_pad, wg__infer_concat;
wg__infer_fn wg__infer_sum, wg__infer_extremum, wg__infer_argmax, wg__infer_matmul;
wg__infer_fn wg__infer_rule, wg__infer_ruled, wg__infer_extern, wg__infer_scan, wg__infer_pick;
wg__infer_fn wg__infer_cumsum, wg__infer_recurrence, wg__infer_argsort;
wg__infer_fn wg__infer_windows, wg__infer_overlap_add;
wg__infer_fn wg__infer_gather, wg__infer_scatter_add, wg__infer_iota, wg__infer_random_bits;

/* "f32 or f64 expected, not i32" and WG_EDTYPE unless the dtype is one. */
int wg__expect_float(wg_dtype dtype, wg__text *why);
int wg__expect_number(wg_dtype dtype, wg__text *why);
/* "f32 and f64 differ" */
int wg__expect_dtype(wg_dtype x, wg_dtype y, wg__text *why);
/* "axis 3 of [2, 5]" and WG_EAXIS unless 0 <= axis < rank. */
int wg__expect_axis(int64_t axis, const wg__shape *shape, wg__text *why);

/* ---- derivatives ---- */

wg__vjp_fn wg__vjp_row;      /* every elementwise row: runs the steps its cell expands to */
wg__vjp_fn wg__vjp_select, wg__vjp_cast, wg__vjp_polygamma;
wg__vjp_fn wg__vjp_reshape, wg__vjp_permute, wg__vjp_broadcast;
wg__vjp_fn wg__vjp_slice, wg__vjp_pad, wg__vjp_concat;
wg__vjp_fn wg__vjp_body;     /* the tape's own: what a user's rule gives */
wg__vjp_fn wg__vjp_sum, wg__vjp_prod, wg__vjp_extremum, wg__vjp_cumsum, wg__vjp_recurrence;
wg__vjp_fn wg__vjp_windows, wg__vjp_overlap_add;
wg__vjp_fn wg__vjp_matmul, wg__vjp_gather, wg__vjp_scatter_add;

/* A derivative cell of ops.def as data: postfix, ended by WG__STEP_END. */
typedef enum wg__step_kind {
    WG__STEP_END,
    WG__STEP_VALUE,          /* pushes the value of this index: x, y, r, g */
    WG__STEP_NUMBER,         /* pushes a constant, shape and dtype of x */
    WG__STEP_APPLY,          /* pops the inputs of op, pushes its result */
    WG__STEP_LARGER,         /* pops x, y, g; pushes what a maximum sends to x: g, 0, half, NaN */
    WG__STEP_GAP,            /* pops x, y; pushes x - y, but 0 between equal infinities */
    WG__STEP_GAUSSIAN,       /* pops x, pushes exp(-x x) */
    WG__STEP_TURN,           /* pops x, y; pushes y / (x x + y y), 0 where both are 0 */
    WG__STEP_NONE            /* pushes that nothing flows */
} wg__step_kind;
enum { WG__VALUE_X, WG__VALUE_Y, WG__VALUE_R, WG__VALUE_G, WG__VALUE_COUNT };
typedef struct wg__step { wg__step_kind kind; int32_t index; double number; } wg__step;

/* The steps of the derivative by input 0 or 1; NULL if the row has none. */
const wg__step *wg__steps_of(wg__op_id op, int32_t input);
/* Emits the steps for this node. A rule altered by a test runs as the table's own do. */
uint32_t wg__steps_run(const wg__step *step, const wg__node_view *node);

/* ---- values ---- */

wg__eval_fn wg__eval_map;    /* elementwise rows, select, casts, shifts, polygamma */
wg__eval_fn wg__eval_reduce, wg__eval_argmax, wg__eval_chain, wg__eval_matmul;
wg__eval_fn wg__eval_argsort, wg__eval_overlap_add;
wg__eval_fn wg__eval_reshape, wg__eval_pad, wg__eval_concat;
wg__eval_fn wg__eval_extern;
wg__eval_fn wg__eval_gather, wg__eval_scatter_add, wg__eval_iota, wg__eval_random_bits;

/* Copies from into to: same dtype and extents, any strides, no overlap. */
void wg__copy(const wg__array *from, const wg__array *to);

/* Adds each element of from to that of to: same dtype (not bool) and extents, any strides. */
void wg__accumulate(const wg__array *from, const wg__array *to);

#endif

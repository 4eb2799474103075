/* Ops as graph and runtime see them: ids, descriptors, the builder through which rules emit, and
 * the call by which one primitive runs on memory. Everything about an op comes from its row in
 * ops.def.
 *
 * Rules know nothing of tapes: they emit requests to a builder. The tape, the immediate evaluator
 * of the tests and (later) the batching transform are builders. So one rule serves every
 * transform.                                                                                     */
#ifndef WG_OPS_INTERNAL_H
#define WG_OPS_INTERNAL_H

#include "core/internal.h"

/* ---- ids ---- */

typedef enum wg__op_id {
    WG__OP_NONE,
#define WG__OP_ID(name) WG__OP_##name,
#define LIN1(name, dx, value, low, high, ulp)     WG__OP_ID(name)
#define LIN2(name, dx, dy, value, low, high, ulp) WG__OP_ID(name)
#define ALL1(name, dx, value, low, high, ulp)     WG__OP_ID(name)
#define ALL2(name, dx, dy, value, low, high, ulp) WG__OP_ID(name)
#define MAP1(name, dx, value, low, high, ulp)     WG__OP_ID(name)
#define MAP2(name, dx, dy, value, low, high, ulp) WG__OP_ID(name)
#define TEST2(name, value)                        WG__OP_ID(name)
#define BITS1(name, value)                        WG__OP_ID(name)
#define BITS2(name, value)                        WG__OP_ID(name)
#define PRIM(name, class, inputs, infer, vjp, eval) WG__OP_ID(name)
#define LEAF(name)                                WG__OP_ID(name)
#define MARK(name)                                WG__OP_ID(name)
#include "ops/ops.def"
#undef WG__OP_ID
    WG__OP_COUNT
} wg__op_id;

/* ---- attributes: a few words whose meaning is the op's own ----
 *
 *   input       slot, 1 if rows are samples      parameter    slot, version     constant  id
 *   bits_left bits_right  count                  permute      source axis of each result axis
 *   slice       axis, start, stop, step          sum prod max min  bit set of the axes
 *   concat      axis                             random_bits  key
 *   argmax argmin gather scatter_add  axis
 *   polygamma   order
 *   cumsum linear_recurrence  axis, 1 if from the end
 *   argsort     axis                             windows      axis, extent, stride, dilation
 *   overlap_add axis, stride, dilation, extent of the result
 *   pad         axis, low, high, interior, the bits of the value as a double
 *   placeholder body, place among its arguments     rule    body
 *   ruled       place among the results of the rule
 *   extern      wg__extern_word             scan     wg__scan_word, then the results of the body
 *   pick        place among the results of the scan, carries first
 *
 * cast bitcast iota pick take their dtype, reshape broadcast iota random_bits pick their shape from
 * the wanted type. All others have none. A slice has its ends resolved: 0 <= start <= stop <= n
 * going up, -1 <= stop <= start < n going down.                                                 */
enum { WG__ATTRIBUTE_MAX = WG__RANK_MAX };

/* ---- builder: how rules and constructors record ---- */

#define WG__NONE UINT32_MAX   /* no value: nothing flows, or an earlier error */

typedef struct wg__request {
    wg__op_id op;
    int32_t in_count;
    const uint32_t *in;
    const int64_t *attribute;
    int32_t attribute_count;
    const wg__type *wanted;   /* NULL unless the op takes dtype or shape from it */
} wg__request;

typedef struct wg__builder wg__builder;
struct wg__builder {
    /* Records and returns the value; WG__NONE after an error, which the builder keeps, and whenever
     * an input is WG__NONE.                                                                      */
    uint32_t (*emit)(wg__builder *self, const wg__request *request);
    /* A scalar constant of this dtype (converted from the double; i64 exact up to 2^53). */
    uint32_t (*number)(wg__builder *self, wg_dtype dtype, double value);
    wg_dtype (*dtype)(wg__builder *self, uint32_t value);
    const wg__shape *(*shape)(wg__builder *self, uint32_t value); /* valid as long as the builder */
};

/* Short forms for rules and constructors; all pass WG__NONE through. */
uint32_t wg__emit1(wg__builder *b, wg__op_id op, uint32_t x);
uint32_t wg__emit2(wg__builder *b, wg__op_id op, uint32_t x, uint32_t y);
uint32_t wg__emit_select(wg__builder *b, uint32_t condition, uint32_t x, uint32_t y);
uint32_t wg__emit_cast(wg__builder *b, uint32_t x, wg_dtype dtype);
uint32_t wg__emit_polygamma(wg__builder *b, int64_t order, uint32_t x);
uint32_t wg__emit_bitcast(wg__builder *b, uint32_t x, wg_dtype dtype);
uint32_t wg__emit_reshape(wg__builder *b, uint32_t x, const wg__shape *shape);
uint32_t wg__emit_broadcast(wg__builder *b, uint32_t x, const wg__shape *shape);
uint32_t wg__emit_permute(wg__builder *b, uint32_t x, const int64_t *axis, int32_t count);
uint32_t wg__emit_transpose(wg__builder *b, uint32_t x); /* last two axes */
uint32_t wg__emit_slice(wg__builder *b, uint32_t x, int axis, int64_t start, int64_t stop,
                        int64_t step);
uint32_t wg__emit_pad(wg__builder *b, uint32_t x, int axis, int64_t low, int64_t high,
                      int64_t interior, double value);
/* Windows of `extent` elements, `dilation` apart, which start `stride` apart along an axis; their
 * elements become the last axis.                                                                 */
uint32_t wg__emit_windows(wg__builder *b, uint32_t x, int axis, int64_t extent, int64_t stride,
                          int64_t dilation);
/* The opposite: adds each element of each window to where it was taken from, in `extent`. */
uint32_t wg__emit_overlap_add(wg__builder *b, uint32_t x, int axis, int64_t stride,
                              int64_t dilation, int64_t extent);
uint32_t wg__emit_reduce(wg__builder *b, wg__op_id op, uint32_t x, uint32_t axes_bits);
/* Sums and products of each element and those before it, from the end if is_reverse; without the
 * element itself, so that the first is 0 or 1, if is_exclusive.                                  */
uint32_t wg__emit_cumsum(wg__builder *b, uint32_t x, int axis, bool is_exclusive, bool is_reverse);
uint32_t wg__emit_cumprod(wg__builder *b, uint32_t x, int axis, bool is_exclusive,
                          bool is_reverse);
uint32_t wg__emit_recurrence(wg__builder *b, uint32_t factor, uint32_t x, int axis,
                             bool is_reverse);
/* value at every element, shape and dtype of like. */
uint32_t wg__emit_full_like(wg__builder *b, uint32_t like, double value);

/* ---- batching: one op on many rows ---- */

wg__shape wg__shape_with(int64_t rows, const wg__shape *shape); /* [rows, shape...] */
/* Removes the axes whose bits are set. */
wg__shape wg__shape_without(const wg__shape *shape, uint32_t axes_bits);

/* A request whose inputs are values at the types of one row or, where is_mapped, have a leading
 * axis of rows. wanted is the type of one row. in is scratch. */
typedef struct wg__batched {
    wg__builder *builder;
    const wg__request *request;
    uint32_t *in;
    const bool *is_mapped;
    int64_t rows;
} wg__batched;
/* The op on all rows, by the rule of its class: the result has the leading axis, and each row of
 * it the bits that the op on that row alone would give. *why: set if no such op exists. */
uint32_t wg__batch(const wg__batched *q, const char **why);

enum { WG__POLYGAMMA_ORDER_MAX = 100 };   /* of polygamma; its factorial is within f64 */

/* ---- descriptors ---- */

typedef enum wg__class {
    WG__CLASS_LEAF,      /* no inputs on the tape: input, constant, placeholder, iota */
    WG__CLASS_MARK,      /* stop_gradient rule ruled */
    WG__CLASS_LINEAR,    /* elementwise, linear: add, sub, neg, cast */
    WG__CLASS_MAP,       /* elementwise otherwise, select included */
    WG__CLASS_MOVE,      /* reshape permute broadcast slice pad concat */
    WG__CLASS_REDUCE,    /* sum prod max min argmax argmin */
    WG__CLASS_ALONG,     /* elements meet along one axis: cumsum linear_recurrence argsort windows
                            overlap_add */
    WG__CLASS_CONTRACT,  /* matmul */
    WG__CLASS_INDEX,     /* gather scatter_add */
    WG__CLASS_RANDOM,    /* random_bits */
    WG__CLASS_EXTERN,    /* extern */
    WG__CLASS_SCAN       /* scan pick */
} wg__class;

/* Types of the inputs -> type of the result. WG_OK, or a status and the reason in `why`, in the
 * manner of "[3, 4] x [5, 6]: 4 is not 5": the tape puts path and op before it, the user's line
 * after it.                                                                                      */
typedef int wg__infer_fn(const wg__request *request, const wg__type *in, wg__type *out,
                         wg__text *why);

/* The node whose derivative is asked for. needed[i]: input i depends on what one differentiates
 * by.                                                                                            */
typedef struct wg__node_view {
    wg__builder *builder;
    wg__op_id op;
    int32_t in_count;
    const uint32_t *in;
    const bool *needed;
    const int64_t *attribute;
    int32_t attribute_count;
    uint32_t r, g;
} wg__node_view;
/* Writes gradient[i] for each needed input, WG__NONE where nothing flows. */
typedef void wg__vjp_fn(const wg__node_view *node, uint32_t *gradient);

struct wg__kernels;

/* ---- ops that a plan joins with what they read ----
 *
 * A plan may let a matmul read its left factor where the windows lie of which it would be a copy:
 * x then has the axes of a row of the factor behind those that tell rows apart, or the factor is
 * the transpose of that. And it may let an overlap_add do what its input would have done: the
 * attributes of that, an overlap_add of floats along the next axis, follow its own, and the taps of
 * that its own taps; the axes after both are contiguous in x and fit scratch memory together with
 * the second. Recordings have neither. */

typedef enum wg__matmul_word {
    WG__MATMUL_ROW_AXES, WG__MATMUL_IS_TURNED, WG__MATMUL_WORDS
} wg__matmul_word;
enum { WG__OVERLAP_WORDS = 4 };

/* ---- kernels of the caller ----
 *
 * The attribute says what it is (name, version, bytes), but not where the function lies: that is
 * bound by slot, for each run. */

typedef enum wg__extern_word {
    WG__EXTERN_SLOT,
    WG__EXTERN_LOOPS,         /* leading axes, over which the kernel is called entry by entry */
    WG__EXTERN_BY_ROWS,       /* pieces of the leading axis may be computed on any thread */
    WG__EXTERN_KEY,           /* id of an attribute: its version, bytes and name */
    WG__EXTERN_WORDS
} wg__extern_word;
enum { WG__EXTERN_IN_MAX = 16 };
typedef struct wg__external {
    const char *name;
    int (*kernel)(const wg_view *in, const wg_tensor *out, void *user);
    void *user;
} wg__external;

/* ---- rules of a body's own ---- */

/* Inputs: arguments x..., results y.... */
typedef enum wg__rule_word {
    WG__RULE_BODY,
    WG__RULE_XS,              /* how many inputs are arguments */
    WG__RULE_WORDS
} wg__rule_word;

/* ---- scans: a recorded body, step by step ---- */

/* Inputs: first values of the carries, what steps are taken over (each with a leading axis of
 * `length`), what stands for the values that the body captured, and the scan that this one
 * extends: one of the same steps, to which it adds results. */
typedef enum wg__scan_word {
    WG__SCAN_BODY, WG__SCAN_LENGTH,
    WG__SCAN_REVERSE,         /* 1: from the last step to the first */
    WG__SCAN_CARRIES, WG__SCAN_XS, WG__SCAN_YS,
    WG__SCAN_EXTENDS,         /* 1: the last input is the scan that it extends */
    WG__SCAN_WORDS
} wg__scan_word;

/* One primitive on memory. Inputs may be strided; out is contiguous and overlaps no input, except
 * that an elementwise op may write over an input of the same dtype, shape and strides. Under a
 * shard the arrays are the rows at hand and first_row says which row of the whole out.data stands
 * for.                                                                                           */
typedef struct wg__call {
    wg__op_id op;
    int32_t in_count;
    const wg__array *in;
    wg__array out;
    const int64_t *attribute;
    int32_t attribute_count;
    int64_t first_row;
    void *scratch;            /* WG__SCRATCH_BYTES, aligned, of this worker alone */
    const wg__external *external; /* by slot; inputs of a kernel of the caller are contiguous */
} wg__call;
/* Two packed panels of a matrix product: 2 x 512 x 64 x 8. */
enum { WG__SCRATCH_BYTES = 512 * 1024 };
/* WG_OK, WG_EINDEX when an index in the data is out of range, or WG_ECALLBACK when a kernel of
 * the caller failed. Allocates nothing. */
typedef int wg__eval_fn(const struct wg__kernels *kernels, const wg__call *call);

/* An index in the data that is out of range: what it is, where it stands in its array, and how many
 * entries there are to choose from.                                                              */
typedef struct wg__index_fault {
    int64_t index, extent;
    int32_t rank;
    int64_t at[WG__RANK_MAX];
} wg__index_fault;
/* The first of a call that ended with WG_EINDEX. */
wg__index_fault wg__index_fault_of(const wg__call *call);

typedef struct wg__op {
    const char *name;
    wg__class class;
    int8_t in_count;          /* -1: any */
    bool is_differentiable;   /* has a rule; else gradients stop here without error */
    wg__infer_fn *infer;      /* NULL for input, parameter, constant: the tape knows their types */
    wg__vjp_fn *vjp;
    wg__eval_fn *eval;        /* NULL for those three and for views; reshape copies any view */
    double low, high, ulp;    /* of elementwise rows; else 0 */
} wg__op;
extern const wg__op wg__op_table[WG__OP_COUNT];

int wg__infer(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why);
void wg__vjp(const wg__node_view *node, uint32_t *gradient);
int wg__eval(const struct wg__kernels *kernels, const wg__call *call);

/* Ops that are only another way to walk the same memory: permute, broadcast, slice (any step),
 * windows, stop_gradient always; reshape if the strides allow. True: *out walks in's memory. */
bool wg__view_of_op(wg__op_id op, const int64_t *attribute, const wg__array *in,
                    const wg__shape *shape, wg__array *out);

/* Writes one element of the dtype, converted as a cast converts. */
void wg__number_store(double value, wg_dtype dtype, void *out);

/* ---- tile programs (ENGINE 8): elementwise ops on one iteration, tile by tile ----
 *
 * A cell is where a value of the iteration lies, a micro-op one kernel call on cells. Cells are
 * loads, strided memory from outside; then stores, contiguous memory for what is read outside; then
 * registers, which live in a tile alone and serve one value after the other.                     */

/* Elementwise over n contiguous elements; booleans are bytes 0 and 1. out may be one of the
 * inputs.                                                                                        */
typedef void wg__map_kernel(int64_t n, const void *const *in, void *out);

/* Likewise of one input, with a whole number beside it: the distance of a shift, an order. */
typedef void wg__count_kernel(int64_t n, const void *x, int64_t count, void *out);

/* A tile has WG__TILE elements at most, in steps of WG__TILE_STEP, the most a kernel works with. */
enum { WG__MICRO_IN_MAX = 3, WG__TILE = 512, WG__TILE_STEP = 16, WG__TILE_BYTES = 32 * 1024 };

/* A step of a run: what to do, for which op of the program, with which cells. */
typedef struct wg__run_step { int32_t code, origin, cell[2]; } wg__run_step;
/* All steps up to the last, WG__RUN_END, for n elements; at: by cell, where its tile lies. Returns
 * the first op of which a result is not finite though it must be, or -1.                         */
typedef int64_t wg__run_kernel(int64_t n, const wg__run_step *step, void *const *at);

/* Functions that share most of their work, computed together from one x, or made of many steps:
 *   circular   sin x, cos x          logistic   logistic x, logistic -x
 *   tanh       tanh x, logistic 2x, logistic -2x
 *   gaussian   exp -(h h) exp -((x - h) (x + h)), h being x with the bits of y alone
 * Each has the bits that it has alone.                                                           */
typedef enum wg__joint {
    WG__JOINT_NONE, WG__JOINT_CIRCULAR, WG__JOINT_LOGISTIC, WG__JOINT_TANH, WG__JOINT_GAUSSIAN,
    WG__JOINT_COUNT
} wg__joint;
enum { WG__JOINT_OUT_MAX = 3 };
typedef void wg__joint_kernel(int64_t n, const void *const *in, void *const *out);

typedef struct wg__micro {
    wg__map_kernel *kernel;
    wg__count_kernel *counted;                   /* if not NULL, instead */
    bool (*finite)(int64_t n, const void *x);    /* of the result; NULL: it may be anything */
    int64_t count;                               /* of that */
    int32_t in_count, in[WG__MICRO_IN_MAX], out; /* cells */
    wg__joint_kernel *joint;                     /* if not NULL, instead */
    int32_t joint_count, joint_out[WG__JOINT_OUT_MAX];      /* cells */
    wg__run_kernel *run;                         /* if not NULL, instead, with these steps */
    wg__run_step *step;
    int64_t origin;                              /* which op of the program it is; not of a run */
} wg__micro;

typedef enum wg__cell_place {
    WG__CELL_WHOLE,      /* contiguous over all rows */
    WG__CELL_SPREAD,     /* one value, which lies there for a whole tile */
    WG__CELL_ROW,        /* each row is contiguous, and a tile holds no more than one */
    WG__CELL_ONCE,       /* every tile would have the same content */
    WG__CELL_TILE        /* of every tile's own: copied to it, or computed there */
} wg__cell_place;

typedef struct wg__cell {
    int32_t bytes;                   /* of an element */
    bool is_loose;                   /* of a load: no kernel may read it where it lies */
    bool is_spread;                  /* of a load: WG__TILE equal elements lie at its address */
    bool is_alike;                   /* of a load: all elements are; WG__TILE_STEP lie there */
    bool is_handed_out;              /* of a store of floats: NaN becomes the one of results */
    wg__cell_place place;
    int64_t tile;                    /* where its tile begins in the scratch memory */
    int64_t stride[WG__RANK_MAX];    /* of a load, in elements */
} wg__cell;

typedef struct wg__tiles {
    int32_t rank;                    /* at least 1, once settled */
    int64_t dim[WG__RANK_MAX];
    int64_t tile_rows, tile_length;  /* of a tile: whole rows, or part of one */
    int64_t load_count, store_count, cell_count, micro_count;
    wg__cell *cell;
    wg__micro *micro;
    int64_t tile_bytes;              /* of the scratch memory, up to its end */
    size_t scratch_bytes;
} wg__tiles;

/* The micro-op of an elementwise op, of which only types and attributes are read; its cells are
 * left to the caller.                                                                            */
wg__micro wg__micro_of(const struct wg__kernels *kernels, const wg__call *call,
                       bool must_be_finite);

/* An op that is to become part of a tile program. What it reads are values: the loads, by their
 * cells, then the results of the ops before it, in order. `micro` has its kernel and no cells.   */
typedef struct wg__tile_op {
    wg__op_id op;
    wg_dtype from, to;               /* of its data (select: of x), of its result */
    int32_t in_count, in[WG__MICRO_IN_MAX];
    int32_t store;                   /* cell of the result; below 0: a tile is all there is of it */
    wg__micro micro;
    wg__joint joint;                 /* which it computes, with these values; assemble.c's own */
    int32_t joint_out[WG__JOINT_OUT_MAX];
    bool is_done;                    /* by another op, or nobody reads it; likewise */
} wg__tile_op;

/* What wg__tiles_assemble works with, in sizes for all programs it is used for. */
enum { WG__STEPS_OF_OP = 8 };   /* two saves, two loads, itself, a test, a store, the end */
typedef struct wg__assembly {
    int32_t *uses, *cell;            /* by value */
    int64_t *last_read;
    bool *is_in_memory;
    int32_t *free[9];                /* by value; by bytes of an element: registers not in use */
    int64_t free_count[9];
    wg__run_step *step;              /* WG__STEPS_OF_OP an op */
    int64_t step_count;
} wg__assembly;
/* Fills in micro-ops and registers of a program that has its loads and stores; tiles->cell and
 * tiles->micro have room for one more an op. Ops of one float type that follow each other become
 * runs, whose steps lie in the assembly.                                                         */
void wg__tiles_assemble(const struct wg__kernels *kernels, wg__tiles *tiles, int64_t count,
                        wg__tile_op *op, wg__assembly *assembly);
/* Merges axes and chooses the tile and where each cell lies, cells and strides being given. Axes of
 * one element must be left out.                                                                  */
void wg__tiles_settle(wg__tiles *tiles);
/* All micro-ops for all elements; lead: the leading extent of this run, at most that of tiles.
 * data: of loads and stores; a store may lie where a load of WG__CELL_WHOLE does that no later
 * op reads. Returns the first op of which a result is not finite though it must be, or
 * -1.                                                                                            */
int64_t wg__tiles_run(const struct wg__kernels *kernels, const wg__tiles *tiles, int64_t lead,
                      void *const *data, void *scratch);

/* ---- kernels of a level ---- */

const struct wg__kernels *wg__kernels_of(wg__level level);
/* Makes every NaN the one that is handed out, the same on every machine. */
void wg__nan_canonical(wg_dtype dtype, int64_t count, void *data);
/* True if every element is finite; contiguous f32 or f64 (other dtypes: true). */
bool wg__finite(const struct wg__kernels *kernels, wg_dtype dtype, int64_t count, const void *x);

/* The axes that a reduction drops, as bits. */
uint32_t wg__reduced_axes(wg__op_id op, const int64_t *attribute);

/* ---- batch marks (ENGINE 7): which axis holds the samples, and how many entries each has ---- */

typedef struct wg__mark { int32_t axis; int32_t is_set; int64_t group; } wg__mark;
/* The mark of the result; false if the op mixes rows of a marked input (a cut). */
bool wg__mark_of(const wg__request *request, const wg__type *in, const wg__mark *marks,
                 const wg__type *out, wg__mark *mark);

#endif

/* Wengert, graph: tapes, values, leaves, derivatives, parameters, scopes, random numbers.
 *
 * A recorder returns one wg_var. Errors stick to the tape: the first is kept with its message,
 * later calls on it do nothing and give an error value, and one check at the end tells. */
#ifndef WENGERT_GRAPH_H
#define WENGERT_GRAPH_H

#include <wengert/core.h>

WG_DECLARATIONS_BEGIN

typedef struct wg_tape wg_tape;
typedef struct wg_params wg_params;

/* A value of a recording. A zeroed one is the null value: accepted everywhere, an error on the tape
 * of the values it meets. An error value is what a failed call gives: it leads to the tape's error.
 * After wg_tape_reset a value is stale: refused. After wg_tape_free it must not be used (as any
 * freed pointer). */
typedef struct wg_var { wg_tape *tape; uint32_t index; uint32_t generation; } wg_var;

/* ---- the tape ---- */

typedef struct wg_tape_options {
    const wg_allocator *allocator; /* default malloc; the struct is copied */
    int64_t count_max;             /* 0: 2^24 values; beyond it WG_ELIMIT asks whether a reset is
                                      missing */
    bool check_finite;             /* the first non-finite value is an error naming its line */
    uint64_t reserved[4];
} wg_tape_options;

/* NULL: no memory, or options that are malformed. */
wg_tape *wg_tape_create(const wg_tape_options *options);
/* Ends all values of the tape: they must not be used any more. */
void wg_tape_free(wg_tape *tape);
/* New recording, error cleared, memory kept; returns how the last one ended: its first error, else
 * WG_OK. All values of it are stale from now on. WG_EMEMORY for NULL. */
int wg_tape_reset(wg_tape *tape);
/* First error of this recording, recorded or run; WG_EMEMORY for NULL. */
int wg_tape_status(const wg_tape *tape);
/* Its text, "path: op: reason (file:line)"; "" if there is none; valid until reset. */
const char *wg_tape_message(const wg_tape *tape);
int64_t wg_tape_count(const wg_tape *tape); /* values recorded; 0 for NULL */
/* A line a value, then a line an effect, then the error if there is one:
 *     %4 matmul f32 [64, 128] %0 %3  hidden (model.c:41)
 * A negative return of write ends it and is returned. */
int wg_tape_print(const wg_tape *tape, wg_writer *write, void *user);

/* The best text there is for a status: that of the error or of the tape if it is theirs, else that
 * of the status itself. Any argument may be NULL; valid until tape or error change. */
const char *wg_explain(int status, const wg_tape *tape, const wg_error *error);

/* ---- provenance ----
 * Each recorder is wrapped (end of each header) so that what it recorded carries the caller's line;
 * what a composite records inside carries the line of the composite's caller. A function pointer
 * has no line until WG_HERE is put around its call. `#define WG_NO_LOCATION` before including turns
 * wrapping off: do so in a library of your own, and give your functions the same one-line macro.
 * Locations are no part of a program or its fingerprint. */

/* Gives file (borrowed) and line to all that was recorded since the last call and has none, and to
 * the error of the tape, unless it has a place. file NULL: each takes the line of its first input
 * that has one, the error that of value. Returns value. */
#if defined(__GNUC__) || defined(__clang__)
__attribute__((warn_unused_result)) /* `wg_relu(x);` alone does nothing, and says so */
#endif
wg_var wg_at(wg_var value, const char *file, int line);
/* Around a callback: what was recorded before waits for its own caller, and an error found before
 * keeps waiting too. release takes what hold returned; the pairs nest. */
uint32_t wg_location_hold(wg_tape *tape);
void wg_location_release(wg_tape *tape, uint32_t held);

/* ---- spans ----
 * What is recorded between open and close is a function of the recording before it and of the key:
 * a tag of your own, arguments as wg_var.index, settings. A tape that records the same again after
 * a reset does not record it twice: open answers 1, the tape is as if it had been recorded, and
 * neither it nor close must follow. 0: record it. Negative: the tape's error. Spans nest.
 *
 * Gradients, the library's optimisers, layers and losses are spans. Reads and wg_keep do not belong
 * into one. Code of others is bracketed (wg_location_hold) and makes its span one that is recorded
 * every time. */
int wg_span_open(wg_tape *tape, const void *key, size_t key_bytes);
void wg_span_close(wg_tape *tape);
/* The same for a function that makes one value of others, which need not be in its key. True: *y
 * is that value, and nothing is to be recorded. False: record it, and end with wg_span_end, also
 * after an error. x[i] may be errors and of any tape. */
bool wg_span_begin(wg_tape *tape, const void *key, size_t key_bytes, int64_t count,
                   const wg_var *x, wg_var *y);
void wg_span_end(wg_tape *tape, wg_var y);

#define WG_HERE(...) wg_at(__VA_ARGS__, __FILE__, __LINE__)

/* ---- for layers, losses and rules of your own ---- */

/* Memory of the recording: aligned to 16, the tape's, valid until reset. NULL: no memory, which is
 * then the tape's error. */
void *wg_tape_take(wg_tape *tape, size_t bytes);
/* Puts an error of your own on the tape, as recorders do: kept if it is the first. text is copied;
 * path and line are added. Returns status; WG_EINVALID if that is no error or tape is NULL. */
int wg_tape_fail(wg_tape *tape, int status, const char *text);
/* x, where a formula needs floating point; else it is refused in the name of op, which the caller
 * called: "mish: f32 or f64 expected, not i32".  errors WG_EDTYPE */
wg_var wg_expect_float(const char *op, wg_var x);

/* ---- leaves ----
 * Names: letters, digits, `_ . -` and `/` between them; unique among the inputs of a tape, else
 * WG_ENAME. NULL: unnamed, cannot be bound. Names are copied. */

/* A value from outside that may change from run to run; any strides and alignment.
 *   errors  WG_EINVALID, WG_EDTYPE, WG_ESHAPE, WG_ELIMIT: the view contradicts itself
 *   owner   the memory is borrowed until the recording has run for the last time */
wg_var wg_input(wg_tape *tape, const char *name, wg_view view);
/* The same; each row of the leading axis is a sample, so that a run may split them. */
wg_var wg_batch(wg_tape *tape, const char *name, wg_view view);
/* A scalar input; copied. Integers and bool must hold the value exactly: else WG_EINVALID. */
wg_var wg_scalar(wg_tape *tape, const char *name, wg_dtype dtype, double value);
/* Part of the program: a new value is a new plan. Copied. */
wg_var wg_constant(wg_tape *tape, wg_view view);
/* The same value at every element, part of the program; integers and bool must hold it exactly. */
wg_var wg_full(wg_tape *tape, wg_dtype dtype, wg_shape shape, double value);
wg_var wg_full_like(wg_var like, double value); /* shape and dtype of like */
/* Scalar constant with the dtype of like, for formulas: equal numbers are one value, so nothing can
 * be differentiated by it (WG_EGRADIENT). */
wg_var wg_number(wg_var like, double value);

/* Questions while recording. On an error value: rank 0, extent 1, dtype WG_F32, so that arithmetic
 * on them is safe. */
wg_shape wg_shape_of(wg_var x);
wg_dtype wg_dtype_of(wg_var x);
int64_t wg_extent(wg_var x, int axis); /* negative from the end; no such axis: WG_EAXIS, and 1 */
/* Whether a derivative of y by x can be other than zero: stop_gradient, integers and comparisons
 * end dependence. */
bool wg_depends(wg_var y, wg_var x);

/* ---- wanted values ----
 * Reading (runtime.h) runs the recording once, effects included. Afterwards kept values can be read
 * again; if the recording had effects, other values are gone (WG_EGONE). */
int wg_keep(wg_var x);
/* The run fails with WG_EFINITE, naming x, and commits nothing if an element of x is not finite. */
int wg_require_finite(wg_var x);

/* ---- derivatives ----
 * Recorded on the same tape: differentiate the result again to any order. A gradient with respect
 * to what y does not depend on is zero. y and x may be any values, x also one computed on the way;
 * all else is held constant.
 *
 *   shapes  a gradient has the shape and dtype of its x
 *   errors  WG_EGRADIENT of or by an integer or bool, or by a number of a formula; WG_ESHAPE y of
 *           wg_grad and wg_grads is not a scalar: sum it first
 *   source  Griewank & Walther 2008, ch. 3 (reverse sweep) */

wg_var wg_grad(wg_var y, wg_var x); /* dy / dx */
/* The same by count values in one sweep; gradient[] is written on success only. */
int wg_grads(wg_var y, int64_t count, const wg_var *x, wg_var *gradient);
/* Sum over the elements of y of cotangent (shaped as y) times their derivatives by x. */
wg_var wg_vjp(wg_var y, wg_var x, wg_var cotangent);
/* The same of y_count values by x_count in one sweep; gradient[] is written on success only. */
int wg_vjps(int64_t y_count, const wg_var *y, const wg_var *cotangent, int64_t x_count,
            const wg_var *x, wg_var *gradient);
/* The derivative of y along tangent (shaped as x): shaped as y. Two reverse sweeps. */
wg_var wg_jvp(wg_var y, wg_var x, wg_var tangent);
/* The Hessian of a scalar y times tangent (shaped as x): shaped as x. */
wg_var wg_hvp(wg_var y, wg_var x, wg_var tangent);
wg_var wg_stop_gradient(wg_var x); /* the value of x, constant to derivatives */

/* ---- functions of the caller ----
 * A function that records: in[] are values, out[] is written; negative is failure. Transforms call
 * it once, and what it records is theirs: its values cannot be used outside, and inside nothing is
 * read, kept or assigned. Values from outside may be used freely, parameters are met as everywhere,
 * and derivatives may be taken inside.
 *
 *   errors  WG_ECALLBACK the function failed, or gave no value; WG_EINVALID no function, or a value
 *           used outside. Then out[] is error values
 *   owner   user need not outlive the call */
typedef int wg_function(const wg_var *in, wg_var *out, void *user);

/* The function on every row: it is given in[] without their leading axis, and what it gives has
 * that axis in out[]. Each row has the bits that it has alone; draws differ from row to row.
 * Per-sample gradients are the vmap of a function that takes them.
 *   shapes  in [n, ...], out [n, ...]
 *   errors  WG_ESHAPE an in[] is a scalar, or leading axes differ; WG_ELIMIT too many axes */
int wg_vmap(wg_function *function, void *user, int64_t in_count, const wg_var *in,
            int64_t out_count, wg_var *out);

/* Every derivative of every element: [y..., x...]. Takes as many sweeps as y has elements, all in
 * one vmap: for small problems. The Hessian is the Jacobian of the gradient of a scalar.
 *   errors  as wg_vjp, wg_grad; WG_ELIMIT more than 8 axes together */
wg_var wg_jacobian(wg_var y, wg_var x);
wg_var wg_hessian(wg_var y, wg_var x); /* [x..., x...] */

/* The values of the function, of which derivatives keep nothing but the arguments and what it uses
 * from outside: they compute it again, with the same bits and the same draws. Memory for time:
 * around blocks of a deep network, what is kept falls from layers to blocks. */
int wg_recompute(wg_function *function, void *user, int64_t in_count, const wg_var *in,
                 int64_t out_count, wg_var *out);

/* One step: carry[] are its values before and, on return, after it; x[] the step's part of each x;
 * y[] is written. */
typedef int wg_scan_body(wg_var *carry, const wg_var *x, wg_var *y, void *user);
typedef struct wg_scan_options {
    bool reverse;              /* from the last step to the first */
    int64_t recompute_every;   /* n: derivatives keep the carries of every n-th step alone, and
                                  compute the others again; 0: they keep what they read */
    uint64_t reserved[4];
} wg_scan_options;
/* The function for each entry of the leading axis of x[], one after the other: carry[] goes from
 * step to step and ends as its last value; y[i] stacks what the steps give. Recorded once and
 * planned once, whatever the number of steps, which may be 0. All that holds for functions of the
 * caller holds for the body. Draws differ from step to step.
 *
 *   shapes    carry any; x [t, ...]; y [t, ...] of what the steps give, in reverse too at the place
 *             of x
 *   vjp       the reverse scan: its steps are the derivatives of these. The cotangent of a value
 *             from outside that all steps use (a weight) is one contraction over steps and rows
 *             after it
 *   errors    WG_EINVALID no body, no x, or options were not zeroed; WG_ESHAPE x have no or another
 *             leading extent, or a step changes the shape of a carry; WG_EDTYPE or its dtype;
 *             WG_ELIMIT a result has more than 8 axes; those of functions of the caller
 *   source    Griewank & Walther 2008, ch. 12 (recompute_every) */
int wg_scan(wg_scan_body *body, void *user, int64_t carry_count, wg_var *carry, int64_t x_count,
            const wg_var *x, int64_t y_count, wg_var *y, const wg_scan_options *options);

/* ---- derivatives of your own ---- */

/* Records gradient[i], shaped as in[i], for each in[i] of floating point: the cotangent (shaped as
 * y) times the derivative of y by in[i]. It must be linear in the cotangent. */
typedef int wg_vjp_rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user);
/* The value of y, with the derivative by in[] that the rule gives, and by nothing else. The rule is
 * called once, by this call; as it records, it is differentiated again to any order.
 *   errors  WG_ECALLBACK the rule failed, or a gradient is missing or of another type;
 *           WG_EGRADIENT y is an integer or bool */
wg_var wg_custom_vjp(wg_var y, int64_t count, const wg_var *in, wg_vjp_rule *rule, void *user);

/* Computes out[0], the only result, from in[]; both are contiguous. Negative fails the run, which
 * then commits nothing (WG_ECALLBACK). */
typedef int wg_kernel(const wg_view *in, const wg_tensor *out, void *user);
/* What a kernel is. name, version and attributes are what the program depends on: two kernels that
 * differ must differ in one of them. kernel and user are bound anew by each recording. */
typedef struct wg_extern_op {
    const char *name;
    wg_kernel *kernel;
    wg_vjp_rule *rule;         /* NULL: a derivative through it is WG_EGRADIENT */
    void *user;                /* of both; must outlive the programs */
    bool by_rows;              /* a row of the result needs that row of each argument alone: may be
                                  called for some of the rows, from several threads at once. Else
                                  it is called once a run, on the thread of the caller */
    int64_t version;
    const void *attributes;
    size_t attribute_bytes;
    uint64_t reserved[4];
} wg_extern_op;
/* The value that a kernel of your own computes, of this dtype and shape. op is copied. In wg_vmap
 * the kernel is called row by row, at the shapes it has here.
 *   errors  WG_EINVALID op is malformed, or there are no arguments; WG_ELIMIT more than 16;
 *           WG_ESHAPE by_rows, and leading extents differ; those of wg_custom_vjp */
wg_var wg_extern(const wg_extern_op *op, int64_t count, const wg_var *in, wg_dtype dtype,
                 wg_shape shape);

/* ---- parameters ----
 * Named tensors that outlive recordings, with all state that belongs to them (moments, running
 * means, the step, the draw counter). Path: names joined by '/'. Patterns: '*' any run of
 * characters, '?' one. A params that is written while in use elsewhere answers WG_EBUSY. */

typedef struct wg_params_options {
    const wg_allocator *allocator; /* default malloc; the struct is copied */
    uint64_t seed;                 /* of initial values and draws */
    wg_dtype dtype;                /* of parameters of integer inputs; WG_F32 */
    uint64_t reserved[4];
} wg_params_options;
wg_params *wg_params_create(const wg_params_options *options); /* NULL: no memory or bad options */
void wg_params_free(wg_params *params); /* tapes and programs that use it may live on */
int64_t wg_params_count(const wg_params *params);
const char *wg_params_name(const wg_params *params, int64_t index); /* sorted by path; NULL: none */
bool wg_params_trained(const wg_params *params, int64_t index);     /* false: state */
/* The value as it is; valid until the next run or write.  errors WG_ENAME there is none */
int wg_params_find(const wg_params *params, const char *path, wg_view *view);
/* Creates or replaces; copied. A model that reads the path asks for its own shape and dtype. */
int wg_params_set(wg_params *params, const char *path, wg_view value);
/* How many parameters were set, loaded or copied but met in no recording yet, and the first of
 * them by path if `path` is not NULL: a checkpoint whose names no layer asks for. */
int wg_params_unused(const wg_params *params, const char **path);
/* A text that is saved and loaded with params: configuration, a description. NULL removes it. Both
 * are copied.  errors WG_ENAME key is no name, or "wengert" */
int wg_params_set_text(wg_params *params, const char *key, const char *text);
const char *wg_params_text(const wg_params *params, const char *key); /* NULL: none; until set */
bool wg_path_matches(const char *pattern, const char *path); /* false if either is NULL */
/* Copies what matches pattern, values and state, all or nothing; the count copied. */
int wg_params_copy(const wg_params *source, const char *pattern, wg_params *target);

/* ---- scope ----
 * Where in the model we are. An immutable value, of one recording. A parameter, state or draw is
 * met once a recording; met again it is WG_ENAME with both lines, except in a shared scope, where
 * it is the same parameter and a new draw. */

typedef enum wg_mode { WG_TRAINING = 1, WG_EVALUATION } wg_mode;
typedef struct wg_scope {
    wg_tape *tape;
    wg_params *params;
    uint32_t path, generation, flags, replaced;
} wg_scope;
/* params NULL: for names only. The tape keeps params alive until its reset; if they are freed after
 * it, until the next recording uses others or is reset. */
wg_scope wg_scope_root(wg_tape *tape, wg_params *params, wg_mode mode);
wg_scope wg_scope_in(wg_scope scope, const char *name); /* a name or several joined by '/' */
wg_scope wg_scope_nth(wg_scope scope, const char *name, int64_t index); /* "block", 3: block_3 */
wg_scope wg_scope_shared(wg_scope scope, const char *name); /* all below it is shared too */
wg_scope wg_scope_frozen(wg_scope scope); /* not listed by wg_parameters, evaluation mode */
wg_scope wg_scope_mode(wg_scope scope, wg_mode mode);
/* Below it, parameter[i] reads as value[i], whose derivative it has: a step of an optimiser inside
 * a loss. Replaced again, the later value counts. wg_parameters lists the parameters themselves.
 *   errors  WG_EINVALID parameter[i] is none; WG_ESHAPE, WG_EDTYPE types differ */
wg_scope wg_scope_replaced(wg_scope scope, int64_t count, const wg_var *parameter,
                           const wg_var *value);
/* Below it, what is assigned to a parameter or state met there takes effect only in runs where
 * condition, a bool scalar, holds; in others the name keeps its value. Within another such scope
 * both must hold.
 *   errors  WG_EDTYPE, WG_ESHAPE condition is no bool scalar */
wg_scope wg_scope_when(wg_scope scope, wg_var condition);
bool wg_scope_training(wg_scope scope);
const char *wg_scope_path(wg_scope scope); /* "" at the root; valid until the tape's reset */
/* Refuses argument x of a layer with the tape's error "path: op: [2, 3]: reason", of the path of
 * scope (zeroed: none) and the shape of x, if it is the first. Returns the error value that the
 * layer returns then. A null x is refused as such. */
wg_var wg_refuse(wg_scope scope, const char *op, wg_var x, int status, const char *reason);

/* Records the first value of a parameter. scope is the parameter itself: draws under it depend on
 * its path and the seed alone. */
typedef struct wg_initializer {
    wg_var (*make)(wg_scope scope, wg_dtype dtype, wg_shape shape, const double *setting);
    double setting[4];
} wg_initializer;
/* A parameter by name: its present value. Made by init when a params first meets it (zeroed: 0),
 * stored when the recording runs. An integer dtype means that of the params.
 *   errors  WG_ENAME met before; WG_ESHAPE, WG_EDTYPE the params have another type under this path;
 *           WG_ECALLBACK init gave no value; WG_EINVALID the scope has no params */
wg_var wg_param(wg_scope scope, const char *name, wg_dtype dtype, wg_shape shape,
                wg_initializer init);
/* State: the same, of any dtype, never trained. */
wg_var wg_state(wg_scope scope, const char *name, wg_dtype dtype, wg_shape shape, double value);
wg_var wg_state_like(wg_scope scope, const char *name, wg_var like); /* zeros of its shape */
/* From here on the name of leaf reads as value, constant to derivatives; the last one is stored
 * when the recording runs, all assigns of a recording together or none.
 *   errors  WG_EINVALID leaf is no parameter or state; WG_ESHAPE, WG_EDTYPE types differ */
int wg_assign(wg_var leaf, wg_var value);
/* Present values of the parameters met so far below scope and not frozen, by path; returns their
 * count, even above capacity. */
int64_t wg_parameters(wg_scope scope, int64_t capacity, wg_var *parameter);
/* "" if it is no parameter or state; valid until the tape's reset. */
const char *wg_path(wg_var parameter);

/* Values by name: layers note their result under their own path. A later note replaces. */
int wg_note(wg_scope scope, const char *name, wg_var x);
wg_var wg_find(wg_scope scope, const char *path);   /* below scope; errors WG_ENAME */
wg_var wg_column(wg_scope scope, const char *name); /* the input of that name; errors WG_ENAME */

/* ---- random numbers ----
 * A function of the params' seed, the path, the element and the draw counter ("draw", a state of
 * the params), which advances by one with each training run; in evaluation mode it stands. A name
 * met again in a shared scope draws anew. Constant to derivatives. */

wg_var wg_uniform(wg_scope scope, const char *name, wg_dtype dtype, wg_shape shape); /* [0, 1) */
/* Mean 0, deviation 1; always finite: within 5.8 in f32, 8.6 in f64.
 * source  Box & Muller 1958 */
wg_var wg_normal(wg_scope scope, const char *name, wg_dtype dtype, wg_shape shape);
/* bool: true with this probability, to 2^-32.  errors WG_EINVALID it is not within [0, 1] */
wg_var wg_bernoulli(wg_scope scope, const char *name, wg_shape shape, double probability);
/* i32 [count]: 0 to count - 1 in random order, which is how wg_argsort sorts count words of 32
 * random bits. Two of them that are equal, as count^2 / 2^33 pairs are, keep their order.
 *   errors  WG_EINVALID count is negative */
wg_var wg_permutation(wg_scope scope, const char *name, int64_t count);

WG_DECLARATIONS_END

#ifndef WG_NO_LOCATION
#define wg_expect_float(...) WG_HERE(wg_expect_float(__VA_ARGS__))
#define wg_input(...) WG_HERE(wg_input(__VA_ARGS__))
#define wg_batch(...) WG_HERE(wg_batch(__VA_ARGS__))
#define wg_scalar(...) WG_HERE(wg_scalar(__VA_ARGS__))
#define wg_constant(...) WG_HERE(wg_constant(__VA_ARGS__))
#define wg_full(...) WG_HERE(wg_full(__VA_ARGS__))
#define wg_full_like(...) WG_HERE(wg_full_like(__VA_ARGS__))
#define wg_number(...) WG_HERE(wg_number(__VA_ARGS__))
#define wg_grad(...) WG_HERE(wg_grad(__VA_ARGS__))
#define wg_vjp(...) WG_HERE(wg_vjp(__VA_ARGS__))
#define wg_jvp(...) WG_HERE(wg_jvp(__VA_ARGS__))
#define wg_hvp(...) WG_HERE(wg_hvp(__VA_ARGS__))
#define wg_stop_gradient(...) WG_HERE(wg_stop_gradient(__VA_ARGS__))
#define wg_jacobian(...) WG_HERE(wg_jacobian(__VA_ARGS__))
#define wg_hessian(...) WG_HERE(wg_hessian(__VA_ARGS__))
#define wg_custom_vjp(...) WG_HERE(wg_custom_vjp(__VA_ARGS__))
#define wg_extern(...) WG_HERE(wg_extern(__VA_ARGS__))
#define wg_refuse(...) WG_HERE(wg_refuse(__VA_ARGS__))
#define wg_param(...) WG_HERE(wg_param(__VA_ARGS__))
#define wg_state(...) WG_HERE(wg_state(__VA_ARGS__))
#define wg_state_like(...) WG_HERE(wg_state_like(__VA_ARGS__))
#define wg_uniform(...) WG_HERE(wg_uniform(__VA_ARGS__))
#define wg_normal(...) WG_HERE(wg_normal(__VA_ARGS__))
#define wg_bernoulli(...) WG_HERE(wg_bernoulli(__VA_ARGS__))
#define wg_permutation(...) WG_HERE(wg_permutation(__VA_ARGS__))
#endif

#endif

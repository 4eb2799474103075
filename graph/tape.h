/* Between the files of graph: interning, recording, refusing, versions, sweeps.
 *
 * Functions that record give a node, WG__NONE after an error; functions that can fail otherwise
 * give a status. In both cases the tape has kept the error already, so callers only hand the
 * failure up. */
#ifndef WG_GRAPH_TAPE_H
#define WG_GRAPH_TAPE_H

#include "graph/internal.h"

/* ---- following: follow.c, span.c, made.c, key.c ---- */

void wg__reach_take(const wg_tape *tape, wg__reach *out);
void wg__reach_set(wg_tape *tape, const wg__reach *progress);
bool wg__reach_equal(const wg__reach *x, const wg__reach *y); /* places aside */
bool wg__reach_places_equal(const wg__reach *x, const wg__reach *y);
/* Notes something that decides about lines or layers. */
void wg__places_mix(wg_tape *tape, uintptr_t what, uint64_t detail);

bool wg__ghost_is_possible(const wg_tape *tape);
void wg__ghost_begin(wg_tape *tape);
void wg__ghost_leave(wg_tape *tape);
/* True if the ghost's list has an item at this place; it may be compared. */
static inline bool wg__ghost_has_next(const wg_tape *tape, wg__list_kind list, int64_t length)
{
    return tape->is_following && length < tape->ghost.length[list];
}
/* Takes the ghost's next item, told whether it is what is to be recorded; else leaves the ghost. */
bool wg__ghost_takes(wg_tape *tape, wg__list_kind list, bool is_equal);
/* Id of these words in a table of the tape, made if new; WG__NONE without memory. */
uint32_t wg__tape_intern(wg_tape *tape, wg__table *table, const int64_t *word, int64_t count);

/* Changes in place what a list has. An error is kept. */
int wg__tape_change(wg_tape *tape, wg__change_kind kind, uint32_t index, uint32_t value);
int wg__tape_change_at(wg_tape *tape, wg__change_kind kind, uint32_t index, uint32_t place,
                       uint32_t value);
void wg__changes_apply(wg_tape *tape, int64_t count, const wg__change *change);
/* made.c: what a span made, kept at its end and put back. An error is kept. */
int wg__made_keep(wg_tape *tape, wg__span *span);
void wg__made_repeat(wg_tape *tape, const wg__span *span);

/* First word of the key of a sweep; then how many values were differentiated, whether each has a
 * cotangent, the values, each with its cotangent, and what they were differentiated by. */
enum { WG__SPAN_OF_SWEEP = 0x65657773 };
/* Gives the open span results that a caller finds again when it is skipped. */
int wg__span_give(wg_tape *tape, int64_t count, const uint32_t *node);
const uint32_t *wg__span_results(const wg_tape *tape); /* of the span skipped last */
void wg__span_called_back(wg_tape *tape); /* all open spans are recorded again next time */

/* ---- tables: intern.c, path.c ---- */

/* Id of these words, made if new; WG__NONE without memory. Words are copied to the arena. */
uint32_t wg__table_intern(wg__table *table, const wg_allocator *allocator, wg__arena *arena,
                          const int64_t *word, int64_t count);
/* Its id; WG__NONE: there is none. Ids that were cut off are found until wg__table_cut. */
uint32_t wg__table_find(const wg__table *table, const int64_t *word, int64_t count);
void wg__table_cut(wg__table *table); /* forgets what lies behind its count */
void wg__table_clear(wg__table *table);
void wg__table_free(wg__table *table, const wg_allocator *allocator);

/* The path parent/name (name alone below the root), made if new; WG__NONE without memory, after
 * which the tape has its error, or if it is not there and `make` is false. */
uint32_t wg__tape_path(wg_tape *tape, uint32_t parent, const char *name, bool make);
int wg__tape_paths_reset(wg_tape *tape);
void wg__tape_paths_cut(wg_tape *tape); /* forgets what lies behind their count */
void wg__scope_item_clear(wg_tape *tape, int64_t id); /* nothing bears the path */

/* ---- records: record.c, infer.c, number.c ---- */

void wg__tape_builder_init(wg_tape *tape);
uint32_t wg__tape_emit(wg__builder *self, const wg__request *request);
/* Sets dtype and shape of the record of a request, whose attribute is set; an error is kept. */
int wg__tape_infer(wg_tape *tape, const wg__request *request, wg__record *record);
uint32_t wg__tape_shape_id(wg_tape *tape, const wg__shape *shape);
/* A leaf: its type is given. */
uint32_t wg__tape_leaf(wg_tape *tape, wg__op_id op, const wg__type *type, const int64_t *attribute,
                       int32_t attribute_count);
/* The shared record of a number, and the constant of one; WG__NONE after an error. */
uint32_t wg__tape_number(wg__builder *self, wg_dtype dtype, double value);
uint32_t wg__tape_number_constant(wg_tape *tape, wg_dtype dtype, double value);
/* Its id; data is copied. */
uint32_t wg__tape_constant(wg_tape *tape, const wg__type *type, const void *data, size_t bytes);
/* The value that a number of f32 or f64, stretched or not, has; false if the node is none. */
bool wg__tape_number_of(const wg_tape *tape, uint32_t node, double *value);
bool wg__tape_is_number(const wg_tape *tape, uint32_t node);

/* ---- errors and places: error.c, location.c ---- */

/* Refuses for `op` (NULL: nobody in particular); the place is that of node, or the caller's to come
 * if node is WG__NONE. Keeps the first error; returns status. */
int wg__tape_refuse(wg_tape *tape, int status, const char *op, uint32_t node, const char *format,
                    ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 5, 6)))
#endif
    ;
/* Gives the error its place, unless it has one or happened outside the callback that runs now. */
void wg__tape_place_error(wg_tape *tape, const wg__place *place);

/* ---- arguments of recorders: value.c, axis.c, elementwise.c ---- */

/* The tape that all of x belong to, after checking each; NULL if there is none or an error, which
 * has then been kept: `failed` is what the recorder returns. */
wg_tape *wg__tape_of(const char *op, int64_t count, const wg_var *x, wg_var *failed);
/* WG_OK if x can be wanted; else its error, kept by its tape if it has one. */
int wg__var_wanted(const char *op, wg_var x);
/* The tape itself if it records; NULL with *failed set if it is NULL or has an error. */
wg_tape *wg__tape_open(wg_tape *tape, wg_var *failed);

/* Valid until the tape's reset. */
static inline const wg__shape *wg__tape_shape(const wg_tape *tape, uint32_t node)
{
    return tape->shape[tape->record[node].shape];
}
/* The tape of a list of values, and their indices, which lie in its arena. */
wg_tape *wg__list_open(const char *op, int64_t count, const wg_var *x, uint32_t **in,
                       wg_var *failed);
/* Arguments of constructors: the axis from 0, its set as bits; an error is kept. */
int wg__axis_refuse(wg_tape *tape, const char *op, uint32_t where, int axis,
                    const wg__shape *shape);
int wg__axis_resolve(wg_tape *tape, const char *op, int axis, const wg__shape *shape);
int wg__axes_bits(wg_tape *tape, const char *op, const wg_axes *axes, const wg__shape *shape,
                  uint32_t *bits);
int wg__rank_check(wg_tape *tape, const char *op, int64_t rank); /* a user's is 8 at most */
/* Stretches all inputs to their joint shape; in[] is replaced. */
int wg__inputs_join(wg_tape *tape, const char *op, int32_t count, uint32_t *in);
/* Refuses unless x has the type of `like`: "the tangent is f32 [3], x is f64 [3]". `where` is the
 * node whose place the error takes, WG__NONE: the caller's to come. */
int wg__type_expect(wg_tape *tape, const char *op, uint32_t where, const char *name, uint32_t x,
                    const char *like_name, uint32_t like);
/* in[1 ..] have the dtype of in[0]. Asked before joining, so that the message has the caller's
 * shapes. */
int wg__dtypes_agree(wg_tape *tape, const char *op, int32_t count, const uint32_t *in);
/* Any (max) or all (min) of bools along the axes; of nothing false and true. */
uint32_t wg__emit_quantify(wg__builder *b, wg__op_id op, uint32_t x, uint32_t axes_bits);

/* ---- effects and versions: tape.c, version.c, parameter.c ---- */

int wg__tape_effect(wg_tape *tape, wg__effect_kind kind, uint32_t slot, uint32_t value);

/* Slot of a version by path id and params; WG__NONE: none. */
uint32_t wg__version_find(const wg_tape *tape, uint32_t path, const wg_params *params);
void wg__version_clear(wg__version *version); /* neither read nor assigned */
uint32_t wg__version_leaf(wg_tape *tape, uint32_t slot); /* the value of this epoch */
uint32_t wg__version_read(wg_tape *tape, uint32_t slot); /* what the name reads as now */
/* How many slots by_path has; those from version_count on are the ghost's and not met yet. */
static inline int64_t wg__version_sorted_count(const wg_tape *tape)
{
    return tape->is_following ? tape->ghost.length[WG__VERSIONS] : tape->version_count;
}
/* A new one for (params, name): type, entry, is_trained, is_frozen, is_shared are taken. */
uint32_t wg__version_add(wg_tape *tape, const wg__version *version);
/* The version of (params, name), met before or not: made with this first value if the params lack
 * it. */
uint32_t wg__version_meet(wg_tape *tape, const wg__version *wanted, const char *op,
                          uint32_t (*make)(wg_tape *tape, const wg__version *wanted, void *user),
                          void *user);
int wg__version_assign(wg_tape *tape, uint32_t slot, uint32_t value);
int wg__type_refuse(wg_tape *tape, const char *op, uint32_t node, const char *path,
                    const wg__type *given, const wg__type *known);

/* ---- scopes: scope.c ---- */

enum {
    WG__SCOPE_TRAINING = 1, WG__SCOPE_FROZEN = 2, WG__SCOPE_SHARED = 4,
    WG__SCOPE_INITIAL = 8      /* of an initialiser: draws do not advance and start at draw 0 */
};
/* The slot of a parameter or state that a value reads; WG__NONE: none. */
uint32_t wg__version_of(const wg_tape *tape, uint32_t node);
/* What the scope reads a slot as: its present value, or what replaces it there. */
uint32_t wg__scope_read(wg_scope scope, uint32_t slot);
uint32_t wg__scope_condition(wg_scope scope); /* of wg_scope_when; WG__NONE: none */
/* The tape of a scope that can be recorded under; NULL with *failed set otherwise. */
wg_tape *wg__scope_open(wg_scope scope, const char *op, wg_var *failed);
/* The same, and the path of a name below it, which becomes the layer of what is recorded next;
 * WG__NONE after an error. */
uint32_t wg__scope_name(wg_scope scope, const char *op, const char *name, wg_var *failed);
void wg__scope_enter(wg_tape *tape, uint32_t path); /* the layer of what is recorded next */
int wg__name_refuse(wg_tape *tape, const char *op, const char *name);

/* ---- bodies: body.c, replay.c ---- */

/* A function of the caller and the types of its arguments and results. */
typedef struct wg__call_of_body {
    const char *op;            /* for messages */
    wg_function *function;
    void *user;
    int64_t in_count, out_count;
    const wg__type *in;
    const wg__type *out;       /* NULL: any. Of integers and bool none is expected */
    bool has_index;            /* the last argument is the number of a step */
} wg__call_of_body;
/* Calls the function on placeholders; the id of the body, 0 after an error. */
uint32_t wg__body_record(wg_tape *tape, const wg__call_of_body *call);
/* The two halves of it: what is recorded in between is the body. */
uint32_t wg__body_open(wg_tape *tape, const char *op, int64_t in_count, const wg__type *in,
                       int64_t out_count);
void wg__body_close(wg_tape *tape, uint32_t body);
/* True if the body is being recorded, or is none. */
bool wg__body_is_open(const wg_tape *tape, uint32_t body);
static inline const wg__body *wg__body_at(const wg_tape *tape, uint32_t body)
{
    return &tape->body[body - 1];
}
/* Puts recording outside of all bodies, for what outlives them; returns what to give back. */
uint32_t wg__body_leave(wg_tape *tape);

/* The tape of the arguments of a transform; NULL with *failed set otherwise. out[] is error values
 * from here on. */
wg_tape *wg__transform_open(const char *op, bool has_function, int64_t in_count, const wg_var *in,
                            int64_t out_count, wg_var *out, wg_var *failed);

/* Records a body's results anew, where recording is now. */
typedef struct wg__replay {
    uint32_t body;
    const uint32_t *in;        /* values in place of its placeholders; NULL: of `given` alone */
    int64_t rows;              /* WG__NO_ROWS, or: every in[] has a leading axis of so many rows,
                                  and so has every result */
    bool is_instance;          /* nothing of it is ever merged with what is recorded elsewhere */
    int64_t captured_count;    /* values from outside that others stand for */
    const uint32_t *captured, *stand_in;
    int64_t given_count;       /* values of the body that others stand for: what they are made of
                                  is not recorded */
    const uint32_t *given, *given_by;
    int64_t out_count;         /* results wanted; out NULL: those of the body */
    const uint32_t *out;
} wg__replay;
enum { WG__NO_ROWS = -1 };
/* out: by result, WG__NONE where the body has none. */
int wg__body_replay(wg_tape *tape, const wg__replay *replay, uint32_t *out);

/* ---- scans: capture.c, scan.c, part.c, adjoint.c ---- */

/* Finds what a body captured; the number of the step is forgotten if nothing reads it. */
int wg__body_capture(wg_tape *tape, uint32_t body);

typedef struct wg__scan {
    uint32_t body;
    int64_t length;
    bool is_reverse;
    int64_t carry_count, x_count;
    const uint32_t *in;        /* carries, xs */
    const uint32_t *captured;  /* in place of what the body captured; NULL: that itself */
    uint32_t extended;         /* WG__NONE: none */
} wg__scan;
/* Both give WG__NONE after an error. Result k: carries, then the stacks. */
uint32_t wg__scan_record(wg_tape *tape, const wg__scan *scan);
uint32_t wg__pick_record(wg_tape *tape, uint32_t scan, int64_t k);
/* Steps of a body, and all results: carries, then stacks. */
typedef struct wg__steps {
    uint32_t body;
    int64_t carry_count, x_count, y_count, length;
    bool is_reverse;
    uint32_t *in;              /* carries, xs: where recording is now */
} wg__steps;
int wg__steps_record(wg_tape *tape, const wg__steps *steps, uint32_t *out);
/* The same, of which derivatives keep the carries of every n-th step alone. */
int wg__steps_part(wg_tape *tape, const wg__steps *steps, int64_t n, uint32_t *out);
/* A draw counter within the bodies of scans that are open: another one at each step. */
uint32_t wg__draw_of_step(wg_tape *tape, uint32_t counter);

/* ---- rules of a body's own: rule.c ---- */

/* The values y[0 .. count), differentiated by a body: the caller's rule, of x..., y...,
 * cotangents of y..., to the cotangents of x...; or the function itself, of x... to y..., which a
 * sweep computes anew and differentiates. Writes what stands for each y. */
typedef struct wg__rule {
    uint32_t body;
    const uint32_t *x, *y;
    int64_t x_count, y_count;
} wg__rule;
int wg__rule_record(wg_tape *tape, const wg__rule *rule, uint32_t *out);
/* y with the derivative that the caller's rule records: custom.c. WG__NONE after an error. */
uint32_t wg__custom_record(wg_tape *tape, const char *op, uint32_t y, int64_t count,
                           const wg_var *in, wg_vjp_rule *rule, void *user);

/* ---- derivatives: grad.c ---- */

/* wg_grad and wg_vjp, refused in the name of what the caller called. */
wg_var wg__grad_for(const char *op, wg_var y, wg_var x);
wg_var wg__vjp_for(const char *op, wg_var y, wg_var x, wg_var cotangent);

#endif

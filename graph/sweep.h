/* Gradient sweeps, between the files that make them: equal records, masks, rules, the sweep.
 *
 * All memory of a sweep is the tape's grad_space, of which a sweep within a sweep has one more. */
#ifndef WG_GRAPH_SWEEP_H
#define WG_GRAPH_SWEEP_H

#include "graph/tape.h"

/* ---- memory: cons.c ---- */

/* Where a cotangent is live: an expression over conditions of selects, recorded only when an op
 * needs it. Id 0: everywhere. Operands have smaller ids. */
typedef enum wg__mask_kind {
    WG__MASK_IS,               /* condition `node` */
    WG__MASK_NOT,              /* its negation */
    WG__MASK_AND,              /* x, an IS or NOT, and y */
    WG__MASK_OR,               /* x or y */
    WG__MASK_MOVED             /* x, over the result of `node`, moved to its input y */
} wg__mask_kind;
typedef struct wg__mask {
    wg__mask_kind kind;
    uint32_t node, x, y;
    uint32_t value;            /* its record, WG__NONE until needed */
    bool is_negated;           /* the record says where it is not */
} wg__mask;

/* A cotangent on its way from a result to the rule it belongs to; live: of a `ruled` its mask. */
typedef struct wg__parcel { uint32_t rule, ruled, cotangent, live; int64_t place; } wg__parcel;

/* Memory of sweeps, kept from one to the next. */
struct wg__grad_space {
    bool *depends;             /* by node: on what one differentiates by */
    uint32_t *cotangent;       /* by node: sum so far, WG__NONE: nothing yet */
    uint32_t *live;            /* by node: mask id of the cotangent */
    bool *is_raw;              /* by node: where it is not live it is yet to be made 0 */
    int64_t depends_capacity, cotangent_capacity, live_capacity, is_raw_capacity;
    bool *needed;              /* by input of the node at hand */
    uint32_t *in, *gradient;
    int64_t needed_capacity, in_capacity, gradient_capacity;
    bool is_step;              /* the sweep is through a step of a scan */
    wg__mask *mask;            /* by id - 1 */
    int64_t mask_count, mask_capacity;
    uint32_t *stack;           /* of masks being recorded */
    int64_t stack_capacity;
    wg__parcel *parcel;
    int64_t parcel_count, parcel_capacity;
    uint32_t *bucket;          /* equal records: open addressing; node + 1, WG__NONE: forgotten */
    int64_t bucket_count, bucket_used;
    int64_t entered;           /* of the tape's swept: what the buckets know */
    wg__grad_space *inner;     /* of a sweep within this one; NULL until the first */
};
/* The tape's space, made at first use; NULL after an error. */
wg__grad_space *wg__grad_space_of(wg_tape *tape);
void wg__grad_space_clear(wg_tape *tape);
void wg__grad_space_free(wg_tape *tape);

/* A sweep within the present one, with memory of its own; a step of a scan or not. The outer one is
 * put aside, and taken up again whatever the status is, which is handed on. */
typedef struct wg__outer { wg__grad_space *space; const wg__place *inherited; } wg__outer;
int wg__sweep_enter(wg_tape *tape, bool is_step, wg__outer *outer);
int wg__sweep_leave(wg_tape *tape, const wg__outer *outer, int status);

/* ---- equal records: cons.c ---- */

/* Before a sweep: enters what earlier ones recorded. An error is kept. */
int wg__cons_begin(wg_tape *tape);
/* An equal record of this or an earlier sweep that was not handed out; WG__NONE: none. */
uint32_t wg__cons_find(const wg_tape *tape, const wg__record *record);
int wg__cons_add(wg_tape *tape, uint32_t node);    /* WG_EMEMORY without keeping the error */
int wg__cons_forget(wg_tape *tape, uint32_t node); /* handed out: a user may differentiate by it */

/* ---- masks: mask.c ---- */

/* All give ids, WG__NONE after an error. */
uint32_t wg__mask_branch(wg_tape *tape, uint32_t condition, bool is_taken, uint32_t mask);
uint32_t wg__mask_moved(wg_tape *tape, uint32_t node, uint32_t input, uint32_t mask);
uint32_t wg__mask_or(wg_tape *tape, uint32_t x, uint32_t y);
bool wg__mask_is_same(const wg_tape *tape, uint32_t x, uint32_t y);
/* Records, of masks that are not 0: where it is live, a bool; x where it is live, else y, like x;
 * gradient, and 0 where it is not live. */
uint32_t wg__mask_record(wg_tape *tape, uint32_t mask);
uint32_t wg__mask_select(wg_tape *tape, uint32_t mask, uint32_t x, uint32_t y);
uint32_t wg__mask_apply(wg_tape *tape, uint32_t mask, uint32_t gradient);

/* ---- the sweep: sweep.c ---- */

/* A sweep from some y back to the wanted x. */
typedef struct wg__sweep {
    wg_tape *tape;
    wg__grad_space *space;
    uint32_t y, first;         /* nodes first .. y, the last one, take part */
    bool flows;                /* from a y to an x */
    const char *op;            /* for messages */
} wg__sweep;
/* Where a sweep starts; the cotangents; bool: where they are live, for the others are 0. where NULL
 * or WG__NONE: everywhere. */
typedef struct wg__seeds { int64_t count; const uint32_t *y, *cotangent, *where; } wg__seeds;
/* Marks what depends on an x; a derivative flows through these nodes only. */
int wg__sweep_depend(wg__sweep *s, int64_t count, const wg_var *x);
int wg__sweep_run(wg__sweep *s, const wg__seeds *from);
/* What reached x, WG__NONE: nothing; and the condition outside of which it is 0, WG__NONE: none. */
uint32_t wg__sweep_result(const wg__sweep *s, uint32_t x);
uint32_t wg__sweep_where(const wg__sweep *s, uint32_t x);

/* ---- values with rules: rule.c, recompute.c, adjoint.c ---- */

/* Keeps the cotangent of a `ruled` record for its rule, and the id of its mask. */
int wg__rule_send(wg_tape *tape, uint32_t ruled, uint32_t cotangent, uint32_t live);
/* What was sent to result `place` of a rule; NULL: nothing. */
const wg__parcel *wg__rule_sent(const wg__grad_space *space, uint32_t rule, int64_t place);
/* The rule's derivative, of what was sent to it. where[i]: a condition outside of which gradient[i]
 * is 0, WG__NONE: none. */
int wg__rule_vjp(const wg__node_view *node, uint32_t *gradient, uint32_t *where);
/* The same of a rule whose body is a function to be computed anew: recompute.c. */
int wg__recompute_vjp(const wg__node_view *node, uint32_t *gradient, uint32_t *where);
/* Keeps the cotangent of a pick for its scan. */
int wg__pick_send(wg_tape *tape, uint32_t pick, uint32_t cotangent);
/* The derivative of a scan: the reverse scan, on what was sent to it and its extensions. */
int wg__scan_vjp(const wg__node_view *node, uint32_t *gradient);

#endif

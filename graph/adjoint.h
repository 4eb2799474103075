/* The derivative of a scan, between the files that make it.
 *
 * All happens on one body, `joint`: a step, and the sweep through it. Its arguments are those of
 * the step, what the step captured, and the cotangents of its results. Places of arrays by node
 * count from its first record. */
#ifndef WG_GRAPH_ADJOINT_H
#define WG_GRAPH_ADJOINT_H

#include "graph/sweep.h"

/* What a value of the joint body depends on, at most. */
typedef enum wg__dependence {
    WG__OF_NOTHING,            /* what was captured, constants: the same at every step */
    WG__OF_INDEX,              /* and the number of the step: computed where it is needed */
    WG__OF_STEP,               /* and carries and xs: kept from the forward scan */
    WG__OF_COTANGENT           /* and cotangents: computed by the reverse scan. So is what a
                                  recomputation records: it is not to be kept */
} wg__dependence;

/* What is done with a value of the joint body, as bits. */
enum {
    WG__IN_REVERSE = 1,        /* the reverse scan computes it */
    WG__IS_KEPT = 2,           /* the forward scan stacks it for the reverse scan, or for totals */
    WG__IN_TOTAL = 4,          /* its sum over all steps is wanted */
    WG__IS_STACKED = 8,        /* its values at all steps are wanted */
    WG__IS_OUTSIDE = 16,       /* it is the same at all steps, and wanted outside */
    WG__IS_RESULT = 32         /* of the reverse scan */
};

typedef struct wg__adjoint {
    wg_tape *tape;
    wg__scan_view scan;
    int64_t in_count;          /* carries, xs, captured */
    const uint32_t *in;
    const bool *needed;        /* by input of the scan */
    wg__parcel *sent;          /* cotangents of results of the scan and of those that extend it */
    int64_t sent_count;

    uint32_t joint, first;
    int64_t node_count;        /* of the joint body */
    uint32_t *after;           /* values of the joint body: of each carry after the step */
    uint32_t *result;          /* and stacks of the scan itself */
    uint32_t *gradient;        /* by input; WG__NONE: nothing flows */
    uint8_t *dependence;       /* wg__dependence, by node */
    uint8_t *use;              /* by node */
    uint32_t *stack;           /* by node: its stack, outside */
    uint32_t *outside;         /* by node: its value, outside */
} wg__adjoint;

/* A placeholder of the joint body is input i of the scan, or belongs to cotangent i - in_count: of
 * carries, then of what was sent. WG__NOT_GIVEN: it is none. */
enum { WG__NOT_GIVEN = -1 };
int64_t wg__adjoint_place(const wg__adjoint *a, uint32_t node);
bool wg__adjoint_owns(const wg__adjoint *a, uint32_t node);
wg__dependence wg__adjoint_depends(const wg__adjoint *a, uint32_t node);

/* What stacks an argument of the joint body, outside: the place of wg__adjoint_place. WG__NONE:
 * nothing does. */
uint32_t wg__adjoint_stack(const wg__adjoint *a, int64_t place);

/* reverse.c. Finds what each value depends on; marks what the reverse scan computes, and what it
 * has kept. */
void wg__adjoint_find(wg__adjoint *a);
void wg__reverse_mark(wg__adjoint *a);
/* Record the stacks of what is kept; the reverse scan, with gradient[] of carries and xs and the
 * stacks of its results; values outside. */
int wg__kept_record(wg__adjoint *a);
int wg__reverse_record(wg__adjoint *a, uint32_t *gradient);
int wg__outside_record(wg__adjoint *a);

/* total.c. Marks what the sums over all steps of the gradients of what was captured are made of:
 * stacks, and values outside. */
void wg__totals_mark(wg__adjoint *a);
/* Once all stacks and values outside are there: gradient[] of what was captured, outside. */
int wg__totals_record(wg__adjoint *a, uint32_t *gradient);

#endif

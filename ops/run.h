/* Runs between the files of ops: which ops one takes, and its steps. */
#ifndef WG_OPS_RUN_H
#define WG_OPS_RUN_H

#include "ops/kernels/kernels.h"

/* A run while its steps are written. Of each value it is known whether it lies in a cell, and how
 * often it is still read; what is read at all lies in a cell or in a register.                   */
typedef struct wg__run {
    wg__assembly *assembly;
    int32_t origin;                  /* the op at hand */
    const wg__tile_op *next;         /* those after it, and how many of them the run takes */
    int64_t next_count;
    int32_t a, b, m;                 /* the values in the registers; below 0: none */
} wg__run;

/* Joins ops that share their work, drops what nobody reads, and counts into `uses` how often each
 * value is read; is_done and joint of the ops are clear.                                         */
void wg__joints_find(int64_t load_count, int64_t count, wg__tile_op *op, int32_t *uses);

/* How many results a joint has. */
int32_t wg__joint_count(wg__joint joint);

/* Whether the op can be a step of a run of this dtype. */
bool wg__run_takes(const wg__kernels *kernels, wg_dtype dtype, const wg__tile_op *op);
/* The steps of `count` ops, of which the result of the first is `value`, the others after it. All
 * that is read later is stored at the end.                                                       */
void wg__run_write(wg__run *run, const wg__tile_op *op, int64_t count, int32_t value,
                   int64_t origin);

/* Turns a step into one that reads a cell as a whole, where all its elements are alike. */
void wg__run_step_settle(wg__run_step *step, bool y_is_alike, bool z_is_alike);

#endif

/* One walk over a dataset: batch after batch recorded, run, and its losses and metrics added up.
 * The trainer's steps, its validation and wg_evaluate are all this.                             */
#ifndef WG_RUNTIME_PASS_H
#define WG_RUNTIME_PASS_H

#include "core/internal.h"

#include <wengert/train.h>

/* Rows of a batch where nothing is trained: wide enough for any kernel, and the same everywhere, so
 * that a validation is repeated to the last bit. */
enum { WG__EVALUATION_ROWS = 512 };

typedef struct wg__pass {
    wg_runtime *runtime;
    wg_tape *tape;
    const wg_model *model;
    wg_params *params;
    const wg_dataset *data;
    wg_loader *loader;
    const wg_optimizer *optimizer; /* NULL: evaluation */
} wg__pass;

/* Weighted sums over the samples so far. */
typedef struct wg__sums { double loss, metric, weight; } wg__sums;

/* What a batch was recorded as: one value a sample, and column "weight" or the null value. */
typedef struct wg__samples {
    wg_scope scope;
    int64_t rows;
    wg_var loss, metric, weight;
} wg__samples;
/* Records the loader's present batch anew; the tape has the message. */
int wg__pass_record(const wg__pass *pass, wg_mode mode, wg__samples *batch);
wg_var wg__sample_mean(const wg__samples *batch); /* of the loss: what training minimizes */

int wg__model_check(const wg_model *model, wg_error *error);
/* Records and runs the loader's present batch and adds to sums; the tape has the message. */
int wg__pass_batch(wg__pass *pass, wg__sums *sums);
/* All batches in order. */
int wg__pass_evaluate(wg__pass *pass, wg__sums *sums);
/* Why a pass failed: what its loader says, or its tape. */
const char *wg__pass_explain(const wg__pass *pass, int status);

#endif

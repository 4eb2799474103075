/* A tape executed statement by statement: each value is computed the moment it is recorded, by the
 * immediate evaluator, so that a recording can be read without a runtime and a run compared with it
 * bit by bit. replay_commit does at the end what a run does: it stores all effects, each once. */
#ifndef WG_TEST_REPLAY_H
#define WG_TEST_REPLAY_H

#include "graph/internal.h"
#include "support/immediate.h"

typedef struct replay replay;

/* From now on tape's values are computed as they are recorded; those it has are computed now. Free
 * the replay before the tape. */
replay *replay_attach(wg_tape *tape, wg__level level);
void replay_free(replay *run);

/* Checks that x is a value of the recording and was computed. */
const wg__array *replay_array(replay *run, wg_var x);
double replay_at(replay *run, wg_var x, int64_t element); /* in logical order */
void replay_copy(replay *run, wg_var x, void *out);
/* Status of the first value that could not be computed (WG_EINDEX), or of the tape. */
int replay_status(const replay *run);
/* Stores what was created and assigned since the last commit: WG_OK, the status, or WG_EFINITE if a
 * value that must be finite is not; then nothing is stored. */
int replay_commit(replay *run);

#endif

/* What a network sees of an ordering: the jets in the order it claims, the lepton, the missing
 * momentum; and behind them the masses that are near those of W and top if the claim is right.  */
#ifndef TTBAR_INPUTS_H
#define TTBAR_INPUTS_H

#include "events.h"

/* The derived ones are six logarithms and a flag. */
enum { RAW = 26, LOGARITHMS = 6, INPUTS = RAW + LOGARITHMS + 1 };

/* The particles that an ordering makes of an event. */
typedef struct candidate {
    vector w_hadronic, top_hadronic;
    vector top_leptonic[2]; /* with either neutrino */
    vector b_lepton;        /* b jet and lepton alone */
    bool has_neutrino;      /* a real one */
} candidate;
candidate candidate_make(const event *from, const ordering *claim);

/* A row an event: "x" f32 [events, ORDERINGS, INPUTS], raw inputs first; "t" i32 [events], the
 * index of the true ordering.                                                                   */
int inputs_make(wg_runtime *runtime, const events *part, wg_dataset **out);

#endif

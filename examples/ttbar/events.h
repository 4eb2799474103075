/* Events as they were measured, and the twelve ways to say which of four jets is which. */
#ifndef TTBAR_EVENTS_H
#define TTBAR_EVENTS_H

#include "kinematics.h"

#include <wengert/wengert.h>

enum { JETS = 4, ORDERINGS = 12 };

/* Which jet plays which part. The two jets of the W are alike, so first < second: 12 orderings,
 * not 24.                                                                                       */
typedef struct ordering { int b_hadronic, b_leptonic, first, second; } ordering;
extern const ordering orderings[ORDERINGS];

typedef struct event {
    vector jet[JETS];
    bool is_tagged[JETS]; /* as holding a b quark */
    vector lepton;
    double missing_x, missing_y;
    int truth; /* index of the ordering it really has */
} event;

typedef struct events { event *item; int64_t count; } events;

/* Reads jets.npy, lepton.npy, met.npy and truth.npy of a folder, and believes nothing unseen. */
int events_read(const char *folder, events *out, wg_error *error);
void events_free(events *all);

/* The share of the events whose true ordering costs least. cost: of each event's orderings. */
double events_efficiency(const events *of, const double *cost);

/* Three parts, 60 : 20 : 20, shuffled by seed; each event is in one of them. */
enum { TRAINING, VALIDATION, TEST, PARTS };
int events_split(const events *all, uint64_t seed, events part[PARTS], wg_error *error);

#endif

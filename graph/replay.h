/* A replay of a body at work, between the files that do it. */
#ifndef WG_GRAPH_REPLAY_H
#define WG_GRAPH_REPLAY_H

#include "graph/tape.h"

/* Within first .. end, value[node - first] stands for the node. */
typedef struct wg__work {
    wg_tape *tape;
    const struct wg__work *outer; /* of the body that this one is part of, NULL: none */
    uint32_t body, first, end;
    int64_t rows;
    uint32_t *value;
    bool *is_live, *is_mapped; /* mapped: has rows */
    int64_t captured_count;
    const uint32_t *captured, *captured_by;
    const bool *captured_mapped; /* NULL: none */
    int64_t out_count;
    const uint32_t *out;
    bool is_instance;
    uint32_t instance_base;    /* the last instance before this replay */
} wg__work;

/* What stands for a node now. */
typedef struct wg__stand_in { uint32_t value; bool is_mapped; } wg__stand_in;

static inline bool wg__work_has_rows(const wg__work *w)
{
    return w->rows != WG__NO_ROWS;
}

static inline void wg__work_set(wg__work *w, uint32_t node, uint32_t value, bool is_mapped)
{
    w->value[node - w->first] = value;
    w->is_mapped[node - w->first] = is_mapped;
}

/* replay.c. The stand-in of a node; a value with rows, repeated if it has none yet. */
wg__stand_in wg__work_find(const wg__work *w, uint32_t node);
uint32_t wg__work_with_rows(const wg__work *w, wg__stand_in of);
/* Takes memory for the body at hand; replays it, and gives what stands for its results. */
int wg__work_open(wg__work *w);
int wg__work_run(wg__work *w, uint32_t *out);
/* Marks the inputs of a node as live. */
void wg__work_mark_inputs(wg__work *w, uint32_t node);

/* replay_body.c. The body of the rule that a record stands for; 0: it stands for none. */
uint32_t wg__rule_body(const wg_tape *tape, uint32_t node);
/* Marks all that a rule's body names, and what the rules within it name, wherever their bodies
 * stand. True if any of it has another stand-in now. */
bool wg__captures_mark(wg__work *w, uint32_t rule);
/* Records of ops that have bodies, on inputs in[] of which mapped[] have rows. */
wg__stand_in wg__rule_redo(wg__work *w, uint32_t node, const wg__request *request, uint32_t *in,
                           const bool *mapped);
wg__stand_in wg__ruled_redo(const wg__work *w, const wg__request *request, uint32_t *in,
                            const bool *mapped);
wg__stand_in wg__scan_redo(const wg__work *w, uint32_t node, const wg__request *request,
                           uint32_t *in, const bool *mapped);
wg__stand_in wg__pick_redo(const wg__work *w, const wg__request *request, uint32_t scan,
                           bool is_mapped);

#endif

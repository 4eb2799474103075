/* The runtime between its files.
 *
 * A plan says what is done: values, the regions that compute them, the order. It knows neither threads
 * nor memory and is shared by every program made from one recording. A frame is a plan made ready for
 * one runtime: shard sizes, places in memory, calls. Running is one walk over a frame's stages with a
 * table of base addresses; nothing is allocated there.                                              */
#ifndef WG_RUNTIME_INTERNAL_H
#define WG_RUNTIME_INTERNAL_H

#include "graph/internal.h"

#include <stdatomic.h>
#include <wengert/runtime.h>

/* ---- pool.c: threads of libuv ---- */

typedef struct wg__pool wg__pool;
typedef void wg__pool_work(void *context, int worker, int64_t index);

int wg__pool_cores(void);
/* NULL on failure. threads counts the caller; with one, libuv is never touched. */
wg__pool *wg__pool_create(const wg_allocator *allocator, int threads, bool keep_pool_size);
void wg__pool_free(wg__pool *pool);
/* Before the first wg__pool_run of a run: in a forked child the caller is alone from then on. */
void wg__pool_begin(wg__pool *pool);
int wg__pool_threads(const wg__pool *pool);
/* True if a helper is awake and looking for work. */
bool wg__pool_is_hot(wg__pool *pool);
/* Does work for every 0 <= index < count, the caller as worker 0; returns when all is done. */
void wg__pool_run(wg__pool *pool, int64_t count, wg__pool_work *work, void *context);

/* ---- float.c: the floating-point environment of a worker ---- */

typedef struct wg__float_mode { uint64_t word; } wg__float_mode;
/* To nearest, denormals kept, no traps; returns what was. */
wg__float_mode wg__float_enter(void);
void wg__float_leave(wg__float_mode before);

/* ---- plan: values ---- */

typedef enum wg__home {
    WG__HOME_VIEW,           /* walks the memory of its base */
    WG__HOME_CONSTANT,       /* the frame's; offset */
    WG__HOME_SLOT,           /* memory from outside; slot */
    WG__HOME_WORKSPACE,      /* the runtime's, whole; offset */
    WG__HOME_SCRATCH         /* the worker's, rows of the item at hand; offset */
} wg__home;

/* Slots: base addresses of a run. Those from WG__SLOT_FIRST on come from outside, in this order:
 * inputs, large constants, parameters, results.                                                   */
enum { WG__SLOT_SCRATCH, WG__SLOT_WORKSPACE, WG__SLOT_CONSTANT, WG__SLOT_FIRST };

typedef struct wg__value {
    wg__op_id op;
    uint32_t node;            /* of the recording: errors name its op, path and place */
    wg__type type;
    const uint32_t *in;       /* values */
    const int64_t *attribute;
    int32_t in_count, attribute_count;
    uint32_t instance;
    uint32_t base;            /* itself, or the value whose memory it walks */
    int64_t offset;           /* of the first element from base's, in elements */
    int64_t stride[WG__RANK_MAX];
    const void *constant;     /* bytes known while planning */
    wg__home home;
    int64_t slot;             /* WG__HOME_SLOT */
    wg__mark mark;
    int32_t region;           /* that computes it; WG__NOWHERE for leaves and views */
    int32_t last_stage;       /* that reads it */
    int32_t finite_effect;    /* its elements must be finite for this effect; WG__NOWHERE: need not */
} wg__value;
enum { WG__NOWHERE = -1 };

/* ---- plan: regions and stages ----
 *
 * A region's values are computed item by item: an item is some of its units, from first to last value,
 * by one worker. All items of the regions of a stage run in any order; a stage starts when the one
 * before is complete.                                                                              */

typedef enum wg__region_kind {
    WG__REGION_SERIAL,       /* small values, one item */
    WG__REGION_WHOLE,        /* one value that cannot be cut, one item */
    WG__REGION_SHARDS,       /* units are samples */
    WG__REGION_MAP,          /* units are rows of elementwise chains */
    WG__REGION_TILES         /* units are rows of one matrix product or reduction */
} wg__region_kind;

typedef struct wg__region {
    wg__region_kind kind;
    int32_t stage;
    int64_t units;
    int64_t units_min;       /* fewer in an item would change the order of a sum */
    int64_t first, count;    /* of order */
    double time_ns;          /* estimated, of all units */
} wg__region;

typedef struct wg__store { int32_t version; uint32_t value; } wg__store;

typedef struct wg__plan {
    wg_allocator allocator;
    wg__arena arena;         /* all that follows */
    atomic_int references;
    int64_t value_count;
    wg__value *value;
    int64_t order_count;
    uint32_t *order;         /* computed values, region by region */
    int64_t region_count;
    wg__region *region;      /* by stage */
    int32_t stage_count;
    int64_t store_count;
    wg__store *store;        /* the commit: parameters and their new values */
    int64_t result_count;
    uint32_t *result;        /* values */
    int64_t input_count, constant_count, version_count;
    bool *input_needed;
    bool *version_needed;    /* read */
    bool keeps_all;          /* for the search of what is not finite */
    wg__hash fingerprint;
} wg__plan;

typedef struct wg__wanted {
    const uint32_t *node;    /* values to publish, distinct */
    int64_t count;
    bool with_effects;       /* and the effects not yet committed, creations excepted */
} wg__wanted;

/* key.c: what the plan of a recording depends on, as bytes in the runtime's buffer. */
int wg__key_write(wg_runtime *runtime, const wg_tape *tape, const wg__wanted *wanted);
wg__hash wg__key_fingerprint(const wg_runtime *runtime);

/* plan.c: WG_OK, or WG_EMEMORY, WG_ELIMIT. */
int wg__plan_create(wg_runtime *runtime, const wg_tape *tape, const wg__wanted *wanted,
                    wg__plan **out);
wg__plan *wg__plan_hold(wg__plan *plan);
void wg__plan_drop(wg__plan *plan);
static inline int64_t wg__slot_input(const wg__plan *plan, int64_t i)
{
    (void)plan;
    return WG__SLOT_FIRST + i;
}
static inline int64_t wg__slot_constant(const wg__plan *plan, int64_t i)
{
    return wg__slot_input(plan, plan->input_count) + i;
}
static inline int64_t wg__slot_version(const wg__plan *plan, int64_t i)
{
    return wg__slot_constant(plan, plan->constant_count) + i;
}
static inline int64_t wg__slot_result(const wg__plan *plan, int64_t i)
{
    return wg__slot_version(plan, plan->version_count) + i;
}
static inline int64_t wg__slot_count(const wg__plan *plan)
{
    return wg__slot_result(plan, plan->result_count);
}

#endif

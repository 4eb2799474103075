/* The runtime between its files.
 *
 * A plan says what is done: values, the regions that compute them, their order. It knows neither
 * threads nor memory and is shared by every program made from equal recordings. A frame is a plan
 * made ready for one runtime: sizes of shards, places in memory, calls. Running is one walk over
 * a frame's stages with a table of base addresses; nothing is allocated there. */
#ifndef WG_RUNTIME_INTERNAL_H
#define WG_RUNTIME_INTERNAL_H

#include "graph/internal.h"

#include <stdatomic.h>
#include <wengert/runtime.h>

enum { WG__NOWHERE = -1 };

/* ---- pool.c: joins on libuv's threads ---- */

typedef struct wg__pool wg__pool;
typedef void wg__pool_work(void *context, int worker, int64_t index);

int wg__pool_cores(void);
/* keeps_size: UV_THREADPOOL_SIZE is left as it is. pins: each helper keeps to one processor. */
typedef struct wg__pool_options { bool keeps_size, pins; } wg__pool_options;
/* NULL on failure. threads counts the caller; with one, libuv is never touched. */
wg__pool *wg__pool_create(const wg_allocator *allocator, int threads, wg__pool_options options);
void wg__pool_free(wg__pool *pool);
/* Before the joins of a run: in a forked child the caller is alone from then on. */
void wg__pool_begin(wg__pool *pool);
/* True if a helper is awake and looking for work. */
bool wg__pool_is_hot(wg__pool *pool);
/* Does work for every 0 <= index < count, the caller as worker 0; returns when all is done. */
void wg__pool_run(wg__pool *pool, int64_t count, wg__pool_work *work, void *context);

/* Work that is done while its caller does something else, one piece after the other. The pool is
 * looked at by create alone; NULL on failure. */
typedef struct wg__errand wg__errand;
typedef void wg__errand_work(void *context);
wg__errand *wg__errand_create(const wg_allocator *allocator, wg__pool *pool);
void wg__errand_free(wg__errand *errand); /* waits */
/* Waits for the piece before. */
void wg__errand_start(wg__errand *errand, wg__errand_work *work, void *context);
/* Returns when the piece is done, by a thread of the pool or, if none came to it, here. */
void wg__errand_wait(wg__errand *errand);

/* ---- cores.c: the processors that a thread may run on ---- */

typedef struct wg__cores { uint64_t word[16]; } wg__cores; /* a bit each; 1024 of them */
/* The processor of this thread; WG__NOWHERE: not told here. */
int wg__cores_here(void);
/* Ties this thread to one processor: the worker-th behind `first`, of those it may run on. False,
 * and nothing done, if there are not so many or the system has no such call. */
bool wg__cores_pin(int first, int worker, wg__cores *before);
void wg__cores_put_back(const wg__cores *before);

/* ---- float.c: the floating-point environment of a worker ---- */

typedef struct wg__float_mode { uint64_t word; } wg__float_mode;
/* To nearest, denormals kept, no traps; returns what was. */
wg__float_mode wg__float_enter(void);
void wg__float_leave(wg__float_mode before);

/* ---- the runtime ---- */

/* An index out of range, and how one gets to it: place by place, from within the innermost loop, of
 * which it is a step, outwards. Within more loops than these it is told without its place. */
enum { WG__FAULT_DEPTH = 4 };
typedef struct wg__fault {
    wg__index_fault index;
    int64_t step;             /* of the innermost loop; outside of loops WG__NOWHERE */
    int32_t depth;            /* 0: there is none */
    int64_t place[WG__FAULT_DEPTH];
} wg__fault;

/* What one thread computes with. array holds the operands of the call at hand. */
typedef struct wg__worker {
    void *kernel_scratch;
    void *scratch;
    size_t scratch_bytes;
    wg__array *array;
    size_t array_bytes;
    void **address;           /* of what a tile program loads and stores */
    size_t address_bytes;
    wg__fault met, first;     /* at hand; of the run */
} wg__worker;

typedef struct wg__cached wg__cached;
typedef struct wg__laps wg__laps;
enum { WG__CACHE_BUCKETS = 256 };

struct wg_runtime {
    wg_allocator allocator;
    atomic_int references;       /* the creator's, and one of each program */
    atomic_bool is_busy, is_cancelled;
    const struct wg__kernels *kernels;
    wg__pool *pool;
    int threads;

    /* Shared by all programs, because one runs at a time and nothing outlives a run there. */
    wg__worker *worker;          /* threads */
    void *workspace;
    size_t workspace_bytes;

    unsigned char *key;          /* of the recording at hand */
    int64_t key_bytes, key_capacity;
    uint32_t *wanted;            /* nodes of the read at hand */
    int64_t wanted_count, wanted_capacity;
    wg_params **locked;          /* by the run at hand */
    int64_t locked_count, locked_capacity;
    uint32_t *created;           /* versions whose entries the run at hand made */
    int64_t created_count, created_capacity;

    wg__cached *bucket[WG__CACHE_BUCKETS];
    wg__cached *newest, *oldest;
    size_t cache_bytes, cache_bytes_max;

    int64_t shard_rows_test;     /* > 0: units of an item of all that can be cut; set by tests */
    bool is_forked_always;       /* joins of any size go to the pool; set by tests */
    /* If set, by tests, instead of wg__pool_run. */
    void (*join_test)(wg_runtime *runtime, int64_t count, wg__pool_work *work, void *context);
    bool is_plain;               /* plans leave each op by itself: WENGERT_PLAN=plain, or tests */
    wg__laps *laps;              /* of the run in progress, NULL: nobody asks */
    int64_t cache_count;         /* programs in it */
    wg__key *missed;             /* of the last recording that had to be planned; held */
    int64_t missed_constant;     /* that alone differed from the one before; WG__NOWHERE: none */
    int missed_count;            /* how many in a row differed in it */
    char advice[320];
    int64_t hit_count, miss_count, join_count, run_count;
};

/* The runtime is the caller's until wg__runtime_leave; WG_EBUSY if it is another's. */
int wg__runtime_enter(wg_runtime *runtime, wg__float_mode *before);
void wg__runtime_leave(wg_runtime *runtime, wg__float_mode before);
/* Grows what all programs share; on failure everything stays as it was. */
int wg__runtime_reserve(wg_runtime *runtime, size_t workspace_bytes, size_t scratch_bytes,
                        int64_t array_count, int64_t address_count);
void wg__runtime_hold(wg_runtime *runtime);
void wg__runtime_drop(wg_runtime *runtime);

/* ---- plan: values ---- */

/* Base addresses of a run. From WG__SLOT_FIRST on they come from outside: inputs, then
 * parameters, then results. */
enum { WG__SLOT_SCRATCH, WG__SLOT_WORKSPACE, WG__SLOT_CONSTANT, WG__SLOT_FIRST };

typedef struct wg__plan wg__plan;
typedef struct wg__loop wg__loop;
typedef struct wg__value {
    wg__op_id op;
    uint32_t node;            /* of the recording: errors name its op, path and place */
    wg__type type;
    int32_t in_count, attribute_count;
    uint32_t *in;             /* values, all of lower index */
    const int64_t *attribute;
    uint32_t instance;
    uint64_t hash;
    uint32_t base;            /* itself, or the value whose memory it walks */
    int64_t offset;           /* of its first element from the first of base */
    int64_t stride[WG__RANK_MAX];
    const void *constant;     /* of a base: elements known while planning, else NULL */
    bool is_computed;         /* by an instruction: neither leaf nor constant nor view */
    int64_t slot;             /* base address; WG__NOWHERE of views and of what is_tile */
    wg__mark mark;
    int32_t region;           /* that computes it */
    int32_t chain;            /* in which it is computed */
    bool is_tile;             /* it lies in the tiles of its chain and in no memory */
    int32_t last_stage;       /* that reads it */
    int32_t finite_effect;    /* index of the effect that wants it finite */
    wg__loop *loop;           /* of a scan; its memory is that of all results, as bytes */
} wg__value;

/* ---- plan: loops ----
 *
 * A scan and those that extend it, carried out step by step by one plan, of the results that are
 * wanted and the carries that these need. The plan's inputs are carries, xs and what was captured,
 * as the inputs of the value in the plan around it; its results are carries, then stacks. */

struct wg__loop {
    wg__plan *body;           /* held; one region */
    wg__loop *next;           /* of the plan around it */
    int64_t length;
    bool is_reverse;
    bool is_of_caller;        /* calls a kernel that no other thread may */
    int64_t carry_count, x_count, result_count;
    uint32_t *scan;           /* by result: a node that gives it */
    int64_t *place;           /* and its place there */
    int64_t *offset;          /* by result: of its bytes in the memory of all */
    int64_t *bytes;           /* by result: of a step's part */
    int64_t samples;          /* rows of carries and steps that can be computed apart; 0: they
                                  cannot */
};

/* ---- plan: stages and regions ----
 *
 * The values of a region are computed item by item. An item is some units of the region, for which
 * one worker computes all its values, chain by chain. Items of a stage, of whatever region, may run
 * in any order; a stage starts when the one before it is complete. */

typedef enum wg__region_kind {
    WG__REGION_SERIAL,        /* small values; one unit */
    WG__REGION_WHOLE,         /* one value that cannot be cut; one unit */
    WG__REGION_SHARDS,        /* units are samples */
    WG__REGION_ROWS,          /* units are leading rows of elementwise values */
    WG__REGION_TILES          /* units are leading rows of one product or reduction */
} wg__region_kind;

typedef struct wg__region {
    wg__region_kind kind;
    int32_t stage;
    int64_t units;
    int64_t units_min;        /* an item with fewer would change the order of a sum */
    int64_t first, count;     /* of order */
    int64_t chain_first, chain_count;
    double time_ns;           /* estimate for all units */
} wg__region;

/* One value, or elementwise ones over the same iteration that a tile program computes. */
typedef struct wg__chain {
    int64_t first, count;     /* of order */
    bool is_program;
} wg__chain;

typedef struct wg__store { uint32_t version, value; } wg__store;

struct wg__plan {
    wg_allocator allocator;
    atomic_int references;
    wg__arena arena;          /* of what follows */
    int64_t value_count, order_count, chain_count, region_count, store_count, result_count;
    wg__value *value;
    uint32_t *order;          /* computed values, region by region, chain by chain */
    wg__chain *chain;
    wg__region *region;       /* stage by stage */
    wg__store *store;         /* the commit */
    uint32_t *result;         /* values that own the memory of their slot */
    int32_t stage_count;
    int64_t input_count, version_count, external_count;   /* slots of the recording */
    bool *input_is_read, *version_is_read;
    bool keeps_all;           /* every value stays, for the search of what is not finite */
    wg__loop *loop;           /* the first of all */
    wg__hash fingerprint;
};

static inline int64_t wg__slot_version(const wg__plan *plan, int64_t i)
{
    return WG__SLOT_FIRST + plan->input_count + i;
}
static inline int64_t wg__slot_result(const wg__plan *plan, int64_t i)
{
    return wg__slot_version(plan, plan->version_count) + i;
}
static inline int64_t wg__slot_count(const wg__plan *plan)
{
    return wg__slot_result(plan, plan->result_count);
}

/* What a plan is asked for. */
typedef struct wg__wanted {
    const wg_tape *tape;
    const uint32_t *node;     /* to publish, distinct */
    int64_t count;
    bool with_effects;        /* and the effects not yet committed, creations excepted */
} wg__wanted;

/* key.c: all that a plan depends on but settings of the runtime, as bytes, in runtime->key. */
int wg__key_write(wg_runtime *runtime, const wg__wanted *wanted);

/* The one constant of the recording at hand, with this key, that differs from that of another key;
 * WG__NOWHERE: none does, or more. */
int64_t wg__key_changed_constant(const wg_tape *tape, const wg__key *key, const wg__key *other);
/* advice.c: notes a recording that had to be planned. */
void wg__advice_of_miss(wg_runtime *runtime, const wg_tape *tape, wg__key *key);

/* plan.c: the values of a recording, simplified, cut and ordered. */
int wg__plan_create(wg_runtime *runtime, const wg__wanted *wanted, wg__plan **out);
void wg__plan_hold(wg__plan *plan);
void wg__plan_drop(wg__plan *plan);

/* ---- making a plan ---- */

typedef struct wg__planner {
    wg_allocator allocator;
    const struct wg__kernels *kernels;
    void *kernel_scratch;
    const wg_tape *tape;
    wg__plan *plan;
    wg__arena arena;          /* of what ends with the planning */
    wg__value *value;         /* drafts; the plan takes what is live */
    int64_t count, capacity;
    uint32_t *bucket;         /* open addressing over hashes of values; indices + 1 */
    int64_t bucket_count;
    uint32_t *value_of;       /* by node */
    const bool *is_live;      /* by node: it is needed */
    bool is_loop;             /* of a step: one region */
    bool is_plain;            /* no rewriting: every node is its own value */
    bool has_failed;          /* no memory */
    bool cuts_all;            /* even small values are cut; of tests */
    bool fuses;               /* elementwise values share chains */
} wg__planner;

/* What is asked of wg__value_make; in and attribute are copied. */
typedef struct wg__draft {
    wg__op_id op;
    uint32_t node;
    wg__type type;
    int32_t in_count, attribute_count;
    const uint32_t *in;
    const int64_t *attribute;
    uint32_t instance;
} wg__draft;

/* value.c: the value of an op on values: an equal one if there is one, a view if it is only that,
 * else a new one. WG__NONE without memory. */
uint32_t wg__value_make(wg__planner *planner, const wg__draft *draft);
/* A new value of the same elements in memory of its own. */
uint32_t wg__value_copy(wg__planner *planner, uint32_t value);
/* A leaf whose elements are known; data is the plan's. */
uint32_t wg__value_constant(wg__planner *planner, const wg__type *type, const void *data,
                            uint32_t node);
/* Of a loop: an input of the body that walks its memory so; a part of a loop's memory; the loop. */
uint32_t wg__value_leaf(wg__planner *planner, const wg__draft *draft, const int64_t *stride);
uint32_t wg__value_part(wg__planner *planner, const wg__draft *draft, int64_t offset_bytes);
uint32_t wg__value_loop(wg__planner *planner, const wg__draft *draft, wg__loop *loop);
/* The walk of a value over its base's memory: without an address, and from this one. */
wg__array wg__value_walk(const wg__value *value);
wg__array wg__value_array(const wg__value *value, void *base);
/* The walk of the draft's input over these strides, as the draft's type. */
uint32_t wg__value_view(wg__planner *planner, const wg__draft *draft, const int64_t *stride);
/* lead.c: the draft's value computed with the samples in front, and walked back; WG__NONE: they
 * are there already, or it cannot be done. axis: of its mark. */
uint32_t wg__lead(wg__planner *planner, const wg__draft *draft, int32_t axis);
/* simplify.c: a value equal to the draft's by an exact identity; WG__NONE: none applies. */
uint32_t wg__simplify(wg__planner *planner, const wg__draft *draft);
/* fold.c: the draft's value computed now, if its inputs are known; WG__NONE: they are not. */
uint32_t wg__fold(wg__planner *planner, const wg__draft *draft);
/* The one element that all elements of a value are; NULL if that is not known. */
const void *wg__uniform(const wg__planner *planner, uint32_t value);

/* plan.c, for loops: the value of a node whose inputs have one; result i of the plan; the steps
 * after all values and results are there. */
uint32_t wg__plan_value_of(wg__planner *planner, uint32_t node);
int wg__plan_own(wg__planner *planner, int64_t i, uint32_t value);
int wg__plan_finish(wg__planner *planner);
wg__plan *wg__plan_new(const wg_allocator *allocator);
/* loop.c: the value of a scan, and of a pick. */
uint32_t wg__loop_make(wg__planner *planner, uint32_t node);
uint32_t wg__loop_pick(wg__planner *planner, uint32_t node);

/* cost.c: rough work of one value, alone on one core. */
typedef struct wg__cost { double flops, bytes, time_ns; } wg__cost;
wg__cost wg__cost_of(const wg__plan *plan, uint32_t value);
/* Of a chain: what its values compute, and what it loads and stores. */
wg__cost wg__chain_cost(const wg__plan *plan, int64_t chain);
wg__cost wg__loop_cost(const wg__value *value);
/* slice.c: the axis of input i that follows the leading axis of the result; WG__NOWHERE: all of
 * the input is read for any row. */
int32_t wg__slice_axis(const wg__plan *plan, const wg__value *value, int32_t i);
/* True if the leading axis of the result can be computed in pieces; rows_min: the least of a
 * piece. */
bool wg__slice_is_possible(const wg__plan *plan, const wg__value *value, int64_t *rows_min);
/* batch.c: the mark of a value that is being drafted, as far as its inputs tell; none of loops. */
wg__mark wg__value_mark(const wg__planner *planner, const wg__value *value);
/* batch.c, absorb.c, region.c, fuse.c: the steps after the values are known. */
int wg__plan_mark(wg__planner *planner);
int wg__plan_absorb(wg__planner *planner);
int wg__plan_cut(wg__planner *planner);
int wg__plan_fuse(wg__planner *planner);
/* sequence.c: the order of the values in each chain. */
int wg__plan_sequence(wg__planner *planner);

/* ---- frame: a plan made ready ---- */

/* Where an operand of an item lies: base[slot] + offset + first unit * unit_bytes. */
typedef struct wg__operand {
    int32_t slot;
    int32_t axis;             /* whose extent is units * unit_extent; WG__NOWHERE: none */
    int64_t offset;
    int64_t unit_bytes, unit_extent;
} wg__operand;

/* A chain. A tile program, and operands as its loads, then its stores; or a call of the whole, and
 * operands as its inputs, then the result. */
typedef struct wg__turn wg__turn;
typedef struct wg__instruction {
    wg__call call;
    const wg__tiles *tiles;   /* NULL: a call */
    wg__turn *turn;           /* of a loop; else NULL */
    const wg__operand *operand;
    int64_t unit_rows;        /* of the result, of the leading axis of the tiles */
} wg__instruction;

typedef struct wg__item { int32_t region; int64_t first, units; } wg__item;
typedef struct wg__stage {
    int64_t item_first, item_count;
    double time_ns;
    bool is_of_caller;        /* calls a kernel that no other thread may */
} wg__stage;

typedef struct wg__frame wg__frame;
struct wg__frame {
    wg_allocator allocator;
    wg__arena arena;          /* of what follows */
    wg__plan *plan;           /* held */
    size_t bytes;             /* of all this */
    int64_t *last_use;        /* by value: place in the order of its own region's last reader */
    int32_t *walked_chain;    /* by value: the last chain that reads it by another walk */
    bool *is_spread;          /* by value: one element, which lies there for a whole tile */
    int64_t *offset;          /* by value: bytes of its memory from the base of its slot */
    int64_t *units;           /* by region: of the largest item */
    wg__instruction *instruction;   /* as plan->chain */
    int64_t item_count, item_capacity;
    wg__item *item;
    wg__stage *stage;
    void *constants;
    size_t constants_bytes;
    size_t workspace_bytes, scratch_bytes;
    size_t turn_bytes;        /* behind the scratch memory: what the steps of a loop need */
    int64_t units_given;      /* of a step: of the largest item of the frame around it; 0: none */
    wg__turn *turn;           /* the first loop */
    int64_t array_count, address_count;
    double time_ns;
    void **base;              /* by slot */
    wg__external *external;   /* kernels of the caller, by slot */
    void **packed;            /* by input: room for a contiguous copy, if one was ever needed */
    size_t *packed_bytes;
    uint8_t **mark;           /* by value that owns memory, of a plan that keeps all: the search */
};

/* A loop made ready. What it needs while it runs lies behind the scratch memory of the worker:
 * base addresses of the step, two places for each carry, then the scratch memory of the step. */
struct wg__turn {
    wg__turn *next;
    const wg__loop *loop;
    wg__frame *frame;         /* owned; of a step */
    int64_t *carry_offset;    /* by carry, of the two places */
    int64_t *carry_bytes;     /* by carry: of one place */
    int64_t *x_bytes;         /* by x: from one step to the next */
    size_t fixed_bytes;       /* before the scratch memory of the step */
    _Atomic uint64_t failure; /* of the step: as that of a run */
};

/* external: of the frame around a step's, NULL: its own; units: as units_given. */
int wg__frame_create(wg_runtime *runtime, wg__plan *plan, wg__frame **out);
int wg__frame_create_step(wg_runtime *runtime, wg__plan *plan, wg__external *external,
                          int64_t units, wg__frame **out);
/* turn.c: the instruction of a loop. */
int wg__turn_make(wg_runtime *runtime, wg__frame *frame, uint32_t value,
                  wg__instruction *instruction);
void wg__turn_free(wg__turn *turn);
void wg__frame_free(wg__frame *frame);
void *wg__frame_take(wg__frame *frame, size_t bytes); /* of its arena; NULL on failure */
/* Where a walk lies, and how it moves with the units of the region if `axis` follows them. */
wg__operand wg__operand_of(const wg__frame *frame, const wg__region *region,
                           const wg__value *walk, int32_t axis);
/* tile.c: the tile programs of all chains that are some. */
int wg__frame_make_tiles(const wg_runtime *runtime, wg__frame *frame);
/* shard.c: the items of all stages. */
int wg__frame_cut(const wg_runtime *runtime, wg__frame *frame);
/* place.c: last_use, walked_chain, is_spread, offset, and the bytes of workspace and scratch. */
int wg__frame_find_last_uses(wg__frame *frame);
int wg__frame_place(wg__frame *frame);
/* Bytes of the rows that units of its region have; WG__NOWHERE: of all. */
size_t wg__value_bytes(const wg__plan *plan, const wg__value *value, int64_t units);

/* ---- running ---- */

/* Why a run ended. node: of the value, or of one in a loop; place: of the effect that wanted a
 * finite value. */
typedef struct wg__failure {
    int status;
    uint32_t value, node;
    int32_t effect;
    wg__fault fault;            /* of WG_EINDEX */
} wg__failure;

/* When an instruction ran for an item, in seconds; and of a whole run, item by item. */
typedef struct wg__lap { int64_t chain; int worker; double begin, end; } wg__lap;
struct wg__laps {
    int64_t item_count, count;
    int64_t *first;             /* by item: its first lap */
    wg__lap *lap;
};

typedef struct wg__run {
    wg_runtime *runtime;
    const wg__frame *frame;
    void **base;                /* by slot */
    const wg__item *item;       /* of the stage at hand */
    _Atomic uint64_t failure;   /* place of the value, then -status in 8 bits; the least */
    wg__laps *laps;             /* NULL: nobody asks */
} wg__run;
/* profile.c: notes an instruction that began then and has ended. */
void wg__lap_note(const wg__run *r, const wg__worker *worker, const wg__item *item, int64_t chain,
                  double begin);
#define WG__NO_FAILURE UINT64_MAX
void wg__failure_note(_Atomic uint64_t *failure, int64_t place, int status);
/* fault.c: notes the index for which the call ended with WG_EINDEX; adds the place of the value, in
 * a loop with its step; keeps it if it is the first of the run. */
void wg__fault_meet(wg__worker *worker, const wg__item *item, const wg__operand *index,
                    const wg__call *call);
void wg__fault_rise(wg__fault *fault, int64_t place);
void wg__fault_keep(wg__worker *worker);
void wg__faults_forget(wg_runtime *runtime);
/* Of all workers. */
wg__fault wg__fault_first(const wg_runtime *runtime);
/* "index 7 at [0, 2] is not within 0 <= index < 6" */
void wg__fault_text(const wg__fault *fault, wg__text *text);
void *wg__operand_address(const wg__run *r, const wg__worker *worker, const wg__item *item,
                          const wg__operand *operand);
/* All values of a region for an item; *place: of the one that failed. */
int wg__region_run(const wg__run *r, wg__worker *worker, const wg__item *item, int64_t *place);
/* turn.c: all steps of a loop. */
int wg__turn_run(const wg__run *outer, wg__worker *worker, const wg__item *item,
                 const wg__instruction *instruction);

/* Room for a contiguous copy, where this view cannot be read in place. */
int wg__frame_reserve_packed(wg__frame *frame, int64_t input, const wg_view *view);
/* The input's memory for the next run: its own, or a copy made now, for which there is room. */
void wg__frame_bind(wg__frame *frame, int64_t input, const wg_view *view);
/* The kernels of the caller for the next runs, by slot. */
void wg__frame_bind_externals(wg__frame *frame, const wg__external *external);
/* All stages; WG_OK, WG_EINDEX, WG_EFINITE, WG_ECALLBACK, WG_ECANCEL. */
int wg__frame_run(wg_runtime *runtime, wg__frame *frame, wg__failure *failure);
/* Stores the new values of parameters. Cannot fail. */
void wg__frame_commit(wg_runtime *runtime, wg__frame *frame);
/* finite.c: where something that is not finite began: an element of `walk`, which is the value, or
 * of a loop what lies in its memory. */
typedef struct wg__origin {
    uint32_t value, walk;
    int64_t index[WG__RANK_MAX];
    double element;
} wg__origin;
/* The earliest that reaches value `start`, or with WG__NONE any that is wanted or stored; false:
 * all are finite. The plan keeps all. */
bool wg__frame_find_not_finite(wg_runtime *runtime, wg__frame *frame, uint32_t start,
                               wg__origin *out);
size_t wg__finite_marks(const wg__plan *plan, uint32_t value); /* bytes that the search needs */
/* "-inf at [1] of [3] f64 is the first that is not finite" */
void wg__origin_text(const wg__plan *plan, const wg__origin *origin, wg__text *text);

/* read.c: the one element, and all elements into strided memory of the same type. */
double wg__array_item(const wg__array *array);
void wg__array_unpack(const wg__array *array, const wg_tensor *out);

/* ---- recording.c: a tape as it stands ---- */

/* Locks the params of a tape or program: reading, or writing those that it stores to. */
int wg__params_lock_one(wg_runtime *runtime, wg_params *params, bool to_write);
void wg__params_unlock_all(wg_runtime *runtime);
/* Makes the parameters that the recording met first; undone by wg__recording_uncreate. */
int wg__recording_create(wg_runtime *runtime, wg_tape *tape);
void wg__recording_uncreate(wg_runtime *runtime, wg_tape *tape);
/* WG_EGONE if one of these, or what a pending effect needs, depends on a replaced value. */
int wg__recording_check_gone(wg_tape *tape, int64_t count, const uint32_t *node);
/* Locks what the recording reads and stores. */
int wg__recording_lock(wg_runtime *runtime, wg_tape *tape);
/* Runs what is wanted of a recording and not known yet, with its effects. Nodes may repeat. */
int wg__recording_run(wg_runtime *runtime, wg_tape *tape, int64_t count, const wg_var *x);

/* ---- programs ---- */

/* An input by name. view: what is bound; of a scalar or a constant the program's own memory. */
typedef struct wg__port {
    const char *name;         /* NULL: unnamed */
    wg__type type;
    wg_view view;
    bool is_bound, is_constant;
    void *own;                /* of a scalar or constant */
} wg__port;

/* A parameter, with the type it was recorded with. */
typedef struct wg__parameter {
    wg_params *params;        /* held */
    wg__entry *entry;
    wg__type type;
    bool is_stored;
} wg__parameter;

struct wg_program {
    wg_allocator allocator;
    wg_runtime *runtime;      /* held */
    wg__frame *frame;
    wg__arena arena;          /* of what follows */
    int64_t port_count, parameter_count, held_count;
    wg__port *port;
    wg__parameter *parameter;
    wg__array *result;
    const char **name;        /* by value: how messages call it; NULL: it cannot fail */
    int ended;                /* how the last run ended; WG_EINVALID before the first */
    wg_error error;
};

/* Runs a program and stores nothing; laps: NULL, or where to note the times. */
int wg__program_run(wg_program *program, wg__laps *laps);
/* print.c: "%3 [64, 10] f32 = matmul", "%7 [64] f32 = exp sub mul" of a tile program. */
void wg__chain_text(const wg__frame *frame, int64_t chain, wg__text *text);

/* ---- cache.c: frames by key ---- */

struct wg__cached {
    wg__key *key;             /* held */
    int64_t shard_rows_test;  /* settings of the runtime that a plan depends on besides */
    bool is_plain;
    wg__frame *frame;
    size_t bytes;
    wg__cached *next;         /* of the bucket */
    wg__cached *newer, *older;
};
/* The frame of what is wanted of the tape, made if it is new. Owned by the cache until the next
 * call. */
int wg__cache_frame(wg_runtime *runtime, wg_tape *tape, const wg__wanted *wanted,
                    wg__frame **out);
void wg__cache_free(wg_runtime *runtime);

#endif

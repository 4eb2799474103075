/* The tape and the parameters as the runtime sees them.
 *
 * A recording is an array of 32-byte canonical records without pointers. Shapes, attributes and long input
 * lists are interned in order of first use, so equal recordings have equal bytes: records, tables,
 * constants, effects and wanted values together are the key of a program. What may change from run to run
 * (memory of inputs, scalars, parameters) hangs on slots and is no part of it. Places stand beside.     */
#ifndef WG_GRAPH_INTERNAL_H
#define WG_GRAPH_INTERNAL_H

#include "ops/internal.h"
#include <stdatomic.h>
#include <wengert/graph.h>

/* ---- records ---- */

enum { WG__LIST = 255 };       /* in_count of a record whose inputs are list in[0] */

typedef struct wg__record {
    uint16_t op;
    uint8_t dtype;
    uint8_t in_count;          /* or WG__LIST */
    uint32_t shape;            /* id */
    uint32_t attribute;        /* id; 0: none */
    uint32_t in[3];
    uint32_t instance;         /* of a recomputed body; common subexpressions do not merge across */
    uint32_t body;             /* 0: outside every body */
} wg__record;
_Static_assert(sizeof(wg__record) == 32, "hashed and compared as bytes");

typedef struct wg__place { const char *file; int32_t line; uint32_t scope; } wg__place;

/* An interned table: item i is count[i] words. Blocks never move. */
typedef struct wg__words { const int64_t *word; int64_t count; } wg__words;
typedef struct wg__table {
    wg__words *item;
    int64_t count, capacity;
    uint32_t *bucket;          /* open addressing over hashes of the words; ids + 1 */
    int64_t bucket_count;
} wg__table;

typedef struct wg__constant { wg__type type; const void *data; size_t bytes; } wg__constant;

/* ---- slots: where values from outside are bound ---- */

typedef struct wg__input {
    const char *name;          /* NULL: unnamed */
    wg__type type;
    wg_view view;              /* borrowed, or of `scalar` */
    int64_t scalar;            /* storage of wg_scalar, bytes of any dtype */
    bool is_scalar, is_batch;
    uint32_t node;
} wg__input;

/* One named tensor of a params. data is aligned to WG__ALIGNMENT and changes address only when replaced by
 * wg_params_set with another type.                                                                   */
typedef struct wg__entry {
    char *path;
    wg__type type;
    void *data;
    size_t bytes;
    uint64_t version;          /* advanced by each commit and set */
    bool is_trained;
} wg__entry;

/* A parameter or state met in the recording. */
typedef struct wg__version {
    wg_params *params;
    wg__entry *entry;          /* NULL: created by this recording, not yet committed */
    const char *path;
    wg__type type;
    bool is_trained, is_frozen, is_shared;
    uint32_t leaf;             /* record of op parameter: the value it had when first met */
    uint32_t present;          /* what the name reads as now: leaf, or stop_gradient of the last assign */
    uint32_t assigned;         /* value of the last assign, WG__NONE: none pending */
    uint32_t epoch;            /* number of commits of this recording it has seen */
} wg__version;

typedef enum wg__effect_kind { WG__CREATE = 1, WG__ASSIGN, WG__REQUIRE_FINITE } wg__effect_kind;
typedef struct wg__effect {
    wg__effect_kind kind;
    uint32_t slot;             /* version; unused by WG__REQUIRE_FINITE */
    uint32_t value;
    wg__place place;
} wg__effect;

/* A value computed by a run and kept until reset: contiguous. */
typedef struct wg__result { uint32_t node; wg__array array; } wg__result;

/* ---- the tape ---- */

typedef struct wg__note { const char *path; uint32_t node; } wg__note;
typedef struct wg__scope_item wg__scope_item;
typedef struct wg__grad_space wg__grad_space;

struct wg_tape {
    wg__builder builder;       /* first: rules emit onto the tape through it */
    wg_allocator allocator;
    wg__arena arena;           /* names, shapes, words, constants, results: all that ends at reset */
    uint32_t generation;
    int64_t count_max;
    bool check_finite;

    wg__record *record;
    wg__place *place;
    int64_t count, record_capacity, place_capacity;
    wg__shape **shape;         /* by id */
    wg__table shapes, attributes, lists;
    int64_t shape_capacity;
    wg__constant *constant;
    int64_t constant_count, constant_capacity;
    wg__input *input;
    int64_t input_count, input_capacity;
    wg__version *version;
    int64_t version_count, version_capacity;
    wg__effect *effect;
    int64_t effect_count, effect_capacity;
    int64_t effect_done;       /* those before it are committed */
    uint32_t *keep;
    int64_t keep_count, keep_capacity;
    wg__result *result;
    int64_t result_count, result_capacity;
    wg__note *note;
    int64_t note_count, note_capacity;
    wg__scope_item *scope;
    int64_t scope_count, scope_capacity;
    wg__grad_space *grad_space;

    uint32_t location_floor, location_depth, error_depth;
    wg_error error;
    char what[400];            /* the error's text without its place, until the place is known */
    int ended;                 /* how the last run ended */
    bool has_run;
};

/* ---- reading a recording ---- */

/* Inputs of a record; valid until the next record. */
const uint32_t *wg__tape_inputs(const wg_tape *tape, uint32_t node, int32_t *count);
const int64_t *wg__tape_attribute(const wg_tape *tape, uint32_t node, int32_t *count);
wg__type wg__tape_type(const wg_tape *tape, uint32_t node);
/* WG_OK if x is a value of this recording: else WG_EINVALID (null), WG_ESTALE, or the tape's error. */
int wg__var_check(wg_var x);

/* ---- what a run does to the tape ---- */

/* First error of the recording; node: whose op and place the message names (WG__NONE: none). */
int wg__tape_fail(wg_tape *tape, int status, uint32_t node, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;
/* Room for a result; the memory is the tape's and lives until reset. NULL on failure. */
wg__array *wg__tape_result_add(wg_tape *tape, uint32_t node);
const wg__array *wg__tape_result(const wg_tape *tape, uint32_t node); /* NULL: not kept */
/* After a commit: assigned versions get a new leaf at their next read, created ones know their entry. */
void wg__tape_committed(wg_tape *tape);
/* True if the value depends on a version that a commit of this recording has replaced; *slot: which. */
bool wg__tape_is_gone(const wg_tape *tape, uint32_t node, uint32_t *slot);

/* ---- parameters ---- */

struct wg_params {
    wg_allocator allocator;
    uint64_t seed;
    wg_dtype dtype;
    wg__entry **entry;         /* sorted by path; entries never move */
    int64_t count, capacity;
    atomic_int users;          /* readers, or -1: one writer */
    atomic_int references;     /* tapes and programs hold one */
};
wg__entry *wg__params_entry(const wg_params *params, const char *path); /* NULL: none */
/* A new entry with zeroed data; NULL on failure. */
wg__entry *wg__params_add(wg_params *params, const char *path, const wg__type *type,
                          bool is_trained);
void wg__params_remove(wg_params *params, wg__entry *entry);
int wg__params_lock(wg_params *params, bool to_write); /* WG_OK or WG_EBUSY */
void wg__params_unlock(wg_params *params);
void wg__params_hold(wg_params *params);
void wg__params_drop(wg_params *params);   /* wg_params_free is a drop of the creator's reference */

#endif

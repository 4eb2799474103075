/* The tape and the parameters as the runtime sees them.
 *
 * A recording is an array of 32-byte canonical records without pointers. Shapes, attributes and
 * long input lists are interned in order of first use, so equal recordings have equal bytes:
 * records, tables, constants, effects and wanted values together are the key of a program. What may
 * change from run to run (memory of inputs, scalars, parameters) hangs on slots and is no part of
 * it. Places stand beside. */
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

/* file NULL: no line yet, wg_at will give it. scope: a path of the tape, 0 for none. */
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

/* Equal scalars share one constant, and numbers of formulas one record (WG__NONE: none yet). */
typedef struct wg__number { uint32_t constant, node; } wg__number;

/* ---- slots: where values from outside are bound ---- */

typedef struct wg__input {
    const char *name;          /* NULL: unnamed */
    wg__type type;
    wg_view view;              /* borrowed; of a scalar or a constant: the tape's own memory */
    bool is_scalar, is_batch;
    bool is_constant;          /* too long for the key: unnamed, bytes of this recording */
    uint32_t node;
} wg__input;

/* One named tensor of a params. data is aligned to WG__ALIGNMENT and changes address only when
 * replaced by wg_params_set with another type. */
typedef struct wg__entry {
    char *path;
    wg__type type;
    void *data;
    size_t bytes;
    uint64_t version;          /* advanced by each commit and set */
    bool is_trained;
    bool is_unmet;             /* set, loaded or copied, and met in no recording since */
} wg__entry;

/* A text saved with a params. */
typedef struct wg__text_item { char *key, *text; } wg__text_item;

/* A parameter or state met in the recording. */
typedef struct wg__version {
    wg_params *params;
    wg__entry *entry;          /* NULL: created by this recording, not yet committed */
    const char *path;
    wg__type type;
    bool is_trained;
    bool is_frozen;            /* in every scope where it was met */
    bool is_shared;
    uint32_t name;             /* path of the tape */
    uint32_t next;             /* slot of the same path in another params, WG__NONE: none */
    uint32_t leaf;             /* its record in this epoch, WG__NONE: not read yet */
    uint32_t present;          /* what the name reads as now: leaf, or stop_gradient of the last
                                  assign; WG__NONE: not read since */
    uint32_t assigned;         /* value of the last assign, WG__NONE: none pending */
    uint32_t epoch;            /* commits of this recording that replaced its value */
    uint32_t first;            /* the first record that read it: its place is where it was met */
    unsigned layout;           /* of the params when the entry was found */
    uint32_t condition;        /* assigns take effect where it holds; WG__NONE: always */
} wg__version;

typedef enum wg__effect_kind { WG__CREATE = 1, WG__ASSIGN, WG__REQUIRE_FINITE } wg__effect_kind;
typedef struct wg__effect {
    wg__effect_kind kind;
    uint32_t slot;             /* version; unused by WG__REQUIRE_FINITE */
    uint32_t value;
    uint32_t first;            /* value when it was recorded: a later assign changes it */
    wg__place place;
} wg__effect;

/* A value computed by a run and kept until reset: contiguous. */
typedef struct wg__result { uint32_t node; wg__array array; } wg__result;

/* ---- bodies: functions of the caller, recorded once ---- */

/* The records of a body bear its id and lie within first .. end; bodies within it, and parameters
 * it is the first to meet, lie there too. Placeholders stand for its arguments. */
typedef struct wg__body {
    const char *op;            /* of which it is a part, for messages */
    uint32_t parent;           /* 0: none */
    uint32_t first, end;
    uint32_t instance_first, instance_end; /* instances made within: first < i <= end */
    uint32_t *in, *out;        /* out: WG__NONE where there is none */
    int64_t in_count, out_count;
    uint32_t index;            /* of a scan: the placeholder of the step's number, WG__NONE: none */
    uint32_t *captured;        /* of a scan: values from outside that its results depend on, but
                                  for constants */
    int64_t captured_count, captured_capacity;
} wg__body;

/* A record of a scan. in: carries, xs, captured. */
typedef struct wg__scan_view {
    uint32_t body;
    int64_t length;
    bool is_reverse;
    int64_t carry_count, x_count, y_count, captured_count;
    const uint32_t *in;
    uint32_t root;             /* the scan that it extends, or itself */
} wg__scan_view;

/* ---- following: how far a recording has come ---- */

/* The lists that tell what a tape knows. They only grow. Of those that are copied from a table the
 * length stands twice. */
typedef enum wg__list_kind {
    WG__RECORDS, WG__SHAPES, WG__SHAPES_KEPT, WG__ATTRIBUTES, WG__INPUT_LISTS,
    WG__INPUT_LISTS_KEPT, WG__NUMBERS, WG__CONSTANTS, WG__INPUTS, WG__VERSIONS, WG__EFFECTS,
    WG__EFFECTS_DONE, WG__KEEPS, WG__NOTES, WG__SCOPES, WG__ALIASES, WG__DRAWS, WG__HELD,
    WG__BODIES, WG__EXTERNALS, WG__REPLACED, WG__CHANGES, WG__SWEPT, WG__RUNS, WG__SPANS,
    WG__LIST_KINDS
} wg__list_kind;

typedef struct wg__reach {
    int64_t length[WG__LIST_KINDS];
    uint64_t places;           /* hash over what gave lines and layers so far */
    uint32_t scope_now, location_floor, location_depth;
    uint32_t body_now, instance_now, instance_count;
} wg__reach;

/* What is changed in place; the index is that of what it names. */
typedef enum wg__change_kind {
    WG__CHANGE_LEAF, WG__CHANGE_PRESENT, WG__CHANGE_ASSIGNED, WG__CHANGE_FROZEN, /* of a version */
    WG__CHANGE_SCOPE_INPUT, WG__CHANGE_SCOPE_VERSION, WG__CHANGE_SCOPE_NOTE,
    WG__CHANGE_SCOPE_DRAW,
    WG__CHANGE_NUMBER,         /* its record */
    WG__CHANGE_DRAW,           /* its count */
    WG__CHANGE_EFFECT,         /* its value */
    WG__CHANGE_RESULT          /* of a body, at `place` */
} wg__change_kind;
typedef struct wg__change { uint32_t kind, index, place, value; } wg__change;

/* What a sweep recorded, or handed out: graph/cons.c. */
typedef struct wg__swept { uint32_t node, is_forgotten; } wg__swept;

/* All that a plan depends on, as bytes, and their hash. Shared by the tapes that were read under
 * it and by the cache of programs, so that the same key at one address needs no comparison. */
typedef struct wg__key {
    wg_allocator allocator;
    atomic_int references;
    wg__hash hash;
    int64_t bytes;
    unsigned char data[];
} wg__key;
wg__key *wg__key_create(const wg_allocator *allocator, const void *data, int64_t bytes,
                        const wg__hash *hash);   /* NULL without memory; held once */
void wg__key_hold(wg__key *key);
void wg__key_drop(wg__key *key);

/* A program asked for: when, for what, and its key, which is held. */
typedef struct wg__asked {
    wg__reach at;
    const uint32_t *node;
    int64_t count;
    bool with_effects;
    wg__key *key;
} wg__asked;

/* graph/span.c. Its memory is the tape's, until it leaves the ghost. */
typedef struct wg__span {
    wg__reach begin, end;
    const void *key;
    size_t key_bytes;
    uint64_t layouts;          /* sum over the params in use at its begin */
    uint32_t *result;
    int64_t result_capacity;
    uint32_t *waiting;         /* its records that had no line at its end */
    int64_t waiting_count, waiting_capacity;
    uint32_t *made;            /* at its end: of what it made, what may be changed in place */
    wg__effect *effect;        /* and its effects */
    wg__change *change;        /* of what was there before it */
    int64_t made_capacity, effect_capacity, change_capacity, change_count;
    uint32_t outer;            /* index + 1; 0: none */
    bool has_callback;         /* code of others was called within it */
    bool is_closed;            /* binds no memory of one recording and has no callback */
} wg__span;

/* ---- the tape ---- */

typedef struct wg__note { const char *path; uint32_t node; } wg__note;

/* A path met on the tape, and what bears it; WG__NONE for what nothing does. Item 0 is the root,
 * "". */
typedef struct wg__scope_item {
    const char *path;
    size_t length;
    uint64_t hash;
    uint32_t parent;           /* below which it was first met */
    uint32_t input;            /* slot */
    uint32_t version;          /* first slot; more by `next` */
    uint32_t note;             /* the latest */
    uint32_t draw;             /* first of its draws; more by `next` */
} wg__scope_item;

/* How often a path was drawn for a params, and the first record of it. */
typedef struct wg__draw { const wg_params *params; uint32_t count, first, next; } wg__draw;

/* The type of a result under what it depends on. Compared as bytes up to dtype. */
typedef struct wg__memo {
    uint32_t generation;       /* 0: empty */
    uint16_t op;
    uint8_t in_count, in_dtype[4]; /* the last is the wanted one */
    uint8_t reserved;
    uint32_t attribute, wanted, in_shape[3];
    uint8_t dtype;
    uint32_t shape;
} wg__memo;
_Static_assert(offsetof(wg__memo, dtype) == 32, "no padding in what is compared");
enum { WG__MEMO_COUNT = 128 }; /* a network asks for some dozens */

/* In a scope, the version `slot` reads as `value`, or, slot WG__NONE, assigns are under the
 * condition `value`; then what `next` says. Ids are places + 1. */
typedef struct wg__replaced { uint32_t slot, value, next; } wg__replaced;

/* A value that reads an assigned version: record `node` stands for slot `slot`. */
typedef struct wg__alias { uint32_t node, slot; } wg__alias;
typedef struct wg__grad_space wg__grad_space;

struct wg_tape {
    wg__builder builder;       /* first: rules emit onto the tape through it */
    wg_allocator allocator;
    wg__arena arena;           /* what ends at reset: results, scalars, memory of sweeps */
    wg__arena kept;            /* what the lists point to: it lives while the tape follows */
    uint32_t generation;
    int64_t count_max;
    bool check_finite;

    wg__record *record;
    wg__place *place;
    bool *gone;                /* scratch of wg__tape_is_gone */
    int64_t count, record_capacity, place_capacity, gone_capacity;
    wg__shape **shape;         /* by id */
    wg__table shapes, attributes, lists;
    int64_t shape_count, shape_capacity;
    uint32_t **list;           /* inputs by id of `lists` */
    int64_t list_count, list_capacity;
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
    uint32_t *scope_bucket;    /* open addressing over hashes of the paths; indices + 1 */
    int64_t scope_bucket_count;
    wg__table numbers;         /* dtype, bits */
    wg__number *number;
    int64_t number_capacity;
    wg__alias *alias;          /* by node */
    int64_t alias_count, alias_capacity;
    wg__draw *draw;
    int64_t draw_count, draw_capacity;
    uint32_t *by_path;         /* slots of versions, the ghost's too, sorted by path */
    int64_t by_path_capacity;
    wg_params **held;          /* referenced until reset, those of a ghost until it is left */
    int64_t held_count, held_capacity;
    wg__memo memo[WG__MEMO_COUNT];
    wg__type *types;           /* of the inputs of the op being recorded */
    int64_t types_capacity;
    wg__grad_space *grad_space; /* NULL until the first gradient */
    bool is_sweeping;          /* a gradient is being recorded: equal records are one */
    wg__body *body;            /* by id - 1 */
    int64_t body_count, body_capacity;
    uint32_t body_now;         /* what is recorded belongs to it; 0: to none */
    uint32_t instance_now, instance_count;
    wg__replaced *replaced;    /* by id - 1 */
    int64_t replaced_count, replaced_capacity;
    wg__external *external;    /* kernels of the caller, by slot */
    int64_t external_count, external_capacity;

    /* Following: while is_following, each list goes on behind its length as the ghost's does. */
    bool is_following, has_left;
    wg__reach ghost;        /* its end */
    wg__change *change;
    int64_t change_count, change_capacity;
    wg__swept *swept;
    int64_t swept_count, swept_capacity;
    wg__asked *run;
    int64_t run_count, run_capacity;
    wg__span *span;
    int64_t span_count, span_capacity;
    uint32_t span_now;         /* innermost open span, index + 1; 0: none */
    uint32_t span_skipped;     /* the last one */
    uint64_t places;           /* hash over what gave lines and layers so far */

    /* Places. What is recorded takes `inherited` if set; else it waits for wg_at, and belongs to
     * the layer whose parameter or draw was met last in the same outermost call. */
    const wg__place *inherited;
    uint32_t scope_now;
    uint32_t location_floor, location_depth, error_depth;
    bool error_has_place;

    /* Called after each record if set: an evaluator of the tests computes the value at once. */
    void (*on_record)(wg_tape *tape, uint32_t node, void *user);
    void *on_record_user;
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
wg__scan_view wg__scan_at(const wg_tape *tape, uint32_t node); /* valid until the next record */
/* True if the node belongs to the body itself, not to one within it. */
bool wg__body_owns(const wg_tape *tape, uint32_t body, uint32_t node);
/* WG_OK if x is a value of this recording that can be used now: else WG_EINVALID (null, or of a
 * body that has ended), WG_ESTALE, or the tape's error. */
int wg__var_check(wg_var x);
wg_var wg__var_of(wg_tape *tape, uint32_t node); /* WG__NONE: the error value */
/* "matmul in encoder (model.c:41)", "input x (model.c:3)": how messages call a value. */
void wg__tape_name_value(const wg_tape *tape, uint32_t node, wg__text *text);

/* Order of the derivative that recorded the value; 0: none did. */
int wg__tape_derivative_order(wg_tape *tape, uint32_t node);
/* "log of [3]", "input x": an op with the shapes of what it was made of. */
void wg__tape_name_op(const wg_tape *tape, uint32_t node, wg__text *text);

/* False if dtype cannot hold the value exactly (floats hold any, rounded). */
bool wg__number_fits(wg_dtype dtype, double value);
int64_t wg__number_bits(wg_dtype dtype, double value); /* the element's bytes first; one NaN only */

/* ---- what a run does to the tape ---- */

/* WG_OK unless a body is being recorded, inside of which nothing runs: `what` is refused. */
int wg__tape_expect_no_body(wg_tape *tape, const char *what);

/* First error of the recording; node: whose op and place the message names (WG__NONE: none). */
int wg__tape_fail(wg_tape *tape, int status, uint32_t node, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;
/* The same with the op, and its reason, in words. */
int wg__tape_refuse_at(wg_tape *tape, int status, const char *op, uint32_t node,
                       const char *reason);
int wg__tape_no_memory(wg_tape *tape); /* keeps and returns WG_EMEMORY */
/* " (model.c:41)"; nothing if the place has no line. */
void wg__text_place(wg__text *text, const wg__place *place);
/* Room for a result; the memory is the tape's and lives until reset. NULL on failure. */
wg__array *wg__tape_result_add(wg_tape *tape, uint32_t node);
const wg__array *wg__tape_result(const wg_tape *tape, uint32_t node); /* NULL: not kept */
/* The key of this request, if it was asked for at this point of the ghost as well, which is then
 * noted; else NULL, and it is to be noted by wg__tape_asked. */
wg__key *wg__tape_key_known(wg_tape *tape, const uint32_t *node, int64_t count,
                            bool with_effects);
/* Notes that a program was asked for under this key, which the tape then holds. */
int wg__tape_asked(wg_tape *tape, const uint32_t *node, int64_t count, bool with_effects,
                   wg__key *key);
/* After a commit: assigned versions get a new leaf at their next read, created ones know their
 * entry. */
void wg__tape_committed(wg_tape *tape);
/* True if the value depends on a version that a commit of this recording has replaced; *slot:
 * which. */
bool wg__tape_is_gone(const wg_tape *tape, uint32_t node, uint32_t *slot);

/* ---- parameters ---- */

struct wg_params {
    wg_allocator allocator;
    uint64_t seed;
    wg_dtype dtype;
    wg__entry **entry;         /* sorted by path; entries never move */
    int64_t count, capacity;
    wg__text_item *text;       /* in the order they were set */
    int64_t text_count, text_capacity;
    atomic_int users;          /* readers, or -1: one writer */
    atomic_uint layout;        /* advanced when entries come, go or change their type */
    atomic_int references;     /* tapes and programs hold one */
};
wg__entry *wg__params_entry(const wg_params *params, const char *path); /* NULL: none */
/* A new entry with zeroed data; NULL on failure. */
wg__entry *wg__params_add(wg_params *params, const char *path, const wg__type *type,
                          bool is_trained);
void wg__params_remove(wg_params *params, wg__entry *entry);
int wg__params_text_set(wg_params *params, const char *key, const char *text); /* locked */
void wg__params_text_free(wg_params *params);
int wg__params_lock(wg_params *params, bool to_write); /* WG_OK or WG_EBUSY */
void wg__params_unlock(wg_params *params);
void wg__params_hold(wg_params *params);
bool wg__params_is_ours(const wg_params *params); /* nobody else holds it */
void wg__params_drop(wg_params *params);   /* wg_params_free is a drop of the creator's reference */

#endif

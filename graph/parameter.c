/* Parameters and state by name. Met for the first time by a params, one is made: its first value is
 * what its initialiser records, and an effect that creates it when the recording runs. */
#include "graph/tape.h"
#include <string.h>

/* ---- meeting ---- */

/* Met before in this recording: only a shared scope may mean the same again. */
static uint32_t meet_again(wg_tape *tape, uint32_t slot, const wg__version *wanted, const char *op)
{
    wg__version *version = &tape->version[slot];
    if (!wanted->is_shared) {
        char text[120];
        wg__text place = wg__text_of(text, sizeof text);
        wg__text_place(&place, &tape->place[version->first]);
        wg__tape_refuse(tape, WG_ENAME, op, WG__NONE,
                        "%s is there already%s: use wg_scope_shared if the same is meant",
                        version->path, text);
        return WG__NONE;
    }
    if (wanted->type.dtype != version->type.dtype ||
        !wg__shape_equal(&wanted->type.shape, &version->type.shape)) {
        wg__type_refuse(tape, op, WG__NONE, version->path, &wanted->type, &version->type);
        return WG__NONE;
    }
    if (version->is_frozen && !wanted->is_frozen &&
        wg__tape_change(tape, WG__CHANGE_FROZEN, slot, false) < 0)
        return WG__NONE;
    return slot;
}

/* The entry that the ghost's next version found under the same name, if nothing came, went or
 * changed its type since. */
static wg__entry *entry_of_ghost(const wg_tape *tape, const wg__version *wanted)
{
    if (!wg__ghost_has_next(tape, WG__VERSIONS, tape->version_count)) return NULL;
    const wg__version *ghost = &tape->version[tape->version_count];
    const bool is_found = ghost->params == wanted->params && ghost->name == wanted->name &&
                          ghost->layout == wanted->layout && ghost->entry != NULL &&
                          ghost->entry->is_trained == wanted->is_trained &&
                          ghost->type.dtype == wanted->type.dtype &&
                          wg__shape_equal(&ghost->type.shape, &wanted->type.shape);
    return is_found ? ghost->entry : NULL;
}

/* The entry of the params in *entry, NULL if there is none; what the recording asks for is what it
 * is from now on, parameter or state. */
static int entry_find(wg_tape *tape, const wg__version *wanted, const char *op, wg__entry **entry)
{
    const char *path = tape->scope[wanted->name].path;
    *entry = entry_of_ghost(tape, wanted);
    if (*entry != NULL) return WG_OK;
    if (wg__params_lock(wanted->params, false) < 0)
        return wg__tape_refuse(tape, WG_EBUSY, op, WG__NONE,
                               "%s: the params are being written by another thread", path);
    wg__entry *found = wg__params_entry(wanted->params, path);
    wg__params_unlock(wanted->params);
    *entry = found;
    if (found == NULL) return WG_OK;
    if (found->type.dtype != wanted->type.dtype ||
        !wg__shape_equal(&found->type.shape, &wanted->type.shape))
        return wg__type_refuse(tape, op, WG__NONE, path, &wanted->type, &found->type);
    const bool is_known = found->is_trained == wanted->is_trained && !found->is_unmet;
    if (!is_known && wg__params_lock(wanted->params, true) == WG_OK) {
        found->is_trained = wanted->is_trained;
        found->is_unmet = false;
        atomic_fetch_add(&wanted->params->layout, 1);
        wg__params_unlock(wanted->params);
    }
    return WG_OK;
}

uint32_t wg__version_meet(wg_tape *tape, const wg__version *wanted, const char *op,
                          uint32_t (*make)(wg_tape *tape, const wg__version *wanted, void *user),
                          void *user)
{
    const uint32_t known = wg__version_find(tape, wanted->name, wanted->params);
    if (known != WG__NONE) return meet_again(tape, known, wanted, op);
    wg__version version = *wanted;
    version.layout = atomic_load(&wanted->params->layout);
    if (entry_find(tape, &version, op, &version.entry) < 0) return WG__NONE;
    uint32_t value = WG__NONE;
    if (version.entry == NULL) {
        const uint32_t body = wg__body_leave(tape);
        value = make(tape, wanted, user);
        tape->body_now = body;
        if (value == WG__NONE) return WG__NONE;
    }
    const uint32_t slot = wg__version_add(tape, &version);
    if (slot == WG__NONE) return WG__NONE;
    if (value != WG__NONE && wg__tape_effect(tape, WG__CREATE, slot, value) < 0) return WG__NONE;
    return wg__version_leaf(tape, slot) == WG__NONE ? WG__NONE : slot;
}

/* What a scope wants of a name. False after an error. */
static bool wanted_of(wg_scope scope, const char *op, const char *name, wg_dtype dtype,
                      wg_shape shape, wg__version *wanted, wg_var *failed)
{
    const uint32_t path = wg__scope_name(scope, op, name, failed);
    if (path == WG__NONE) return false;
    wg_tape *tape = scope.tape;
    const char *text = tape->scope[path].path;
    const int status = wg__shape_check(shape);
    if (scope.params == NULL)
        wg__tape_refuse(tape, WG_EINVALID, op, WG__NONE, "%s: the scope has no params", text);
    else if (!wg__dtype_is((int)dtype))
        wg__tape_refuse(tape, WG_EDTYPE, op, WG__NONE, "%s: %d is no dtype", text, (int)dtype);
    else if (status < 0)
        wg__tape_refuse(tape, status, op, WG__NONE, "%s: the shape is malformed or too large",
                        text);
    if (tape->error.status < 0) return false;
    *wanted = (wg__version){ .params = scope.params,
                             .name = path,
                             .type = { .dtype = dtype, .shape = wg__shape_of(shape) },
                             .condition = wg__scope_condition(scope),
                             .is_frozen = (scope.flags & WG__SCOPE_FROZEN) != 0,
                             .is_shared = (scope.flags & WG__SCOPE_SHARED) != 0 };
    return true;
}

/* ---- parameters ---- */

typedef struct maker { wg_scope scope; wg_initializer init; } maker;

/* The value an initialiser records. Its scope is the parameter itself: draws are keyed by its
 * path. */
static uint32_t parameter_make(wg_tape *tape, const wg__version *wanted, void *user)
{
    const maker *m = user;
    const wg_shape shape = wg__shape_public(&wanted->type.shape);
    if (m->init.make == NULL) return wg_full(tape, wanted->type.dtype, shape, 0).index;
    wg_scope scope = m->scope;
    scope.path = wanted->name;
    scope.flags |= WG__SCOPE_INITIAL;
    const uint32_t held = wg_location_hold(tape);
    const wg_var value = m->init.make(scope, wanted->type.dtype, shape, m->init.setting);
    wg_location_release(tape, held);
    wg__scope_enter(tape, m->scope.path);
    if (tape->error.status < 0) return WG__NONE;
    const char *path = tape->scope[wanted->name].path;
    if (value.tape != tape || wg__var_check(value) != WG_OK) {
        wg__tape_refuse(tape, WG_ECALLBACK, "param", WG__NONE,
                        "%s: its initialiser gave no value", path);
        return WG__NONE;
    }
    const wg__type type = wg__tape_type(tape, value.index);
    if (type.dtype == wanted->type.dtype && wg__shape_equal(&type.shape, &wanted->type.shape))
        return value.index;
    wg__type_refuse(tape, "param", WG__NONE, path, &type, &wanted->type);
    return WG__NONE;
}

wg_var wg_param(wg_scope scope, const char *name, wg_dtype dtype, wg_shape shape,
                wg_initializer init)
{
    wg_var failed;
    wg__version wanted;
    if (scope.params != NULL && wg__dtype_is((int)dtype) && !wg__dtype_is_float(dtype))
        dtype = scope.params->dtype;
    if (!wanted_of(scope, "param", name, dtype, shape, &wanted, &failed)) return failed;
    wanted.is_trained = true;
    maker m = { .scope = scope, .init = init };
    const uint32_t slot =
        wg__version_meet(scope.tape, &wanted, "param", parameter_make, &m);
    return slot == WG__NONE ? failed
                            : wg__var_of(scope.tape, wg__scope_read(scope, slot));
}

/* ---- state ---- */

static uint32_t state_make(wg_tape *tape, const wg__version *wanted, void *user)
{
    const double value = *(const double *)user;
    return wg_full(tape, wanted->type.dtype, wg__shape_public(&wanted->type.shape), value).index;
}

wg_var wg_state(wg_scope scope, const char *name, wg_dtype dtype, wg_shape shape, double value)
{
    wg_var failed;
    wg__version wanted;
    if (!wanted_of(scope, "state", name, dtype, shape, &wanted, &failed)) return failed;
    const uint32_t slot =
        wg__version_meet(scope.tape, &wanted, "state", state_make, &value);
    return slot == WG__NONE ? failed
                            : wg__var_of(scope.tape, wg__scope_read(scope, slot));
}

wg_var wg_state_like(wg_scope scope, const char *name, wg_var like)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("state_like", 1, &like, &failed);
    if (tape == NULL) return failed;
    if (scope.tape != tape) {
        wg__tape_refuse(tape, WG_EFOREIGN, "state_like", WG__NONE,
                        "the scope is of another tape than the value");
        return wg__var_of(tape, WG__NONE);
    }
    return wg_state(scope, name, wg_dtype_of(like), wg_shape_of(like), 0);
}

/* ---- listing ---- */

/* Strictly below: "a/b" and "a/b/c" are below "a", "ab" is not. */
static bool is_below(const char *path, const char *scope)
{
    const size_t length = strlen(scope);
    return length == 0 || (strncmp(path, scope, length) == 0 && path[length] == '/');
}

static bool is_listed(const wg_tape *tape, uint32_t slot, wg_scope scope)
{
    const wg__version *version = &tape->version[slot];
    return slot < tape->version_count && version->is_trained && !version->is_frozen &&
           version->params == scope.params &&
           is_below(version->path, tape->scope[scope.path].path);
}

/* Reads the first of them, since a read may record, and nothing is to be written if one fails.
 * Counts all. A read that leaves the ghost moves the others: then it begins anew. */
static int64_t listed_read(wg_tape *tape, wg_scope scope, int64_t capacity)
{
    const bool follows = tape->is_following;
    int64_t count = 0;
    for (int64_t i = 0; i < wg__version_sorted_count(tape); i++) {
        if (!is_listed(tape, tape->by_path[i], scope)) continue;
        if (count++ < capacity) wg__version_read(tape, tape->by_path[i]);
        if (tape->is_following != follows) return listed_read(tape, scope, capacity);
    }
    return count;
}

int64_t wg_parameters(wg_scope scope, int64_t capacity, wg_var *parameter)
{
    wg_var failed;
    wg_tape *tape = wg__scope_open(scope, "parameters", &failed);
    if (tape == NULL) return failed.tape == NULL ? WG_EINVALID : failed.tape->error.status;
    if (capacity < 0 || (capacity > 0 && parameter == NULL))
        return wg__tape_refuse(tape, WG_EINVALID, "parameters", WG__NONE,
                               "capacity %lld and no place", (long long)capacity);
    const int64_t count = listed_read(tape, scope, capacity);
    if (tape->error.status < 0) return tape->error.status;
    int64_t written = 0;
    for (int64_t i = 0; i < wg__version_sorted_count(tape) && written < capacity; i++) {
        const uint32_t slot = tape->by_path[i];
        if (is_listed(tape, slot, scope))
            parameter[written++] = wg__var_of(tape, tape->version[slot].present);
    }
    return count;
}

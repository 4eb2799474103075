/* Scopes: where in the model we are. A scope is a value: a path of the tape and flags. That a name
 * is met twice is found where something is made of it (a parameter, a state), not here: to walk to
 * the same place twice is fine. */
#include "graph/tape.h"
#include <string.h>
#include <wengert/ops.h>

/* A scope that records nothing; its tape has the error. */
static wg_scope scope_none(wg_tape *tape, wg_params *params)
{
    return (wg_scope){ .tape = tape,
                       .params = params,
                       .path = WG__NONE,
                       .generation = tape == NULL ? 0 : tape->generation };
}

wg_tape *wg__scope_open(wg_scope scope, const char *op, wg_var *failed)
{
    if (wg__tape_open(scope.tape, failed) == NULL) return NULL;
    wg_tape *tape = scope.tape;
    if (scope.generation != tape->generation) {
        wg__tape_refuse(tape, WG_ESTALE, op, WG__NONE, "a scope of a recording that was reset");
        return NULL;
    }
    if (scope.path < tape->scope_count) return tape;
    wg__tape_refuse(tape, WG_EINVALID, op, WG__NONE, "this is no scope: begin with wg_scope_root");
    return NULL;
}

int wg__name_refuse(wg_tape *tape, const char *op, const char *name)
{
    return wg__tape_refuse(tape, WG_ENAME, op, WG__NONE,
                           "'%.64s' is no name: letters, digits, _ . - and / between them",
                           name == NULL ? "" : name);
}

void wg__scope_enter(wg_tape *tape, uint32_t path)
{
    if (tape->scope_now == path) return;
    tape->scope_now = path;
    wg__places_mix(tape, path, (uint64_t)tape->count);
}

uint32_t wg__scope_name(wg_scope scope, const char *op, const char *name, wg_var *failed)
{
    wg_tape *tape = wg__scope_open(scope, op, failed);
    if (tape == NULL) return WG__NONE;
    if (!wg__name_is_valid(name, true)) {
        wg__name_refuse(tape, op, name);
        return WG__NONE;
    }
    wg__scope_enter(tape, scope.path);
    return wg__tape_path(tape, scope.path, name, true);
}

/* The tape refers to the params until it is reset. */
static int params_hold(wg_tape *tape, wg_params *params)
{
    for (int64_t i = 0; i < tape->held_count; i++)
        if (tape->held[i] == params) return WG_OK;
    const int64_t at = tape->held_count;
    const bool is_equal = wg__ghost_has_next(tape, WG__HELD, at) && tape->held[at] == params;
    if (wg__ghost_takes(tape, WG__HELD, is_equal)) return WG_OK;
    if (wg__grow(&tape->allocator, (void **)&tape->held, &tape->held_capacity,
                 tape->held_count + 1, sizeof(wg_params *)) < 0)
        return wg__tape_no_memory(tape);
    wg__params_hold(params);
    tape->held[tape->held_count++] = params;
    return WG_OK;
}

wg_scope wg_scope_root(wg_tape *tape, wg_params *params, wg_mode mode)
{
    wg_var failed;
    if (wg__tape_open(tape, &failed) == NULL) return scope_none(tape, params);
    if (mode != WG_TRAINING && mode != WG_EVALUATION) {
        wg__tape_refuse(tape, WG_EINVALID, "scope", WG__NONE, "%d is no mode", (int)mode);
        return scope_none(tape, params);
    }
    if (params != NULL && params_hold(tape, params) < 0) return scope_none(tape, params);
    return (wg_scope){ .tape = tape,
                       .params = params,
                       .path = 0,
                       .generation = tape->generation,
                       .flags = mode == WG_TRAINING ? WG__SCOPE_TRAINING : 0 };
}

/* The tape of a scope that can have one of this name below it; NULL otherwise. */
static wg_tape *tape_named(wg_scope scope, const char *name)
{
    wg_var failed;
    wg_tape *tape = wg__scope_open(scope, "scope", &failed);
    if (tape == NULL || wg__name_is_valid(name, true)) return tape;
    wg__name_refuse(tape, "scope", name);
    return NULL;
}

wg_scope wg_scope_in(wg_scope scope, const char *name)
{
    wg_tape *tape = tape_named(scope, name);
    if (tape == NULL) return scope_none(scope.tape, scope.params);
    scope.path = wg__tape_path(tape, scope.path, name, true);
    return scope;
}

enum { DIGITS_MAX = 19 };      /* of an int64_t */

/* "_12" with its end; printf takes longer than all else a scope does. */
static void number_write(char *to, int64_t index)
{
    char digit[DIGITS_MAX];
    int count = 0;
    do {
        digit[count++] = (char)('0' + index % 10);
        index /= 10;
    } while (index > 0);
    *to++ = '_';
    while (count > 0) *to++ = digit[--count];
    *to = '\0';
}

wg_scope wg_scope_nth(wg_scope scope, const char *name, int64_t index)
{
    wg_tape *tape = tape_named(scope, name);
    if (tape == NULL) return scope_none(scope.tape, scope.params);
    if (index < 0) {
        wg__tape_refuse(tape, WG_EINVALID, "scope", WG__NONE, "%s_%lld: the index is negative",
                        name, (long long)index);
        return scope_none(tape, scope.params);
    }
    const size_t length = strlen(name);
    char *numbered = wg__arena_take(&tape->arena, length + DIGITS_MAX + 2);
    if (numbered == NULL) {
        wg__tape_no_memory(tape);
        return scope_none(tape, scope.params);
    }
    memcpy(numbered, name, length);
    number_write(numbered + length, index);
    scope.path = wg__tape_path(tape, scope.path, numbered, true);
    return scope;
}

wg_scope wg_scope_shared(wg_scope scope, const char *name)
{
    scope = wg_scope_in(scope, name);
    scope.flags |= WG__SCOPE_SHARED;
    return scope;
}

wg_scope wg_scope_frozen(wg_scope scope)
{
    scope.flags = (scope.flags | WG__SCOPE_FROZEN) & ~(uint32_t)WG__SCOPE_TRAINING;
    return scope;
}

wg_scope wg_scope_mode(wg_scope scope, wg_mode mode)
{
    wg_var failed;
    wg_tape *tape = wg__scope_open(scope, "scope", &failed);
    if (tape == NULL) return scope_none(scope.tape, scope.params);
    if (mode != WG_TRAINING && mode != WG_EVALUATION) {
        wg__tape_refuse(tape, WG_EINVALID, "scope", WG__NONE, "%d is no mode", (int)mode);
        return scope_none(tape, scope.params);
    }
    scope.flags &= ~(uint32_t)WG__SCOPE_TRAINING;
    if (mode == WG_TRAINING) scope.flags |= WG__SCOPE_TRAINING;
    return scope;
}

/* ---- replaced values ---- */

uint32_t wg__scope_read(wg_scope scope, uint32_t slot)
{
    const wg_tape *tape = scope.tape;
    for (uint32_t id = scope.replaced; id != 0; id = tape->replaced[id - 1].next)
        if (tape->replaced[id - 1].slot == slot) return tape->replaced[id - 1].value;
    return wg__version_read(scope.tape, slot);
}

/* Puts one item before those of the scope. */
static int replaced_add(wg_scope *scope, uint32_t slot, uint32_t value)
{
    wg_tape *tape = scope->tape;
    const wg__replaced item = { .slot = slot, .value = value, .next = scope->replaced };
    const int64_t at = tape->replaced_count;
    const bool is_equal = wg__ghost_has_next(tape, WG__REPLACED, at) &&
                          memcmp(&tape->replaced[at], &item, sizeof item) == 0;
    if (!wg__ghost_takes(tape, WG__REPLACED, is_equal)) {
        if (wg__grow(&tape->allocator, (void **)&tape->replaced, &tape->replaced_capacity, at + 1,
                     sizeof *tape->replaced) < 0)
            return wg__tape_no_memory(tape);
        tape->replaced[tape->replaced_count++] = item;
    }
    scope->replaced = (uint32_t)tape->replaced_count;
    return WG_OK;
}

static int replace(wg_scope *scope, wg_var parameter, wg_var value)
{
    wg_var failed;
    wg_tape *tape = scope->tape;
    if (wg__tape_of("replaced", 2, (const wg_var[2]){ parameter, value }, &failed) != tape)
        return wg__tape_refuse(tape, WG_EFOREIGN, "replaced", WG__NONE,
                               "the scope is of another tape than the values");
    const uint32_t slot = wg__version_of(tape, parameter.index);
    if (slot == WG__NONE)
        return wg__tape_refuse(tape, WG_EINVALID, "replaced", parameter.index,
                               "the value is no parameter or state");
    const wg__type type = wg__tape_type(tape, value.index);
    const wg__version *version = &tape->version[slot];
    if (type.dtype != version->type.dtype ||
        !wg__shape_equal(&type.shape, &version->type.shape))
        return wg__type_refuse(tape, "replaced", value.index, version->path, &type,
                               &version->type);
    return replaced_add(scope, slot, value.index);
}

wg_scope wg_scope_replaced(wg_scope scope, int64_t count, const wg_var *parameter,
                           const wg_var *value)
{
    wg_var failed;
    wg_tape *tape = wg__scope_open(scope, "replaced", &failed);
    if (tape == NULL) return scope_none(scope.tape, scope.params);
    if (count < 0 || (count > 0 && (parameter == NULL || value == NULL)))
        wg__tape_refuse(tape, WG_EINVALID, "replaced", WG__NONE, "parameter or value is NULL");
    for (int64_t i = 0; i < count && tape->error.status == WG_OK; i++)
        replace(&scope, parameter[i], value[i]);
    return tape->error.status < 0 ? scope_none(tape, scope.params) : scope;
}

/* ---- conditions ---- */

uint32_t wg__scope_condition(wg_scope scope)
{
    const wg_tape *tape = scope.tape;
    uint32_t id = scope.replaced;
    while (id != 0 && tape->replaced[id - 1].slot != WG__NONE) id = tape->replaced[id - 1].next;
    return id == 0 ? WG__NONE : tape->replaced[id - 1].value;
}

wg_scope wg_scope_when(wg_scope scope, wg_var condition)
{
    wg_var failed;
    wg_tape *tape = wg__scope_open(scope, "when", &failed);
    if (tape == NULL) return scope_none(scope.tape, scope.params);
    const wg_scope none = scope_none(tape, scope.params);
    if (wg__tape_of("when", 1, &condition, &failed) != tape) {
        wg__tape_refuse(tape, WG_EFOREIGN, "when", WG__NONE,
                        "the scope is of another tape than the condition");
        return none;
    }
    const wg__type type = wg__tape_type(tape, condition.index);
    if (type.dtype != WG_BOOL || type.shape.rank != 0) {
        wg__tape_refuse(tape, type.dtype != WG_BOOL ? WG_EDTYPE : WG_ESHAPE, "when",
                        condition.index, "a condition is a bool scalar");
        return none;
    }
    const uint32_t outer = wg__scope_condition(scope);
    if (outer != WG__NONE) condition = wg_and(wg__var_of(tape, outer), condition);
    if (tape->error.status < 0 || replaced_add(&scope, WG__NONE, condition.index) < 0) return none;
    return scope;
}

bool wg_scope_training(wg_scope scope)
{
    return (scope.flags & WG__SCOPE_TRAINING) != 0;
}

const char *wg_scope_path(wg_scope scope)
{
    const bool is_there = scope.tape != NULL && scope.generation == scope.tape->generation &&
                          scope.path < scope.tape->scope_count;
    return is_there ? scope.tape->scope[scope.path].path : "";
}

/* Values by name: a note under a path, an input by its name. */
#include "graph/tape.h"

int wg_note(wg_scope scope, const char *name, wg_var x)
{
    wg_var failed;
    if (wg__tape_of("note", 1, &x, &failed) == NULL)
        return failed.tape == NULL ? WG_EINVALID : failed.tape->error.status;
    if (scope.tape != x.tape)
        return wg__tape_refuse(x.tape, WG_EFOREIGN, "note", x.index,
                               "the scope is of another tape than the value");
    wg_tape *tape = wg__scope_open(scope, "note", &failed);
    if (tape == NULL) return x.tape->error.status;
    if (!wg__name_is_valid(name, true)) return wg__name_refuse(tape, "note", name);
    const uint32_t path = wg__tape_path(tape, scope.path, name, true);
    if (path == WG__NONE) return tape->error.status;
    if (wg__grow(&tape->allocator, (void **)&tape->note, &tape->note_capacity,
                 tape->note_count + 1, sizeof *tape->note) < 0)
        return wg__tape_no_memory(tape);
    WG_TRY(wg__tape_change(tape, WG__CHANGE_SCOPE_NOTE, path, (uint32_t)tape->note_count));
    tape->note[tape->note_count++] =
        (wg__note){ .path = tape->scope[path].path, .node = x.index };
    return WG_OK;
}

wg_var wg_find(wg_scope scope, const char *path)
{
    wg_var failed;
    wg_tape *tape = wg__scope_open(scope, "find", &failed);
    if (tape == NULL) return failed;
    const bool is_name = wg__name_is_valid(path, true);
    const uint32_t id = is_name ? wg__tape_path(tape, scope.path, path, false) : WG__NONE;
    if (id != WG__NONE && tape->scope[id].note != WG__NONE)
        return wg__var_of(tape, tape->note[tape->scope[id].note].node);
    if (!is_name) wg__name_refuse(tape, "find", path);
    else wg__tape_refuse(tape, WG_ENAME, "find", WG__NONE, "no value was noted as %s%s%.64s",
                         tape->scope[scope.path].path, scope.path > 0 ? "/" : "", path);
    return failed;
}

wg_var wg_column(wg_scope scope, const char *name)
{
    wg_var failed;
    wg_tape *tape = wg__scope_open(scope, "column", &failed);
    if (tape == NULL) return failed;
    const bool is_name = wg__name_is_valid(name, true);
    const uint32_t id = is_name ? wg__tape_path(tape, 0, name, false) : WG__NONE;
    if (id != WG__NONE && tape->scope[id].input != WG__NONE)
        return wg__var_of(tape, tape->input[tape->scope[id].input].node);
    if (!is_name) wg__name_refuse(tape, "column", name);
    else wg__tape_refuse(tape, WG_ENAME, "column", WG__NONE, "no input is named %.64s", name);
    return failed;
}

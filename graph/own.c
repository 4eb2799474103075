/* What layers, losses and rules of a user's own need of a tape, so that the library's have no
 * privilege: memory that ends with the recording, and a way to refuse. */
#include "graph/tape.h"

void *wg_tape_take(wg_tape *tape, size_t bytes)
{
    if (!tape) return NULL;
    void *block = wg__arena_take(&tape->arena, bytes);
    if (!block) wg__tape_fail(tape, WG_EMEMORY, WG__NONE, "no memory for %zu bytes", bytes);
    return block;
}

int wg_tape_fail(wg_tape *tape, int status, const char *text)
{
    if (!tape || status >= 0) return WG_EINVALID;
    wg__tape_fail(tape, status, WG__NONE, "%s", text ? text : wg_status_text(status));
    return status;
}

wg_var wg_refuse(wg_scope scope, const char *op, wg_var x, int status, const char *reason)
{
    wg_var failed = { 0 };
    wg_tape *tape = scope.tape ? scope.tape : x.tape;
    if (!tape || (x.tape && !wg__tape_of(op, 1, &x, &failed))) return failed;
    if (!x.tape) status = WG_EINVALID;
    char buffer[400];
    wg__text text = wg__text_of(buffer, sizeof buffer);
    if (wg_scope_path(scope)[0] != '\0') wg__text_add(&text, "%s: ", wg_scope_path(scope));
    wg__text_add(&text, "%s: ", op ? op : "refused");
    if (x.tape) {
        wg__text_shape(&text, wg__tape_shape(x.tape, x.index));
        wg__text_add(&text, ": ");
    }
    if (!x.tape) reason = "the null value";
    wg__text_add(&text, "%s", reason ? reason : wg_status_text(status));
    wg__tape_fail(tape, status < 0 ? status : WG_EINVALID, WG__NONE, "%s", buffer);
    return wg__var_of(tape, WG__NONE);
}

wg_var wg_expect_float(const char *op, wg_var x)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of(op, 1, &x, &failed);
    if (tape == NULL) return failed;
    const wg_dtype dtype = (wg_dtype)tape->record[x.index].dtype;
    if (wg__dtype_is_float(dtype)) return x;
    wg__tape_refuse(tape, WG_EDTYPE, op, WG__NONE, "f32 or f64 expected, not %s",
                    wg_dtype_name(dtype));
    return wg__var_of(tape, WG__NONE);
}

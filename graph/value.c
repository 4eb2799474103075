/* Values as recorders receive them. A null value has no tape; an error value knows its tape, so
 * that a later read can tell that tape's error; a stale value is of a recording that was reset. */
#include "graph/tape.h"

wg_var wg__var_of(wg_tape *tape, uint32_t node)
{
    return (wg_var){ .tape = tape, .index = node, .generation = tape->generation };
}

int wg__var_check(wg_var x)
{
    if (x.tape == NULL) return WG_EINVALID;
    if (x.generation != x.tape->generation) return WG_ESTALE;
    if (x.index < x.tape->count)
        return wg__body_is_open(x.tape, x.tape->record[x.index].body) ? WG_OK : WG_EINVALID;
    return x.tape->error.status < 0 ? x.tape->error.status : WG_EINVALID;
}

/* ---- messages ---- */

void wg__tape_name_value(const wg_tape *tape, uint32_t node, wg__text *text)
{
    const wg__record *record = &tape->record[node];
    int32_t count;
    const int64_t *attribute = wg__tape_attribute(tape, node, &count);
    const char *name = NULL;
    if (record->op == WG__OP_input) name = tape->input[attribute[0]].name;
    if (record->op == WG__OP_parameter) name = tape->version[attribute[0]].path;
    if (record->op == WG__OP_extern) name = tape->external[attribute[WG__EXTERN_SLOT]].name;
    const bool is_pick = record->op == WG__OP_pick;
    wg__text_add(text, "%s", wg__op_table[is_pick ? WG__OP_scan : record->op].name);
    if (name != NULL) wg__text_add(text, " %s", name);
    else if (tape->place[node].scope > 0)
        wg__text_add(text, " in %s", tape->scope[tape->place[node].scope].path);
    wg__text_place(text, &tape->place[node]);
}

void wg__tape_name_op(const wg_tape *tape, uint32_t node, wg__text *text)
{
    const wg__record *record = &tape->record[node];
    int32_t count;
    const uint32_t *in = wg__tape_inputs(tape, node, &count);
    const int64_t *attribute = wg__tape_attribute(tape, node, &(int32_t){ 0 });
    wg__text_add(text, "%s", wg__op_table[record->op].name);
    if (record->op == WG__OP_input && tape->input[attribute[0]].name != NULL)
        wg__text_add(text, " %s", tape->input[attribute[0]].name);
    if (record->op == WG__OP_parameter)
        wg__text_add(text, " %s", tape->version[attribute[0]].path);
    for (int32_t i = 0; i < count; i++) {
        wg__text_add(text, i == 0 ? " of " : i + 1 < count ? ", " : " and ");
        wg__text_shape(text, wg__tape_shape(tape, in[i]));
    }
}

/* ---- entry of recorders ---- */

/* What is wrong with argument i, which lives on, or claims to live on, another tape than `tape`. */
static void refuse_foreign(wg_tape *tape, const char *op, int64_t i, const wg_var *x, int64_t first)
{
    char text[200];
    wg__text both = wg__text_of(text, sizeof text);
    wg__tape_name_value(tape, x[first].index, &both);
    wg__text_add(&both, " and ");
    if (wg__var_check(x[i]) == WG_OK) wg__tape_name_value(x[i].tape, x[i].index, &both);
    else wg__text_add(&both, "argument %lld", (long long)i + 1);
    wg__tape_refuse(tape, WG_EFOREIGN, op, WG__NONE, "%s are values of two tapes", text);
}

static void refuse_value(wg_tape *tape, const char *op, int64_t i, int64_t count, const wg_var *x)
{
    const int status = wg__var_check(x[i]);
    const char *reason = status == WG_ESTALE ? "a value of a recording that was reset"
                       : x[i].tape != NULL   ? "a value of a function that has returned"
                                             : "the null value";
    if (count == 1) wg__tape_refuse(tape, status, op, WG__NONE, "%s", reason);
    else wg__tape_refuse(tape, status, op, WG__NONE, "argument %lld is %s", (long long)i + 1,
                         reason);
}

/* The slow path: some x is no value of `tape`. The first such is told, unless the tape has an
 * error. */
static void refuse_first(wg_tape *tape, const char *op, int64_t count, const wg_var *x)
{
    int64_t first = 0;
    while (x[first].tape != tape) first++;
    for (int64_t i = 0; i < count && tape->error.status == WG_OK; i++) {
        const bool is_foreign = x[i].tape != NULL && x[i].tape != tape;
        const int status = wg__var_check(x[i]);
        if (is_foreign && wg__var_check(x[first]) == WG_OK) refuse_foreign(tape, op, i, x, first);
        else if (status != WG_OK) refuse_value(tape, op, i, count, x);
    }
}

wg_tape *wg__tape_of(const char *op, int64_t count, const wg_var *x, wg_var *failed)
{
    wg_tape *tape = NULL;
    bool is_fine = true;
    for (int64_t i = 0; i < count; i++) {
        if (tape == NULL) tape = x[i].tape;
        is_fine = is_fine && x[i].tape != NULL && x[i].tape == tape &&
                  x[i].generation == tape->generation && x[i].index < tape->count &&
                  wg__body_is_open(tape, tape->record[x[i].index].body);
    }
    *failed = (wg_var){ .tape = NULL };
    if (tape == NULL) return NULL;
    if (is_fine && tape->error.status == WG_OK) return tape;
    refuse_first(tape, op, count, x);
    *failed = wg__var_of(tape, WG__NONE);
    return NULL;
}

wg_tape *wg__tape_open(wg_tape *tape, wg_var *failed)
{
    *failed = (wg_var){ .tape = NULL };
    if (tape == NULL) return NULL;
    *failed = wg__var_of(tape, WG__NONE);
    return tape->error.status < 0 ? NULL : tape;
}

int wg__var_wanted(const char *op, wg_var x)
{
    wg_var failed;
    if (wg__tape_of(op, 1, &x, &failed) != NULL) return WG_OK;
    return x.tape == NULL ? WG_EINVALID : x.tape->error.status;
}

int wg__type_expect(wg_tape *tape, const char *op, uint32_t where, const char *name, uint32_t x,
                    const char *like_name, uint32_t like)
{
    const wg__type given = wg__tape_type(tape, x), of = wg__tape_type(tape, like);
    if (given.dtype == of.dtype && wg__shape_equal(&given.shape, &of.shape)) return WG_OK;
    char text[300];
    wg__text why = wg__text_of(text, sizeof text);
    wg__text_add(&why, "the %s is %s ", name, wg_dtype_name(given.dtype));
    wg__text_shape(&why, &given.shape);
    wg__text_add(&why, ", %s is %s ", like_name, wg_dtype_name(of.dtype));
    wg__text_shape(&why, &of.shape);
    const int status = given.dtype != of.dtype ? WG_EDTYPE : WG_ESHAPE;
    return wg__tape_refuse(tape, status, op, where, "%s", text);
}

/* ---- questions ---- */

static const wg__record *record_of(wg_var x)
{
    return wg__var_check(x) == WG_OK ? &x.tape->record[x.index] : NULL;
}

wg_shape wg_shape_of(wg_var x)
{
    const wg__record *record = record_of(x);
    if (record == NULL) return (wg_shape){ .rank = 0 };
    return wg__shape_public(x.tape->shape[record->shape]);
}

wg_dtype wg_dtype_of(wg_var x)
{
    const wg__record *record = record_of(x);
    return record == NULL ? WG_F32 : (wg_dtype)record->dtype;
}

int64_t wg_extent(wg_var x, int axis)
{
    const wg__record *record = record_of(x);
    if (record == NULL) return 1;
    const wg__shape *shape = x.tape->shape[record->shape];
    const int place = axis < 0 ? axis + shape->rank : axis;
    if (place >= 0 && place < shape->rank) return shape->dim[place];
    wg__axis_refuse(x.tape, "extent", x.index, axis, shape);
    return 1;
}

/* Constructors of what goes along one axis: running sums and products, linear recurrences. */
#include "graph/tape.h"
#include <wengert/ops.h>

typedef uint32_t emit_cumulative(wg__builder *b, uint32_t x, int axis, bool is_exclusive,
                                 bool is_reverse);

static wg_var cumulative(const char *name, emit_cumulative *emit, wg_var x, int axis,
                         bool exclusive, bool reverse)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of(name, 1, &x, &failed);
    if (tape == NULL) return failed;
    const int place = wg__axis_resolve(tape, name, axis, wg__tape_shape(tape, x.index));
    if (place < 0) return wg__var_of(tape, WG__NONE);
    return wg__var_of(tape, emit(&tape->builder, x.index, place, exclusive, reverse));
}

wg_var wg_cumsum(wg_var x, int axis, bool exclusive, bool reverse)
{
    return cumulative("cumsum", wg__emit_cumsum, x, axis, exclusive, reverse);
}

/* Refused here, since products of one element would record nothing that could refuse. */
wg_var wg_cumprod(wg_var x, int axis, bool exclusive, bool reverse)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("cumprod", 1, &x, &failed);
    if (tape == NULL) return failed;
    const wg_dtype dtype = (wg_dtype)tape->record[x.index].dtype;
    if (wg__dtype_is_float(dtype))
        return cumulative("cumprod", wg__emit_cumprod, x, axis, exclusive, reverse);
    wg__tape_refuse(tape, WG_EDTYPE, "cumprod", WG__NONE, "f32 or f64 expected, not %s",
                    wg_dtype_name(dtype));
    return wg__var_of(tape, WG__NONE);
}

wg_var wg_linear_recurrence(wg_var a, wg_var b, int axis, bool reverse)
{
    wg_var failed;
    const char *name = "linear_recurrence";
    const wg_var both[2] = { a, b };
    wg_tape *tape = wg__tape_of(name, 2, both, &failed);
    if (tape == NULL) return failed;
    uint32_t in[2] = { a.index, b.index };
    failed = wg__var_of(tape, WG__NONE);
    if (wg__dtypes_agree(tape, name, 2, in) < 0 || wg__inputs_join(tape, name, 2, in) < 0)
        return failed;
    const int place = wg__axis_resolve(tape, name, axis, wg__tape_shape(tape, in[0]));
    if (place < 0) return failed;
    return wg__var_of(tape, wg__emit_recurrence(&tape->builder, in[0], in[1], place, reverse));
}

/* Axes as callers give them: negative ones count from the end. What does not exist is refused
 * with the shape that lacks it. */
#include "graph/tape.h"

int wg__axis_refuse(wg_tape *tape, const char *op, uint32_t where, int axis,
                    const wg__shape *shape)
{
    char text[160];
    wg__text of = wg__text_of(text, sizeof text);
    wg__text_shape(&of, shape);
    return wg__tape_refuse(tape, WG_EAXIS, op, where, "axis %d of %s", axis, text);
}

int wg__axis_resolve(wg_tape *tape, const char *op, int axis, const wg__shape *shape)
{
    const int place = axis < 0 ? axis + shape->rank : axis;
    if (place >= 0 && place < shape->rank) return place;
    return wg__axis_refuse(tape, op, WG__NONE, axis, shape);
}

int wg__axes_bits(wg_tape *tape, const char *op, const wg_axes *axes, const wg__shape *shape,
                  uint32_t *bits)
{
    bool named[WG__RANK_MAX];
    if (wg__axes_resolve(axes, shape->rank, named) < 0) {
        char text[160];
        wg__text given = wg__text_of(text, sizeof text);
        const int32_t count = axes->count > WG_RANK_MAX ? WG_RANK_MAX : axes->count;
        for (int32_t i = 0; i < count; i++)
            wg__text_add(&given, "%s%d", i > 0 ? ", " : "", (int)axes->axis[i]);
        wg__text_add(&given, ") of ");
        wg__text_shape(&given, shape);
        return wg__tape_refuse(tape, WG_EAXIS, op, WG__NONE, "axes (%s: missing or named twice",
                               text);
    }
    *bits = 0;
    for (int32_t i = 0; i < shape->rank; i++) *bits |= (uint32_t)named[i] << i;
    return WG_OK;
}

int wg__rank_check(wg_tape *tape, const char *op, int64_t rank)
{
    if (rank <= WG_RANK_MAX) return WG_OK;
    return wg__tape_refuse(tape, WG_ELIMIT, op, WG__NONE, "rank %lld exceeds %d", (long long)rank,
                           (int)WG_RANK_MAX);
}

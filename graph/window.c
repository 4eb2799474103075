/* Constructors of windows and of their opposite: padding is recorded as a pad before, or as a slice
 * after. */
#include "graph/tape.h"
#include <wengert/ops.h>

/* What a zero stands for. */
static wg_window window_complete(wg_window window)
{
    if (window.extent == 0) window.extent = 1;
    if (window.stride == 0) window.stride = 1;
    if (window.dilation == 0) window.dilation = 1;
    return window;
}

wg_var wg_windows(wg_var x, int axis, wg_window window)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("windows", 1, &x, &failed);
    if (tape == NULL) return failed;
    failed = wg__var_of(tape, WG__NONE);
    const wg_window w = window_complete(window);
    const int place = wg__axis_resolve(tape, "windows", axis, wg__tape_shape(tape, x.index));
    if (place < 0) return failed;
    if (wg__rank_check(tape, "windows", wg__tape_shape(tape, x.index)->rank + 1) < 0)
        return failed;
    uint32_t padded = x.index;
    if (w.pad_low != 0 || w.pad_high != 0)
        padded = wg__emit_pad(&tape->builder, padded, place, w.pad_low, w.pad_high, 0, 0);
    return wg__var_of(tape, wg__emit_windows(&tape->builder, padded, place, w.extent, w.stride,
                                             w.dilation));
}

/* The extent with its padding; a negative one is refused. */
static int64_t extent_padded(wg_tape *tape, const wg_window *w, int64_t extent)
{
    const int64_t part_max = INT64_MAX / 4;   /* three parts are added */
    const int64_t part[3] = { extent, w->pad_low, w->pad_high };
    for (int i = 0; i < 3; i++)
        if (part[i] < 0 || part[i] > part_max)
            return wg__tape_refuse(tape, WG_EINVALID, "overlap_add", WG__NONE,
                                   "extent %lld, padded by %lld and %lld", (long long)extent,
                                   (long long)w->pad_low, (long long)w->pad_high);
    return part[0] + part[1] + part[2];
}

wg_var wg_overlap_add(wg_var x, int axis, wg_window window, int64_t extent)
{
    wg_var failed;
    const char *name = "overlap_add";
    wg_tape *tape = wg__tape_of(name, 1, &x, &failed);
    if (tape == NULL) return failed;
    failed = wg__var_of(tape, WG__NONE);
    const wg_window w = window_complete(window);
    wg__shape shape = *wg__tape_shape(tape, x.index);
    const bool is_of_windows = shape.rank > 0 && shape.dim[shape.rank - 1] == w.extent;
    if (!is_of_windows) {
        char text[160];
        wg__text of = wg__text_of(text, sizeof text);
        wg__text_shape(&of, &shape);
        wg__tape_refuse(tape, WG_ESHAPE, name, WG__NONE, "the last axis of %s is not %lld", text,
                        (long long)w.extent);
        return failed;
    }
    shape.rank--;
    const int place = wg__axis_resolve(tape, name, axis, &shape);
    const int64_t padded = extent_padded(tape, &w, extent);
    if (place < 0 || padded < 0) return failed;
    wg__builder *b = &tape->builder;
    const uint32_t sum = wg__emit_overlap_add(b, x.index, place, w.stride, w.dilation, padded);
    if (padded == extent) return wg__var_of(tape, sum);
    return wg__var_of(tape, wg__emit_slice(b, sum, place, w.pad_low, w.pad_low + extent, 1));
}

/* Copies between strided arrays.
 *
 * Neighbouring axes that both sides walk as one are joined and axes of one element dropped, so that
 * most copies end as a few long runs. What is left runs a plane at a time, its last two axes in
 * loops that know their element size; a plane that is transposed on one side goes in squares, so
 * that each cache line is used whole.                                                            */
#include "ops/rules.h"

#include <stdlib.h>
#include <string.h>

/* Axes of a copy, outermost first; strides count elements. */
typedef struct pair {
    int32_t rank;
    int64_t dim[WG__RANK_MAX], from[WG__RANK_MAX], to[WG__RANK_MAX];
} pair;

/* The last two axes of a pair; strides count bytes. */
typedef struct plane {
    int64_t rows, columns, from_row, from_column, to_row, to_column;
} plane;

wg__walk wg__walk_of(int32_t rank, const int64_t *dim, const int64_t *stride)
{
    WG_ASSERT(rank >= 0 && rank <= WG__RANK_MAX);
    wg__walk walk = { .rank = rank };
    for (int32_t i = 0; i < rank; i++) {
        walk.dim[i] = dim[i];
        walk.stride[i] = stride[i];
    }
    return walk;
}

void wg__walk_next(wg__walk *walk)
{
    for (int32_t i = walk->rank - 1; i >= 0; i--) {
        walk->offset += walk->stride[i];
        if (++walk->index[i] < walk->dim[i]) return;
        walk->offset -= walk->stride[i] * walk->dim[i];
        walk->index[i] = 0;
    }
}

static pair pair_of(const wg__array *from, const wg__array *to)
{
    pair joined = { .rank = 0 };
    for (int32_t i = 0; i < from->rank; i++) {
        WG_ASSERT(from->dim[i] == to->dim[i]);
        if (from->dim[i] == 1) continue;
        const int32_t last = joined.rank - 1;
        const bool is_one_walk = last >= 0 && joined.from[last] == from->stride[i] * from->dim[i] &&
                                 joined.to[last] == to->stride[i] * to->dim[i];
        const int32_t at = is_one_walk ? last : joined.rank++;
        joined.dim[at] = is_one_walk ? joined.dim[at] * from->dim[i] : from->dim[i];
        joined.from[at] = from->stride[i];
        joined.to[at] = to->stride[i];
    }
    return joined;
}

/* The order of copying is free. A plane of few rows would cost more between planes than within
 * them: its rows become those of the nearest longer axis, such as the places of a window.        */
static void rows_lengthen(pair *axes)
{
    enum { ROWS_ENOUGH = 16 };   /* the step from one plane to the next costs about as many moves */
    const int32_t row = axes->rank - 2;
    int32_t best = row;
    for (int32_t i = row; i >= 0 && axes->dim[best] < ROWS_ENOUGH; i--)
        if (axes->dim[i] > axes->dim[best]) best = i;
    if (best == row) return;
    const int64_t row_of[3] = { axes->dim[row], axes->from[row], axes->to[row] };
    axes->dim[row] = axes->dim[best];
    axes->from[row] = axes->from[best];
    axes->to[row] = axes->to[best];
    axes->dim[best] = row_of[0];
    axes->from[best] = row_of[1];
    axes->to[best] = row_of[2];
}

static plane plane_of(const pair *axes, int64_t bytes)
{
    const int32_t last = axes->rank - 1;
    plane p = { .rows = 1, .columns = 1 };
    if (last >= 0) {
        p.columns = axes->dim[last];
        p.from_column = axes->from[last] * bytes;
        p.to_column = axes->to[last] * bytes;
    }
    if (last >= 1) {
        p.rows = axes->dim[last - 1];
        p.from_row = axes->from[last - 1] * bytes;
        p.to_row = axes->to[last - 1] * bytes;
    }
    return p;
}

/* Rows that are contiguous on both sides. */
static void copy_runs(const plane *p, size_t bytes, const char *from, char *to)
{
    const size_t run_bytes = (size_t)p->columns * bytes;
    for (int64_t i = 0; i < p->rows; i++)
        memcpy(to + i * p->to_row, from + i * p->from_row, run_bytes);
}

/* The rest is called with a constant element size, so that each inner copy is one move. */

/* Row by row; one element repeated is a fill. */
static inline void copy_rows(const plane *p, size_t bytes, const char *from, char *to)
{
    const bool repeats = p->from_column == 0 && p->to_column == (int64_t)bytes;
    for (int64_t i = 0; i < p->rows; i++, from += p->from_row, to += p->to_row) {
        char one[8];
        memcpy(one, from, bytes);
        if (repeats) {
            for (int64_t j = 0; j < p->columns; j++) memcpy(to + j * (int64_t)bytes, one, bytes);
            continue;
        }
        for (int64_t j = 0; j < p->columns; j++)
            memcpy(to + j * p->to_column, from + j * p->from_column, bytes);
    }
}

/* Along columns of the source into a square at hand, and from there along rows of the target: each
 * cache line of either is met once, however far apart lines are.                                 */
static inline void copy_squares(const plane *p, size_t bytes, const char *from, char *to)
{
    enum { SQUARE = 16 };   /* 16 elements of 4 bytes are a cache line */
    char at_hand[SQUARE * SQUARE * 8];
    for (int64_t row = 0; row < p->rows; row += SQUARE) {
        const int64_t rows = row + SQUARE < p->rows ? SQUARE : p->rows - row;
        for (int64_t column = 0; column < p->columns; column += SQUARE) {
            const int64_t columns = column + SQUARE < p->columns ? SQUARE : p->columns - column;
            const char *source = from + row * p->from_row + column * p->from_column;
            char *target = to + row * p->to_row + column * p->to_column;
            for (int64_t j = 0; j < columns; j++)
                for (int64_t i = 0; i < rows; i++)
                    memcpy(at_hand + (i * SQUARE + j) * (int64_t)bytes,
                           source + i * p->from_row + j * p->from_column, bytes);
            for (int64_t i = 0; i < rows; i++)
                for (int64_t j = 0; j < columns; j++)
                    memcpy(target + i * p->to_row + j * p->to_column,
                           at_hand + (i * SQUARE + j) * (int64_t)bytes, bytes);
        }
    }
}

static inline void copy_elements(const plane *p, size_t bytes, const char *from, char *to)
{
    const bool is_turned = p->rows > 1 && llabs(p->from_row) < llabs(p->from_column);
    if (is_turned) copy_squares(p, bytes, from, to);
    else copy_rows(p, bytes, from, to);
}

static void copy_plane(const plane *p, size_t bytes, const char *from, char *to)
{
    enum { RUN_SHORT = 8 };   /* elements: moved one by one before a call to memcpy has begun */
    const int64_t unit = (int64_t)bytes;
    const bool is_run = p->from_column == unit && p->to_column == unit;
    if (is_run && p->columns > RUN_SHORT) {
        copy_runs(p, bytes, from, to);
        return;
    }
    switch (bytes) {
    case 1: copy_elements(p, 1, from, to); break;
    case 4: copy_elements(p, 4, from, to); break;
    case 8: copy_elements(p, 8, from, to); break;
    default: WG_ASSERT(false);
    }
}

void wg__copy(const wg__array *from, const wg__array *to)
{
    WG_ASSERT(from->dtype == to->dtype);
    WG_ASSERT(from->rank == to->rank);
    if (wg__array_count(from) == 0) return;

    const size_t bytes = wg_dtype_bytes(from->dtype);
    pair axes = pair_of(from, to);
    rows_lengthen(&axes);
    const plane p = plane_of(&axes, (int64_t)bytes);
    const int32_t outer = axes.rank > 2 ? axes.rank - 2 : 0;
    int64_t plane_count = 1;
    for (int32_t i = 0; i < outer; i++) plane_count *= axes.dim[i];

    wg__walk source = wg__walk_of(outer, axes.dim, axes.from);
    wg__walk target = wg__walk_of(outer, axes.dim, axes.to);
    for (int64_t i = 0; i < plane_count; i++) {
        copy_plane(&p, bytes, (const char *)from->data + source.offset * (int64_t)bytes,
                   (char *)to->data + target.offset * (int64_t)bytes);
        wg__walk_next(&source);
        wg__walk_next(&target);
    }
}

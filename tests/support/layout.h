/* Ways in which an array may lie in memory. */
#ifndef WG_TEST_LAYOUT_H
#define WG_TEST_LAYOUT_H

#include "core/internal.h"

typedef enum layout {
    LAYOUT_PLAIN,            /* row-major, from the start */
    LAYOUT_OFFSET,           /* the same from the second element on */
    LAYOUT_TRANSPOSED,       /* the first axis runs fastest */
    LAYOUT_STEP,             /* every second element along the last axis */
    LAYOUT_REVERSED,         /* all axes from the end */
    LAYOUT_REPEATED,         /* the first axis has stride 0 */
    LAYOUT_COUNT
} layout;

const char *layout_name(layout kind);
/* Elements of memory that an array of this shape needs. */
int64_t layout_extent(layout kind, const wg__shape *shape);
/* The array in such memory. */
wg__array layout_array(layout kind, wg_dtype dtype, const wg__shape *shape, void *memory);

#endif

/* What layers, losses and rules of a user's own need of a tape, so that the library's have no
 * privilege: memory that ends with the recording, and a way to refuse. */
#include "graph/internal.h"

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

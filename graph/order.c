/* Which derivative a value belongs to, for messages. A sweep is a span, and its key names what was
 * differentiated: the order of what it records is one more than that of the latter. */
#include "graph/tape.h"
#include <string.h>

static bool is_sweep(const wg__span *span)
{
    const uint32_t *word = span->key;
    return span->key_bytes >= sizeof *word && word[0] == WG__SPAN_OF_SWEEP;
}

/* The highest order of what a sweep differentiated. */
static uint8_t order_of_sweep(const wg__span *span, const uint8_t *order)
{
    const uint32_t *word = span->key;
    const uint32_t count = word[1], step = word[2] != 0 ? 2 : 1;
    uint8_t highest = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t own = order[word[3 + i * step]];
        if (own > highest) highest = own;
    }
    return highest;
}

/* The innermost sweep that recorded a node; 0: none did. *now is the innermost span. */
static uint32_t sweep_around(const wg_tape *tape, int64_t node, uint32_t *now)
{
    while (*now < tape->span_count &&
           tape->span[*now].begin.length[WG__RECORDS] <= node)
        ++*now;
    uint32_t around = *now;
    while (around > 0 && (tape->span[around - 1].end.length[WG__RECORDS] <= node ||
                          !is_sweep(&tape->span[around - 1])))
        around--;
    return around;
}

/* Fills the orders of all values up to node; true if a sweep recorded it. */
static bool orders_fill(const wg_tape *tape, uint32_t node, uint8_t *order)
{
    uint32_t now = 0, around = 0;
    for (uint32_t at = 0; at <= node; at++) {
        int32_t count;
        const uint32_t *in = wg__tape_inputs(tape, at, &count);
        order[at] = 0;
        for (int32_t i = 0; i < count; i++)
            if (order[in[i]] > order[at]) order[at] = order[in[i]];
        around = sweep_around(tape, at, &now);
        if (around == 0) continue;
        const uint8_t own = (uint8_t)(order_of_sweep(&tape->span[around - 1], order) + 1);
        if (own > order[at]) order[at] = own;
    }
    return around > 0;
}

int wg__tape_derivative_order(wg_tape *tape, uint32_t node)
{
    uint8_t *order = wg__arena_take(&tape->arena, (size_t)node + 1);
    return order != NULL && orders_fill(tape, node, order) ? order[node] : 0;
}

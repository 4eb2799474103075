/* Places: which line of the user's recorded what.
 *
 * A recorder's macro calls wg_at after it: what was recorded since the last wg_at and has no line
 * gets this one, so what a composite records inside carries the line of the composite's caller.
 * Around a callback the values recorded before are put aside (held) for their own caller's
 * wg_at. */
#include "graph/tape.h"

/* The place of the first input that has a line: inputs come before their reader, so one pass in
 * stored order carries a line through any chain. */
static wg__place place_of_inputs(const wg_tape *tape, uint32_t node)
{
    int32_t count;
    const uint32_t *in = wg__tape_inputs(tape, node, &count);
    for (int32_t i = 0; i < count; i++)
        if (tape->place[in[i]].file != NULL) return tape->place[in[i]];
    return (wg__place){ .file = NULL };
}

static void place_give(wg_tape *tape, uint32_t node, const char *file, int line)
{
    wg__place *place = &tape->place[node];
    if (place->file != NULL) return;
    const wg__place given = file != NULL ? (wg__place){ .file = file, .line = line }
                                         : place_of_inputs(tape, node);
    place->file = given.file;
    place->line = given.line;
}

wg_var wg_at(wg_var value, const char *file, int line)
{
    wg_tape *tape = value.tape;
    if (tape == NULL) return value;
    for (uint32_t i = tape->location_floor; i < tape->count; i++)
        place_give(tape, i, file, line);
    tape->location_floor = (uint32_t)tape->count;
    wg__places_mix(tape, (uintptr_t)file, (uint64_t)tape->count << 32 | (uint32_t)line);
    if (tape->location_depth == 0) tape->scope_now = 0;
    const bool is_known = file == NULL && value.generation == tape->generation &&
                          value.index < tape->count;
    const wg__place place = is_known ? tape->place[value.index]
                                     : (wg__place){ .file = file, .line = line };
    if (place.file != NULL) wg__tape_place_error(tape, &place);
    return value;
}

uint32_t wg_location_hold(wg_tape *tape)
{
    if (tape == NULL) return 0;
    const uint32_t held = tape->location_floor;
    wg__span_called_back(tape);
    tape->location_floor = (uint32_t)tape->count;
    tape->location_depth++;
    wg__places_mix(tape, 1, (uint64_t)tape->count);
    return held;
}

void wg_location_release(wg_tape *tape, uint32_t held)
{
    if (tape == NULL || tape->location_depth == 0) return;   /* reset in between */
    if (held < tape->location_floor) tape->location_floor = held;
    tape->location_depth--;
    wg__places_mix(tape, 2, (uint64_t)tape->count);
}

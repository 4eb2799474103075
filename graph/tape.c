/* A tape: its life, its wanted values, and what a run leaves on it.
 *
 * A reset begins a new recording in the memory of the old one: capacities and the arena's chunks
 * stay, so recording the same again allocates nothing. What was recorded stays as the ghost that
 * the new recording follows (follow.c). Values carry the generation they belong to. */
#include "graph/sweep.h"

static const int64_t count_max_default = 1 << 24;
static const int64_t count_max_limit = (int64_t)UINT32_MAX - 2;   /* WG__NONE and index + 1 */

/* ---- life ---- */

static bool options_are_valid(const wg_tape_options *options)
{
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved[0]; i++)
        if (options->reserved[i] != 0) return false;
    const wg_allocator *allocator = options->allocator;
    if (allocator != NULL && (allocator->allocate == NULL || allocator->release == NULL))
        return false;
    return options->count_max >= 0 && options->count_max <= count_max_limit;
}

static void held_drop(wg_tape *tape)
{
    for (int64_t i = 0; i < tape->held_count; i++) wg__params_drop(tape->held[i]);
    for (int64_t i = 0; i < tape->run_count; i++) wg__key_drop(tape->run[i].key);
    tape->held_count = tape->run_count = 0;
}

/* Empties all lists and what they point to; nothing is followed. */
static int lists_clear(wg_tape *tape)
{
    wg__ghost_leave(tape);
    held_drop(tape);
    wg__reach_set(tape, &(wg__reach){ .length = { 0 } });
    wg__table *const table[] = { &tape->shapes, &tape->attributes, &tape->lists, &tape->numbers };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) wg__table_clear(table[i]);
    wg__arena_reset(&tape->kept);
    tape->has_left = false;

    /* Attribute 0 is none. */
    if (wg__table_intern(&tape->attributes, &tape->allocator, &tape->kept, NULL, 0) == WG__NONE)
        return wg__tape_no_memory(tape);
    return wg__tape_paths_reset(tape);
}

static int recording_begin(wg_tape *tape)
{
    const bool follows = wg__ghost_is_possible(tape);
    wg__arena_reset(&tape->arena);
    wg__grad_space_clear(tape);
    if (++tape->generation == 0) tape->generation = 1;   /* 0 is that of the null value */
    tape->error = (wg_error){ .status = WG_OK };
    tape->error_has_place = false;
    tape->error_depth = 0;
    tape->inherited = NULL;
    tape->is_sweeping = false;
    tape->span_now = 0;
    tape->result_count = 0;
    tape->ended = WG_OK;
    tape->has_run = false;
    if (!follows) return lists_clear(tape);
    wg__ghost_begin(tape);
    return WG_OK;
}

wg_tape *wg_tape_create(const wg_tape_options *options)
{
    const wg_tape_options chosen = options != NULL ? *options : (wg_tape_options){ 0 };
    if (!options_are_valid(&chosen)) return NULL;
    const wg_allocator allocator = wg__allocator_or_default(chosen.allocator);
    wg_tape *tape = wg__allocate_zeroed(&allocator, sizeof *tape);
    if (tape == NULL) return NULL;
    tape->allocator = allocator;
    tape->count_max = chosen.count_max > 0 ? chosen.count_max : count_max_default;
    tape->check_finite = chosen.check_finite;
    wg__arena_init(&tape->arena, &allocator);
    wg__arena_init(&tape->kept, &allocator);
    wg__tape_builder_init(tape);
    if (recording_begin(tape) < 0) {
        wg_tape_free(tape);
        return NULL;
    }
    return tape;
}

void wg_tape_free(wg_tape *tape)
{
    if (tape == NULL) return;
    wg__ghost_leave(tape);
    held_drop(tape);
    wg__grad_space_free(tape);
    const wg_allocator allocator = tape->allocator;
    wg__table *const table[] = { &tape->shapes, &tape->attributes, &tape->lists, &tape->numbers };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        wg__table_free(table[i], &allocator);
    const struct { void *block; int64_t capacity; size_t item_bytes; } list[] = {
#define LIST(name, capacity) { tape->name, tape->capacity, sizeof *tape->name }
        LIST(record, record_capacity),   LIST(place, place_capacity),
        LIST(shape, shape_capacity),     LIST(list, list_capacity),
        LIST(constant, constant_capacity), LIST(input, input_capacity),
        LIST(version, version_capacity), LIST(effect, effect_capacity),
        LIST(keep, keep_capacity),       LIST(result, result_capacity),
        LIST(note, note_capacity),       LIST(scope, scope_capacity),
        LIST(scope_bucket, scope_bucket_count), LIST(number, number_capacity),
        LIST(alias, alias_capacity),     LIST(by_path, by_path_capacity),
        LIST(held, held_capacity),       LIST(types, types_capacity),
        LIST(gone, gone_capacity),       LIST(draw, draw_capacity),
        LIST(body, body_capacity),       LIST(external, external_capacity),
        LIST(replaced, replaced_capacity), LIST(change, change_capacity),
        LIST(swept, swept_capacity),     LIST(run, run_capacity),
        LIST(span, span_capacity),
#undef LIST
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        wg__release(&allocator, list[i].block, (size_t)list[i].capacity * list[i].item_bytes);
    wg__arena_free(&tape->arena);
    wg__arena_free(&tape->kept);
    wg__release(&allocator, tape, sizeof *tape);
}

int wg_tape_reset(wg_tape *tape)
{
    if (tape == NULL) return WG_EMEMORY;
    const int ended = tape->error.status < 0 ? tape->error.status : tape->ended;
    recording_begin(tape);
    return ended;
}

int64_t wg_tape_count(const wg_tape *tape)
{
    return tape == NULL ? 0 : tape->count;
}

/* ---- wanted values ---- */

int wg_keep(wg_var x)
{
    WG_TRY(wg__var_wanted("keep", x));
    wg_tape *tape = x.tape;
    WG_TRY(wg__tape_expect_no_body(tape, "keep"));
    for (int64_t i = 0; i < tape->keep_count; i++)
        if (tape->keep[i] == x.index) return WG_OK;
    if (wg__grow(&tape->allocator, (void **)&tape->keep, &tape->keep_capacity, tape->keep_count + 1,
                 sizeof *tape->keep) < 0)
        return wg__tape_no_memory(tape);
    tape->keep[tape->keep_count++] = x.index;
    return WG_OK;
}

static bool effect_is(const wg__effect *effect, wg__effect_kind kind, uint32_t slot, uint32_t value)
{
    return effect->kind == kind && effect->slot == slot && effect->first == value;
}

int wg__tape_effect(wg_tape *tape, wg__effect_kind kind, uint32_t slot, uint32_t value)
{
    const int64_t at = tape->effect_count;
    const bool is_equal = wg__ghost_has_next(tape, WG__EFFECTS, at) &&
                          effect_is(&tape->effect[at], kind, slot, value);
    if (!wg__ghost_takes(tape, WG__EFFECTS, is_equal)) {
        if (wg__grow(&tape->allocator, (void **)&tape->effect, &tape->effect_capacity, at + 1,
                     sizeof *tape->effect) < 0)
            return wg__tape_no_memory(tape);
        tape->effect_count++;
    }
    tape->effect[at] = (wg__effect){
        .kind = kind, .slot = slot, .value = value, .first = value, .place = tape->place[value] };
    return WG_OK;
}

int wg_require_finite(wg_var x)
{
    WG_TRY(wg__var_wanted("require_finite", x));
    WG_TRY(wg__tape_expect_no_body(x.tape, "require_finite"));
    return wg__tape_effect(x.tape, WG__REQUIRE_FINITE, WG__NONE, x.index);
}

/* ---- results of runs ---- */

wg__array *wg__tape_result_add(wg_tape *tape, uint32_t node)
{
    const wg__type type = wg__tape_type(tape, node);
    size_t bytes;
    if (!wg__bytes_of(wg__shape_count(&type.shape), type.dtype, &bytes)) return NULL;
    if (!wg__size_add(bytes, WG__ALIGNMENT, &bytes)) return NULL;
    if (wg__grow(&tape->allocator, (void **)&tape->result, &tape->result_capacity,
                 tape->result_count + 1, sizeof *tape->result) < 0)
        return NULL;
    unsigned char *block = wg__arena_take(&tape->arena, bytes);
    if (block == NULL) return NULL;
    block += (WG__ALIGNMENT - (uintptr_t)block % WG__ALIGNMENT) % WG__ALIGNMENT;
    wg__result *result = &tape->result[tape->result_count++];
    *result = (wg__result){ .node = node,
                            .array = wg__array_of(block, type.dtype, &type.shape) };
    return &result->array;
}

const wg__array *wg__tape_result(const wg_tape *tape, uint32_t node)
{
    for (int64_t i = tape->result_count - 1; i >= 0; i--)
        if (tape->result[i].node == node) return &tape->result[i].array;
    return NULL;
}

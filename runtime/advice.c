/* Advice: why recordings are planned again and again. A number that a program changes from step to
 * step by writing it anew is a constant of the recording, and each value a program of its own. Keys
 * tell: two of one length that differ in the bytes of one constant. */
#include "runtime/internal.h"

enum { MISSES_TOLD = 8 };      /* in a row: a schedule tried by hand stays below */

/* The record that reads a constant; WG__NONE: none does. */
static uint32_t record_of(const wg_tape *tape, int64_t constant)
{
    for (uint32_t node = 0; node < tape->count; node++) {
        int32_t count;
        if (tape->record[node].op != WG__OP_constant) continue;
        if (wg__tape_attribute(tape, node, &count)[0] == constant) return node;
    }
    return WG__NONE;
}

/* "the number 0.5 (train.c:41)", "a constant [3] f32 (train.c:41)" */
static void text_constant(wg__text *text, const wg_tape *tape, int64_t index)
{
    const wg__constant *constant = &tape->constant[index];
    const uint32_t node = record_of(tape, index);
    if (constant->type.shape.rank == 0) {
        const wg__array one = wg__array_of((void *)(uintptr_t)constant->data,
                                           constant->type.dtype, &constant->type.shape);
        char number[32];
        wg__number_text(wg__array_item(&one), number);
        wg__text_add(text, "the number %s", number);
    } else {
        wg__text_add(text, "a constant ");
        wg__text_shape(text, &constant->type.shape);
        wg__text_add(text, " %s", wg_dtype_name(constant->type.dtype));
    }
    if (node != WG__NONE) wg__text_place(text, &tape->place[node]);
}

static void advice_write(wg_runtime *runtime, const wg_tape *tape, int64_t constant)
{
    wg__text text = wg__text_of(runtime->advice, sizeof runtime->advice);
    text_constant(&text, tape, constant);
    wg__text_add(&text, " was another in each of the last %d recordings, and each was planned "
                 "anew: %s is an input, and no part of the program", runtime->missed_count,
                 tape->constant[constant].type.shape.rank == 0 ? "wg_scalar" : "wg_input");
}

void wg__advice_of_miss(wg_runtime *runtime, const wg_tape *tape, wg__key *key)
{
    const int64_t constant = runtime->missed == NULL
                                 ? WG__NOWHERE
                                 : wg__key_changed_constant(tape, key, runtime->missed);
    const bool goes_on = constant != WG__NOWHERE && constant == runtime->missed_constant;
    runtime->missed_count = goes_on ? runtime->missed_count + 1 : constant != WG__NOWHERE;
    runtime->missed_constant = constant;
    wg__key_hold(key);
    if (runtime->missed != NULL) wg__key_drop(runtime->missed);
    runtime->missed = key;
    if (runtime->missed_count >= MISSES_TOLD) advice_write(runtime, tape, constant);
    else runtime->advice[0] = '\0';
}

const char *wg_runtime_advice(const wg_runtime *runtime)
{
    return runtime == NULL ? "" : runtime->advice;
}

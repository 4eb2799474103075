/* The text of a tape: a line a value, then a line an effect.
 *
 *     %4 matmul f32 [64, 128] %0 %3  hidden (model.c:41)
 *     assign hidden/weight = %17 */
#include "graph/tape.h"
#include <string.h>

enum { LINE_BYTES = 1000 };   /* wg__write takes no more; a longer list of inputs is cut */

static void constant_text(const wg__constant *constant, wg__text *text)
{
    if (constant->type.shape.rank > 0) return;
    double value = 0;
    switch (constant->type.dtype) {
    case WG_F32: value = (double)*(const float *)constant->data; break;
    case WG_F64: value = *(const double *)constant->data; break;
    case WG_I32: value = *(const int32_t *)constant->data; break;
    case WG_I64:
        wg__text_add(text, " %lld", (long long)*(const int64_t *)constant->data);
        return;
    default: value = *(const uint8_t *)constant->data; break;
    }
    char number[32];
    wg__number_text(value, number);
    wg__text_add(text, " %s", number);
}

/* What an op has besides its inputs: a name, a value, or its words. */
static void attribute_text(const wg_tape *tape, uint32_t node, wg__text *text)
{
    int32_t count;
    const int64_t *attribute = wg__tape_attribute(tape, node, &count);
    switch (tape->record[node].op) {
    case WG__OP_input:
        if (tape->input[attribute[0]].name != NULL)
            wg__text_add(text, " %s", tape->input[attribute[0]].name);
        return;
    case WG__OP_parameter: wg__text_add(text, " %s", tape->version[attribute[0]].path); return;
    case WG__OP_extern:
        wg__text_add(text, " %s", tape->external[attribute[WG__EXTERN_SLOT]].name);
        return;
    case WG__OP_constant: constant_text(&tape->constant[attribute[0]], text); return;
    default: break;
    }
    for (int32_t i = 0; i < count; i++)
        wg__text_add(text, "%s%lld%s", i == 0 ? " {" : ", ", (long long)attribute[i],
                     i == count - 1 ? "}" : "");
}

static void place_text(const wg_tape *tape, const wg__place *place, wg__text *text)
{
    if (place->scope > 0) wg__text_add(text, "  %s", tape->scope[place->scope].path);
    else if (place->file != NULL) wg__text_add(text, " ");
    wg__text_place(text, place);
}

static int value_print(const wg_tape *tape, uint32_t node, wg_writer *write, void *user)
{
    char line[LINE_BYTES];
    wg__text text = wg__text_of(line, sizeof line);
    const wg__record *record = &tape->record[node];
    wg__text_add(&text, "%%%u %s %s ", (unsigned)node, wg__op_table[record->op].name,
                 wg_dtype_name((wg_dtype)record->dtype));
    wg__text_shape(&text, wg__tape_shape(tape, node));
    int32_t count;
    const uint32_t *in = wg__tape_inputs(tape, node, &count);
    for (int32_t i = 0; i < count; i++) wg__text_add(&text, " %%%u", (unsigned)in[i]);
    attribute_text(tape, node, &text);
    place_text(tape, &tape->place[node], &text);
    return wg__write(write, user, "%s\n", line);
}

static int effect_print(const wg_tape *tape, const wg__effect *effect, wg_writer *write,
                        void *user)
{
    if (effect->kind == WG__REQUIRE_FINITE)
        return wg__write(write, user, "require_finite %%%u\n", (unsigned)effect->value);
    char line[LINE_BYTES];
    wg__text text = wg__text_of(line, sizeof line);
    wg__text_add(&text, "%s %s = %%%u", effect->kind == WG__CREATE ? "create" : "assign",
                 tape->version[effect->slot].path, (unsigned)effect->value);
    return wg__write(write, user, "%s\n", line);
}

int wg_tape_print(const wg_tape *tape, wg_writer *write, void *user)
{
    if (tape == NULL || write == NULL) return WG_EINVALID;
    for (uint32_t node = 0; node < tape->count; node++)
        WG_TRY(value_print(tape, node, write, user));
    for (int64_t i = 0; i < tape->effect_count; i++)
        WG_TRY(effect_print(tape, &tape->effect[i], write, user));
    if (tape->error.status < 0)
        WG_TRY(wg__write(write, user, "%s\n", tape->error.message));
    return WG_OK;
}

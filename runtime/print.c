/* A program as text: what runs in which stage, cut into how many items, on which memory, at which
 * cost. */
#include "runtime/internal.h"

typedef struct printer {
    const wg__frame *frame;
    wg_writer *write;
    void *user;
} printer;

static const char *kind_name(wg__region_kind kind)
{
    switch (kind) {
    case WG__REGION_SERIAL: return "serial";
    case WG__REGION_WHOLE: return "whole";
    case WG__REGION_SHARDS: return "shards";
    case WG__REGION_ROWS: return "rows";
    case WG__REGION_TILES: return "tiles";
    }
    return "";
}

/* "%12 [64, 26] f32" */
static void text_value(wg__text *text, const wg__plan *plan, uint32_t index)
{
    const wg__value *value = &plan->value[index];
    wg__text_add(text, "%%%u ", (unsigned)index);
    wg__text_shape(text, &value->type.shape);
    wg__text_add(text, " %s", wg_dtype_name(value->type.dtype));
}

static void text_home(wg__text *text, const wg__frame *frame, uint32_t index)
{
    const wg__value *value = &frame->plan->value[index];
    const long long offset = (long long)frame->offset[index];
    if (value->is_tile) {
        wg__text_add(text, "tile");
        return;
    }
    switch (value->slot) {
    case WG__SLOT_SCRATCH: wg__text_add(text, "scratch+%lld", offset); return;
    case WG__SLOT_WORKSPACE: wg__text_add(text, "workspace+%lld", offset); return;
    default:
        wg__text_add(text, "result %lld",
                     (long long)(value->slot - wg__slot_result(frame->plan, 0)));
    }
}

/* Leaves are called by what they are, computed values and views of them by their number. */
static void text_operand(wg__text *text, const wg__plan *plan, uint32_t index)
{
    const wg__value *value = &plan->value[index];
    const wg__value *base = &plan->value[value->base];
    const char *view = value->base == index ? "" : " view";
    if (base->is_computed) wg__text_add(text, "%%%u%s", (unsigned)value->base, view);
    else if (base->constant != NULL) wg__text_add(text, "constant%s", view);
    else
        wg__text_add(text, "%s %lld%s", wg__op_table[base->op].name,
                     (long long)base->attribute[0], view);
}

static int print_value(const printer *p, uint32_t index, const char *indent)
{
    const wg__plan *plan = p->frame->plan;
    const wg__value *value = &plan->value[index];
    const wg__cost cost = wg__cost_of(plan, index);
    char space[1000];
    wg__text text = wg__text_of(space, sizeof space);
    text_value(&text, plan, index);
    wg__text_add(&text, " = %s(", wg__op_table[value->op].name);
    for (int32_t i = 0; i < value->in_count; i++) {
        if (i > 0) wg__text_add(&text, ", ");
        text_operand(&text, plan, value->in[i]);
    }
    wg__text_add(&text, ")  ");
    text_home(&text, p->frame, index);
    if (value->finite_effect != WG__NOWHERE) wg__text_add(&text, " finite");
    return wg__write(p->write, p->user, "%s%s  %.0f flops, %.0f bytes\n", indent, space,
                     cost.flops, cost.bytes);
}

void wg__chain_text(const wg__frame *frame, int64_t index, wg__text *text)
{
    const wg__plan *plan = frame->plan;
    const wg__chain *chain = &plan->chain[index];
    text_value(text, plan, plan->order[chain->first + chain->count - 1]);
    wg__text_add(text, " =");
    for (int64_t i = chain->first; i < chain->first + chain->count; i++)
        wg__text_add(text, " %s", wg__op_table[plan->value[plan->order[i]].op].name);
}

/* A value, or a tile program with its micro-ops. */
static int print_chain(const printer *p, int64_t index)
{
    const wg__plan *plan = p->frame->plan;
    const wg__chain *chain = &plan->chain[index];
    const wg__tiles *tiles = p->frame->instruction[index].tiles;
    if (chain->count == 1) return print_value(p, plan->order[chain->first], "    ");
    const int64_t elements = wg__shape_count(&plan->value[plan->order[chain->first]].type.shape);
    const int64_t tile = tiles->tile_rows * tiles->tile_length;
    WG_TRY(wg__write(p->write, p->user,
                     "    %lld ops in %lld calls on tiles of %lld: "
                     "%lld loads, %lld stores, %lld registers\n",
                     (long long)chain->count, (long long)tiles->micro_count,
                     (long long)(tile < elements ? tile : elements),
                     (long long)tiles->load_count, (long long)tiles->store_count,
                     (long long)(tiles->cell_count - tiles->load_count - tiles->store_count)));
    for (int64_t i = chain->first; i < chain->first + chain->count; i++)
        WG_TRY(print_value(p, plan->order[i], "      "));
    return WG_OK;
}

static int print_region(const printer *p, int64_t index)
{
    const wg__plan *plan = p->frame->plan;
    const wg__region *region = &plan->region[index];
    int64_t items = 0;
    for (int64_t i = 0; i < p->frame->item_count; i++) items += p->frame->item[i].region == index;
    WG_TRY(wg__write(p->write, p->user, "  %s: %lld units in %lld items of %lld, about %.1f us\n",
                     kind_name(region->kind), (long long)region->units, (long long)items,
                     (long long)p->frame->units[index], region->time_ns / 1000));
    for (int64_t i = region->chain_first; i < region->chain_first + region->chain_count; i++)
        WG_TRY(print_chain(p, i));
    return WG_OK;
}

static int print_commit(const printer *p)
{
    const wg__plan *plan = p->frame->plan;
    if (plan->store_count == 0) return WG_OK;
    WG_TRY(wg__write(p->write, p->user, "commit\n"));
    for (int64_t i = 0; i < plan->store_count; i++)
        WG_TRY(wg__write(p->write, p->user, "    parameter %u = %%%u\n",
                         (unsigned)plan->store[i].version, (unsigned)plan->store[i].value));
    return WG_OK;
}

static int print_totals(const printer *p)
{
    wg__cost sum = { 0 };
    for (int64_t i = 0; i < p->frame->plan->chain_count; i++) {
        const wg__cost cost = wg__chain_cost(p->frame->plan, i);
        sum.flops += cost.flops;
        sum.bytes += cost.bytes;
    }
    return wg__write(p->write, p->user, "about %.0f flops, %.0f bytes loaded and stored, %.1f us\n",
                     sum.flops, sum.bytes, p->frame->time_ns / 1000);
}

int wg_program_print(const wg_program *program, wg_writer *write, void *user)
{
    if (program == NULL || write == NULL) return WG_EINVALID;
    const wg__frame *frame = program->frame;
    const wg__plan *plan = frame->plan;
    const printer p = { frame, write, user };
    WG_TRY(wg__write(write, user,
                     "%lld instructions in %d stages; workspace %zu bytes, scratch %zu a thread, "
                     "%d threads\n",
                     (long long)plan->chain_count, (int)plan->stage_count, frame->workspace_bytes,
                     frame->scratch_bytes, program->runtime->threads));
    WG_TRY(print_totals(&p));
    int32_t stage = WG__NOWHERE;
    for (int64_t i = 0; i < plan->region_count; i++) {
        if (plan->region[i].stage != stage) {
            stage = plan->region[i].stage;
            WG_TRY(wg__write(write, user, "stage %d\n", (int)stage));
        }
        WG_TRY(print_region(&p, i));
    }
    return print_commit(&p);
}

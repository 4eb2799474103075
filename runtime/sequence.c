/* The order of the values of a chain: such that the value at hand is read next where that can be,
 * because then it is still in registers (ops/run.c), and that a test comes just before the select
 * that wants it. What is not led by that keeps the recorded order; a value comes after all that it
 * reads, as before. */
#include "runtime/internal.h"

typedef struct sequence {
    const wg__plan *plan;
    const uint32_t *member;      /* in the recorded order */
    int64_t count;
    bool *is_placed;             /* by value */
    int32_t chain;
} sequence;

/* True if the chain computes the base of this input, and has not yet. */
static bool is_missing(const sequence *s, const wg__value *value, int32_t i)
{
    const uint32_t base = s->plan->value[value->in[i]].base;
    return s->plan->value[base].chain == s->chain && !s->is_placed[base];
}

static bool is_ready(const sequence *s, const wg__value *value)
{
    for (int32_t i = 0; i < value->in_count; i++)
        if (is_missing(s, value, i)) return false;
    return true;
}

static bool is_read(const sequence *s, const wg__value *value, uint32_t last)
{
    for (int32_t i = 0; i < value->in_count; i++)
        if (s->plan->value[value->in[i]].base == last) return true;
    return false;
}

static bool is_test(const wg__value *value)
{
    return value->type.dtype == WG_BOOL;
}

/* The value itself if it can be computed, or the test that is all it waits for; else WG__NONE. */
static uint32_t next_towards(const sequence *s, uint32_t index)
{
    const wg__value *value = &s->plan->value[index];
    uint32_t next = index;
    for (int32_t i = 0; i < value->in_count; i++) {
        if (!is_missing(s, value, i)) continue;
        const uint32_t base = s->plan->value[value->in[i]].base;
        if (!is_test(&s->plan->value[base]) || !is_ready(s, &s->plan->value[base]))
            return WG__NONE;
        next = base;
    }
    return next;
}

/* Tests come last, because they wait for a select. */
static uint32_t next_of(const sequence *s, uint32_t last)
{
    uint32_t ready = WG__NONE, test = WG__NONE;
    for (int64_t i = 0; i < s->count; i++) {
        const uint32_t index = s->member[i];
        const wg__value *value = &s->plan->value[index];
        if (s->is_placed[index]) continue;
        if (!is_test(value) && last != WG__NONE && is_read(s, value, last)) {
            const uint32_t next = next_towards(s, index);
            if (next != WG__NONE) return next;
        }
        if ((is_test(value) ? test : ready) != WG__NONE || !is_ready(s, value)) continue;
        *(is_test(value) ? &test : &ready) = index;
    }
    return ready != WG__NONE ? ready : test;
}

static void chain_order(sequence *s, uint32_t *order)
{
    uint32_t last = WG__NONE;
    for (int64_t i = 0; i < s->count; i++) {
        const uint32_t next = next_of(s, last);
        WG_ASSERT(next != WG__NONE);
        s->is_placed[next] = true;
        order[i] = next;
        if (!is_test(&s->plan->value[next])) last = next;
    }
}

int wg__plan_sequence(wg__planner *planner)
{
    wg__plan *plan = planner->plan;
    const size_t count = (size_t)plan->value_count;
    bool *is_placed = wg__arena_take(&planner->arena, count * sizeof *is_placed);
    uint32_t *member = wg__arena_take(&planner->arena, count * sizeof *member);
    if (is_placed == NULL || member == NULL) return WG_EMEMORY;
    for (size_t i = 0; i < count; i++) is_placed[i] = false;
    for (int64_t i = 0; i < plan->chain_count; i++) {
        const wg__chain *chain = &plan->chain[i];
        if (chain->count < 3) continue;         /* as they are */
        uint32_t *order = &plan->order[chain->first];
        for (int64_t k = 0; k < chain->count; k++) member[k] = order[k];
        sequence s = { plan, member, chain->count, is_placed, (int32_t)i };
        chain_order(&s, order);
    }
    return WG_OK;
}

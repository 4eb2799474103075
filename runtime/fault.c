/* Which index of a run was out of range. Each worker keeps the first that it met, in the order in
 * which one thread would meet them: by the place of the value, in a loop by step and place, then by
 * the place in the array of indices. The least of all workers is told, so that a message does not
 * depend on who did what.                                                                        */
#include "runtime/internal.h"

void wg__fault_meet(wg__worker *worker, const wg__item *item, const wg__operand *index,
                    const wg__call *call)
{
    worker->met = (wg__fault){ .index = wg__index_fault_of(call), .step = WG__NOWHERE };
    if (index->axis != WG__NOWHERE)
        worker->met.index.at[index->axis] += item->first * index->unit_extent;
}

void wg__fault_rise(wg__fault *fault, int64_t place)
{
    if (fault->depth < WG__FAULT_DEPTH) fault->place[fault->depth] = place;
    fault->depth++;
}

static bool is_before(const wg__fault *x, const wg__fault *y)
{
    if (y->depth == 0) return true;
    int32_t a = x->depth, b = y->depth;
    while (a > 0 && b > 0)
        if (x->place[--a] != y->place[--b]) return x->place[a] < y->place[b];
    for (int32_t i = 0; i < x->index.rank; i++)
        if (x->index.at[i] != y->index.at[i]) return x->index.at[i] < y->index.at[i];
    return false;
}

void wg__fault_keep(wg__worker *worker)
{
    if (worker->met.depth > WG__FAULT_DEPTH) return;
    if (is_before(&worker->met, &worker->first)) worker->first = worker->met;
}

void wg__faults_forget(wg_runtime *runtime)
{
    for (int i = 0; i < runtime->threads; i++) runtime->worker[i].first.depth = 0;
}

wg__fault wg__fault_first(const wg_runtime *runtime)
{
    wg__fault first = { .depth = 0 };
    for (int i = 0; i < runtime->threads; i++) {
        const wg__fault *other = &runtime->worker[i].first;
        if (other->depth > 0 && is_before(other, &first)) first = *other;
    }
    return first;
}

void wg__fault_text(const wg__fault *fault, wg__text *text)
{
    const wg__index_fault *index = &fault->index;
    if (fault->depth == 0) {
        wg__text_add(text, "an index in the data is out of range");
        return;
    }
    wg__text_add(text, "index %lld", (long long)index->index);
    for (int32_t i = 0; i < index->rank; i++)
        wg__text_add(text, "%s%lld", i == 0 ? " at [" : ", ", (long long)index->at[i]);
    wg__text_add(text, "%s", index->rank > 0 ? "]" : "");
    if (fault->step != WG__NOWHERE) wg__text_add(text, " of step %lld", (long long)fault->step);
    wg__text_add(text, " is not within 0 <= index < %lld", (long long)index->extent);
}

/* A sorted list: what is not there is put where it belongs. */
#include "runtime/data/labels.h"

#include <stdatomic.h>
#include <string.h>

struct wg__labels {
    wg_allocator allocator;
    atomic_int references;
    char **name;
    int64_t count, capacity;
};

wg__labels *wg__labels_create(const wg_allocator *allocator)
{
    wg__labels *labels = wg__allocate_zeroed(allocator, sizeof *labels);
    if (labels == NULL) return NULL;
    labels->allocator = *allocator;
    atomic_init(&labels->references, 1);
    return labels;
}

wg__labels *wg__labels_hold(wg__labels *labels)
{
    if (labels != NULL) atomic_fetch_add(&labels->references, 1);
    return labels;
}

void wg__labels_drop(wg__labels *labels)
{
    if (labels == NULL || atomic_fetch_sub(&labels->references, 1) > 1) return;
    const wg_allocator allocator = labels->allocator;
    for (int64_t i = 0; i < labels->count; i++)
        wg__release(&allocator, labels->name[i], strlen(labels->name[i]) + 1);
    wg__release(&allocator, labels->name, (size_t)labels->capacity * sizeof *labels->name);
    wg__release(&allocator, labels, sizeof *labels);
}

/* The first place whose name does not stand before this one. */
static int64_t place_of(const wg__labels *labels, const char *name)
{
    int64_t lower = 0, upper = labels->count;
    while (lower < upper) {
        const int64_t middle = lower + (upper - lower) / 2;
        if (strcmp(labels->name[middle], name) < 0) lower = middle + 1;
        else upper = middle;
    }
    return lower;
}

static bool is_at(const wg__labels *labels, int64_t place, const char *name)
{
    return place < labels->count && strcmp(labels->name[place], name) == 0;
}

int wg__labels_add(wg__labels *labels, const char *name)
{
    const int64_t place = place_of(labels, name);
    if (is_at(labels, place, name)) return WG_OK;
    if (labels->count == WG__LABELS_MAX) return WG_ELIMIT;
    WG_TRY(wg__grow(&labels->allocator, (void **)&labels->name, &labels->capacity,
                    labels->count + 1, sizeof *labels->name));
    char *copy = wg__string_copy(&labels->allocator, name);
    if (copy == NULL) return WG_EMEMORY;
    const size_t behind = (size_t)(labels->count - place);
    memmove(labels->name + place + 1, labels->name + place, behind * sizeof *labels->name);
    labels->name[place] = copy;
    labels->count++;
    return WG_OK;
}

int64_t wg__labels_find(const wg__labels *labels, const char *name)
{
    const int64_t place = place_of(labels, name);
    return is_at(labels, place, name) ? place : -1;
}

const char *wg__labels_name(const wg__labels *labels, int64_t index)
{
    return labels != NULL && index >= 0 && index < labels->count ? labels->name[index] : NULL;
}

/* The readers of the library check the files; here is checked what they mean: extents, types,
 * numbers that can be momenta, and a truth that is one of the orderings.                        */
#include "events.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const ordering orderings[ORDERINGS] = {
    { 0, 1, 2, 3 }, { 0, 2, 1, 3 }, { 0, 3, 1, 2 }, { 1, 0, 2, 3 }, { 1, 2, 0, 3 }, { 1, 3, 0, 2 },
    { 2, 0, 1, 3 }, { 2, 1, 0, 3 }, { 2, 3, 0, 1 }, { 3, 0, 1, 2 }, { 3, 1, 0, 2 }, { 3, 2, 0, 1 },
};

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static int fail(wg_error *error, int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error->status = status;
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return status;
}

/* ---- reading ---- */

/* "f32 [35200, 4, 5]" */
static void type_write(wg_dtype dtype, wg_shape shape, char *out, size_t capacity)
{
    int length = snprintf(out, capacity, "%s [", wg_dtype_name(dtype));
    for (int i = 0; i < shape.rank && length > 0 && (size_t)length < capacity; i++)
        length += snprintf(out + length, capacity - (size_t)length, "%s%lld", i > 0 ? ", " : "",
                           (long long)shape.dim[i]);
    if (length > 0 && (size_t)length < capacity)
        snprintf(out + length, capacity - (size_t)length, "]");
}

/* One file as a column of that dtype and shape behind the events. */
static int column_read(wg_dataset *data, const char *folder, const char *name, wg_dtype dtype,
                       wg_shape shape, wg_view *out, wg_error *error)
{
    char path[1024];
    const int length = snprintf(path, sizeof path, "%s/%s.npy", folder, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return fail(error, WG_ELIMIT, "the path of the data is too long");
    int status = wg_dataset_read_npy(data, name, path, error);
    if (status >= 0) status = wg_dataset_find(data, name, out);
    if (status < 0) return status;
    shape.dim[0] = wg_dataset_count(data);
    if (out->dtype == dtype && wg_shape_equal(out->shape, shape)) return WG_OK;
    char found[160];
    char needed[160];
    type_write(out->dtype, out->shape, found, sizeof found);
    type_write(dtype, shape, needed, sizeof needed);
    return fail(error, WG_EFORMAT, "%s: %s where %s is needed", path, found, needed);
}

static int truth_find(const uint8_t part[4], int *out)
{
    for (int i = 0; i < ORDERINGS; i++) {
        const ordering o = orderings[i];
        if (part[0] != o.b_hadronic || part[1] != o.b_leptonic) continue;
        if (part[2] != o.first || part[3] != o.second) continue;
        *out = i;
        return WG_OK;
    }
    return WG_EFORMAT;
}

typedef struct columns { wg_view jets, lepton, met, truth; } columns;

static bool vector_is_sound(vector a)
{
    const double sum = a.x + a.y + a.z + a.e;
    return sum - sum == 0.0 && vector_across(a) > 0.0 && a.e > 0.0;
}

static int event_make(const columns *from, int64_t i, event *out, wg_error *error)
{
    const float *jets = (const float *)from->jets.data + i * JETS * 5;
    const float *lepton = (const float *)from->lepton.data + i * 3;
    const float *met = (const float *)from->met.data + i * 2;
    bool is_sound = true;
    for (int j = 0; j < JETS; j++) {
        const float *jet = jets + j * 5;
        out->jet[j] = (vector){ (double)jet[0], (double)jet[1], (double)jet[2], (double)jet[3] };
        out->is_tagged[j] = jet[4] != 0.0f;
        is_sound = is_sound && vector_is_sound(out->jet[j]) && (jet[4] == 0.0f || jet[4] == 1.0f);
    }
    out->lepton = (vector){ (double)lepton[0], (double)lepton[1], (double)lepton[2], 0.0 };
    const vector l = out->lepton;
    out->lepton.e = sqrt(l.x * l.x + l.y * l.y + l.z * l.z);
    out->missing_x = (double)met[0];
    out->missing_y = (double)met[1];
    const double missing = out->missing_x + out->missing_y;
    if (!is_sound || !vector_is_sound(out->lepton) || missing - missing != 0.0)
        return fail(error, WG_EFORMAT, "event %lld: momenta that cannot be", (long long)i);
    if (truth_find((const uint8_t *)from->truth.data + i * 4, &out->truth) < 0)
        return fail(error, WG_EFORMAT, "event %lld: its truth is no ordering of four jets",
                    (long long)i);
    return WG_OK;
}

static int events_make(const columns *from, int64_t count, events *out, wg_error *error)
{
    event *item = malloc((size_t)count * sizeof *item + 1);
    if (item == NULL) return fail(error, WG_EMEMORY, "no memory for %lld events", (long long)count);
    int status = count > 0 ? WG_OK : fail(error, WG_EFORMAT, "there are no events");
    for (int64_t i = 0; i < count && status >= 0; i++)
        status = event_make(from, i, &item[i], error);
    if (status >= 0) *out = (events){ item, count };
    else free(item);
    return status;
}

int events_read(const char *folder, events *out, wg_error *error)
{
    columns from;
    wg_dataset *data = wg_dataset_create(NULL);
    if (data == NULL) return fail(error, WG_EMEMORY, "no memory for the data");
    int status = column_read(data, folder, "jets", WG_F32, WG_SHAPE(0, JETS, 5), &from.jets, error);
    if (status >= 0)
        status = column_read(data, folder, "lepton", WG_F32, WG_SHAPE(0, 3), &from.lepton, error);
    if (status >= 0)
        status = column_read(data, folder, "met", WG_F32, WG_SHAPE(0, 2), &from.met, error);
    if (status >= 0)
        status = column_read(data, folder, "truth", WG_U8, WG_SHAPE(0, 4), &from.truth, error);
    if (status >= 0) status = events_make(&from, wg_dataset_count(data), out, error);
    wg_dataset_free(data);
    return status;
}

void events_free(events *all)
{
    free(all->item);
    *all = (events){ 0 };
}

double events_efficiency(const events *of, const double *cost)
{
    int64_t right = 0;
    for (int64_t i = 0; i < of->count; i++, cost += ORDERINGS) {
        int best = 0;
        for (int k = 1; k < ORDERINGS; k++)
            if (cost[k] < cost[best]) best = k;
        right += best == of->item[i].truth;
    }
    return (double)right / (double)of->count;
}

/* ---- splitting ---- */

/* The events whose numbers the part of the split holds. */
static int part_make(const events *all, const wg_dataset *part, events *out, wg_error *error)
{
    wg_view number;
    int status = wg_dataset_find(part, "number", &number);
    if (status < 0) return status;
    const int64_t count = wg_dataset_count(part);
    out->item = malloc((size_t)count * sizeof *out->item);
    if (out->item == NULL)
        return fail(error, WG_EMEMORY, "no memory for %lld events", (long long)count);
    out->count = count;
    for (int64_t i = 0; i < count; i++) out->item[i] = all->item[((const int64_t *)number.data)[i]];
    return WG_OK;
}

int events_split(const events *all, uint64_t seed, events part[PARTS], wg_error *error)
{
    const double share[PARTS] = { 0.6, 0.2, 0.2 };
    wg_dataset *of_part[PARTS] = { NULL, NULL, NULL };
    wg_dataset *data = wg_dataset_create(NULL);
    int64_t *number = malloc((size_t)all->count * sizeof *number);
    int status = WG_EMEMORY;
    if (data != NULL && number != NULL) {
        for (int64_t i = 0; i < all->count; i++) number[i] = i;
        status = wg_dataset_add(data, "number", wg_i64(number, WG_SHAPE(all->count)));
    }
    if (status >= 0)
        status = wg_dataset_split(data, PARTS, share, WG_OPTIONS(wg_split_options, .seed = seed),
                                  of_part, error);
    else fail(error, status, "no memory for the split");
    for (int i = 0; i < PARTS && status >= 0; i++)
        status = part_make(all, of_part[i], &part[i], error);
    for (int i = 0; i < PARTS; i++) wg_dataset_free(of_part[i]);
    wg_dataset_free(data);
    free(number);
    return status;
}

/* Lloyd's algorithm as one recorded program that is run once a step: rows to nearest centres, and
 * centres to the means of their rows. Rows are samples, so the pool shares them.
 *
 * The nearest centre is found by c c / 2 - x c, one matrix product; the inertia, by which one
 * judges, is summed from the differences themselves.                                             */
#include "core/internal.h"

#include <string.h>
#include <wengert/nn.h>
#include <wengert/unsupervised.h>

enum { STEPS_DEFAULT = 300 };

typedef struct clustering {
    wg_runtime *runtime;
    wg_view x;
    int64_t rows, width, clusters;
    size_t bytes;             /* of the centres */
    void *centres;            /* [clusters, width], of the dtype of x */
    int32_t *assignment;
    double *distance;         /* of each row to the nearest of the first centres */
    wg_program *step;
    wg_error *error;
} clustering;

static int64_t scratch_bytes(const clustering *c)
{
    return c->rows * (int64_t)(sizeof *c->distance + sizeof *c->assignment);
}

/* ---- the first centres ---- */

static void row_copy(const clustering *c, int64_t row, int64_t centre)
{
    const wg_view one = wg_view_rows(c->x, row, row + 1);
    const size_t bytes = (size_t)c->width * wg_dtype_bytes(c->x.dtype);
    wg__view_pack(&one, (char *)c->centres + (size_t)centre * bytes);
}

/* Squared distances of all rows to one centre, lowered where that is nearer. */
static int distances_lower(clustering *c, int64_t centre)
{
    wg_tape *tape = wg_tape_create(NULL);
    if (tape == NULL) return WG_EMEMORY;
    const size_t bytes = (size_t)c->width * wg_dtype_bytes(c->x.dtype);
    const wg_view point = wg_view_of((char *)c->centres + (size_t)centre * bytes, c->x.dtype,
                                     WG_SHAPE(c->width));
    const wg_var x = wg_batch(tape, NULL, c->x);
    const wg_var difference = wg_cast(wg_sub(x, wg_input(tape, NULL, point)), WG_F64);
    const wg_var before = wg_batch(tape, NULL, wg_f64(c->distance, WG_SHAPE(c->rows)));
    wg_var distance = wg_sum(wg_square(difference), WG_AXES(1));
    if (centre > 0) distance = wg_minimum(distance, before);
    int status = wg_require_finite(distance);
    wg_view found;
    if (status >= 0) status = wg_peek(c->runtime, distance, &found);
    if (status < 0) wg__fail(c->error, status, "kmeans: %s", wg_explain(status, tape, NULL));
    else memcpy(c->distance, found.data, (size_t)c->rows * sizeof *c->distance);
    wg_tape_free(tape);
    return status;
}

/* A row, drawn with a chance in proportion to its distance; any if all distances are 0. */
static int64_t row_drawn(const clustering *c, uint64_t seed, uint64_t *counter)
{
    double total = 0;
    for (int64_t i = 0; i < c->rows; i++) total += c->distance[i];
    if (!(total > 0)) return (int64_t)wg__random_below(seed, counter, (uint64_t)c->rows);
    const uint64_t steps = UINT64_C(1) << 53;
    double left = (double)wg__random_below(seed, counter, steps) / (double)steps * total;
    int64_t last = 0;
    for (int64_t i = 0; i < c->rows; i++) {
        if (c->distance[i] <= 0) continue;
        last = i;
        if (left < c->distance[i]) break;
        left -= c->distance[i];
    }
    return last;
}

static int centres_draw(clustering *c, uint64_t seed)
{
    uint64_t counter = 0;
    int64_t row = (int64_t)wg__random_below(seed, &counter, (uint64_t)c->rows);
    for (int64_t i = 0; i < c->clusters; i++) {
        row_copy(c, row, i);
        WG_TRY(distances_lower(c, i));
        row = row_drawn(c, seed, &counter);
    }
    return WG_OK;
}

/* ---- steps ---- */

/* Outputs: assignment i32 [n], inertia f64, the next centres. */
static int step_record(clustering *c, wg_tape *tape)
{
    const wg_shape shape = WG_SHAPE(c->clusters, c->width);
    const wg_var x = wg_batch(tape, "x", c->x);
    const wg_var centres = wg_input(tape, "centres", wg_view_of(c->centres, c->x.dtype, shape));
    const wg_var half = wg_scale(wg_sum(wg_square(centres), WG_AXES(1)), 0.5);
    const wg_var nearest = wg_argmin(wg_sub(half, wg_matmul(x, wg_transpose(centres))), 1);

    const wg_var difference = wg_sub(x, wg_gather(centres, nearest, 0));
    const wg_var inertia = wg_sum(wg_square(wg_cast(difference, WG_F64)), WG_ALL);
    const wg_var sums = wg_scatter_add(wg_full(tape, c->x.dtype, shape, 0), nearest, x, 0);
    const wg_var ones = wg_full(tape, c->x.dtype, WG_SHAPE(c->rows), 1);
    const wg_var counts = wg_expand(
        wg_scatter_add(wg_full(tape, c->x.dtype, WG_SHAPE(c->clusters), 0), nearest, ones, 0), 1);
    const wg_var is_empty = wg_eq(counts, wg_number(counts, 0));
    const wg_var mean = wg_div(sums, wg_select(is_empty, wg_number(counts, 1), counts));
    const wg_var outputs[] = { nearest, inertia, wg_select(is_empty, centres, mean) };
    c->step = wg_compile(c->runtime, tape, 3, outputs);
    return c->step != NULL ? WG_OK : wg_tape_status(tape);
}

static int step_make(clustering *c)
{
    wg_tape *tape = wg_tape_create(NULL);
    if (tape == NULL) return WG_EMEMORY;
    int status = step_record(c, tape);
    if (status < 0) wg__fail(c->error, status, "kmeans: %s", wg_explain(status, tape, NULL));
    wg_tape_free(tape);
    return status;
}

/* 1 if a row changed its centre, 0 if none did. */
static int step_run(clustering *c, double *inertia)
{
    const wg_shape shape = WG_SHAPE(c->clusters, c->width);
    wg_view nearest, centres;
    int status = wg_program_bind(c->step, "x", c->x);
    if (status >= 0)
        status = wg_program_bind(c->step, "centres", wg_view_of(c->centres, c->x.dtype, shape));
    if (status >= 0) status = wg_program_run(c->step);
    if (status >= 0) status = wg_program_peek(c->step, 0, &nearest);
    if (status >= 0) status = wg_program_item(c->step, 1, inertia);
    if (status >= 0) status = wg_program_peek(c->step, 2, &centres);
    if (status < 0) return wg__fail(c->error, status, "kmeans: %s", wg_program_message(c->step));
    const size_t bytes = (size_t)c->rows * sizeof *c->assignment;
    const bool has_changed = memcmp(c->assignment, nearest.data, bytes) != 0;
    memcpy(c->assignment, nearest.data, bytes);
    memcpy(c->centres, centres.data, c->bytes);
    return has_changed;
}

static int cluster(clustering *c, const wg_kmeans_options *options, double *inertia)
{
    const int64_t limit = options->steps_max > 0 ? options->steps_max : STEPS_DEFAULT;
    WG_TRY(centres_draw(c, options->seed));
    WG_TRY(step_make(c));
    memset(c->assignment, 0xff, (size_t)c->rows * sizeof *c->assignment);
    int64_t steps = 0;
    for (int status = 1; status == 1 && steps < limit; steps++) {
        status = step_run(c, inertia);
        WG_TRY(status);
    }
    return (int)steps;
}

/* ---- the call ---- */

static int check(const wg_view *x, int64_t clusters, const wg_kmeans_options *options,
                 const wg_tensor *centres, const wg_tensor *assignment, wg_error *error)
{
    const int status = wg__view_check(x);
    if (status < 0) return wg__fail(error, status, "kmeans: x is no view");
    if (!wg__dtype_is_float(x->dtype))
        return wg__fail(error, WG_EDTYPE, "kmeans: x is not f32 or f64");
    if (x->shape.rank != 2 || x->shape.dim[1] < 1)
        return wg__fail(error, WG_ESHAPE, "kmeans: x is not [n, d]");
    if (clusters < 1 || clusters > x->shape.dim[0] || clusters > INT32_MAX)
        return wg__fail(error, WG_EINVALID, "kmeans: %lld clusters of %lld rows",
                        (long long)clusters, (long long)x->shape.dim[0]);
    for (int i = 0; i < 4; i++)
        if (options->reserved[i] != 0)
            return wg__fail(error, WG_EINVALID, "kmeans: options were not zeroed");
    if (centres->data == NULL || assignment->data == NULL)
        return wg__fail(error, WG_EINVALID, "kmeans: nowhere to write");
    if (centres->dtype != x->dtype || assignment->dtype != WG_I32)
        return wg__fail(error, WG_EDTYPE, "kmeans: centres are not %s, or assignment is not i32",
                        wg_dtype_name(x->dtype));
    if (!wg_shape_equal(centres->shape, WG_SHAPE(clusters, x->shape.dim[1])) ||
        !wg_shape_equal(assignment->shape, WG_SHAPE(x->shape.dim[0])))
        return wg__fail(error, WG_ESHAPE, "kmeans: not centres [clusters, d] and assignment [n]");
    return WG_OK;
}

static void write(const wg_tensor *to, const void *from)
{
    const size_t size = wg_dtype_bytes(to->dtype);
    const int64_t width = to->shape.rank == 2 ? to->shape.dim[1] : 1;
    const int64_t step = to->shape.rank == 2 ? to->stride[1] : 0;
    for (int64_t i = 0; i < wg_shape_count(to->shape); i++) {
        const int64_t place = i / width * to->stride[0] + i % width * step;
        memcpy((char *)to->data + place * (int64_t)size, (const char *)from + (size_t)i * size,
               size);
    }
}

int wg_kmeans(wg_runtime *runtime, wg_view x, int64_t clusters, const wg_kmeans_options *options,
              wg_tensor centres, wg_tensor assignment, double *inertia, wg_error *error)
{
    const wg_kmeans_options none = { 0 };
    if (options == NULL) options = &none;
    if (runtime == NULL) return wg__fail(error, WG_EINVALID, "kmeans: no runtime");
    WG_TRY(check(&x, clusters, options, &centres, &assignment, error));
    clustering c = {
        .runtime = runtime, .x = x, .rows = x.shape.dim[0], .width = x.shape.dim[1],
        .clusters = clusters, .error = error,
    };
    const wg_allocator *allocator = &wg__allocator_default;
    const size_t scratch = (size_t)scratch_bytes(&c);
    c.bytes = (size_t)wg_shape_count(centres.shape) * wg_dtype_bytes(x.dtype);
    c.centres = wg__allocate(allocator, c.bytes);
    c.distance = wg__allocate(allocator, scratch);
    c.assignment = (int32_t *)(c.distance != NULL ? c.distance + c.rows : NULL);
    double found = 0;
    int status = c.centres == NULL || c.distance == NULL
                     ? wg__fail(error, WG_EMEMORY, "kmeans: no memory")
                     : cluster(&c, options, &found);
    if (status >= 0) {
        write(&centres, c.centres);
        write(&assignment, c.assignment);
        if (inertia != NULL) *inertia = found;
    }
    wg_program_free(c.step);
    wg__release(allocator, c.centres, c.bytes);
    wg__release(allocator, c.distance, scratch);
    return status;
}

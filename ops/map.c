/* Elementwise ops on strided memory: kernels see contiguous runs and nothing else.
 *
 * Axes that all inputs walk alike are merged first, so most calls are one run and one kernel call.
 * What is left is rows. An input that lies as the kernel wants it is handed over where it is; any
 * other is brought into a tile of 512 elements, as whole rows if rows are shorter. A tile whose
 * content is the same for all rows is filled once: a bias costs no more than its sum.            */
#include "ops/rules.h"

#include <string.h>

enum { TILE = 512, INPUT_MAX = 3, ELEMENT_BYTES_MAX = 8 };

/* The kernel of a call; shift has a signature of its own. */
typedef struct map_job {
    wg__map_kernel *kernel;
    void (*shift)(int64_t n, const void *x, int64_t count, void *out);
    int64_t count;
} map_job;

static void job_run(const map_job *job, int64_t n, const void *const *in, void *out)
{
    if (job->shift != NULL) job->shift(n, in[0], job->count, out);
    else job->kernel(n, in, out);
}

/* ---- bits as they are, but for NaN, which has one pattern ---- */

static void bits_f32(int64_t n, const void *const *in, void *out)
{
    const uint32_t *x = in[0];
    uint32_t *r = out;
    for (int64_t i = 0; i < n; i++) {
        const bool is_nan = (x[i] & UINT32_C(0x7FFFFFFF)) > UINT32_C(0x7F800000);
        r[i] = is_nan ? UINT32_C(0x7FC00000) : x[i];
    }
}

static void bits_f64(int64_t n, const void *const *in, void *out)
{
    const uint64_t *x = in[0];
    uint64_t *r = out;
    for (int64_t i = 0; i < n; i++) {
        const bool is_nan = (x[i] & UINT64_C(0x7FFFFFFFFFFFFFFF)) > UINT64_C(0x7FF0000000000000);
        r[i] = is_nan ? UINT64_C(0x7FF8000000000000) : x[i];
    }
}

static void bits_1(int64_t n, const void *const *in, void *out)
{
    memmove(out, in[0], (size_t)n);
}

static void bits_4(int64_t n, const void *const *in, void *out)
{
    memmove(out, in[0], (size_t)n * 4);
}

static void bits_8(int64_t n, const void *const *in, void *out)
{
    memmove(out, in[0], (size_t)n * 8);
}

static wg__map_kernel *const bits_of[WG__DTYPE_COUNT] = {
    [WG_F32] = bits_f32, [WG_F64] = bits_f64,
    [WG_I32] = bits_4,   [WG_I64] = bits_8,   [WG_U8] = bits_1,
};

static map_job job_of(const wg__map_table *map, const wg__call *call)
{
    const wg_dtype from = call->in[0].dtype;
    switch (call->op) {
    case WG__OP_bits_right:
        return (map_job){ .shift = map->bits_right[from], .count = call->attribute[0] };
    case WG__OP_cast: return (map_job){ .kernel = map->cast[from][call->out.dtype] };
    case WG__OP_bitcast: return (map_job){ .kernel = bits_of[from] };
    case WG__OP_select: return (map_job){ .kernel = map->map[call->op][call->in[1].dtype] };
    default: return (map_job){ .kernel = map->map[call->op][from] };
    }
}

/* ---- inputs ---- */

typedef enum map_place {
    IN_PLACE,   /* contiguous over all rows */
    BY_ROW,     /* each row is contiguous, and a tile holds no more than one */
    ONCE,       /* every tile would have the same content */
    BY_TILE     /* copied */
} map_place;

typedef struct map_input {
    const char *data;
    int64_t bytes;                   /* of an element */
    int64_t stride[WG__RANK_MAX];    /* of the merged axes, in elements */
    map_place place;
    wg__walk walk;                   /* over the starts of rows */
} map_input;

typedef struct map_region {
    int32_t rank, in_count;
    int64_t dim[WG__RANK_MAX];
    int64_t length, row_count;       /* of the last axis; of the others together */
    map_input in[INPUT_MAX];
} map_region;

/* Users' memory may lie anywhere; a kernel's may not. */
static bool is_aligned(const wg__array *array)
{
    return (uintptr_t)array->data % wg_dtype_bytes(array->dtype) == 0;
}

/* Whether every input walks this axis and the merged one before it in one stride. */
static bool merges(const map_region *region, const wg__call *call, int32_t axis)
{
    for (int32_t k = 0; k < region->in_count; k++) {
        const int64_t step = call->in[k].stride[axis] * call->in[k].dim[axis];
        if (region->in[k].stride[region->rank - 1] != step) return false;
    }
    return true;
}

static void region_merge(map_region *region, const wg__call *call)
{
    region->rank = 0;
    for (int32_t axis = 0; axis < call->out.rank; axis++) {
        const int64_t extent = call->out.dim[axis];
        if (extent == 1) continue;
        if (region->rank == 0 || !merges(region, call, axis)) region->dim[region->rank++] = 1;
        region->dim[region->rank - 1] *= extent;
        for (int32_t k = 0; k < region->in_count; k++) {
            region->in[k].stride[region->rank - 1] = call->in[k].stride[axis];
        }
    }
    if (region->rank == 0) {         /* one element: a row of one, whatever its strides were */
        region->rank = 1;
        region->dim[0] = 1;
        for (int32_t k = 0; k < region->in_count; k++) region->in[k].stride[0] = 1;
    }
}

static map_place place_of(const map_region *region, const map_input *input, bool aligned)
{
    const int32_t last = region->rank - 1;
    bool repeats = true, follows = true;
    for (int32_t i = 0; i < last; i++) {
        repeats = repeats && input->stride[i] == 0;
        follows = follows && input->stride[i] == input->stride[i + 1] * region->dim[i + 1];
    }
    const int64_t step = input->stride[last];
    if (aligned && step == 1 && follows) return IN_PLACE;
    if (aligned && step == 1 && region->length * 2 > TILE) return BY_ROW;
    /* Rows longer than a tile fill it in parts, which are alike only if all elements are. */
    if (repeats && (region->length <= TILE || step == 0)) return ONCE;
    return BY_TILE;
}

static void region_of(map_region *region, const wg__call *call)
{
    region->in_count = call->in_count;
    region_merge(region, call);
    region->length = region->dim[region->rank - 1];
    region->row_count = 1;
    for (int32_t i = 0; i < region->rank - 1; i++) region->row_count *= region->dim[i];
    for (int32_t k = 0; k < call->in_count; k++) {
        map_input *input = &region->in[k];
        input->data = call->in[k].data;
        input->bytes = (int64_t)wg_dtype_bytes(call->in[k].dtype);
        input->place = place_of(region, input, is_aligned(&call->in[k]));
        input->walk = wg__walk_of(region->rank - 1, region->dim, input->stride);
    }
}

/* ---- tiles ---- */

/* rows x n elements, one by one. */
#define COPY(bytes)                                                                                \
    case bytes:                                                                                    \
        for (; rows > 0; rows--, from += row_step * bytes, to += n * bytes) {                      \
            char first[bytes];                                                                     \
            memcpy(first, from, bytes);                                                            \
            if (step == 0) {                                                                       \
                for (int64_t i = 0; i < n; i++) memcpy(to + i * bytes, first, bytes);              \
            } else {                                                                               \
                for (int64_t i = 0; i < n; i++) {                                                  \
                    memcpy(to + i * bytes, from + i * step * bytes, bytes);                        \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        break;
static void copy_elements(int64_t element_bytes, const char *from, int64_t rows, int64_t row_step,
                          int64_t n, int64_t step, char *to)
{
    switch (element_bytes) {
    COPY(1)
    COPY(4)
    COPY(8)
    default: WG_ASSERT(false);
    }
}
#undef COPY

/* The same; blocks that are contiguous or repeated as blocks. */
static void copy_plane(int64_t element_bytes, const char *from, int64_t rows, int64_t row_step,
                       int64_t n, int64_t step, char *to)
{
    if (step == 1 && (rows == 1 || row_step == n)) {
        memcpy(to, from, (size_t)(rows * n * element_bytes));
    } else if (row_step == 0) {
        const int64_t bytes = n * element_bytes;
        copy_elements(element_bytes, from, 1, 0, n, step, to);
        for (int64_t done = 1; done < rows; done *= 2) {
            const int64_t more = rows - done < done ? rows - done : done;
            memcpy(to + done * bytes, to, (size_t)(more * bytes));
        }
    } else {
        copy_elements(element_bytes, from, rows, row_step, n, step, to);
    }
}

/* n elements of the present row from `start` on. */
static void copy_part(const map_region *region, const map_input *input, int64_t start, int64_t n,
                      char *to)
{
    const int64_t step = input->stride[region->rank - 1];
    const char *from = input->data + (input->walk.offset + start * step) * input->bytes;
    copy_plane(input->bytes, from, 1, 0, n, step, to);
}

/* The next rows, side by side: plane after plane of the last two axes. */
static void copy_rows(const map_region *region, map_input *input, int64_t rows, char *to)
{
    const int32_t last = region->rank - 1, outer = last - 1;
    wg__walk *walk = &input->walk;
    while (rows > 0) {
        const int64_t left = last == 0 ? 1 : walk->dim[outer] - walk->index[outer];
        const int64_t height = rows < left ? rows : left;
        const int64_t row_step = last == 0 ? 0 : input->stride[outer];
        copy_plane(input->bytes, input->data + walk->offset * input->bytes, height, row_step,
                   region->length, input->stride[last], to);
        to += height * region->length * input->bytes;
        rows -= height;
        if (last == 0) return;
        walk->index[outer] += height - 1;
        walk->offset += (height - 1) * row_step;
        wg__walk_next(walk);
    }
}

/* Rows longer than half a tile: each by itself, in parts if an input needs a tile. */
static void run_long(map_region *region, const map_job *job, char *out, int64_t out_bytes)
{
    _Alignas(WG__ALIGNMENT) char tile[INPUT_MAX][TILE * ELEMENT_BYTES_MAX];
    const void *in[INPUT_MAX] = { NULL };
    int64_t part = region->length;
    for (int32_t k = 0; k < region->in_count; k++) {
        const map_input *input = &region->in[k];
        if (input->place >= ONCE && part > TILE) part = TILE;
        if (input->place == ONCE) copy_part(region, input, 0, part, tile[k]);
    }
    for (int64_t row = 0; row < region->row_count; row++) {
        for (int64_t start = 0; start < region->length; start += part) {
            const int64_t left = region->length - start, n = left < part ? left : part;
            const int64_t done = row * region->length + start;
            for (int32_t k = 0; k < region->in_count; k++) {
                const map_input *input = &region->in[k];
                const int64_t offset =
                    input->place == IN_PLACE ? done : input->walk.offset + start;
                if (input->place == BY_TILE) copy_part(region, input, start, n, tile[k]);
                in[k] = input->place >= ONCE ? tile[k] : input->data + offset * input->bytes;
            }
            job_run(job, n, in, out + done * out_bytes);
        }
        for (int32_t k = 0; k < region->in_count; k++) wg__walk_next(&region->in[k].walk);
    }
}

/* Shorter rows: as many to a tile as it holds. */
static void run_short(map_region *region, const map_job *job, char *out, int64_t out_bytes)
{
    _Alignas(WG__ALIGNMENT) char tile[INPUT_MAX][TILE * ELEMENT_BYTES_MAX];
    const void *in[INPUT_MAX] = { NULL };
    int64_t tile_rows = TILE / region->length;
    if (tile_rows > region->row_count) tile_rows = region->row_count;
    for (int32_t k = 0; k < region->in_count; k++) {
        map_input *input = &region->in[k];
        if (input->place == ONCE) copy_rows(region, input, tile_rows, tile[k]);
    }
    for (int64_t row = 0; row < region->row_count; row += tile_rows) {
        const int64_t left = region->row_count - row;
        const int64_t rows = left < tile_rows ? left : tile_rows;
        const int64_t done = row * region->length;
        for (int32_t k = 0; k < region->in_count; k++) {
            map_input *input = &region->in[k];
            if (input->place == BY_TILE) copy_rows(region, input, rows, tile[k]);
            in[k] = input->place == IN_PLACE ? input->data + done * input->bytes : tile[k];
        }
        job_run(job, rows * region->length, in, out + done * out_bytes);
    }
}

/* ---- the call ---- */

static bool lies_as_out(const wg__array *in)
{
    int64_t expected = 1;
    for (int32_t i = in->rank - 1; i >= 0; i--) {
        if (in->dim[i] != 1 && in->stride[i] != expected) return false;
        expected *= in->dim[i];
    }
    return is_aligned(in);
}

int wg__eval_map(const wg__kernels *kernels, const wg__call *call)
{
    WG_ASSERT(call->in_count > 0 && call->in_count <= INPUT_MAX);
    const map_job job = job_of(kernels->map, call);
    WG_ASSERT(job.kernel != NULL || job.shift != NULL);

    const int64_t count = wg__array_count(&call->out);
    if (count == 0) return WG_OK;
    const void *in[INPUT_MAX] = { NULL };
    bool is_one_run = true;
    for (int32_t k = 0; k < call->in_count; k++) {
        WG_ASSERT(call->in[k].rank == call->out.rank);
        is_one_run = is_one_run && lies_as_out(&call->in[k]);
        in[k] = call->in[k].data;
    }
    if (is_one_run) {
        job_run(&job, count, in, call->out.data);
        return WG_OK;
    }
    map_region region;
    region_of(&region, call);
    const int64_t out_bytes = (int64_t)wg_dtype_bytes(call->out.dtype);
    if (region.length * 2 > TILE) run_long(&region, &job, call->out.data, out_bytes);
    else run_short(&region, &job, call->out.data, out_bytes);
    return WG_OK;
}

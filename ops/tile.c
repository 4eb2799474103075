/* Tile programs: kernels see contiguous runs and nothing else.
 *
 * Axes that all loads walk alike are merged first, so most iterations are one long row. What is
 * left is rows. A load that lies as kernels want it is read where it is; any other is brought into
 * a tile, as whole rows if rows are shorter than half of one. A tile whose content is the same for
 * all rows is filled once: a bias costs no more than its sum. All tiles of a program together stay
 * within the nearest cache.                                                                      */
#include "ops/rules.h"
#include "ops/run.h"

#include <string.h>

/* Of a program without registers: long beside a call, and results are still near after it. */
enum { TILE_LONG = 4 * WG__TILE };

static int64_t rounded_up(int64_t x, int64_t step)
{
    return (x + step - 1) / step * step;
}

/* ---- settling ---- */

/* Whether every load walks this axis and the merged one before it in one stride. */
static bool merges(const wg__tiles *tiles, int32_t axis, int64_t extent)
{
    for (int64_t k = 0; k < tiles->load_count; k++) {
        const int64_t *stride = tiles->cell[k].stride;
        if (stride[tiles->rank - 1] != stride[axis] * extent) return false;
    }
    return true;
}

static void axes_merge(wg__tiles *tiles)
{
    const int32_t rank = tiles->rank;
    tiles->rank = 0;
    for (int32_t axis = 0; axis < rank; axis++) {
        const int64_t extent = tiles->dim[axis];
        if (tiles->rank == 0 || !merges(tiles, axis, extent)) tiles->dim[tiles->rank++] = 1;
        tiles->dim[tiles->rank - 1] *= extent;
        for (int64_t k = 0; k < tiles->load_count; k++)
            tiles->cell[k].stride[tiles->rank - 1] = tiles->cell[k].stride[axis];
    }
    if (tiles->rank > 0) return;
    tiles->rank = 1;                 /* one element: a row of one, whatever its strides were */
    tiles->dim[0] = 1;
    for (int64_t k = 0; k < tiles->load_count; k++) tiles->cell[k].stride[0] = 1;
}

/* As many elements as all cells have room for, in whole steps. */
static int64_t tile_elements(const wg__tiles *tiles)
{
    int64_t bytes = 0;
    for (int64_t k = 0; k < tiles->cell_count; k++) bytes += tiles->cell[k].bytes;
    int64_t n = bytes > 0 ? WG__TILE_BYTES / bytes / WG__TILE_STEP * WG__TILE_STEP : WG__TILE;
    if (n > WG__TILE) n = WG__TILE;
    return n < WG__TILE_STEP ? WG__TILE_STEP : n;
}

static wg__cell_place place_of(const wg__tiles *tiles, const wg__cell *load, int64_t n)
{
    const int32_t last = tiles->rank - 1;
    const int64_t length = tiles->dim[last];
    if (load->is_spread) return WG__CELL_SPREAD;
    bool repeats = true, follows = true;
    for (int32_t i = 0; i < last; i++) {
        repeats = repeats && load->stride[i] == 0;
        follows = follows && load->stride[i] == load->stride[i + 1] * tiles->dim[i + 1];
    }
    const int64_t step = load->stride[last];
    if (!load->is_loose && step == 1 && follows) return WG__CELL_WHOLE;
    if (!load->is_loose && step == 1 && length * 2 > n) return WG__CELL_ROW;
    /* Rows longer than a tile fill it in parts, which are alike only if all elements are. */
    if (repeats && (length <= n || step == 0)) return WG__CELL_ONCE;
    return WG__CELL_TILE;
}

/* Rows that fit a tile twice are taken as many as fit; longer ones in equal parts. */
static void tile_choose(wg__tiles *tiles, int64_t n)
{
    const int64_t length = tiles->dim[tiles->rank - 1];
    tiles->tile_rows = 1;
    tiles->tile_length = length;
    if (tiles->rank > 1 && length > 0 && length * 2 <= n) {
        tiles->tile_rows = n / length;
    } else if (length > n) {
        const int64_t parts = (length + n - 1) / n;
        tiles->tile_length = rounded_up((length + parts - 1) / parts, WG__TILE_STEP);
    }
}

/* Finds the loads of which a few elements will do, because runs alone read them and all elements of
 * a tile are alike. Truths are not worth it. */
static void alike_find(wg__tiles *tiles)
{
    const int32_t last = tiles->rank - 1;
    for (int64_t k = 0; k < tiles->load_count; k++) {
        wg__cell *load = &tiles->cell[k];
        const bool is_filled = load->place == WG__CELL_ONCE || load->place == WG__CELL_TILE;
        load->is_alike = load->place == WG__CELL_SPREAD ||
                         (is_filled && tiles->tile_rows == 1 && load->stride[last] == 0);
        if (load->bytes == 1) load->is_alike = false;
    }
    for (int64_t i = 0; i < tiles->micro_count; i++) {
        const wg__micro *micro = &tiles->micro[i];
        for (int32_t k = 0; k < micro->in_count; k++) tiles->cell[micro->in[k]].is_alike = false;
    }
    for (int64_t i = 0; i < tiles->micro_count; i++) {
        if (tiles->micro[i].run == NULL) continue;
        for (wg__run_step *step = tiles->micro[i].step; step->code != WG__RUN_END; step++)
            wg__run_step_settle(step, tiles->cell[step->cell[0]].is_alike,
                                tiles->cell[step->cell[1]].is_alike);
    }
}

/* Tiles follow each other a cache line apart, so that none of them meet in the same sets. */
static void tiles_place(wg__tiles *tiles, int64_t n)
{
    tiles->tile_bytes = 0;
    for (int64_t k = 0; k < tiles->cell_count; k++) {
        wg__cell *cell = &tiles->cell[k];
        if (cell->place != WG__CELL_ONCE && cell->place != WG__CELL_TILE) continue;
        cell->tile = tiles->tile_bytes;
        tiles->tile_bytes += rounded_up(n * cell->bytes, WG__ALIGNMENT) + WG__ALIGNMENT;
    }
    const size_t walks = (size_t)tiles->load_count * sizeof(wg__walk);
    tiles->scratch_bytes =
        (size_t)tiles->tile_bytes + (size_t)tiles->cell_count * sizeof(void *) + walks;
}

void wg__tiles_settle(wg__tiles *tiles)
{
    axes_merge(tiles);
    const int64_t n = tile_elements(tiles);
    for (int64_t k = 0; k < tiles->cell_count; k++) {
        wg__cell *cell = &tiles->cell[k];
        if (k < tiles->load_count) cell->place = place_of(tiles, cell, n);
        else if (k < tiles->load_count + tiles->store_count) cell->place = WG__CELL_WHOLE;
        else cell->place = WG__CELL_TILE;
    }
    tile_choose(tiles, n);
    alike_find(tiles);
    tiles_place(tiles, tiles->tile_rows * tiles->tile_length);
    for (int64_t k = 0; k < tiles->load_count; k++)
        if (tiles->cell[k].place == WG__CELL_SPREAD && !tiles->cell[k].is_alike) return;
    if (tiles->tile_bytes > 0 || tiles->micro_count > 1) return;
    tiles->tile_rows = 1;            /* one call that reads all where it is */
    tiles->tile_length = TILE_LONG;
}

/* ---- loads ---- */

/* Rows of n bytes that are contiguous, n a constant: each is a few moves. */
#define COPY_RUNS(bytes)                                                                           \
    case bytes:                                                                                    \
        for (; rows > 0; rows--, from += row_step, to += (bytes)) memcpy(to, from, (bytes));       \
        return;
static void copy_runs(int64_t bytes, const char *from, int64_t rows, int64_t row_step, char *to)
{
    switch (bytes) {
    COPY_RUNS(8)
    COPY_RUNS(16)
    COPY_RUNS(32)
    COPY_RUNS(64)
    default:
        for (; rows > 0; rows--, from += row_step, to += bytes) memcpy(to, from, (size_t)bytes);
    }
}
#undef COPY_RUNS

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
    } else if (step == 1) {
        copy_runs(n * element_bytes, from, rows, row_step * element_bytes, to);
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

/* What one run works with. Its memory follows the tiles in the scratch memory. */
typedef struct tile_run {
    const wg__kernels *kernels;
    const wg__tiles *tiles;
    void *const *data;
    char *scratch;
    void **at;               /* by cell: where the tile at hand lies */
    wg__walk *walk;          /* by load that is neither whole nor spread, of several rows */
    int64_t failed;
} tile_run;

/* n elements of the present row from `start` on; a few of them if all are alike. */
static void copy_part(const tile_run *r, int64_t k, int64_t start, int64_t n)
{
    const wg__cell *load = &r->tiles->cell[k];
    if (load->is_alike && n > WG__TILE_STEP) n = WG__TILE_STEP;
    const int64_t step = load->stride[r->tiles->rank - 1];
    const int64_t row = r->tiles->rank > 1 ? r->walk[k].offset : 0;
    const char *from = r->data[k];
    copy_plane(load->bytes, from + (row + start * step) * load->bytes, 1, 0, n, step, r->at[k]);
}

/* The next rows, side by side: plane after plane of the last two axes. */
static void copy_rows(const tile_run *r, int64_t k, int64_t rows)
{
    const wg__cell *load = &r->tiles->cell[k];
    const int32_t last = r->tiles->rank - 1, outer = last - 1;
    const int64_t length = r->tiles->tile_length;
    const char *from = r->data[k];
    char *to = r->at[k];
    wg__walk *walk = &r->walk[k];
    while (rows > 0) {
        const int64_t left = walk->dim[outer] - walk->index[outer];
        const int64_t height = rows < left ? rows : left;
        const int64_t row_step = load->stride[outer];
        copy_plane(load->bytes, from + walk->offset * load->bytes, height, row_step, length,
                   load->stride[last], to);
        to += height * length * load->bytes;
        rows -= height;
        walk->index[outer] += height - 1;
        walk->offset += (height - 1) * row_step;
        wg__walk_next(walk);
    }
}

/* ---- running ---- */

/* The next n elements, of which `done` went before: whole rows, or a row's from `start` on. */
static void tile_load(const tile_run *r, int64_t done, int64_t start, int64_t n)
{
    const wg__tiles *tiles = r->tiles;
    const bool is_rows = tiles->tile_rows > 1;
    for (int64_t k = 0; k < tiles->load_count + tiles->store_count; k++) {
        const wg__cell *cell = &tiles->cell[k];
        char *data = r->data[k];
        switch (cell->place) {
        case WG__CELL_WHOLE: r->at[k] = data + done * cell->bytes; break;
        case WG__CELL_ROW: r->at[k] = data + (r->walk[k].offset + start) * cell->bytes; break;
        case WG__CELL_SPREAD:
        case WG__CELL_ONCE: break;
        case WG__CELL_TILE:
            if (is_rows) copy_rows(r, k, n / tiles->tile_length);
            else copy_part(r, k, start, n);
            break;
        }
    }
}

static void failure_note(tile_run *r, int64_t op)
{
    if (op >= 0 && (r->failed < 0 || op < r->failed)) r->failed = op;
}

static void tile_compute(tile_run *r, int64_t n)
{
    void *const *at = r->at;
    for (int64_t i = 0; i < r->tiles->micro_count; i++) {
        const wg__micro *micro = &r->tiles->micro[i];
        if (micro->run != NULL) {
            failure_note(r, micro->run(n, micro->step, at));
            continue;
        }
        if (micro->joint != NULL) {
            void *out[WG__JOINT_OUT_MAX];
            for (int32_t k = 0; k < micro->joint_count; k++) out[k] = at[micro->joint_out[k]];
            const void *const in[2] = { at[micro->in[0]], at[micro->in[1]] };
            micro->joint(n, in, out);
            continue;
        }
        const void *const in[WG__MICRO_IN_MAX] = { at[micro->in[0]], at[micro->in[1]],
                                                   at[micro->in[2]] };
        void *out = at[micro->out];
        if (micro->counted != NULL) micro->counted(n, in[0], micro->count, out);
        else micro->kernel(n, in, out);
        if (micro->finite != NULL && !micro->finite(n, out)) failure_note(r, micro->origin);
    }
}

/* While they are near. */
static void results_clean(const tile_run *r, int64_t n)
{
    const wg__tiles *tiles = r->tiles;
    for (int64_t k = tiles->load_count; k < tiles->load_count + tiles->store_count; k++) {
        const wg__cell *cell = &tiles->cell[k];
        const wg_dtype dtype = cell->bytes == 4 ? WG_F32 : WG_F64;
        if (cell->is_handed_out && !wg__finite(r->kernels, dtype, n, r->at[k]))
            wg__nan_canonical(dtype, n, r->at[k]);
    }
}

static void rows_next(const tile_run *r)
{
    for (int64_t k = 0; k < r->tiles->load_count; k++) {
        const wg__cell_place place = r->tiles->cell[k].place;
        if (place == WG__CELL_ROW || place == WG__CELL_TILE) wg__walk_next(&r->walk[k]);
    }
}

/* Addresses of tiles, and the walks of this run; what is filled once is filled. */
static void run_open(tile_run *r, const int64_t *dim, int64_t n)
{
    const wg__tiles *tiles = r->tiles;
    r->at = (void **)(void *)(r->scratch + tiles->tile_bytes);
    r->walk = (wg__walk *)(void *)(r->at + tiles->cell_count);
    for (int64_t k = 0; k < tiles->cell_count; k++) {
        const wg__cell *cell = &tiles->cell[k];
        if (cell->place == WG__CELL_WHOLE) continue;
        r->at[k] = cell->place == WG__CELL_SPREAD ? r->data[k] : r->scratch + cell->tile;
        if (cell->place == WG__CELL_SPREAD) continue;
        if (k < tiles->load_count && tiles->rank > 1)
            r->walk[k] = wg__walk_of(tiles->rank - 1, dim, cell->stride);
        if (cell->place != WG__CELL_ONCE) continue;
        if (tiles->tile_rows > 1) copy_rows(r, k, n / tiles->tile_length);
        else copy_part(r, k, 0, n);
    }
}

int64_t wg__tiles_run(const wg__kernels *kernels, const wg__tiles *tiles, int64_t lead,
                      void *const *data, void *scratch)
{
    int64_t dim[WG__RANK_MAX];
    memcpy(dim, tiles->dim, (size_t)tiles->rank * sizeof dim[0]);
    dim[0] = lead;
    const int64_t length = dim[tiles->rank - 1];
    int64_t row_count = 1;
    for (int32_t i = 0; i < tiles->rank - 1; i++) row_count *= dim[i];
    if (row_count == 0 || length == 0) return -1;

    tile_run r = { .kernels = kernels,
                   .tiles = tiles,
                   .data = data,
                   .scratch = scratch,
                   .failed = -1 };
    const int64_t tile_rows = tiles->tile_rows < row_count ? tiles->tile_rows : row_count;
    const int64_t part = tiles->tile_length < length ? tiles->tile_length : length;
    run_open(&r, dim, tile_rows * part);
    for (int64_t row = 0; row < row_count; row += tile_rows) {
        const int64_t rows = row_count - row < tile_rows ? row_count - row : tile_rows;
        for (int64_t start = 0; start < length; start += part) {
            const int64_t n = rows * (length - start < part ? length - start : part);
            tile_load(&r, row * length + start, start, n);
            tile_compute(&r, n);
            results_clean(&r, n);
        }
        if (tiles->rank > 1 && tiles->tile_rows == 1) rows_next(&r);
    }
    return r.failed;
}

/* The matrix product on memory: how a batched, strided call falls into products of two matrices.
 *
 * Transposed inputs are strides like any other. Leading axes over which the right side repeats are
 * more rows of the left side, so a layer over [batch, time, k] is one product.                   */
#include "ops/kernels/kernels.h"
#include "ops/rules.h"

/* One product, and the axes before it that remain to be walked. */
typedef struct batched { wg__matmul product; int32_t walked; } batched;

static batched batch_of(const wg__call *call)
{
    const wg__array *x = &call->in[0], *y = &call->in[1];
    const int32_t row = x->rank - 2, column = x->rank - 1;
    wg__matmul p = {
        .m = x->dim[row], .n = y->dim[column], .k = x->dim[column],
        .a_row = x->stride[row], .a_column = x->stride[column],
        .b_row = y->stride[row], .b_column = y->stride[column],
        .c_row = y->dim[column], .scratch = call->scratch,
    };
    int32_t walked = row;
    for (; walked > 0; walked--) {
        const int32_t axis = walked - 1;
        if (x->dim[axis] == 1) continue;
        if (y->stride[axis] != 0 || (p.m != 1 && x->stride[axis] != p.m * p.a_row)) break;
        if (p.m == 1) p.a_row = x->stride[axis];
        p.m *= x->dim[axis];
    }
    return (batched){ p, walked };
}

/* ---- windows ---- */

/* A walk of these axes of x at its first element; axes that one stride serves are joined. */
static wg__walk walk_of_axes(const wg__array *x, int32_t first, int32_t end)
{
    wg__walk walk = wg__walk_of(0, NULL, NULL);
    for (int32_t i = first; i < end; i++) {
        if (x->dim[i] == 1) continue;
        const int32_t last = walk.rank - 1;
        const bool joins = last >= 0 && walk.stride[last] == x->stride[i] * x->dim[i];
        const int32_t at = joins ? last : walk.rank++;
        walk.dim[at] = joins ? walk.dim[at] * x->dim[i] : x->dim[i];
        walk.stride[at] = x->stride[i];
        walk.index[at] = 0;
    }
    if (walk.rank > 0) return walk;
    return wg__walk_of(1, (const int64_t[]){ 1 }, (const int64_t[]){ 0 });
}

static int64_t walk_count(const wg__walk *walk)
{
    int64_t count = 1;
    for (int32_t i = 0; i < walk->rank; i++) count *= walk->dim[i];
    return count;
}

static void walk_to(wg__walk *walk, int64_t element)
{
    for (int32_t i = walk->rank - 1; i >= 0; i--) {
        walk->index[i] = element % walk->dim[i];
        walk->offset += walk->index[i] * walk->stride[i];
        element /= walk->dim[i];
    }
}

/* The axes of x in two groups, rows and columns of a matrix or of its transpose. What is computed
 * are its rows from first_row on, if these are not all.                                          */
static void product_of_windows(const wg__kernels *kernels, const wg__call *call)
{
    const wg__array *x = &call->in[0], *y = &call->in[1], *out = &call->out;
    const int32_t middle = (int32_t)call->attribute[WG__MATMUL_ROW_AXES];
    const bool is_turned = call->attribute[WG__MATMUL_IS_TURNED] != 0;
    const wg__walk low = walk_of_axes(x, 0, middle), high = walk_of_axes(x, middle, x->rank);
    wg__windows windows = { .runs = is_turned ? high : low, .steps = is_turned ? low : high };
    const bool is_part = walk_count(&windows.runs) != out->dim[0];
    const int32_t last = --windows.runs.rank;
    windows.run = windows.runs.dim[last];
    windows.first = is_part ? call->first_row % windows.run : 0;
    if (is_part) walk_to(&windows.runs, call->first_row / windows.run);
    WG_ASSERT(walk_count(&windows.steps) == y->dim[0]);
    kernels->matmul->matmul[out->dtype](&(wg__matmul){
        .m = out->dim[0], .n = out->dim[1], .k = y->dim[0],
        .a = x->data, .a_row = windows.runs.stride[last], .windows = &windows,
        .b = y->data, .b_row = y->stride[0], .b_column = y->stride[1],
        .c = out->data, .c_row = out->dim[1], .scratch = call->scratch });
}

int wg__eval_matmul(const wg__kernels *kernels, const wg__call *call)
{
    const wg__array *x = &call->in[0], *y = &call->in[1], *out = &call->out;
    WG_ASSERT(call->in_count == 2);
    if (call->attribute_count > 0) {
        if (wg__array_count(out) > 0) product_of_windows(kernels, call);
        return WG_OK;
    }
    WG_ASSERT(x->rank >= 2 && x->rank == y->rank && x->rank == out->rank);
    WG_ASSERT(x->dim[x->rank - 1] == y->dim[y->rank - 2]);
    if (wg__array_count(out) == 0) return WG_OK;

    batched batch = batch_of(call);
    wg__matmul *p = &batch.product;
    const int64_t bytes = (int64_t)wg_dtype_bytes(out->dtype);
    int64_t count = 1;
    for (int32_t i = 0; i < batch.walked; i++) count *= out->dim[i];
    wg__walk at_x = wg__walk_of(batch.walked, x->dim, x->stride);
    wg__walk at_y = wg__walk_of(batch.walked, y->dim, y->stride);
    for (int64_t i = 0; i < count; i++) {
        p->a = (const char *)x->data + at_x.offset * bytes;
        p->b = (const char *)y->data + at_y.offset * bytes;
        p->c = (char *)out->data + i * p->m * p->n * bytes;
        kernels->matmul->matmul[out->dtype](p);
        wg__walk_next(&at_x);
        wg__walk_next(&at_y);
    }
    return WG_OK;
}

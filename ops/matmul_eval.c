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

int wg__eval_matmul(const wg__kernels *kernels, const wg__call *call)
{
    const wg__array *x = &call->in[0], *y = &call->in[1], *out = &call->out;
    WG_ASSERT(call->in_count == 2);
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

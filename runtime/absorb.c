/* Values that need not be made, because those that read them can do with what they are made of.
 *
 * A convolution is recorded as the matrix of all windows times the weights. That matrix is a copy,
 * many times as large as what the windows are over: where products alone read it, as it is or
 * transposed, they walk the windows instead. Its gradient is a sum of windows along one axis, then
 * along the next: the second sum makes what it needs of the first, row by row. Either way elements
 * meet the same chains in the same order. Marks are known by now, and what is never made stays as a
 * value that nothing computes. */
#include "runtime/internal.h"

#include <string.h>

typedef struct absorber {
    wg__plan *plan;
    int32_t *reads;             /* by value: inputs of others that lie there */
    int32_t *by_products;       /* and how many are left factors that could be walked */
} absorber;

/* ---- copies of windows ---- */

/* The number of leading axes that hold so many elements; WG__NOWHERE: an axis is cut by them. */
static int32_t axes_of(const wg__shape *shape, int64_t count)
{
    int64_t elements = 1;
    int32_t axis = 0;
    while (elements < count && axis < shape->rank) elements *= shape->dim[axis++];
    return elements == count ? axis : WG__NOWHERE;
}

/* True if the left factor of a product is a copy, as it is or transposed, and *words how the
 * product would walk what is copied. */
static bool is_of_copy(const wg__plan *plan, const wg__value *product, int64_t *words)
{
    if (!product->is_computed || product->op != WG__OP_matmul) return false;
    const wg__value *x = &plan->value[product->in[0]];
    const wg__value *copy = &plan->value[x->base];
    if (copy->op != WG__OP_reshape || x->type.shape.rank != 2 || x->offset != 0) return false;
    const int64_t m = x->type.shape.dim[0], k = x->type.shape.dim[1];
    const bool is_straight = (k == 1 || x->stride[1] == 1) && (m == 1 || x->stride[0] == k);
    const bool is_turned = (m == 1 || x->stride[0] == 1) && (k == 1 || x->stride[1] == m);
    if (m * k == 0 || m * k != wg__shape_count(&copy->type.shape)) return false;
    if (!is_straight && !is_turned) return false;
    words[WG__MATMUL_IS_TURNED] = !is_straight;
    words[WG__MATMUL_ROW_AXES] =
        axes_of(&plan->value[copy->in[0]].type.shape, is_straight ? m : k);
    return words[WG__MATMUL_ROW_AXES] != WG__NOWHERE;
}

static bool is_copy(const wg__value *value)
{
    return value->is_computed && value->op == WG__OP_reshape;
}

static int product_absorb(const absorber *a, wg__value *product)
{
    wg__plan *plan = a->plan;
    int64_t words[WG__MATMUL_WORDS];
    if (!is_of_copy(plan, product, words)) return WG_OK;
    const uint32_t copy = plan->value[product->in[0]].base;
    if (!is_copy(&plan->value[copy]) || a->reads[copy] != a->by_products[copy]) return WG_OK;
    int64_t *attribute = wg__arena_take(&plan->arena, sizeof words);
    if (attribute == NULL) return WG_EMEMORY;
    memcpy(attribute, words, sizeof words);
    product->attribute = attribute;
    product->attribute_count = WG__MATMUL_WORDS;
    product->in[0] = plan->value[copy].in[0];
    return WG_OK;
}

/* ---- sums of windows ---- */

/* True if the axes from `first` up to `end` are walked as they would lie in memory. */
static bool is_contiguous(const wg__value *walk, int32_t first, int32_t end)
{
    int64_t expected = 1;
    for (int32_t i = end - 1; i >= first; i--) {
        if (walk->type.shape.dim[i] != 1 && walk->stride[i] != expected) return false;
        expected *= walk->type.shape.dim[i];
    }
    return true;
}

/* True if a sum of windows can do what its input would have done; as ops/internal.h wants it. */
static bool is_of_sum(const absorber *a, const wg__value *sum)
{
    const wg__plan *plan = a->plan;
    if (!sum->is_computed || sum->op != WG__OP_overlap_add) return false;
    const wg__value *inner = &plan->value[sum->in[0]];
    if (!inner->is_computed || inner->op != WG__OP_overlap_add) return false;
    if (inner->attribute_count != WG__OVERLAP_WORDS || a->reads[sum->in[0]] != 1) return false;
    if (memcmp(&inner->mark, &sum->mark, sizeof sum->mark) != 0) return false;
    const int32_t axis = (int32_t)inner->attribute[0], taps = inner->type.shape.rank - 1;
    if (axis != sum->attribute[0] + 1 || axis == taps) return false;
    int64_t bytes = (int64_t)wg_dtype_bytes(sum->type.dtype);
    for (int32_t i = axis; i < taps; i++) bytes *= sum->type.shape.dim[i];
    return wg__dtype_is_float(sum->type.dtype) && bytes <= WG__SCRATCH_BYTES &&
           is_contiguous(&plan->value[inner->in[0]], axis + 1, taps);
}

static int sum_absorb(const absorber *a, wg__value *sum)
{
    wg__plan *plan = a->plan;
    if (!is_of_sum(a, sum)) return WG_OK;
    const uint32_t index = sum->in[0];
    const wg__value *inner = &plan->value[index];
    int64_t *attribute = wg__arena_take(&plan->arena, 2 * WG__OVERLAP_WORDS * sizeof *attribute);
    if (attribute == NULL) return WG_EMEMORY;
    memcpy(attribute, sum->attribute, WG__OVERLAP_WORDS * sizeof *attribute);
    memcpy(attribute + WG__OVERLAP_WORDS, inner->attribute,
           WG__OVERLAP_WORDS * sizeof *attribute);
    sum->attribute = attribute;
    sum->attribute_count = 2 * WG__OVERLAP_WORDS;
    sum->in[0] = inner->in[0];
    a->reads[index] = 0;
    return WG_OK;
}

/* ---- all ---- */

/* What is stored or looked at is read once more, by whom none can replace. */
static void reads_count(const absorber *a)
{
    const wg__plan *plan = a->plan;
    for (int64_t i = 0; i < plan->value_count; i++) {
        const wg__value *value = &plan->value[i];
        int64_t words[WG__MATMUL_WORDS];
        if (value->slot != WG__SLOT_WORKSPACE || value->finite_effect != WG__NOWHERE)
            a->reads[i]++;
        for (int32_t j = 0; j < value->in_count && value->is_computed; j++)
            a->reads[plan->value[value->in[j]].base]++;
        if (is_of_copy(plan, value, words))
            a->by_products[plan->value[value->in[0]].base]++;
    }
    for (int64_t i = 0; i < plan->store_count; i++) a->reads[plan->store[i].value]++;
}

int wg__plan_absorb(wg__planner *planner)
{
    wg__plan *plan = planner->plan;
    const size_t bytes = (size_t)plan->value_count * sizeof(int32_t);
    const absorber a = { .plan = plan,
                         .reads = wg__arena_take(&planner->arena, bytes),
                         .by_products = wg__arena_take(&planner->arena, bytes) };
    if (a.reads == NULL || a.by_products == NULL) return WG_EMEMORY;
    memset(a.reads, 0, bytes);
    memset(a.by_products, 0, bytes);
    reads_count(&a);
    for (int64_t i = 0; i < plan->value_count; i++) {
        WG_TRY(product_absorb(&a, &plan->value[i]));
        WG_TRY(sum_absorb(&a, &plan->value[i]));
    }
    for (int64_t i = 0; i < plan->value_count; i++) {
        wg__value *value = &plan->value[i];
        const bool was_copy = is_copy(value) && a.reads[i] == a.by_products[i];
        const bool was_sum = value->op == WG__OP_overlap_add && a.reads[i] == 0;
        if (!value->is_computed || !(was_copy || was_sum)) continue;
        value->is_computed = false;
        value->slot = WG__NOWHERE;
    }
    return WG_OK;
}

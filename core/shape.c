/* Shapes and axes. Those of a caller are checked before anything is read by their rank; our own are
 * right by construction. Unused extents are zero in what is made here, so that equal shapes are
 * equal bytes wherever they are hashed.                                                          */
#include <core/internal.h>

/* Product of the extents. An extent of 0 empties the shape, but the others must still have a
 * product: strides are made of them.                                                             */
static int64_t count_of(const int64_t *dim, int32_t rank)
{
    int64_t count = 1;
    bool is_empty = false;
    for (int32_t i = 0; i < rank; i++) {
        if (dim[i] < 0) return WG_ESHAPE;
        if (dim[i] == 0) {
            is_empty = true;
            continue;
        }
        if (count > INT64_MAX / dim[i]) return WG_ELIMIT;
        count *= dim[i];
    }
    return is_empty ? 0 : count;
}

static bool extents_equal(const int64_t *x, const int64_t *y, int32_t rank)
{
    for (int32_t i = 0; i < rank; i++)
        if (x[i] != y[i]) return false;
    return true;
}

static bool rank_is_public(int32_t rank)
{
    return rank >= 0 && rank <= WG_RANK_MAX;
}

int64_t wg_shape_count(wg_shape shape)
{
    if (!rank_is_public(shape.rank) || shape.reserved != 0) return WG_ESHAPE;
    return count_of(shape.dim, shape.rank);
}

bool wg_shape_equal(wg_shape x, wg_shape y)
{
    return x.rank == y.rank && rank_is_public(x.rank) && extents_equal(x.dim, y.dim, x.rank);
}

int wg__shape_check(wg_shape shape)
{
    const int64_t count = wg_shape_count(shape);
    return count < 0 ? (int)count : WG_OK;
}

wg__shape wg__shape_of(wg_shape shape)
{
    WG_ASSERT(rank_is_public(shape.rank));
    wg__shape wide = { .rank = shape.rank };
    for (int32_t i = 0; i < shape.rank; i++) wide.dim[i] = shape.dim[i];
    return wide;
}

wg_shape wg__shape_public(const wg__shape *shape)
{
    WG_ASSERT(rank_is_public(shape->rank));
    wg_shape narrow = { .rank = shape->rank };
    for (int32_t i = 0; i < shape->rank; i++) narrow.dim[i] = shape->dim[i];
    return narrow;
}

bool wg__shape_equal(const wg__shape *x, const wg__shape *y)
{
    WG_ASSERT(x->rank >= 0 && x->rank <= WG__RANK_MAX);
    return x->rank == y->rank && extents_equal(x->dim, y->dim, x->rank);
}

int64_t wg__shape_count(const wg__shape *shape)
{
    WG_ASSERT(shape->rank >= 0 && shape->rank <= WG__RANK_MAX);
    return count_of(shape->dim, shape->rank);
}

int wg__shape_join(const wg__shape *x, const wg__shape *y, wg__shape *out)
{
    WG_ASSERT(x->rank >= 0 && x->rank <= WG__RANK_MAX);
    WG_ASSERT(y->rank >= 0 && y->rank <= WG__RANK_MAX);
    wg__shape joined = { .rank = x->rank > y->rank ? x->rank : y->rank };
    for (int32_t i = 1; i <= joined.rank; i++) {
        const int64_t a = i <= x->rank ? x->dim[x->rank - i] : 1;
        const int64_t b = i <= y->rank ? y->dim[y->rank - i] : 1;
        if (a != b && a != 1 && b != 1) return WG_ESHAPE;
        joined.dim[joined.rank - i] = a == 1 ? b : a;
    }
    *out = joined;
    return WG_OK;
}

int wg__axes_resolve(const wg_axes *axes, int rank, bool reduced[WG__RANK_MAX])
{
    WG_ASSERT(rank >= 0 && rank <= WG__RANK_MAX);
    if (axes->count < -1 || axes->count > WG_RANK_MAX) return WG_EAXIS;
    bool named[WG__RANK_MAX] = { false };
    for (int32_t i = 0; i < axes->count; i++) {
        const int32_t axis = axes->axis[i];
        if (axis < -rank || axis >= rank) return WG_EAXIS;
        const int32_t place = axis < 0 ? axis + rank : axis;
        if (named[place]) return WG_EAXIS;
        named[place] = true;
    }
    for (int i = 0; i < WG__RANK_MAX; i++)
        reduced[i] = i < rank && (axes->count == -1 || named[i]);
    return WG_OK;
}

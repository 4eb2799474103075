/* Movements against formulas that say where each element comes from, on random shapes and strides,
 * and their derivatives by the dot test: <g, f(v)> = <vjp(g), v>, exact since all numbers are small
 * whole ones.                                                                                    */
#include "ops/rules.h"
#include "support/immediate.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

/* A broadcast adds two axes of up to 3, and every other element of memory may be a gap. */
enum { RANK_MAX = 4, EXTENT_MAX = 4, MEMORY_MAX = 4 * 4 * 4 * 4 * 3 * 3 * 2, ROUNDS = 300 };

typedef struct index_list { int64_t at[WG__RANK_MAX]; } index_list;

static wg__shape draw_shape(uint64_t *state)
{
    wg__shape shape = { .rank = (int32_t)test_draw(state, 1, RANK_MAX) };
    for (int32_t i = 0; i < shape.rank; i++)
        shape.dim[i] = test_draw(state, test_draw(state, 0, 5) > 0, EXTENT_MAX);
    return shape;
}

static index_list index_of(const wg__shape *shape, int64_t i)
{
    index_list index;
    for (int32_t axis = shape->rank - 1; axis >= 0; axis--) {
        index.at[axis] = i % shape->dim[axis];
        i /= shape->dim[axis];
    }
    return index;
}

static int64_t place_of(const wg__shape *shape, const index_list *index)
{
    int64_t place = 0;
    for (int32_t axis = 0; axis < shape->rank; axis++)
        place = place * shape->dim[axis] + index->at[axis];
    return place;
}

/* Whole numbers in memory whose axes lie in random order, walked forth or back with gaps. */
static uint32_t draw_value(immediate *im, const wg__shape *shape, uint64_t *state)
{
    static double memory[64][MEMORY_MAX];
    double *data = memory[im->count % 64];
    for (int i = 0; i < MEMORY_MAX; i++) data[i] = (double)test_draw(state, -9, 9);
    wg__array array = { .data = data, .dtype = WG_F64, .rank = shape->rank };
    int64_t step = test_draw(state, 1, 2);
    uint32_t done = 0;
    for (int32_t i = 0; i < shape->rank; i++) {
        int32_t axis;
        do axis = (int32_t)test_draw(state, 0, shape->rank - 1); while (done >> axis & 1);
        done |= 1u << axis;
        array.dim[axis] = shape->dim[axis];
        array.stride[axis] = step;
        step *= shape->dim[axis] > 0 ? shape->dim[axis] : 1;
    }
    check(step <= MEMORY_MAX);
    for (int32_t axis = 0; axis < shape->rank; axis++) {
        if (test_draw(state, 0, 2) > 0 || shape->dim[axis] == 0) continue;
        array.data = (double *)array.data + array.stride[axis] * (shape->dim[axis] - 1);
        array.stride[axis] = -array.stride[axis];
    }
    return immediate_input(im, &array);
}

/* r is linear in x: the dot test, and the dot test of the derivative by its own cotangent. */
static void check_adjoint(immediate *im, uint32_t r, uint32_t x, uint64_t *state)
{
    const uint32_t g = draw_value(im, &im->node[r]->type.shape, state);
    const uint32_t dx = immediate_grad(im, r, g, x);
    check_msg(im->status == WG_OK, "%s", im->why);
    check(wg__shape_equal(&im->node[dx]->type.shape, &im->node[x]->type.shape));
    check(immediate_dot(im, g, r) == immediate_dot(im, dx, x));
    const uint32_t v = draw_value(im, &im->node[x]->type.shape, state);
    check(immediate_dot(im, v, dx) == immediate_dot(im, immediate_grad(im, dx, v, g), g));
}

/* ---- the ops: each makes a request and says where an element of its result comes from ---- */

/* Element `index` of the result: *place in x. False: it comes from nowhere (a pad). */
typedef bool source_fn(const wg__shape *x, const wg__shape *out, const int64_t *attribute,
                       const index_list *index, int64_t *place);

static bool source_of_permute(const wg__shape *x, const wg__shape *out, const int64_t *attribute,
                              const index_list *index, int64_t *place)
{
    index_list from;
    for (int32_t i = 0; i < out->rank; i++) from.at[attribute[i]] = index->at[i];
    *place = place_of(x, &from);
    return true;
}

static bool source_of_broadcast(const wg__shape *x, const wg__shape *out, const int64_t *attribute,
                                const index_list *index, int64_t *place)
{
    (void)attribute;
    index_list from;
    for (int32_t i = 0; i < x->rank; i++)
        from.at[i] = x->dim[i] == 1 ? 0 : index->at[out->rank - x->rank + i];
    *place = place_of(x, &from);
    return true;
}

static bool source_of_reshape(const wg__shape *x, const wg__shape *out, const int64_t *attribute,
                              const index_list *index, int64_t *place)
{
    (void)x;
    (void)attribute;
    *place = place_of(out, index);
    return true;
}

static bool source_of_slice(const wg__shape *x, const wg__shape *out, const int64_t *attribute,
                            const index_list *index, int64_t *place)
{
    (void)out;
    index_list from = *index;
    from.at[attribute[0]] = attribute[1] + attribute[3] * index->at[attribute[0]];
    *place = place_of(x, &from);
    return true;
}

static bool source_of_pad(const wg__shape *x, const wg__shape *out, const int64_t *attribute,
                          const index_list *index, int64_t *place)
{
    (void)out;
    index_list from = *index;
    const int64_t at = index->at[attribute[0]] - attribute[1];
    const int64_t step = attribute[3] + 1;
    if (at < 0 || at % step != 0 || at / step >= x->dim[attribute[0]]) return false;
    from.at[attribute[0]] = at / step;
    *place = place_of(x, &from);
    return true;
}

static void check_elements(const immediate *im, uint32_t x, uint32_t r, source_fn *source,
                           double nowhere)
{
    const immediate_node *node = im->node[r];
    const wg__shape *from = &im->node[x]->type.shape;
    const wg__shape *to = &node->type.shape;
    for (int64_t i = 0; i < immediate_count(im, r); i++) {
        const index_list index = index_of(to, i);
        int64_t place;
        const bool is_there = source(from, to, node->attribute, &index, &place);
        const double expected = is_there ? immediate_at(im, x, place) : nowhere;
        check_msg(immediate_at(im, r, i) == expected, "%s, element %lld of %lld",
                  wg__op_table[node->op].name, (long long)i, (long long)immediate_count(im, r));
    }
}

/* Makes x and applies the op with random attributes. */
typedef uint32_t request_fn(immediate *im, const wg__shape *shape, uint32_t x, uint64_t *state);

static void check_op(request_fn *request, source_fn *source, double nowhere)
{
    const uint64_t seed = test_seed();
    uint64_t state = seed;
    for (int round = 0; round < ROUNDS; round++) {
        immediate *im = immediate_create(WG__PORTABLE);
        im->copies_views = round % 2 == 1;
        const wg__shape shape = draw_shape(&state);
        const uint32_t x = draw_value(im, &shape, &state);
        const uint32_t r = request(im, &shape, x, &state);
        check_msg(im->status == WG_OK, "%s, WG_SEED=%llu", im->why, (unsigned long long)seed);
        if (r != x) {
            check_elements(im, x, r, source, nowhere);
            if (nowhere == 0) check_adjoint(im, r, x, &state);
        }
        immediate_free(im);
    }
}

static uint32_t request_permute(immediate *im, const wg__shape *shape, uint32_t x, uint64_t *state)
{
    int64_t axis[RANK_MAX];
    for (int32_t i = 0; i < shape->rank; i++) axis[i] = i;
    for (int32_t i = shape->rank - 1; i > 0; i--) {
        const int64_t j = test_draw(state, 0, i);
        const int64_t kept = axis[i];
        axis[i] = axis[j];
        axis[j] = kept;
    }
    return wg__emit_permute(&im->builder, x, axis, shape->rank);
}

/* Stretches the 1-sized axes and adds up to two in front. */
static uint32_t request_broadcast(immediate *im, const wg__shape *shape, uint32_t x,
                                  uint64_t *state)
{
    wg__shape wide = { .rank = shape->rank + (int32_t)test_draw(state, 0, 2) };
    const int32_t added = wide.rank - shape->rank;
    for (int32_t i = 0; i < wide.rank; i++) {
        const bool is_free = i < added || shape->dim[i - added] == 1;
        wide.dim[i] = is_free ? test_draw(state, test_draw(state, 0, 3) > 0, 3)
                              : shape->dim[i - added];
    }
    return wg__emit_broadcast(&im->builder, x, &wide);
}

/* Splits, joins and pads with ones: the factors of the count in a random grouping. */
static uint32_t request_reshape(immediate *im, const wg__shape *shape, uint32_t x, uint64_t *state)
{
    int64_t left = wg__shape_count(shape);
    wg__shape wanted = { .rank = 0 };
    while (wanted.rank < 6) {
        int64_t extent = test_draw(state, 1, 12);
        while (left != 0 && left % extent != 0) extent--;
        wanted.dim[wanted.rank++] = extent;
        left /= extent;
        if (left <= 1) break;
    }
    wanted.dim[wanted.rank++] = left;
    return wg__emit_reshape(&im->builder, x, &wanted);
}

static uint32_t request_slice(immediate *im, const wg__shape *shape, uint32_t x, uint64_t *state)
{
    const int axis = (int)test_draw(state, 0, shape->rank - 1);
    const int64_t n = shape->dim[axis];
    const int64_t step = test_draw(state, 1, 3);
    if (test_draw(state, 0, 1) == 0) {
        const int64_t start = test_draw(state, 0, n);
        return wg__emit_slice(&im->builder, x, axis, start, test_draw(state, start, n), step);
    }
    const int64_t start = test_draw(state, -1, n - 1);
    return wg__emit_slice(&im->builder, x, axis, start, test_draw(state, -1, start), -step);
}

static uint32_t request_pad(immediate *im, const wg__shape *shape, uint32_t x, uint64_t *state)
{
    const int axis = (int)test_draw(state, 0, shape->rank - 1);
    return wg__emit_pad(&im->builder, x, axis, test_draw(state, 0, 2), test_draw(state, 0, 2),
                        test_draw(state, 0, 2), 0.0);
}

static uint32_t request_pad_with_value(immediate *im, const wg__shape *shape, uint32_t x,
                                       uint64_t *state)
{
    const int axis = (int)test_draw(state, 0, shape->rank - 1);
    return wg__emit_pad(&im->builder, x, axis, test_draw(state, 0, 2), test_draw(state, 0, 2),
                        test_draw(state, 0, 2), 77.5);
}

Test(move, permute_takes_each_element_from_its_place)
{
    check_op(request_permute, source_of_permute, 0);
}

Test(move, broadcast_repeats_elements) { check_op(request_broadcast, source_of_broadcast, 0); }

Test(move, reshape_keeps_the_order_of_elements) { check_op(request_reshape, source_of_reshape, 0); }

Test(move, slice_takes_steps_both_ways) { check_op(request_slice, source_of_slice, 0); }

Test(move, pad_surrounds_and_separates)
{
    check_op(request_pad, source_of_pad, 0);
    check_op(request_pad_with_value, source_of_pad, 77.5);
}

/* Pieces cut from one value and joined again are that value; so are their cotangents. */
Test(move, concat_undoes_slices)
{
    const uint64_t seed = test_seed();
    uint64_t state = seed;
    for (int round = 0; round < ROUNDS; round++) {
        immediate *im = immediate_create(WG__PORTABLE);
        wg__builder *b = &im->builder;
        const wg__shape shape = draw_shape(&state);
        const uint32_t x = draw_value(im, &shape, &state);
        const int axis = (int)test_draw(&state, 0, shape.rank - 1);
        const int64_t n = shape.dim[axis];
        const int64_t first = test_draw(&state, 0, n);
        const int64_t second = test_draw(&state, first, n);
        const uint32_t part[3] = { wg__emit_slice(b, x, axis, 0, first, 1),
                                   wg__emit_slice(b, x, axis, first, second, 1),
                                   wg__emit_slice(b, x, axis, second, n, 1) };
        const int64_t attribute[] = { axis };
        const uint32_t r = b->emit(b, &(wg__request){ .op = WG__OP_concat,
                                                      .in_count = 3,
                                                      .in = part,
                                                      .attribute = attribute,
                                                      .attribute_count = 1 });
        check_elements(im, x, r, source_of_reshape, 0);
        check_adjoint(im, r, x, &state);
        immediate_free(im);
    }
}

/* One step of a stride as long as the axis: extents that no product may be made of. */
Test(move, a_slice_of_one_element_may_have_any_step)
{
    immediate *im = immediate_create(WG__PORTABLE);
    const wg__shape shape = { .rank = 1, .dim = { 3 } };
    const double data[] = { 1, 2, 3 };
    const uint32_t x = immediate_f64(im, &shape, data);
    const uint32_t up = wg__emit_slice(&im->builder, x, 0, 1, 3, INT64_MAX);
    const uint32_t down = wg__emit_slice(&im->builder, x, 0, 2, -1, -INT64_MAX);
    check_equal_i(immediate_count(im, up), 1);
    check(immediate_at(im, up, 0) == 2 && immediate_at(im, down, 0) == 3);
    const uint32_t dx = immediate_grad(im, up, up, x);
    check(immediate_at(im, dx, 0) == 0 && immediate_at(im, dx, 1) == 2);
    const uint32_t dy = immediate_grad(im, down, down, x);
    check(immediate_at(im, dy, 2) == 3 && immediate_at(im, dy, 1) == 0);
    immediate_free(im);
}

/* ---- views ---- */

Test(move, views_share_memory_and_say_so)
{
    double data[24];
    const wg__shape shape = { .rank = 3, .dim = { 2, 3, 4 } };
    const wg__array x = wg__array_of(data, WG_F64, &shape);
    wg__array view;

    const int64_t order[] = { 2, 0, 1 };
    const wg__shape turned = { .rank = 3, .dim = { 4, 2, 3 } };
    check(wg__view_of_op(WG__OP_permute, order, &x, &turned, &view));
    check(view.data == data && view.stride[0] == 1 && view.stride[1] == 12);

    const int64_t back[] = { 1, 2, -1, -1 };
    check(wg__view_of_op(WG__OP_slice, back, &x, &shape, &view));
    check(view.data == data + 8 && view.stride[1] == -4);

    check(wg__view_of_op(WG__OP_stop_gradient, NULL, &x, &shape, &view));
    check(view.data == data);
    check(!wg__view_of_op(WG__OP_add, NULL, &x, &shape, &view));
}

/* A reshape is a view exactly if the joined axes are one even walk. */
Test(move, reshape_is_a_view_where_strides_allow)
{
    double data[24];
    wg__array view;
    const wg__shape shape = { .rank = 3, .dim = { 2, 3, 4 } };
    const wg__shape flat = { .rank = 1, .dim = { 24 } };
    const wg__shape split = { .rank = 5, .dim = { 2, 1, 3, 2, 2 } };
    const wg__shape joined = { .rank = 2, .dim = { 6, 4 } };
    wg__array x = wg__array_of(data, WG_F64, &shape);
    check(wg__view_of_op(WG__OP_reshape, NULL, &x, &flat, &view));
    check_equal_i(view.stride[0], 1);

    x.stride[2] = 0;   /* rows of one element repeated */
    check(wg__view_of_op(WG__OP_reshape, NULL, &x, &split, &view));
    check(view.stride[0] == 12 && view.stride[2] == 4);
    check(view.stride[3] == 0 && view.stride[4] == 0);
    check(wg__view_of_op(WG__OP_reshape, NULL, &x, &joined, &view));
    check(view.stride[0] == 4 && view.stride[1] == 0);
    check(!wg__view_of_op(WG__OP_reshape, NULL, &x, &flat, &view));

    const wg__shape empty = { .rank = 2, .dim = { 0, 5 } };
    const wg__shape other = { .rank = 3, .dim = { 7, 0, 2 } };
    x = wg__array_of(data, WG_F64, &empty);
    check(wg__view_of_op(WG__OP_reshape, NULL, &x, &other, &view));
    check_equal_i(wg__array_count(&view), 0);
}

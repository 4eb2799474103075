/* The memory of every value is its own, or that of the value it is a view of; an evaluation
 * fills it before anybody can name it, so no value is ever seen half made. */
#include "support/immediate.h"

#include "ops/rules.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static immediate_node *node_of(const immediate *im, uint32_t value)
{
    check_msg(value < im->count, "no such value: %s", im->why);
    return im->node[value];
}

/* ---- values ---- */

static uint32_t add_node(immediate *im, const immediate_node *node, const uint32_t *in)
{
    const wg_allocator *allocator = &wg__allocator_default;
    void **list = (void **)&im->node;
    check(wg__grow(allocator, list, &im->capacity, im->count + 1, sizeof *im->node) == WG_OK);
    immediate_node *kept = malloc(sizeof *kept);
    check(kept != NULL);
    *kept = *node;
    kept->in = malloc(sizeof *in * (size_t)(node->in_count + 1));
    check(kept->in != NULL);
    for (int32_t i = 0; i < node->in_count; i++) kept->in[i] = in[i];
    im->node[im->count] = kept;
    return (uint32_t)im->count++;
}

/* Memory of the type, filled with a pattern that is no value anybody expects. */
static void allocate_array(immediate_node *node)
{
    const wg__type *type = &node->type;
    const int64_t count = wg__shape_count(&type->shape);
    check(wg__bytes_of(count, type->dtype, &node->block_bytes));
    node->block = wg__allocate(&wg__allocator_default, node->block_bytes);
    check(node->block != NULL);
    memset(node->block, 0xA5, node->block_bytes);
    node->array = wg__array_of(node->block, type->dtype, &type->shape);
}

static uint32_t fail(immediate *im, int status, const char *why)
{
    if (im->status < 0) return WG__NONE;
    im->status = status;
    strncpy(im->why, why, sizeof im->why - 1);
    return WG__NONE;
}

static void evaluate(immediate *im, immediate_node *node, const wg__request *request,
                     const wg__array *in)
{
    const wg__shape *shape = &node->type.shape;
    wg__array view;
    if (wg__view_of_op(request->op, request->attribute, &in[0], shape, &view)) {
        node->array = view;
        if (!im->copies_views) return;
        allocate_array(node);
        wg__copy(&view, &node->array);
        return;
    }
    allocate_array(node);
    const wg__call call = { .op = request->op,
                            .in_count = request->in_count,
                            .in = in,
                            .out = node->array,
                            .attribute = request->attribute,
                            .attribute_count = request->attribute_count,
                            .scratch = im->scratch };
    const int status = wg__eval(im->kernels, &call);
    if (status < 0) fail(im, status, wg_status_text(status));
}

static uint32_t emit(wg__builder *self, const wg__request *request)
{
    enum { IN_MAX = 64 };
    immediate *im = (immediate *)self;
    check(request->in_count <= IN_MAX && request->attribute_count <= WG__ATTRIBUTE_MAX);
    wg__type type[IN_MAX + 1] = { { .dtype = WG_F32 } };
    wg__array in[IN_MAX + 1] = { { .data = NULL } };
    for (int32_t i = 0; i < request->in_count; i++) {
        if (request->in[i] == WG__NONE) return WG__NONE;
        type[i] = node_of(im, request->in[i])->type;
        in[i] = node_of(im, request->in[i])->array;
    }
    if (im->status < 0) return WG__NONE;

    char reason[200];
    wg__text why = wg__text_of(reason, sizeof reason);
    immediate_node node = { .op = request->op,
                            .in_count = request->in_count,
                            .attribute_count = request->attribute_count };
    const int status = wg__infer(request, type, &node.type, &why);
    if (status < 0) return fail(im, status, reason);
    for (int32_t i = 0; i < request->attribute_count; i++)
        node.attribute[i] = request->attribute[i];
    evaluate(im, &node, request, in);
    const uint32_t value = add_node(im, &node, request->in);
    return im->status < 0 ? WG__NONE : value;
}

static uint32_t add_leaf(immediate *im, wg_dtype dtype, const wg__shape *shape, const void *data)
{
    immediate_node node = { .type = { .dtype = dtype, .shape = *shape }, .op = WG__OP_input };
    allocate_array(&node);
    if (node.block_bytes > 0) memcpy(node.block, data, node.block_bytes);
    return add_node(im, &node, NULL);
}

static uint32_t number(wg__builder *self, wg_dtype dtype, double value)
{
    const wg__shape scalar = { .rank = 0 };
    int64_t memory = 0;
    wg__number_store(value, dtype, &memory);
    return add_leaf((immediate *)self, dtype, &scalar, &memory);
}

static wg_dtype dtype_of(wg__builder *self, uint32_t value)
{
    return node_of((immediate *)self, value)->type.dtype;
}

static const wg__shape *shape_of(wg__builder *self, uint32_t value)
{
    return &node_of((immediate *)self, value)->type.shape;
}

/* ---- the object ---- */

immediate *immediate_create(wg__level level)
{
    immediate *im = calloc(1, sizeof *im);
    check(im != NULL);
    im->builder.emit = emit;
    im->builder.number = number;
    im->builder.dtype = dtype_of;
    im->builder.shape = shape_of;
    im->kernels = wg__kernels_of(level);
    im->scratch = wg__allocate(&wg__allocator_default, WG__SCRATCH_BYTES);
    check(im->kernels != NULL && im->scratch != NULL);
    return im;
}

void immediate_free(immediate *im)
{
    if (im == NULL) return;
    for (int64_t i = 0; i < im->count; i++) {
        wg__release(&wg__allocator_default, im->node[i]->block, im->node[i]->block_bytes);
        free(im->node[i]->in);
        free(im->node[i]);
    }
    wg__release(&wg__allocator_default, im->node, (size_t)im->capacity * sizeof *im->node);
    wg__release(&wg__allocator_default, im->scratch, WG__SCRATCH_BYTES);
    free(im);
}

uint32_t immediate_input(immediate *im, const wg__array *array)
{
    immediate_node node = { .type = { .dtype = array->dtype, .shape = { .rank = array->rank } },
                            .array = *array,
                            .op = WG__OP_input };
    for (int32_t i = 0; i < array->rank; i++) node.type.shape.dim[i] = array->dim[i];
    return add_node(im, &node, NULL);
}

uint32_t immediate_f64(immediate *im, const wg__shape *shape, const double *data)
{
    return add_leaf(im, WG_F64, shape, data);
}

uint32_t immediate_f32(immediate *im, const wg__shape *shape, const float *data)
{
    return add_leaf(im, WG_F32, shape, data);
}

uint32_t immediate_i32(immediate *im, const wg__shape *shape, const int32_t *data)
{
    return add_leaf(im, WG_I32, shape, data);
}

uint32_t immediate_i64(immediate *im, const wg__shape *shape, const int64_t *data)
{
    return add_leaf(im, WG_I64, shape, data);
}

const wg__array *immediate_array(const immediate *im, uint32_t value)
{
    return &node_of(im, value)->array;
}

int64_t immediate_count(const immediate *im, uint32_t value)
{
    return wg__array_count(immediate_array(im, value));
}

double immediate_at(const immediate *im, uint32_t value, int64_t i)
{
    const wg__array *array = immediate_array(im, value);
    int64_t offset = 0;
    for (int32_t axis = array->rank - 1; axis >= 0; axis--) {
        offset += i % array->dim[axis] * array->stride[axis];
        i /= array->dim[axis];
    }
    switch (array->dtype) {
    case WG_F32: return (double)((const float *)array->data)[offset];
    case WG_F64: return ((const double *)array->data)[offset];
    case WG_I32: return (double)((const int32_t *)array->data)[offset];
    case WG_I64: return (double)((const int64_t *)array->data)[offset];
    case WG_U8:
    case WG_BOOL: return (double)((const uint8_t *)array->data)[offset];
    default: return 0;
    }
}

double immediate_dot(const immediate *im, uint32_t x, uint32_t y)
{
    double sum = 0;
    check_equal_i(immediate_count(im, x), immediate_count(im, y));
    for (int64_t i = 0; i < immediate_count(im, x); i++)
        sum += immediate_at(im, x, i) * immediate_at(im, y, i);
    return sum;
}

void immediate_copy(const immediate *im, uint32_t value, void *out)
{
    const immediate_node *node = node_of(im, value);
    const wg__array to = wg__array_of(out, node->type.dtype, &node->type.shape);
    wg__copy(&node->array, &to);
}

/* ---- derivatives ---- */

/* depends[i]: value i of the history depends on one of x. */
static bool *dependence(const immediate *im, int64_t history, int64_t count, const uint32_t *x)
{
    bool *depends = calloc((size_t)history + 1, sizeof *depends);
    check(depends != NULL);
    for (int64_t i = 0; i < count; i++)
        if (x[i] < history) depends[x[i]] = true;
    for (int64_t i = 0; i < history; i++)
        for (int32_t j = 0; j < im->node[i]->in_count; j++)
            if (depends[im->node[i]->in[j]]) depends[i] = true;
    return depends;
}

static void add_cotangent(wg__builder *b, uint32_t *sum, uint32_t gradient)
{
    if (gradient == WG__NONE) return;
    *sum = *sum == WG__NONE ? gradient : wg__emit2(b, WG__OP_add, *sum, gradient);
}

/* Adds what one value sends to its inputs. */
static void sweep_node(immediate *im, uint32_t value, const bool *depends, uint32_t *cotangent)
{
    const immediate_node *node = im->node[value];
    wg__builder *b = &im->builder;
    bool needed[64];
    uint32_t gradient[64];
    for (int32_t i = 0; i < node->in_count; i++) needed[i] = depends[node->in[i]];
    const wg__node_view view = { .builder = b,
                                 .op = node->op,
                                 .in_count = node->in_count,
                                 .in = node->in,
                                 .needed = needed,
                                 .attribute = node->attribute,
                                 .attribute_count = node->attribute_count,
                                 .r = value,
                                 .g = cotangent[value] };
    if (im->rule != NULL) im->rule(im->rule_user, &view, gradient);
    else wg__vjp(&view, gradient);
    for (int32_t i = 0; i < node->in_count; i++)
        if (needed[i]) add_cotangent(b, &cotangent[node->in[i]], gradient[i]);
}

void immediate_vjps(immediate *im, int64_t y_count, const uint32_t *y, const uint32_t *g,
                    int64_t count, const uint32_t *x, uint32_t *out)
{
    int64_t history = 0;
    for (int64_t i = 0; i < y_count; i++)
        if (y[i] >= history) history = (int64_t)y[i] + 1;
    bool *depends = dependence(im, history, count, x);
    uint32_t *cotangent = malloc(sizeof *cotangent * (size_t)(history + 1));
    check(cotangent != NULL);
    for (int64_t i = 0; i < history; i++) cotangent[i] = WG__NONE;
    for (int64_t i = 0; i < y_count; i++) add_cotangent(&im->builder, &cotangent[y[i]], g[i]);
    for (int64_t value = history - 1; value >= 0; value--)
        if (depends[value] && cotangent[value] != WG__NONE && im->node[value]->in_count > 0)
            sweep_node(im, (uint32_t)value, depends, cotangent);
    for (int64_t i = 0; i < count; i++) out[i] = x[i] < history ? cotangent[x[i]] : WG__NONE;
    free(depends);
    free(cotangent);
}

void immediate_vjp(immediate *im, uint32_t y, uint32_t g, int64_t count, const uint32_t *x,
                   uint32_t *out)
{
    immediate_vjps(im, 1, &y, &g, count, x, out);
}

uint32_t immediate_grad(immediate *im, uint32_t y, uint32_t g, uint32_t x)
{
    uint32_t out;
    immediate_vjp(im, y, g, 1, &x, &out);
    return out != WG__NONE ? out : wg__emit_full_like(&im->builder, x, 0.0);
}

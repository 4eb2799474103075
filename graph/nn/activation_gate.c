/* Activations that are more than a function of one number: gates of one half of the features by
 * the other, and such as have parameters. */
#include <wengert/nn.h>

/* The first half of the last axis, gated by the activation of the second or the other way. */
static wg_var halves_multiplied(const char *name, wg_var x, wg_activation *of_first,
                                wg_activation *of_second)
{
    const int64_t count = wg_extent(x, -1);
    if (count % 2 != 0)
        return wg_refuse((wg_scope){ 0 }, name, x, WG_ESHAPE, "the last axis has no halves");
    const wg_var first = of_first(wg_slice(x, -1, 0, count / 2, 1));
    const wg_var second = of_second(wg_slice(x, -1, count / 2, count, 1));
    return wg_mul(first, second);
}

wg_var wg_glu(wg_var x)
{
    return halves_multiplied("glu", x, wg_identity, wg_sigmoid);
}

wg_var wg_swiglu(wg_var x)
{
    return halves_multiplied("swiglu", x, wg_silu, wg_identity);
}

wg_var wg_geglu(wg_var x)
{
    return halves_multiplied("geglu", x, wg_gelu, wg_identity);
}

wg_var wg_prelu(wg_scope scope, const char *name, wg_var x)
{
    const wg_scope own = wg_scope_in(scope, name);
    const wg_var slope = wg_param(own, "slope", wg_dtype_of(x), WG_SHAPE(wg_extent(x, -1)),
                                  wg_init_constant(0.25));
    const wg_var is_left = wg_le(x, wg_number(x, 0));
    const wg_var y = wg_select(is_left, wg_mul(x, slope), x);
    wg_note(scope, name, y);
    return y;
}

wg_var wg_maxout(wg_scope scope, const char *name, wg_var x, int64_t width, int64_t pieces)
{
    const wg_scope own = wg_scope_in(scope, name);
    if (width < 0 || pieces < 1 || width > INT64_MAX / pieces)
        return wg_refuse(own, "maxout", x, WG_EINVALID, "no layer has such features of pieces");
    wg_shape shape = wg_shape_of(x);
    if (shape.rank == WG_RANK_MAX)
        return wg_refuse(own, "maxout", x, WG_ELIMIT, "8 axes leave none for the pieces");
    const wg_var line = wg_dense(scope, name, x, width * pieces, NULL);
    if (shape.rank == 0) return line;
    shape.dim[shape.rank - 1] = width;
    shape.dim[shape.rank++] = pieces;
    const wg_var y = wg_max(wg_reshape(line, shape), WG_AXES(-1));
    wg_note(scope, name, y);
    return y;
}

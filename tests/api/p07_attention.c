/* A transformer block with a causal mask and a padding mask, tied embedding, blocks in a loop. */
#include <wengert/wengert.h>

static wg_var block(wg_scope scope, wg_var x, wg_var mask)
{
    const int64_t width = wg_extent(x, -1);
    const wg_var self = { 0 };
    wg_var y = wg_layer_norm(scope, "norm_1", x, NULL);
    y = wg_attention(scope, "attention", y, self, 8, mask, NULL);
    x = wg_add(x, wg_dropout(scope, "drop_1", y, 0.1));
    y = wg_layer_norm(scope, "norm_2", x, NULL);
    y = wg_dense(scope, "up", y, 4 * width, WG_OPTIONS(wg_dense_options, .activation = wg_gelu));
    return wg_add(x, wg_dropout(scope, "drop_2", wg_dense(scope, "down", y, width, NULL), 0.1));
}

wg_var language_model(wg_scope scope, wg_var tokens, wg_var lengths);
wg_var language_model(wg_scope scope, wg_var tokens, wg_var lengths)
{
    const int64_t count = wg_extent(tokens, 1), words = 8192, width = 256;
    const wg_initializer small = wg_init_normal(0, 0.02);
    wg_var table = wg_param(scope, "words", WG_F32, WG_SHAPE(words, width), small);
    wg_var place = wg_param(scope, "places", WG_F32, WG_SHAPE(count, width), small);
    /* [n, t], then [n, 1, t, t] */
    wg_var real = wg_lt(wg_iota(tokens.tape, WG_I32, count), wg_expand(lengths, -1));
    wg_var mask = wg_and(wg_causal_mask(tokens.tape, count),
                         wg_reshape(real, WG_SHAPE(-1, 1, 1, count)));
    wg_var x = wg_add(wg_gather(table, tokens, 0), place);
    for (int i = 0; i < 6; i++) x = block(wg_scope_nth(scope, "block", i), x, mask);
    /* Tied: the same variable. */
    return wg_matmul(wg_layer_norm(scope, "norm", x, NULL), wg_transpose(table));
}

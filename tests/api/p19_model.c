/* A model in its own file: a configuration of its own behind `user`, two inputs, a noted metric. */
#include "p19_model.h"

typedef struct tagger { int64_t width, depth; wg_activation *activation; } tagger;

static wg_var scores(wg_scope scope, wg_var jets, wg_var event, const tagger *t)
{
    const wg_dense_options options = { .activation = t->activation };
    const wg_shape each =
        WG_SHAPE(wg_extent(jets, 0), wg_extent(jets, 1), wg_extent(event, -1));
    wg_var wide = wg_broadcast(wg_expand(event, 1), each);
    wg_var h = wg_concat(2, (const wg_var[]){ jets, wide }, -1); /* [n, 12, d] */
    for (int64_t i = 0; i < t->depth; i++)
        h = wg_dense(wg_scope_nth(scope, "hidden", i), "dense", h, t->width >> i, &options);
    return wg_squeeze(wg_dense(scope, "score", h, 1, NULL), WG_AXES(-1)); /* [n, 12] */
}

static wg_var assignment(wg_scope scope, void *user)
{
    wg_var logits = scores(scope, wg_column(scope, "jets"), wg_column(scope, "event"), user);
    wg_var truth = wg_column(scope, "t");
    wg_note(scope, "efficiency", wg_accuracy(logits, truth));
    wg_var each =
        wg_binary_cross_entropy(logits, wg_one_hot(truth, 12, wg_dtype_of(logits)));
    return wg_mean(each, WG_AXES(-1));
}

const wg_model *jet_tagger(void)
{
    static tagger settings = { .width = 512, .depth = 5, .activation = wg_relu };
    static const wg_model model = { .objective = assignment, .metric_note = "efficiency",
                                    .user = &settings };
    return &model;
}

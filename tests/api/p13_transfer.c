/* Take the trunk's weights from another framework's safetensors file (its matrices are [out, in]),
 * freeze its first part, train the rest with rates by name. */
#include <stdio.h>
#include <wengert/wengert.h>

static int load_trunk(wg_params *params, const char *path, wg_error *error)
{
    wg_archive *archive;
    int status = wg_archive_open(path, &archive, error);
    for (int i = 0; i < 4 && status >= 0; i++) {
        char from[64], to[64];
        wg_view view;
        snprintf(from, sizeof from, "encoder.layer.%d.dense.weight", i);
        snprintf(to, sizeof to, "trunk/layer_%d/dense/weight", i);
        status = wg_archive_find(archive, from, &view);
        if (status >= 0) status = wg_params_set(params, to, wg_view_transpose(view));
    }
    wg_archive_free(archive);
    return status;
}

static wg_var network(wg_scope scope, wg_var x)
{
    wg_scope trunk = wg_scope_in(scope, "trunk");
    for (int i = 0; i < 4; i++) {
        wg_scope here = wg_scope_nth(trunk, "layer", i);
        if (i < 2) here = wg_scope_frozen(here);
        x = wg_dense(here, "dense", x, 256,
                     WG_OPTIONS(wg_dense_options, .activation = wg_gelu, .without_bias = true));
    }
    return wg_dense(scope, "head", x, 3, NULL);
}

int fine_tune(wg_runtime *runtime, wg_tape *tape, wg_view x, wg_view t);
int fine_tune(wg_runtime *runtime, wg_tape *tape, wg_view x, wg_view t)
{
    wg_error error = { 0 };
    const char *unused;
    const wg_group group[] = {
        { .pattern = "trunk/*", .rate_factor = 0.1 },
        { .pattern = "*/bias", .rate_factor = 2, .decay = WG_ZERO },
    };
    wg_optimizer adam = wg_adamw(1e-3, 1e-2);
    adam.group = group;
    adam.group_count = 2;
    wg_params *params = wg_params_create(NULL);
    int status = load_trunk(params, "encoder.safetensors", &error);
    if (status < 0) {
        fprintf(stderr, "%s\n", wg_explain(status, tape, &error));
        wg_params_free(params);
        return status;
    }
    wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    wg_var logits = network(scope, wg_batch(tape, "x", x));
    wg_var loss = wg_mean(wg_cross_entropy(logits, wg_batch(tape, "t", t)), WG_ALL);
    wg_minimize(&adam, scope, loss);
    if (wg_params_unused(params, &unused) > 0)
        fprintf(stderr, "loaded, but no layer asked for it: %s\n", unused);
    double value;
    status = wg_item(runtime, loss, &value);
    wg_params_free(params);
    return status;
}

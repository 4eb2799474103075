/* What is inside a model, as histograms: the values that its layers note for some rows, recorded as
 * an evaluation records them, and its parameters. */
#include "graph/internal.h"
#include "runtime/report/chart.h"
#include "runtime/report/page.h"
#include "runtime/train/pass.h"

enum { BINS_MAX = 40 };

/* Twice the cube root of how many values there are (Rice's rule). */
static int64_t bins_for(int64_t count)
{
    int64_t bins = 1;
    while (bins < BINS_MAX && bins * bins * bins < 8 * count) bins++;
    return bins;
}

static void values_draw(wg__html *html, const char *path, wg_view view)
{
    const int64_t count = wg_shape_count(view.shape);
    view = wg_view_of(view.data, view.dtype, WG_SHAPE(count));
    if (count > 0) wg__histogram_draw(html, path, "value", &view, bins_for(count));
}

/* What layers noted, but not values of one row or step alone. */
static bool is_shown(wg_tape *tape, int64_t i)
{
    const wg_var x = wg__var_of(tape, tape->note[i].node);
    return tape->record[x.index].body == 0 && wg__dtype_is_float(wg_dtype_of(x));
}

static int notes_draw(wg_report *report, const wg__pass *pass)
{
    wg__samples batch;
    wg_tape *tape = pass->tape;
    WG_TRY(wg__pass_record(pass, WG_EVALUATION, &batch));
    const int64_t count = tape->note_count;
    for (int64_t i = 0; i < count; i++)
        if (is_shown(tape, i)) WG_TRY(wg_keep(wg__var_of(tape, tape->note[i].node)));
    WG_TRY(wg_run(pass->runtime, tape));
    for (int64_t i = 0; i < count; i++) {
        wg_view view;
        if (!is_shown(tape, i)) continue;
        WG_TRY(wg_peek(pass->runtime, wg__var_of(tape, tape->note[i].node), &view));
        values_draw(&report->html, tape->note[i].path, view);
    }
    return WG_OK;
}

static void parameters_draw(wg__html *html, const wg_params *params)
{
    for (int64_t i = 0; i < wg_params_count(params); i++) {
        wg_view view;
        const char *name = wg_params_name(params, i);
        if (!wg_params_trained(params, i) || wg_params_find(params, name, &view) < 0) continue;
        values_draw(html, name, view);
    }
}

/* The first rows, as a batch. */
static int rows_take(wg__pass *pass, wg_error *error)
{
    const wg_loader_options in_order = { .batch_size = WG__EVALUATION_ROWS, .in_order = true };
    WG_TRY(wg_loader_create(pass->runtime, pass->data, &in_order, &pass->loader, error));
    WG_TRY(wg_loader_start(pass->loader, 0));
    const int status = wg_loader_next(pass->loader);
    return status == 0 ? wg__fail(error, WG_EINVALID, "there are no rows") : status;
}

static int layers_draw(wg_report *report, wg__pass *pass)
{
    wg_error error = { 0 };
    int status = rows_take(pass, &error);
    if (status < 0)
        return wg__report_fail(report, status, "layers", wg_explain(status, NULL, &error));
    status = notes_draw(report, pass);
    if (status < 0)
        return wg__report_fail(report, status, "layers", wg__pass_explain(pass, status));
    parameters_draw(&report->html, pass->params);
    return WG_OK;
}

int wg_report_layers(wg_report *report, const char *title, wg_runtime *runtime,
                     const wg_model *model, wg_params *params, const wg_dataset *data)
{
    wg_error error = { 0 };
    if (report == NULL || runtime == NULL || params == NULL || data == NULL)
        return wg__report_fail(report, WG_EINVALID, "layers",
                               "runtime, params and data are needed, not NULL");
    int status = wg__model_check(model, &error);
    if (status < 0) return wg__report_fail(report, status, "layers", error.message);
    wg__pass pass = { .runtime = runtime, .model = model, .params = params, .data = data };
    pass.tape = wg_tape_create(&(wg_tape_options){ .allocator = &report->html.allocator });
    if (pass.tape == NULL) return wg__report_fail(report, WG_EMEMORY, "layers", "no memory");
    status = wg__section_start(report, title, "layers");
    if (status >= 0) {
        wg__html_add(&report->html, "<div class=\"charts\">\n");
        status = layers_draw(report, &pass);
        wg__html_add(&report->html, "</div>\n");
        const int ended = wg__section_end(report, "layers");
        status = status < 0 ? status : ended;
    }
    wg_loader_free(pass.loader);
    wg_tape_free(pass.tape);
    return status;
}

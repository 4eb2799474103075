/* What a model consists of: its parameters and state, with shapes and counts. */
#include "runtime/report/page.h"

static void cell_start(wg__html *html, bool is_right)
{
    wg__html_add(html, is_right ? "<td class=\"right\">" : "<td>");
}

static void row_draw(wg__html *html, const char *name, const wg_view *view, bool is_trained)
{
    char text[120];
    wg__text shape = wg__text_of(text, sizeof text);
    const wg__shape extents = wg__shape_of(view->shape);
    wg__text_shape(&shape, &extents);
    wg__html_add(html, "<tr><td>");
    wg__html_text(html, name);
    wg__html_add(html, "</td>");
    cell_start(html, false);
    wg__html_text(html, text);
    wg__html_add(html, "</td><td>");
    wg__html_add(html, wg_dtype_name(view->dtype));
    wg__html_add(html, is_trained ? "</td><td>trained</td>" : "</td><td>state</td>");
    cell_start(html, true);
    wg__html_integer(html, wg_shape_count(view->shape));
    wg__html_add(html, "</td></tr>\n");
}

static void total_draw(wg__html *html, int64_t trained, int64_t state)
{
    wg__html_add(html, "<dl class=\"tiles\"><div class=\"best\"><dt>parameters</dt><dd>");
    wg__html_integer(html, trained);
    wg__html_add(html, "</dd></div><div><dt>numbers of state</dt><dd>");
    wg__html_integer(html, state);
    wg__html_add(html, "</dd></div></dl>\n");
}

int wg_report_model(wg_report *report, const char *title, const wg_params *params)
{
    int64_t trained = 0, state = 0;
    wg_view view;
    if (params == NULL) return wg__report_fail(report, WG_EINVALID, "model", "params are NULL");
    WG_TRY(wg__section_start(report, title, "model"));
    for (int64_t i = 0; i < wg_params_count(params); i++) {
        if (wg_params_find(params, wg_params_name(params, i), &view) < 0) continue;
        const int64_t count = wg_shape_count(view.shape);
        if (wg_params_trained(params, i)) trained += count;
        else state += count;
    }
    total_draw(&report->html, trained, state);
    wg__html_add(&report->html, "<div class=\"wide\"><table><thead><tr><th>path</th><th>shape</th>"
                                "<th>dtype</th><th>kind</th><th class=\"right\">count</th></tr>"
                                "</thead><tbody>\n");
    for (int64_t i = 0; i < wg_params_count(params); i++) {
        const char *name = wg_params_name(params, i);
        if (wg_params_find(params, name, &view) < 0) continue;
        row_draw(&report->html, name, &view, wg_params_trained(params, i));
    }
    wg__html_add(&report->html, "</tbody></table></div>\n");
    return wg__section_end(report, "model");
}

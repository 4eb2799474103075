/* The receiver operating characteristic, in front of the diagonal that guessing gives. */
#include "runtime/report/chart.h"
#include "runtime/report/page.h"

#include <wengert/metrics.h>

typedef struct rates { double *of_true, *of_false; } rates;

static void chance_point(int64_t i, double *x, double *y, const void *user)
{
    (void)user;
    *x = *y = (double)i;
}

static void rates_point(int64_t i, double *x, double *y, const void *user)
{
    const rates *both = user;
    *x = both->of_false[i];
    *y = both->of_true[i];
}

static void roc_draw(wg__html *html, const rates *both, const wg_roc *roc)
{
    const wg__chart chart = {
        .x_label = "false positive rate", .y_label = "True positive rate",
        .series = { { .name = "guessing", .count = 2, .point = chance_point },
                    { .name = "model", .count = roc->count, .point = rates_point, .user = both } },
        .series_count = 2, .marked = -1, .is_silent = true,
    };
    wg__html_add(html, "<dl class=\"tiles\"><div class=\"best\"><dt>area under the curve</dt><dd>");
    wg__html_number(html, roc->area);
    wg__html_add(html, "</dd></div></dl>\n");
    wg__chart_draw(html, &chart);
}

int wg_report_roc(wg_report *report, const char *title, wg_view score, wg_view truth)
{
    wg_roc roc;
    if (report == NULL) return WG_EINVALID;
    const int sound = wg__view_check(&score);
    if (sound < 0) return wg__report_fail(report, sound, "roc", wg_status_text(sound));
    const int64_t room = wg_shape_count(score.shape) + 1;
    const size_t bytes = (size_t)room * sizeof(double);
    const wg_allocator *allocator = &report->html.allocator;
    const rates both = { wg__allocate(allocator, bytes), wg__allocate(allocator, bytes) };
    int status = both.of_true != NULL && both.of_false != NULL ? WG_OK : WG_EMEMORY;
    if (status >= 0)
        status = wg_roc_curve(score, truth, wg_tensor_of(both.of_true, WG_F64, WG_SHAPE(room)),
                              wg_tensor_of(both.of_false, WG_F64, WG_SHAPE(room)), &roc);
    if (status < 0) (void)wg__report_fail(report, status, "roc", wg_status_text(status));
    if (status >= 0) status = wg__section_start(report, title, "roc");
    if (status >= 0) {
        roc_draw(&report->html, &both, &roc);
        status = wg__section_end(report, "roc");
    }
    wg__release(allocator, both.of_true, bytes);
    wg__release(allocator, both.of_false, bytes);
    return status;
}

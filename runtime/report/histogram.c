/* How values are spread: bars of equal width between the least and the largest. */
#include "runtime/report/chart.h"
#include "runtime/report/page.h"

typedef struct histogram {
    int64_t count[WG__BINS_MAX], bins, left_out;
    double lower, upper;
} histogram;

static void histogram_fill(histogram *h, const wg_view *values)
{
    for (int64_t i = 0; i < values->shape.dim[0]; i++) {
        const double value = wg__view_number(values, 0, i);
        if (value - value != 0.0) {
            h->left_out++;
            continue;
        }
        const double share = (value - h->lower) / (h->upper - h->lower);
        const int64_t bin = (int64_t)(share * (double)h->bins);
        h->count[bin < h->bins ? bin : h->bins - 1]++;
    }
}

/* The outline: each bar is two points, and the ends stand on the axis. */
static void outline_point(int64_t i, double *x, double *y, const void *user)
{
    const histogram *h = user;
    const int64_t edge = i / 2;
    const int64_t bin = (i + 1) / 2 - 1;
    *x = h->lower + (h->upper - h->lower) * (double)edge / (double)h->bins;
    *y = bin < 0 || bin >= h->bins ? 0.0 : (double)h->count[bin];
}

static void left_out_draw(wg__html *html, int64_t count)
{
    if (count == 0) return;
    wg__html_add(html, "<p class=\"none\">");
    wg__html_integer(html, count);
    wg__html_add(html, " values are not finite and left out.</p>\n");
}

void wg__histogram_draw(wg__html *html, const char *title, const char *x_label,
                        const wg_view *values, int64_t bins)
{
    histogram h = { .bins = bins };
    WG_ASSERT(bins >= 1 && bins <= WG__BINS_MAX);
    if (!wg__view_range(values, &h.lower, &h.upper)) {
        wg__html_add(html, "<p class=\"none\">No finite values.</p>\n");
        left_out_draw(html, values->shape.dim[0]);
        return;
    }
    if (!(h.lower < h.upper)) {
        h.lower -= 0.5;
        h.upper += 0.5;
    }
    histogram_fill(&h, values);
    const wg__chart chart = {
        .title = title, .x_label = x_label, .y_label = "values in a bar", .is_filled = true,
        .series = { { .name = x_label, .count = 2 * (bins + 1), .point = outline_point,
                      .user = &h } },
        .series_count = 1, .marked = -1, .is_silent = true,
    };
    wg__chart_draw(html, &chart);
    left_out_draw(html, h.left_out);
}

int wg_report_histogram(wg_report *report, const char *title, const char *x_label, wg_view values,
                        int64_t bins)
{
    if (x_label == NULL || bins < 1 || bins > WG__BINS_MAX)
        return wg__report_fail(report, WG_EINVALID, "histogram",
                               "a label and 1 to 400 bars are needed");
    WG_TRY(wg__report_view(report, "histogram", &values, 1));
    WG_TRY(wg__section_start(report, title, "histogram"));
    wg__histogram_draw(&report->html, NULL, x_label, &values, bins);
    return wg__section_end(report, "histogram");
}

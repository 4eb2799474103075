/* A matrix as a table whose cells are the darker the larger their value: confusion counts, heat
 * maps of a search. The number stands in each cell, so colour alone tells nothing; the darkest is
 * three fifths of the full colour, on which it can be read on light and dark pages. */
#include "runtime/report/page.h"

typedef struct shades { double lower, upper; } shades;

static void shade_add(wg__html *html, const shades *range, double value)
{
    const double share = range->upper > range->lower
                             ? (value - range->lower) / (range->upper - range->lower)
                             : 0.0;
    wg__html_add(html, "<td");
    if (value - value == 0.0) {
        wg__html_add(html, " style=\"--share:");
        wg__html_fixed(html, share, 3);
        wg__html_add(html, "\"");
    }
    wg__html_add(html, ">");
    wg__html_number(html, value);
    wg__html_add(html, "</td>");
}

static void name_add(wg__html *html, const char *scope, const char *const *name, int64_t i)
{
    wg__html_add(html, "<th scope=\"");
    wg__html_add(html, scope);
    wg__html_add(html, "\">");
    if (name != NULL) wg__html_text(html, name[i]);
    else wg__html_integer(html, i);
    wg__html_add(html, "</th>");
}

static void head_draw(wg__html *html, const wg_matrix_names *names, int64_t columns)
{
    wg__html_add(html, "<thead><tr><td></td>");
    for (int64_t i = 0; i < columns; i++) name_add(html, "col", names->column, i);
    wg__html_add(html, "</tr></thead>\n");
}

static void matrix_draw(wg__html *html, const wg_matrix_names *names, const wg_view *matrix)
{
    shades range = { 0.0, 0.0 };
    (void)wg__view_range(matrix, &range.lower, &range.upper);
    wg__html_add(html, "<p class=\"none\">down: ");
    wg__html_text(html, names->down != NULL ? names->down : "row");
    wg__html_add(html, "; across: ");
    wg__html_text(html, names->across != NULL ? names->across : "column");
    wg__html_add(html, "</p><div class=\"wide\"><table class=\"heat\">");
    head_draw(html, names, matrix->shape.dim[1]);
    wg__html_add(html, "<tbody>\n");
    for (int64_t j = 0; j < matrix->shape.dim[0]; j++) {
        wg__html_add(html, "<tr>");
        name_add(html, "row", names->row, j);
        for (int64_t i = 0; i < matrix->shape.dim[1]; i++)
            shade_add(html, &range, wg__view_number(matrix, j, i));
        wg__html_add(html, "</tr>\n");
    }
    wg__html_add(html, "</tbody></table></div>\n");
}

static bool has_null(const char *const *name, int64_t count)
{
    for (int64_t i = 0; name != NULL && i < count; i++)
        if (name[i] == NULL) return true;
    return false;
}

int wg_report_matrix(wg_report *report, const char *title, wg_view matrix,
                     const wg_matrix_names *names)
{
    const wg_matrix_names none = { 0 };
    if (names == NULL) names = &none;
    WG_TRY(wg__report_view(report, "matrix", &matrix, 2));
    if (has_null(names->row, matrix.shape.dim[0]) || has_null(names->column, matrix.shape.dim[1]))
        return wg__report_fail(report, WG_EINVALID, "matrix", "a name is NULL");
    WG_TRY(wg__section_start(report, title, "matrix"));
    matrix_draw(&report->html, names, &matrix);
    return wg__section_end(report, "matrix");
}

/* Views as the sections of a report read them: any dtype, any strides, any address. */
#include "runtime/report/page.h"

int wg__report_view(wg_report *report, const char *what, const wg_view *view, int rank)
{
    const int status = wg__view_check(view);
    if (status < 0) return wg__report_fail(report, status, what, wg_status_text(status));
    if (view->shape.rank != rank)
        return wg__report_fail(report, WG_ESHAPE, what,
                               rank == 1 ? "values have one axis" : "values have two axes");
    return WG_OK;
}

double wg__view_number(const wg_view *view, int64_t j, int64_t i)
{
    const int64_t last = view->shape.rank - 1;
    const int64_t place = i * view->stride[last] + (last > 0 ? j * view->stride[0] : 0);
    const unsigned char *from =
        (const unsigned char *)view->data + place * (int64_t)wg_dtype_bytes(view->dtype);
    return wg__element_number(view->dtype, from);
}

bool wg__view_range(const wg_view *view, double *lower, double *upper)
{
    bool has_any = false;
    const int64_t columns = view->shape.dim[view->shape.rank - 1];
    const int64_t rows = view->shape.rank > 1 ? view->shape.dim[0] : 1;
    for (int64_t j = 0; j < rows; j++)
        for (int64_t i = 0; i < columns; i++) {
            const double value = wg__view_number(view, j, i);
            if (value - value != 0.0) continue;
            if (!has_any || value < *lower) *lower = value;
            if (!has_any || value > *upper) *upper = value;
            has_any = true;
        }
    return has_any;
}

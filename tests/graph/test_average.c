/* Averaged weights: the mean, and the model it makes. */
#include "graph/descent.h"

/* p = 1, 0.5, 0.25, ...: the mean begins at the value and keeps three quarters of itself. */
Test(average, averages_follow_the_values)
{
    const lab l = lab_with(WG_F64, 2);
    const wg_optimizer sgd = wg_sgd(0.5, NULL);
    double mean = 1;
    for (int i = 0; i < 6; i++) {
        const wg_scope scope = lab_scope(l, WG_TRAINING);
        wg_var p = parameter(scope, WG_F64);
        check_status(wg_minimize(&sgd, scope, wg_scale(wg_square(p), 0.5)), WG_OK);
        check_status(wg_average(scope, 0.75), WG_OK);
        check_status(wg_run(l.runtime, l.tape), WG_OK);
        if (i > 0) mean = 0.75 * mean + 0.25 * value_of(l, "p");
        check_close(value_of(l, "average/p"), mean, 8 * DBL_EPSILON);
    }
    wg_params *target = wg_params_create(NULL);
    check_equal_i(wg_average_copy(l.params, target), 1);
    wg_view view;
    check_status(wg_params_find(target, "p", &view), WG_OK);
    check(*(const double *)view.data == value_of(l, "average/p"));
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    check_status(wg_average(scope, 1), WG_EINVALID);
    lab_refused(l, WG_EINVALID, "average: decay is not within 0 <= decay < 1");
    wg_params_free(target);
    lab_close(l);
}

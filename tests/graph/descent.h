/* A lab with one parameter "p", and steps of an optimiser with a given gradient. */
#ifndef WG_TEST_GRAPH_DESCENT_H
#define WG_TEST_GRAPH_DESCENT_H

#include "graph/lab.h"

/* A lab with one parameter "p". */
static inline lab lab_with(wg_dtype dtype, double start)
{
    const lab l = lab_open(1);
    const float narrow = (float)start;
    const wg_view view = dtype == WG_F32 ? wg_f32(&narrow, WG_SCALAR) : wg_f64(&start, WG_SCALAR);
    check_status(wg_params_set(l.params, "p", view), WG_OK);
    return l;
}

static inline wg_var parameter(wg_scope scope, wg_dtype dtype)
{
    return wg_param(scope, "p", dtype, WG_SCALAR, wg_init_constant(1));
}

/* One step with this gradient: the loss is g p. Returns the run's status. */
static inline int step(lab l, const wg_optimizer *optimizer, wg_dtype dtype, double gradient)
{
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var p = parameter(scope, dtype);
    wg_var g = wg_scalar(l.tape, "g", dtype, gradient);
    wg_minimize(optimizer, scope, wg_mul(g, p));
    return wg_run(l.runtime, l.tape);
}

static inline double value_of(lab l, const char *path)
{
    wg_view view;
    check_status(wg_params_find(l.params, path, &view), WG_OK);
    return view.dtype == WG_F32 ? (double)*(const float *)view.data : *(const double *)view.data;
}

#endif

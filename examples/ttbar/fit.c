/* What is minimised for an ordering, minus the logarithm of its likelihood, is
 *     sum of u^2 / 2  +  sum over four masses of log(r^2 + (M G)^2),   r = m^2 - M^2:
 * pulls u of four jets, the lepton and the neutrino across the beam, in units of their resolution,
 * and relativistic Breit-Wigner terms. The neutrino along the beam is free.
 *
 * A step replaces each log by the parabola 2 r^2 / (r0^2 + (M G)^2) of its slope, and r by its
 * tangent, which is the wg_jacobian of the masses. What is left is linear: as many equations as
 * masses, whatever the number of unknowns (Kalman 1960). The step is written for one ordering;
 * wg_vmap makes it that of all orderings of all events, and the unknowns are state that each run
 * replaces.                                                                                     */
#include "fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEN = JETS + 1, PULLS = SEEN + 2, UNKNOWNS = PULLS + 1, MASSES = 4, STEPS = 8 };

/* In GeV. The width is far above those of W and top, 2.1 and 1.5, and the missing momentum less
 * trusted than it might be: jets lose energy to their surroundings more often than their resolution
 * says. Both were chosen on validation data.                                                    */
static const double mass_b = 4.7, mass_w = 80.4, width = 16.0, missing_resolution = 40.0;
static const double lepton_resolution = 0.0225; /* as a share of the energy */
static const double energy_least = 5.0;         /* where a wrong ordering would ask for less */
static const double reach = 100.0;              /* of the neutrino along the beam in a step */

/* A row a fit. */
typedef struct fit {
    double direction[SEEN][3], energy[SEEN];
    double resolution[SEEN]; /* as a share of the energy */
    double missing[2];
    double unknown[UNKNOWNS];
} fit;

/* ---- the step of one ordering ---- */

static wg_var vector_of(wg_tape *tape, const double *value, int64_t count)
{
    return wg_constant(tape, wg_f64(value, WG_SHAPE(count)));
}

static wg_var join(wg_var x, wg_var y, int axis)
{
    return wg_concat(2, (const wg_var[]){ x, y }, axis);
}

/* [6, 4]: the jets as the ordering claims, the lepton, the neutrino; each x, y, z and energy. */
static wg_var momenta(const wg_var *in, wg_var u)
{
    static const double shell[SEEN] = { mass_b, mass_b, 0, 0, 0 };
    wg_var direction = in[0], energy = in[1], resolution = in[2], missing = in[3];
    wg_var mass = vector_of(u.tape, shell, SEEN);
    wg_var e = wg_mul(energy, wg_shift(wg_mul(wg_slice(u, 0, 0, SEEN, 1), resolution), 1));
    e = wg_maximum(e, wg_number(e, energy_least));
    wg_var p = wg_sqrt(wg_sub(wg_square(e), wg_square(mass)));
    wg_var seen = join(wg_mul(wg_expand(p, 1), direction), wg_expand(e, 1), 1);

    wg_var pull = wg_slice(u, 0, SEEN, PULLS, 1), along = wg_slice(u, 0, PULLS, UNKNOWNS, 1);
    wg_var unseen = join(wg_add(missing, wg_scale(pull, missing_resolution)),
                         wg_scale(along, reach), 0);
    unseen = join(unseen, wg_norm(unseen, WG_KEEP(0)), 0);
    return join(seen, wg_expand(unseen, 0), 0);
}

/* The squares of the masses of W and top of three quarks, W and top with the lepton. */
static wg_var masses_squared(wg_var momentum)
{
    static const double part[MASSES][SEEN + 1] = {
        { 0, 0, 1, 1, 0, 0 }, { 1, 0, 1, 1, 0, 0 }, { 0, 0, 0, 0, 1, 1 }, { 0, 1, 0, 0, 1, 1 },
    };
    static const double metric[4] = { -1, -1, -1, 1 };
    wg_tape *tape = momentum.tape;
    wg_var sums = wg_constant(tape, wg_f64(&part[0][0], WG_SHAPE(MASSES, SEEN + 1)));
    return wg_matmul(wg_square(wg_matmul(sums, momentum)), vector_of(tape, metric, 4));
}

static wg_var identity(wg_tape *tape)
{
    static const double one[MASSES][MASSES] = {
        { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 },
    };
    return wg_constant(tape, wg_f64(&one[0][0], WG_SHAPE(MASSES, MASSES)));
}

static wg_var column(wg_var matrix, int64_t i)
{
    return wg_slice(matrix, 1, i, i + 1, 1);
}

/* The x of a x = b, by elimination; a is symmetric and positive, so any order of rows is safe. */
static wg_var solve(wg_var a, wg_var b)
{
    wg_var rest = join(a, wg_expand(b, 1), 1);
    for (int i = 0; i < MASSES; i++) {
        wg_var row = wg_slice(rest, 0, i, i + 1, 1);
        wg_var factor = wg_sub(column(rest, i), column(identity(a.tape), i));
        rest = wg_sub(rest, wg_mul(factor, wg_div(row, column(row, i))));
    }
    return wg_squeeze(column(rest, MASSES), WG_AXES(1));
}

/* in: the fields of a fit  ->  out: its next unknowns, and what the present ones cost. */
static int step(const wg_var *in, wg_var *out, void *user)
{
    static const double is_pull[UNKNOWNS] = { 1, 1, 1, 1, 1, 1, 1, 0 };
    const chi2 *calibrated = user;
    const double mass[MASSES] = { calibrated->center[0], calibrated->center[1], mass_w,
                                  calibrated->center[2] };
    wg_tape *tape = in[0].tape;
    wg_var u = in[4], pulls = wg_mul(u, vector_of(tape, is_pull, UNKNOWNS));
    wg_var target = wg_square(vector_of(tape, mass, MASSES));
    wg_var r = wg_sub(masses_squared(momenta(in, u)), target);
    wg_var away = wg_add(wg_square(r), wg_scale(target, width * width));
    out[1] = wg_add(wg_scale(wg_sum(wg_square(pulls), WG_ALL), 0.5),
                    wg_sum(wg_log(away), WG_ALL));

    wg_var slope = wg_jacobian(r, u), across = wg_transpose(slope);
    wg_var normal = wg_add(wg_matmul(slope, across), wg_mul(identity(tape), wg_scale(away, 0.5)));
    wg_var move = wg_matmul(across, solve(normal, wg_sub(r, wg_matmul(slope, pulls))));
    out[0] = wg_sub(wg_sub(u, pulls), move);
    return WG_OK;
}

/* ---- all of them ---- */

/* A field of all fits, which begins there in the first. */
static wg_view field(const double *first, wg_shape shape)
{
    wg_view view = wg_f64(first, shape);
    view.stride[0] = (int64_t)(sizeof(fit) / sizeof(double));
    return view;
}

/* Records a step of all; returns what it starts from costs. */
static wg_var record(wg_tape *tape, wg_params *params, const chi2 *calibrated, const fit *all,
                     int64_t count)
{
    wg_var out[2], in[5] = {
        wg_batch(tape, "direction", field(all->direction[0], WG_SHAPE(count, SEEN, 3))),
        wg_batch(tape, "energy", field(all->energy, WG_SHAPE(count, SEEN))),
        wg_batch(tape, "resolution", field(all->resolution, WG_SHAPE(count, SEEN))),
        wg_batch(tape, "missing", field(all->missing, WG_SHAPE(count, 2))),
        wg_state(wg_scope_root(tape, params, WG_EVALUATION), "unknown", WG_F64,
                 WG_SHAPE(count, UNKNOWNS), 0),
    };
    wg_vmap(step, (void *)calibrated, 5, in, 2, out);
    wg_assign(in[4], out[0]);
    return out[1];
}

static int minimize(wg_runtime *runtime, const chi2 *calibrated, const fit *all, int64_t count,
                    double *cost, wg_error *error)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    int status = wg_params_set(params, "unknown", field(all->unknown, WG_SHAPE(count, UNKNOWNS)));
    for (int i = 0; i <= STEPS && status >= 0; i++) {
        wg_tape_reset(tape);
        const wg_var before = record(tape, params, calibrated, all, count);
        status = i < STEPS ? wg_run(runtime, tape) : wg_read_f64(runtime, before, cost, count);
    }
    if (status < 0) {
        error->status = status;
        snprintf(error->message, sizeof error->message, "%s", wg_explain(status, tape, NULL));
    }
    wg_params_free(params);
    wg_tape_free(tape);
    return status;
}

static void put(vector a, double direction[3], double *energy)
{
    const double p = sqrt(a.x * a.x + a.y * a.y + a.z * a.z);
    direction[0] = a.x / p;
    direction[1] = a.y / p;
    direction[2] = a.z / p;
    *energy = a.e;
}

/* Of these data: noise, sampling and a constant share, by the momentum across the beam. */
static double jet_resolution(vector a)
{
    const double p = vector_across(a);
    return sqrt(4.0 * 4.0 / (p * p) + 0.75 * 0.75 / p + 0.04 * 0.04);
}

/* All is as measured, and the neutrino the one that makes the top nearer to its mass. */
static void begin(const event *from, const ordering *claim, const chi2 *calibrated, fit *out)
{
    const int claimed[JETS] = { claim->b_hadronic, claim->b_leptonic, claim->first, claim->second };
    const candidate made = candidate_make(from, claim);
    memset(out, 0, sizeof *out);
    for (int i = 0; i < JETS; i++) {
        const vector jet = from->jet[claimed[i]];
        put(jet, out->direction[i], &out->energy[i]);
        out->resolution[i] = jet_resolution(jet);
    }
    put(from->lepton, out->direction[JETS], &out->energy[JETS]);
    out->resolution[JETS] = lepton_resolution;
    out->missing[0] = from->missing_x;
    out->missing[1] = from->missing_y;
    out->unknown[PULLS] = (chi2_top(calibrated, &made)->z - made.b_lepton.z) / reach;
}

int fit_efficiency(wg_runtime *runtime, const chi2 *calibrated, const events *test,
                   double efficiency[2], wg_error *error)
{
    const int64_t count = test->count * ORDERINGS;
    fit *all = malloc((size_t)count * sizeof *all);
    double *cost = malloc((size_t)count * sizeof *cost);
    int status = all != NULL && cost != NULL ? WG_OK : WG_EMEMORY;
    for (int64_t i = 0; i < count && status >= 0; i++)
        begin(&test->item[i / ORDERINGS], &orderings[i % ORDERINGS], calibrated, &all[i]);
    if (status >= 0) status = minimize(runtime, calibrated, all, count, cost, error);
    if (status >= 0) efficiency[0] = events_efficiency(test, cost);
    for (int64_t i = 0; i < count && status >= 0; i++)
        cost[i] += chi2_tags(calibrated, &test->item[i / ORDERINGS], &orderings[i % ORDERINGS]) / 2;
    if (status >= 0) efficiency[1] = events_efficiency(test, cost);
    free(all);
    free(cost);
    return status;
}

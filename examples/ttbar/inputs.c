/* An event becomes twelve rows, one an ordering: the same momenta, in the order the ordering
 * claims. A network that scores rows, and knows nothing of orderings, can then tell which claim
 * fits.                                                                                         */
#include "inputs.h"

#include <math.h>
#include <stdlib.h>

candidate candidate_make(const event *from, const ordering *claim)
{
    candidate made;
    vector neutrino[2];
    const vector b_leptonic = from->jet[claim->b_leptonic];
    made.w_hadronic = vector_add(from->jet[claim->first], from->jet[claim->second]);
    made.top_hadronic = vector_add(made.w_hadronic, from->jet[claim->b_hadronic]);
    made.b_lepton = vector_add(b_leptonic, from->lepton);
    made.has_neutrino =
        neutrino_solve(from->lepton, from->missing_x, from->missing_y, neutrino);
    for (int i = 0; i < 2; i++) made.top_leptonic[i] = vector_add(made.b_lepton, neutrino[i]);
    return made;
}

static float *put_jet(float *x, const event *from, int j)
{
    const vector jet = from->jet[j];
    *x++ = (float)jet.x;
    *x++ = (float)jet.y;
    *x++ = (float)jet.z;
    *x++ = (float)jet.e;
    *x++ = from->is_tagged[j] ? 1.0f : 0.0f;
    return x;
}

static void row_make(const event *from, const ordering *claim, float *x)
{
    x = put_jet(x, from, claim->b_hadronic);
    x = put_jet(x, from, claim->b_leptonic);
    x = put_jet(x, from, claim->first);
    x = put_jet(x, from, claim->second);
    *x++ = (float)from->lepton.x;
    *x++ = (float)from->lepton.y;
    *x++ = (float)from->lepton.z;
    /* The azimuth is cyclic: its sine and cosine have no seam. */
    const double missing =
        sqrt(from->missing_x * from->missing_x + from->missing_y * from->missing_y);
    *x++ = (float)missing;
    *x++ = (float)(missing > 0.0 ? from->missing_y / missing : 0.0);
    *x++ = (float)(missing > 0.0 ? from->missing_x / missing : 1.0);

    const candidate made = candidate_make(from, claim);
    *x++ = (float)vector_mass(made.w_hadronic);
    *x++ = (float)vector_mass(made.top_hadronic);
    *x++ = (float)vector_mass(made.top_leptonic[0]);
    *x++ = (float)vector_mass(made.top_leptonic[1]);
    *x++ = (float)vector_mass(made.b_lepton);
    *x++ = (float)vector_across(made.top_hadronic);
    *x = made.has_neutrino ? 1.0f : 0.0f;
}

/* Masses and momenta spread over decades; their logarithms do not. Taken by the library, whose
 * logarithm has the same bits everywhere, and so has all that is computed from it.              */
static int logarithms_take(wg_runtime *runtime, float *x, int64_t rows)
{
    wg_tensor gev = wg_tensor_of(x, WG_F32, WG_SHAPE(rows, INPUTS));
    gev.data = x + RAW;
    gev.shape.dim[1] = LOGARITHMS; /* the strides stay those of whole rows */
    wg_view view = wg_view_of(gev.data, WG_F32, gev.shape);
    view.stride[0] = gev.stride[0];
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var value = wg_input(tape, "gev", view);
    const int status = wg_read(runtime, wg_log(wg_maximum(value, wg_number(value, 1))), gev);
    wg_tape_free(tape);
    return status;
}

static int rows_make(wg_runtime *runtime, const events *part, float *x, int32_t *t,
                     wg_dataset *data)
{
    const int64_t count = part->count;
    for (int64_t i = 0; i < count; i++) {
        t[i] = part->item[i].truth;
        for (int k = 0; k < ORDERINGS; k++)
            row_make(&part->item[i], &orderings[k], x + (i * ORDERINGS + k) * INPUTS);
    }
    int status = logarithms_take(runtime, x, count * ORDERINGS);
    if (status >= 0)
        status = wg_dataset_add(data, "x", wg_f32(x, WG_SHAPE(count, ORDERINGS, INPUTS)));
    if (status >= 0) status = wg_dataset_add(data, "t", wg_i32(t, WG_SHAPE(count)));
    return status;
}

int inputs_make(wg_runtime *runtime, const events *part, wg_dataset **out)
{
    wg_dataset *data = wg_dataset_create(NULL);
    float *x = malloc((size_t)part->count * ORDERINGS * INPUTS * sizeof *x);
    int32_t *t = malloc((size_t)part->count * sizeof *t);
    int status = WG_EMEMORY;
    if (data != NULL && x != NULL && t != NULL) status = rows_make(runtime, part, x, t, data);
    free(x);
    free(t);
    if (status >= 0) *out = data;
    else wg_dataset_free(data);
    return status;
}

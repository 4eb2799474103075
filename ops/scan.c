/* scan and pick: a recorded body, step by step, and one of the values that it ends with or has
 * stacked. A scan is no value by itself: what stands for it is a scalar that its picks read. The
 * body is the tape's, so the tape differentiates both and the runtime carries out the steps. */
#include "ops/rules.h"

int wg__infer_scan(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    (void)in;
    (void)why;
    WG_ASSERT(request->attribute_count >= WG__SCAN_WORDS && request->in_count > 0);
    *out = (wg__type){ .dtype = WG_F32, .shape = { .rank = 0 } };
    return WG_OK;
}

int wg__infer_pick(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    (void)in;
    (void)why;
    WG_ASSERT(request->wanted != NULL && request->attribute_count == 1);
    *out = *request->wanted;
    return WG_OK;
}

/* rule and ruled: a value with a derivative rule of its own.
 *
 * ruled(y, rule(in..., y)) is y; its cotangent goes to the rule, which sends to each of in what a
 * recorded body says, or the derivative of that body. One rule may serve several results, and takes
 * them all. The body is the tape's, so the tape differentiates both, and nothing calls the rule
 * that stands in the table.                                                                      */
#include "ops/rules.h"

/* What stands for a rule is no value: a scalar that nobody reads. */
int wg__infer_rule(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    (void)in;
    (void)why;
    WG_ASSERT(request->attribute_count == WG__RULE_WORDS && request->in_count > 0);
    *out = (wg__type){ .dtype = WG_F32, .shape = { .rank = 0 } };
    return WG_OK;
}

int wg__infer_ruled(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    (void)why;
    WG_ASSERT(request->attribute_count == 1);
    *out = in[0];
    return WG_OK;
}

void wg__vjp_body(const wg__node_view *node, uint32_t *gradient)
{
    (void)node;
    (void)gradient;
    WG_ASSERT(false);
}

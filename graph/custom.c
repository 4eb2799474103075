/* wg_custom_vjp: a value whose derivative is what the caller's rule records. The rule is called
 * once, now, on placeholders, so no later call runs code of the caller. */
#include "graph/tape.h"

typedef struct rule_call { wg_vjp_rule *rule; void *user; int64_t count; } rule_call;

/* The rule as a function: of in..., y, the cotangent. */
static int rule_function(const wg_var *in, wg_var *out, void *user)
{
    const rule_call *call = user;
    return call->rule(in, in[call->count], in[call->count + 1], out, call->user);
}

/* Types of in..., y and its cotangent. */
static wg__type *argument_types(wg_tape *tape, uint32_t y, int64_t count, const wg_var *in)
{
    wg__type *type = wg__arena_take(&tape->arena, ((size_t)count + 2) * sizeof *type);
    if (type == NULL) {
        wg__tape_no_memory(tape);
        return NULL;
    }
    for (int64_t i = 0; i < count; i++) type[i] = wg__tape_type(tape, in[i].index);
    type[count] = type[count + 1] = wg__tape_type(tape, y);
    return type;
}

uint32_t wg__custom_record(wg_tape *tape, const char *op, uint32_t y, int64_t count,
                           const wg_var *in, wg_vjp_rule *rule, void *user)
{
    const uint32_t generation = tape->generation;
    rule_call of = { .rule = rule, .user = user, .count = count };
    wg__type *type = argument_types(tape, y, count, in);
    if (type == NULL) return WG__NONE;
    const wg__call_of_body call = { .op = op,
                                    .function = rule_function,
                                    .user = &of,
                                    .in_count = count + 2,
                                    .out_count = count,
                                    .in = type,
                                    .out = type };
    const uint32_t body = wg__body_record(tape, &call);
    if (body == 0 || tape->generation != generation) return WG__NONE;
    uint32_t *x = wg__arena_take(&tape->arena, (size_t)count * sizeof *x);
    if (x == NULL) {
        wg__tape_no_memory(tape);
        return WG__NONE;
    }
    for (int64_t i = 0; i < count; i++) x[i] = in[i].index;
    const wg__rule recorded = { .body = body, .x = x, .y = &y, .x_count = count, .y_count = 1 };
    uint32_t out = WG__NONE;
    return wg__rule_record(tape, &recorded, &out) < 0 ? WG__NONE : out;
}

wg_var wg_custom_vjp(wg_var y, int64_t count, const wg_var *in, wg_vjp_rule *rule, void *user)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("custom_vjp", 1, &y, &failed);
    if (tape == NULL) return failed;
    failed = wg__var_of(tape, WG__NONE);
    if (rule == NULL || count < 0 || (count > 0 && in == NULL)) {
        wg__tape_refuse(tape, WG_EINVALID, "custom_vjp", WG__NONE, "no rule, or no inputs");
        return failed;
    }
    for (int64_t i = 0; i < count; i++)
        if (wg__tape_of("custom_vjp", 2, (const wg_var[2]){ y, in[i] }, &failed) == NULL)
            return failed;
    const wg_dtype dtype = (wg_dtype)tape->record[y.index].dtype;
    if (!wg__dtype_is_float(dtype)) {
        wg__tape_refuse(tape, WG_EGRADIENT, "custom_vjp", WG__NONE, "no derivative of %s exists",
                        wg_dtype_name(dtype));
        return wg__var_of(tape, WG__NONE);
    }
    return wg__var_of(tape,
                      wg__custom_record(tape, "custom_vjp", y.index, count, in, rule, user));
}

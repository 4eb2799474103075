/* A step of an optimiser: what is done to gradients and parameters around the rule that is its
 * own. All state lives below "<optimiser>/" in the params of the scope.
 *
 * Whatever is one number a step (rates, powers, norms) is recorded once, in f64, and cast once for
 * each dtype and group: an update records only what it does to elements. While gradients are being
 * accumulated all state of the optimiser stands under one condition (wg_scope_when), so that rules
 * know nothing of it. */
#include <wengert/nn.h>
#include <stdio.h>
#include <string.h>

/* ---- what is refused ---- */

static bool is_zeroed(const uint64_t *reserved, int count)
{
    for (int i = 0; i < count; i++)
        if (reserved[i] != 0) return false;
    return true;
}

/* 0 or more; NaN and infinity are not. */
static bool is_amount(double value)
{
    return value >= 0 && value <= 0x1.fffffffffffffp1023;
}

static const char *fault_of_groups(const wg_optimizer *optimizer)
{
    const int64_t count = optimizer->group_count;
    if (count < 0 || (count > 0 && !optimizer->group)) return "apply: groups are missing";
    for (int64_t i = 0; i < count; i++) {
        const wg_group *group = &optimizer->group[i];
        if (!group->pattern) return "apply: a group has no pattern";
        if (!is_zeroed(group->reserved, 2)) return "apply: a group was not zeroed";
        if (!is_amount(group->rate_factor) || !is_amount(group->decay) || !is_amount(group->l1))
            return "apply: rate_factor, decay and l1 of a group are 0 or more";
    }
    return NULL;
}

/* What is wrong with the arguments of wg_apply; NULL: nothing. */
static const char *fault_of(const wg_optimizer *optimizer, int64_t count, const wg_var *parameter,
                            const wg_var *gradient)
{
    if (!optimizer || !optimizer->name) return "apply: no optimiser, or one without a name";
    if (!optimizer->update)
        return "apply: the optimiser has no rule: were its options zeroed, and in range?";
    if (!is_zeroed(optimizer->reserved, 8))
        return "apply: the optimiser was not zeroed: reserved has a value";
    if (!is_amount(optimizer->decay) || !is_amount(optimizer->l1) || !is_amount(optimizer->l2) ||
        !is_amount(optimizer->clip_norm) || !is_amount(optimizer->clip_value) ||
        optimizer->accumulate < 0)
        return "apply: decay, l1, l2, clip_norm, clip_value and accumulate are 0 or more";
    if (count < 0 || (count > 0 && (!parameter || !gradient)))
        return "apply: no parameters, or no gradients";
    return fault_of_groups(optimizer);
}

/* ---- a step ---- */

/* What a group makes of the numbers of the step, in one dtype. */
typedef struct terms {
    wg_dtype dtype;
    double factor, decay, l1;
    wg_var rate;                       /* for the rule */
    wg_var kept;                       /* what weight decay leaves; null value: all */
    wg_var shrink;                     /* what l1 takes; null value: nothing */
    wg_var shared[WG_SHARED_MAX];
} terms;

typedef struct application {
    const wg_optimizer *optimizer;
    wg_tape *tape;
    wg_scope own;                      /* where its state lives */
    wg_var is_last;                    /* of the runs that are accumulated; null value: always */
    wg_var rate, pace;                 /* f64: of the step, and for the rules */
    wg_var shared[WG_SHARED_MAX];      /* f64; null values where there is none */
    int64_t count;
    const wg_var *parameter;
    wg_var *gradient;
    terms *term;                       /* room for one a parameter */
    int64_t term_count;
} application;

/* Gives what was recorded for a parameter the lines of its gradient: no macro wraps what returns
 * int, so an update has the lines of what it is made of. */
static void place(wg_var gradient)
{
    const wg_var placed = wg_at(gradient, NULL, 0);
    (void)placed;
}

/* ---- gradients ---- */

static int pair_check(wg_tape *tape, wg_var parameter, wg_var gradient)
{
    char reason[160];
    const char *path = wg_path(parameter);
    if (path[0] == '\0') return wg_tape_fail(tape, WG_EINVALID, "apply: a value is no parameter");
    const bool is_shaped = wg_shape_equal(wg_shape_of(gradient), wg_shape_of(parameter));
    if (gradient.tape && is_shaped && wg_dtype_of(gradient) == wg_dtype_of(parameter))
        return wg_tape_status(tape);
    const char *fault = !gradient.tape ? "is the null value"
                        : is_shaped    ? "has another dtype"
                                       : "has another shape";
    snprintf(reason, sizeof reason, "apply: the gradient of %.100s %s", path, fault);
    const int status = !gradient.tape ? WG_EINVALID : is_shaped ? WG_EDTYPE : WG_ESHAPE;
    return wg_tape_fail(tape, status, reason);
}

static int pairs_check(const application *a)
{
    int status = WG_OK;
    for (int64_t i = 0; i < a->count && status >= 0; i++) {
        status = pair_check(a->tape, a->parameter[i], a->gradient[i]);
        if (status < 0) place(a->gradient[i]);
    }
    return status;
}

/* Replaces gradients by their mean over the runs so far, and puts the optimiser's state under the
 * condition that this run is the last of them. */
static void gradients_accumulate(application *a)
{
    const int64_t runs = a->optimizer->accumulate;
    if (runs <= 1) return;
    const wg_var done = wg_state(a->own, "runs", WG_I64, WG_SCALAR, 0);
    const wg_var now = wg_shift(done, 1);
    a->is_last = wg_ge(now, wg_number(now, (double)runs));
    wg_assign(done, wg_select(a->is_last, wg_number(now, 0), now));
    for (int64_t i = 0; i < a->count; i++) {
        const wg_scope state = wg_scope_in(a->own, wg_path(a->parameter[i]));
        const wg_var sum = wg_state_like(state, "accumulated", a->parameter[i]);
        const wg_var total = wg_add(sum, a->gradient[i]);
        if (!a->optimizer->unchecked) wg_require_finite(total);
        wg_assign(sum, wg_select(a->is_last, wg_number(total, 0), total));
        place(a->gradient[i]);
        a->gradient[i] = wg_div(total, wg_number(total, (double)runs));
    }
    a->own = wg_scope_when(a->own, a->is_last);
}

static void gradients_clip_value(application *a)
{
    const double bound = a->optimizer->clip_value;
    if (bound == 0) return;
    for (int64_t i = 0; i < a->count; i++) {
        const wg_var g = a->gradient[i];
        const wg_var above = wg_maximum(g, wg_number(g, -bound));
        a->gradient[i] = wg_minimum(above, wg_number(above, bound));
        place(g);
    }
}

/* The factor, in f64, that brings the norm of all gradients down to the bound. */
static wg_var norm_factor(const application *a, double bound)
{
    wg_var total = wg_full(a->tape, WG_F64, WG_SCALAR, 0);
    for (int64_t i = 0; i < a->count; i++) {
        const wg_var sum = wg_sum(wg_square(a->gradient[i]), WG_ALL);
        total = wg_add(total, wg_cast(sum, WG_F64));
        place(a->gradient[i]);
    }
    const wg_var norm = wg_sqrt(total);
    if (!a->optimizer->unchecked) wg_require_finite(norm);
    const wg_var limit = wg_number(norm, bound);
    const wg_var factor = wg_div(limit, norm);
    return wg_select(wg_gt(norm, limit), factor, wg_number(norm, 1));
}

static void gradients_clip_norm(application *a)
{
    const double bound = a->optimizer->clip_norm;
    if (bound == 0) return;
    const wg_var factor = norm_factor(a, bound);
    wg_var cast[2] = { { 0 } };                /* f32, f64 */
    for (int64_t i = 0; i < a->count; i++) {
        const wg_var g = a->gradient[i];
        wg_var *known = &cast[wg_dtype_of(g) == WG_F64];
        if (!known->tape) *known = wg_cast(factor, wg_dtype_of(g));
        a->gradient[i] = wg_mul(g, *known);
        place(g);
    }
}

/* ---- groups ---- */

/* WG_ZERO is a zero that is meant. */
static double meant(double value)
{
    return value == WG_ZERO ? 0 : value;
}

/* The settings of a parameter: those of the optimiser, then of the groups that match, in order. */
static wg_group group_of(const wg_optimizer *optimizer, const char *path)
{
    wg_group found = { .rate_factor = 1, .decay = optimizer->decay, .l1 = optimizer->l1 };
    for (int64_t i = 0; i < optimizer->group_count; i++) {
        const wg_group *group = &optimizer->group[i];
        if (!wg_path_matches(group->pattern, path)) continue;
        if (group->rate_factor != 0) found.rate_factor = group->rate_factor;
        if (group->decay != 0) found.decay = group->decay;
        if (group->l1 != 0) found.l1 = group->l1;
        if (group->frozen) found.frozen = true;
    }
    found.rate_factor = meant(found.rate_factor);
    found.decay = meant(found.decay);
    found.l1 = meant(found.l1);
    return found;
}

/* x times a number, in f64, then cast. */
static wg_var cast_times(wg_var x, double factor, wg_dtype dtype)
{
    return wg_cast(factor == 1 ? x : wg_scale(x, factor), dtype);
}

static void terms_record(const application *a, terms *t)
{
    t->rate = cast_times(a->pace, t->factor, t->dtype);
    if (t->decay != 0 && !a->optimizer->own_decay) {
        const wg_var lost = wg_scale(a->rate, t->factor * t->decay);
        t->kept = wg_cast(wg_sub(wg_number(lost, 1), lost), t->dtype);
    }
    if (t->l1 != 0) t->shrink = cast_times(a->rate, t->factor * t->l1, t->dtype);
    for (int i = 0; i < WG_SHARED_MAX; i++)
        if (a->shared[i].tape) t->shared[i] = wg_cast(a->shared[i], t->dtype);
}

/* Recorded at the first parameter that needs them. */
static const terms *terms_of(application *a, const wg_group *group, wg_dtype dtype)
{
    for (int64_t i = 0; i < a->term_count; i++) {
        const terms *t = &a->term[i];
        if (t->dtype == dtype && t->factor == group->rate_factor && t->decay == group->decay &&
            t->l1 == group->l1)
            return t;
    }
    terms *added = &a->term[a->term_count++];
    *added = (terms){ .dtype = dtype, .factor = group->rate_factor, .decay = group->decay,
                      .l1 = group->l1 };
    terms_record(a, added);
    return added;
}

/* ---- updates ---- */

/* sign(x) max(|x| - amount, 0): towards 0, and not beyond. */
static wg_var shrunk(wg_var x, wg_var amount)
{
    const wg_var size = wg_sub(wg_abs(x), amount);
    const wg_var left = wg_maximum(size, wg_number(size, 0));
    return wg_mul(wg_sign(x), left);
}

/* Brackets around a rule that may be a function of the caller. */
static uint32_t rule_hold(const application *a)
{
    return a->optimizer->pure ? 0 : wg_location_hold(a->tape);
}

static void rule_release(const application *a, uint32_t held)
{
    if (!a->optimizer->pure) wg_location_release(a->tape, held);
}

/* The rule's value for a parameter. */
static wg_var rule_record(const application *a, const terms *t, wg_var parameter, wg_var gradient,
                          const char *path)
{
    const wg_scope state = wg_scope_in(a->own, path);
    wg_optimizer self = *a->optimizer;
    self.decay = t->decay;
    self.l1 = t->l1;
    memcpy(self.shared, t->shared, sizeof self.shared);
    const uint32_t held = rule_hold(a);
    const wg_var next = self.update(state, parameter, gradient, t->rate, &self);
    rule_release(a, held);
    return next;
}

static int parameter_update(application *a, wg_var parameter, wg_var gradient)
{
    const wg_optimizer *optimizer = a->optimizer;
    const char *path = wg_path(parameter);
    const wg_group group = group_of(optimizer, path);
    if (group.frozen) return WG_OK;
    const terms *t = terms_of(a, &group, wg_dtype_of(parameter));
    if (optimizer->l2 != 0) gradient = wg_add(gradient, wg_scale(parameter, optimizer->l2));
    const wg_var before = t->kept.tape ? wg_mul(parameter, t->kept) : parameter;
    wg_var next = rule_record(a, t, before, gradient, path);
    if (t->shrink.tape) next = shrunk(next, t->shrink);
    if (!optimizer->unchecked) wg_require_finite(next);
    if (a->is_last.tape) next = wg_select(a->is_last, next, parameter);
    return wg_assign(parameter, next);
}

/* ---- the numbers of the step ---- */

/* The rate as an input, named below the optimiser: that its name is taken is what refuses a second
 * optimiser of one name, whose state would be the same. */
static wg_var rate_of(const wg_optimizer *optimizer, wg_tape *tape)
{
    static const char end[] = "/rate";
    const size_t length = strlen(optimizer->name);
    char *name = wg_tape_take(tape, length + sizeof end);
    if (!name) return (wg_var){ 0 };
    memcpy(name, optimizer->name, length);
    memcpy(name + length, end, sizeof end);
    return wg_scalar(tape, name, WG_F64, optimizer->rate);
}

static void step_prepare(application *a)
{
    const wg_optimizer *optimizer = a->optimizer;
    const wg_var step = wg_state(a->own, "step", WG_I64, WG_SCALAR, 0);
    wg_assign(step, wg_shift(step, 1));
    a->pace = a->rate;
    if (!optimizer->prepare) return;
    const uint32_t held = rule_hold(a);
    a->pace = optimizer->prepare(a->own, a->rate, a->shared, optimizer);
    rule_release(a, held);
}

/* With its rate recorded, which is no part of the span. */
static application application_of(const wg_optimizer *optimizer, wg_scope scope)
{
    const wg_mode mode = wg_scope_training(scope) ? WG_TRAINING : WG_EVALUATION;
    const wg_scope root = wg_scope_root(scope.tape, scope.params, mode);
    const wg_scope own = wg_scope_in(root, optimizer->name);
    return (application){ .optimizer = optimizer, .tape = scope.tape, .own = own,
                          .rate = rate_of(optimizer, scope.tape) };
}

/* The gradients are copied: steps before the rule replace them. */
static int gradients_take(application *a, const wg_var *gradient)
{
    const size_t count = (size_t)a->count;
    a->gradient = wg_tape_take(a->tape, count * sizeof *a->gradient);
    a->term = wg_tape_take(a->tape, count * sizeof *a->term);
    const int status = wg_tape_status(a->tape);
    if (status >= 0 && count > 0) memcpy(a->gradient, gradient, count * sizeof *gradient);
    return status;
}

static int step_record(application *a, const wg_var *gradient)
{
    int status = gradients_take(a, gradient);
    if (status >= 0) status = pairs_check(a);
    if (status < 0) return status;
    gradients_accumulate(a);
    gradients_clip_value(a);
    gradients_clip_norm(a);
    step_prepare(a);
    for (int64_t i = 0; i < a->count && wg_tape_status(a->tape) == WG_OK; i++) {
        parameter_update(a, a->parameter[i], a->gradient[i]);
        place(gradient[i]);
    }
    return wg_tape_status(a->tape);
}

/* ---- a step as a span ---- */

/* Called twice: to count, with to NULL, and to write. */
typedef struct sink { unsigned char *to; size_t bytes; } sink;

static void put(sink *out, const void *data, size_t bytes)
{
    if (out->to) memcpy(out->to + out->bytes, data, bytes);
    out->bytes += bytes;
}

static void put_groups(sink *out, const wg_optimizer *optimizer)
{
    for (int64_t i = 0; i < optimizer->group_count; i++) {
        const wg_group *group = &optimizer->group[i];
        const double number[] = { group->rate_factor, group->decay, group->l1, group->frozen };
        put(out, number, sizeof number);
        put(out, group->pattern, strlen(group->pattern) + 1);
    }
}

/* All that a step of a pure optimiser depends on besides its values: the rate is an input. */
static void put_application(sink *out, const char *op, const application *a, wg_scope scope)
{
    const wg_optimizer *o = a->optimizer;
    const double number[] = { o->decay, o->l1, o->l2, o->clip_norm, o->clip_value };
    const int64_t whole[] = { o->accumulate, o->group_count };
    const uint32_t word[] = { scope.path, scope.flags, scope.replaced, a->own.path,
                              a->rate.index, o->unchecked, o->own_decay };
    put(out, op, strlen(op) + 1);
    put(out, &o->update, sizeof o->update);
    put(out, &o->prepare, sizeof o->prepare);
    put(out, &scope.params, sizeof scope.params);
    put(out, number, sizeof number);
    put(out, o->setting, sizeof o->setting);
    put(out, whole, sizeof whole);
    put(out, word, sizeof word);
    put_groups(out, o);
}

/* wg_span_begin of a step made of these values; of a rule that may be a caller's never true. */
static bool span_begin(const char *op, const application *a, wg_scope scope, int64_t count,
                       const wg_var *x)
{
    enum { BYTES_MAX = 1024 };   /* without groups some 250 */
    unsigned char bytes[BYTES_MAX];
    wg_var first;
    if (!a->optimizer->pure) return false;
    sink length = { 0 };
    put_application(&length, op, a, scope);
    sink key = { .to = length.bytes <= BYTES_MAX ? bytes : wg_tape_take(a->tape, length.bytes) };
    if (!key.to) return false;
    put_application(&key, op, a, scope);
    return wg_span_begin(a->tape, key.to, key.bytes, count, x, &first);
}

static int span_end(const application *a, wg_var first)
{
    if (a->optimizer->pure) wg_span_end(a->tape, first);
    return wg_tape_status(a->tape);
}

int wg_apply(const wg_optimizer *optimizer, wg_scope scope, int64_t count, const wg_var *parameter,
             const wg_var *gradient)
{
    const char *fault = fault_of(optimizer, count, parameter, gradient);
    if (fault) return wg_tape_fail(scope.tape, WG_EINVALID, fault);
    if (count == 0) return wg_tape_status(scope.tape);
    application a = application_of(optimizer, scope);
    a.count = count;
    a.parameter = parameter;
    wg_var *all = wg_tape_take(a.tape, 2 * (size_t)count * sizeof *all);
    if (!all) return wg_tape_status(a.tape);
    memcpy(all, parameter, (size_t)count * sizeof *all);
    memcpy(all + count, gradient, (size_t)count * sizeof *all);
    if (span_begin("wg_apply", &a, scope, 2 * count, all)) return WG_OK;
    step_record(&a, gradient);
    return span_end(&a, all[0]);
}

/* The gradients of the parameters below a scope, and the step. */
static int descent_record(application *a, wg_scope scope, wg_var loss)
{
    a->count = wg_parameters(scope, 0, NULL);
    if (a->count <= 0) {
        const int status = wg_tape_status(scope.tape);
        return status < 0 ? status
                          : wg_tape_fail(scope.tape, WG_EINVALID,
                                         "minimize: no parameter has been met below this scope");
    }
    wg_var *parameter = wg_tape_take(scope.tape, (size_t)a->count * sizeof *parameter);
    wg_var *gradient = wg_tape_take(scope.tape, (size_t)a->count * sizeof *gradient);
    if (!parameter || !gradient) return wg_tape_status(scope.tape);
    wg_parameters(scope, a->count, parameter);
    a->parameter = parameter;
    const int status = wg_grads(loss, a->count, parameter, gradient);
    return status < 0 ? status : step_record(a, gradient);
}

int wg_minimize(const wg_optimizer *optimizer, wg_scope scope, wg_var loss)
{
    if (!loss.tape)
        return wg_tape_fail(scope.tape, WG_EINVALID, "minimize: the loss is the null value");
    const char *fault = fault_of(optimizer, 0, NULL, NULL);
    if (fault) return wg_tape_fail(scope.tape, WG_EINVALID, fault);
    application a = application_of(optimizer, scope);
    if (span_begin("wg_minimize", &a, scope, 1, &loss)) return WG_OK;
    const int status = descent_record(&a, scope, loss);
    const int ended = span_end(&a, loss);
    return status < 0 ? status : ended;
}

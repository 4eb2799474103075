/* Newton's method with the curvature seen in the last few steps. All parameters are one vector on
 * the host; loss and gradient are recorded as those of a training step are, and the direction as a
 * program of its own, in which pairs that are not there yet are zero and change nothing.
 *
 * The invariant: params hold the point that was evaluated last, and the vector what they hold, so a
 * parameter of f32 is compared with what it is and not with what it should have been. Whatever ends
 * the search, the best point is put back: the loss of accepted points only falls. */
#include "graph/internal.h"
#include "runtime/data/dataset.h"
#include "runtime/internal.h"
#include "runtime/train/pass.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { STEPS_DEFAULT = 200, MEMORY_DEFAULT = 10, MEMORY_MAX = 100 };
/* Halvings and doublings of one step: beyond them a step is lost in rounding. */
enum { TRIALS_MAX = 60 };
static const double tolerance_default = 1e-6;
/* Nocedal & Wright 2006, ch. 3: a step must keep a little of the promised descent, and leave at
 * most this much of the slope. */
static const double descent_least = 1e-4, slope_left_most = 0.9;

/* A parameter's part of the vector. */
typedef struct part { char *path; wg_dtype dtype; wg_shape shape; int64_t start, count; } part;
typedef struct point { double *x, *gradient, loss; } point;

typedef struct lbfgs {
    wg__pass pass;
    wg__arena arena;
    wg_lbfgs_options options;
    part *part;
    int64_t part_count, size;
    point now, next;
    double *direction, *s, *y, *rho, gamma; /* s, y [memory, size], the oldest pair first */
    void *room;                             /* for the largest parameter */
    wg_program *program;                    /* direction of a gradient */
    wg_lbfgs_result result;
    wg_error *error;
} lbfgs;

/* ---- a point ---- */

static double dot(const double *x, const double *y, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += x[i] * y[i];
    return sum;
}

static double largest(const double *x, int64_t count)
{
    double most = 0;
    for (int64_t i = 0; i < count; i++)
        if (!(fabs(x[i]) <= most)) most = fabs(x[i]);
    return most;
}

/* The gradients one behind the other, f64. */
static wg_var flatten(const wg_var *gradient, wg_var *flat, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const wg_shape row = WG_SHAPE(wg_shape_count(wg_shape_of(gradient[i])));
        flat[i] = wg_cast(wg_reshape(gradient[i], row), WG_F64);
    }
    return wg_concat(count, flat, 0);
}

/* Records the loss over all rows and its gradient; the parameters met in *parameter. */
static int point_record(lbfgs *self, wg_var *loss, wg_var *flat, wg_var **parameter, int64_t *count)
{
    wg__samples batch;
    WG_TRY(wg__pass_record(&self->pass, WG_EVALUATION, &batch));
    batch.loss = wg_cast(batch.loss, WG_F64);
    *loss = wg__sample_mean(&batch);
    *count = wg_parameters(batch.scope, 0, NULL);
    if (*count == 0)
        return wg_tape_fail(self->pass.tape, WG_EINVALID, "the model has no parameters to change");
    wg_var *list = wg_tape_take(self->pass.tape, 3 * (size_t)*count * sizeof *list);
    if (list == NULL) return wg_tape_status(self->pass.tape);
    *parameter = list;
    (void)wg_parameters(batch.scope, *count, list);
    WG_TRY(wg_grads(*loss, *count, list, list + *count));
    *flat = flatten(list + *count, list + 2 * *count, *count);
    return wg_tape_status(self->pass.tape);
}

/* Runs what was recorded. */
static int point_read(lbfgs *self, wg_var loss, wg_var flat, point *p)
{
    WG_TRY(wg_keep(flat));
    WG_TRY(wg_item(self->pass.runtime, loss, &p->loss));
    self->result.evaluations++;
    return wg_read_f64(self->pass.runtime, flat, p->gradient, self->size);
}

/* Loss and gradient at the parameters as they are. */
static int point_evaluate(lbfgs *self, point *p)
{
    wg_var loss, flat, *parameter;
    int64_t count;
    WG_TRY(point_record(self, &loss, &flat, &parameter, &count));
    return point_read(self, loss, flat, p);
}

/* Into the parameters, and x becomes what they hold. */
static int point_write(lbfgs *self, double *x)
{
    (void)wg_tape_reset(self->pass.tape);
    for (int64_t i = 0; i < self->part_count; i++) {
        const part *one = &self->part[i];
        double *from = x + one->start;
        for (int64_t k = 0; k < one->count && one->dtype == WG_F32; k++) {
            const float narrow = wg__narrow(from[k]);
            ((float *)self->room)[k] = narrow;
            from[k] = (double)narrow;
        }
        const void *data = one->dtype == WG_F32 ? self->room : from;
        WG_TRY(wg_params_set(self->pass.params, one->path,
                             wg_view_of(data, one->dtype, one->shape)));
    }
    return WG_OK;
}

/* ---- the direction ---- */

static wg_var row_of(wg_var x, int64_t i, int64_t size)
{
    return wg_reshape(wg_slice(x, 0, i, i + 1, 1), WG_SHAPE(size));
}

/* Minus the gradient times the inverse of the curvature: the two loops over the pairs. */
static wg_var direction_record(wg_tape *tape, const lbfgs *self)
{
    wg_var a[MEMORY_MAX];
    const int64_t m = self->options.memory, n = self->size;
    const wg_var s = wg_input(tape, "s", wg_f64(self->s, WG_SHAPE(m, n)));
    const wg_var y = wg_input(tape, "y", wg_f64(self->y, WG_SHAPE(m, n)));
    const wg_var rho = wg_input(tape, "rho", wg_f64(self->rho, WG_SHAPE(m, 1)));
    wg_var q = wg_input(tape, "gradient", wg_f64(self->now.gradient, WG_SHAPE(n)));
    for (int64_t i = m - 1; i >= 0; i--) {
        a[i] = wg_mul(row_of(rho, i, 1), wg_dot(row_of(s, i, n), q));
        q = wg_sub(q, wg_mul(a[i], row_of(y, i, n)));
    }
    wg_var r = wg_mul(wg_scalar(tape, "gamma", WG_F64, 1), q);
    for (int64_t i = 0; i < m; i++) {
        const wg_var b = wg_mul(row_of(rho, i, 1), wg_dot(row_of(y, i, n), r));
        r = wg_add(r, wg_mul(wg_sub(a[i], b), row_of(s, i, n)));
    }
    return wg_neg(r);
}

static int direction_compile(lbfgs *self)
{
    const int64_t m = self->options.memory, n = self->size;
    wg_tape *tape = wg_tape_create(&(wg_tape_options){ .allocator = &self->arena.allocator });
    const wg_var direction = direction_record(tape, self);
    int status = wg_tape_status(tape);
    if (status >= 0) self->program = wg_compile(self->pass.runtime, tape, 1, &direction);
    if (self->program == NULL) status = wg_tape_status(tape);
    if (status < 0)
        (void)wg__fail(self->error, status, "lbfgs: %s", wg_explain(status, tape, NULL));
    wg_tape_free(tape);
    if (status < 0) return status;
    WG_TRY(wg_program_bind(self->program, "s", wg_f64(self->s, WG_SHAPE(m, n))));
    WG_TRY(wg_program_bind(self->program, "y", wg_f64(self->y, WG_SHAPE(m, n))));
    return wg_program_bind(self->program, "rho", wg_f64(self->rho, WG_SHAPE(m, 1)));
}

static int direction_find(lbfgs *self)
{
    const wg_view gradient = wg_f64(self->now.gradient, WG_SHAPE(self->size));
    int status = wg_program_bind(self->program, "gradient", gradient);
    if (status >= 0) status = wg_program_set(self->program, "gamma", self->gamma);
    if (status >= 0) status = wg_program_run(self->program);
    if (status >= 0)
        status = wg_program_read_f64(self->program, 0, self->direction, self->size);
    if (status >= 0) return status;
    return wg__fail(self->error, status, "lbfgs: %s", wg_program_message(self->program));
}

/* Takes the step's pair in, the oldest out. One without curvature, as rounding may make it, is
 * left out: the inverse must stay positive. */
static void pair_add(lbfgs *self)
{
    const int64_t n = self->size, kept = self->options.memory - 1;
    double *s = self->s + kept * n, *y = self->y + kept * n;
    double product = 0, square = 0;
    for (int64_t i = 0; i < n; i++) {
        const double step = self->next.x[i] - self->now.x[i];
        const double change = self->next.gradient[i] - self->now.gradient[i];
        product += step * change;
        square += change * change;
    }
    if (!(product > DBL_EPSILON * square)) return;
    memmove(self->s, self->s + n, (size_t)(kept * n) * sizeof *self->s);
    memmove(self->y, self->y + n, (size_t)(kept * n) * sizeof *self->y);
    memmove(self->rho, self->rho + 1, (size_t)kept * sizeof *self->rho);
    for (int64_t i = 0; i < n; i++) {
        s[i] = self->next.x[i] - self->now.x[i];
        y[i] = self->next.gradient[i] - self->now.gradient[i];
    }
    self->rho[kept] = 1 / product;
    self->gamma = product / square;
}

/* ---- a step ---- */

/* Goes along the direction as far as both conditions hold: halfway back from where the loss is not
 * low enough, farther where the slope still falls. What is not finite is not low enough. Returns
 * whether there is such a point; it is then in next. */
static int line_search(lbfgs *self, double slope, double t)
{
    double lower = 0, upper = HUGE_VAL;
    for (int i = 0; i < TRIALS_MAX; i++) {
        for (int64_t k = 0; k < self->size; k++)
            self->next.x[k] = self->now.x[k] + t * self->direction[k];
        WG_TRY(point_write(self, self->next.x));
        WG_TRY(point_evaluate(self, &self->next));
        const double slope_there = dot(self->next.gradient, self->direction, self->size);
        if (!(self->next.loss <= self->now.loss + descent_least * t * slope)) upper = t;
        else if (slope_there < slope_left_most * slope) lower = t;
        else return isfinite(slope_there);
        t = upper < HUGE_VAL ? 0.5 * (lower + upper) : 2 * t;
    }
    return 0;
}

/* 1: the point has changed; 0: it cannot be bettered. */
static int step_take(lbfgs *self)
{
    WG_TRY(direction_find(self));
    const bool is_first = self->rho[self->options.memory - 1] == 0;
    const double slope = dot(self->now.gradient, self->direction, self->size);
    const double length = sqrt(-slope); /* of the gradient, where it is the direction */
    if (!(slope < 0)) return 0;
    const int found = line_search(self, slope, is_first && length > 1 ? 1 / length : 1);
    if (found <= 0) return found;
    pair_add(self);
    const point before = self->now;
    self->now = self->next;
    self->next = before;
    return 1;
}

static int steps_take(lbfgs *self)
{
    wg_lbfgs_result *result = &self->result;
    int status = 1;
    while (status > 0) {
        result->loss = self->now.loss;
        result->gradient = largest(self->now.gradient, self->size);
        result->converged = result->gradient <= self->options.tolerance;
        if (result->converged || result->steps == self->options.steps_max) break;
        status = step_take(self);
        result->steps += status > 0;
    }
    return status;
}

/* ---- beginning ---- */

/* The parameters of the recording, which made those that were missing, as parts of the vector. */
static int parts_list(lbfgs *self, const wg_var *parameter, int64_t count)
{
    int64_t count_max = 0;
    self->part = wg__arena_take(&self->arena, (size_t)count * sizeof *self->part);
    if (self->part == NULL) return WG_EMEMORY;
    for (int64_t i = 0; i < count; i++) {
        part *one = &self->part[i];
        const wg_shape shape = wg_shape_of(parameter[i]);
        *one = (part){ .path = wg__arena_string(&self->arena, wg_path(parameter[i])),
                       .dtype = wg_dtype_of(parameter[i]), .shape = shape, .start = self->size,
                       .count = wg_shape_count(shape) };
        if (one->path == NULL) return WG_EMEMORY;
        self->size += one->count;
        if (one->count > count_max) count_max = one->count;
    }
    self->part_count = count;
    self->room = wg__arena_take(&self->arena, (size_t)count_max * sizeof(float));
    return self->room == NULL ? WG_EMEMORY : WG_OK;
}

/* Two points, the direction, the pairs; zero, so that no pair is there. */
static int vectors_take(lbfgs *self)
{
    const size_t n = (size_t)self->size, m = (size_t)self->options.memory;
    size_t bytes;
    if (!wg__size_mul(n, (5 + 2 * m) * sizeof(double), &bytes)) return WG_ELIMIT;
    double *all = wg__arena_take(&self->arena, bytes);
    self->rho = wg__arena_take(&self->arena, m * sizeof *self->rho);
    if (all == NULL || self->rho == NULL) return WG_EMEMORY;
    memset(all, 0, bytes);
    memset(self->rho, 0, m * sizeof *self->rho);
    self->now = (point){ .x = all, .gradient = all + n };
    self->next = (point){ .x = all + 2 * n, .gradient = all + 3 * n };
    self->direction = all + 4 * n;
    self->s = all + 5 * n;
    self->y = self->s + n * m;
    self->gamma = 1;
    return WG_OK;
}

static int x_read(lbfgs *self)
{
    for (int64_t i = 0; i < self->part_count; i++) {
        wg_view view;
        const part *one = &self->part[i];
        WG_TRY(wg_params_find(self->pass.params, one->path, &view));
        for (int64_t k = 0; k < one->count; k++)
            self->now.x[one->start + k] =
                wg__element_number(one->dtype, (const char *)view.data +
                                                   (size_t)k * wg_dtype_bytes(one->dtype));
    }
    return WG_OK;
}

static int begin(lbfgs *self)
{
    wg_var loss, flat, *parameter;
    int64_t count;
    wg_tape *tape = self->pass.tape;
    WG_TRY(point_record(self, &loss, &flat, &parameter, &count));
    WG_TRY(parts_list(self, parameter, count));
    WG_TRY(vectors_take(self));
    WG_TRY(point_read(self, loss, flat, &self->now));
    const bool is_finite =
        isfinite(self->now.loss) && isfinite(largest(self->now.gradient, self->size));
    if (!is_finite)
        return wg_tape_fail(tape, WG_EFINITE, "loss or gradient is not finite at the start");
    return x_read(self);
}

static int open_all(lbfgs *self)
{
    const wg_allocator *allocator = &self->pass.runtime->allocator;
    const wg_loader_options all = { .batch_size = wg_dataset_count(self->pass.data),
                                    .in_order = true };
    WG_TRY(wg_loader_create(self->pass.runtime, self->pass.data, &all, &self->pass.loader,
                            self->error));
    self->pass.tape = wg_tape_create(&(wg_tape_options){ .allocator = allocator });
    if (self->pass.tape == NULL) return wg__fail(self->error, WG_EMEMORY, "lbfgs: no memory");
    int status = wg_loader_start(self->pass.loader, 0);
    if (status >= 0) status = wg_loader_next(self->pass.loader);
    if (status >= 0) status = begin(self);
    if (status < 0)
        return wg__fail(self->error, status, "lbfgs: %s", wg__pass_explain(&self->pass, status));
    return direction_compile(self);
}

static int arguments_check(const lbfgs *self)
{
    const wg_lbfgs_options *options = &self->options;
    if (self->pass.runtime == NULL || self->pass.params == NULL || self->pass.data == NULL)
        return wg__fail(self->error, WG_EINVALID,
                        "lbfgs: a runtime, params and data are needed, not NULL");
    WG_TRY(wg__model_check(self->pass.model, self->error));
    if (options->steps_max < 0 || options->memory < 0 || options->memory > MEMORY_MAX ||
        !(options->tolerance >= 0))
        return wg__fail(self->error, WG_EINVALID,
                        "lbfgs: steps_max and tolerance are not negative, memory is within 0 and "
                        "%d", (int)MEMORY_MAX);
    if (!wg__reserved_is_zero(options->reserved, 4))
        return wg__fail(self->error, WG_EINVALID,
                        "lbfgs: options were not zeroed: reserved has a value");
    return WG_OK;
}

int wg_minimize_lbfgs(wg_runtime *runtime, const wg_model *model, wg_params *params,
                      const wg_dataset *data, const wg_lbfgs_options *options,
                      wg_lbfgs_result *result, wg_error *error)
{
    const wg__pass pass = { .runtime = runtime, .model = model, .params = params, .data = data };
    lbfgs self = { .pass = pass, .error = error };
    if (options != NULL) self.options = *options;
    WG_TRY(arguments_check(&self));
    if (self.options.steps_max == 0) self.options.steps_max = STEPS_DEFAULT;
    if (self.options.memory == 0) self.options.memory = MEMORY_DEFAULT;
    if (self.options.tolerance == 0) self.options.tolerance = tolerance_default;
    wg__arena_init(&self.arena, &runtime->allocator);
    int status = open_all(&self);
    if (status >= 0) {
        status = steps_take(&self);
        const int written = point_write(&self, self.now.x);
        if (status >= 0) status = written;
        if (status < 0)
            (void)wg__fail(error, status, "lbfgs: step %lld: %s",
                           (long long)(self.result.steps + 1),
                           wg__pass_explain(&self.pass, status));
    }
    if (status >= 0 && result != NULL) *result = self.result;
    wg_program_free(self.program);
    wg_loader_free(self.pass.loader);
    wg_tape_free(self.pass.tape);
    wg__arena_free(&self.arena);
    return status < 0 ? status : WG_OK;
}

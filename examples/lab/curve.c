/* Functions of one number, point by point, and the facts that follow. Every number comes from the
 * library itself, whose bits are the same on every machine: so are the tables. */
#include "lab.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

lab lab_open(void)
{
    const wg_runtime_options options = { .threads = 1 };
    return (lab){ wg_runtime_create(&options), wg_tape_create(NULL) };
}

int lab_close(lab l, int status)
{
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, l.tape, NULL));
    wg_tape_free(l.tape);
    wg_runtime_free(l.runtime);
    return status < 0;
}

int lab_evaluate(lab l, wg_activation *f, wg_dtype dtype, int64_t count, const double *x,
                 int orders, double *out)
{
    wg_tape_reset(l.tape);
    wg_var in = wg_cast(wg_batch(l.tape, "x", wg_f64(x, WG_SHAPE(count))), dtype);
    wg_var y = WG_HERE(f(in));
    for (int order = 0; order < orders; order++) {
        if (order > 0) y = wg_grad(wg_sum(y, WG_ALL), in);
        const int status =
            wg_read_f64(l.runtime, wg_cast(y, WG_F64), out + order * count, count);
        if (status < 0) return status;
    }
    return WG_OK;
}

void lab_points(double lower, double upper, int64_t count, double *x)
{
    const double step = (upper - lower) / (double)(count - 1);
    for (int64_t i = 0; i < count; i++) x[i] = (double)(float)(lower + step * (double)i);
}

double lab_ulp(double single, double wide)
{
    if (single == wide || isnan(wide) || isinf(wide)) return 0;
    int exponent;
    frexp(wide, &exponent);
    const int last = exponent - 24 > -149 ? exponent - 24 : -149; /* 24 bits; subnormals */
    return fabs(single - wide) / ldexp(1, last);
}

void lab_worst(int64_t count, const double *x, const double *single, const double *wide,
               int64_t bins, double *place, double *worst)
{
    const int64_t length = count / bins;
    for (int64_t bin = 0; bin < bins; bin++) {
        place[bin] = x[bin * length + length / 2];
        worst[bin] = 0;
        for (int64_t i = bin * length; i < (bin + 1) * length; i++)
            worst[bin] = fmax(worst[bin], lab_ulp(single[i], wide[i]));
    }
}

const char *lab_number(double x, char text[LAB_NUMBER])
{
    if (isnan(x)) return "nan";
    if (isinf(x)) return x < 0 ? "-inf" : "inf";
    snprintf(text, LAB_NUMBER, "%.4g", x + 0.0);
    return text;
}

static int apply(const wg_var *in, wg_var *out, void *user)
{
    wg_activation *const *f = user;
    out[0] = (*f)(in[0]);
    return WG_OK;
}

/* The points are no round numbers, where pieces meet. */
int lab_check(lab l, wg_activation *f, double *worst, wg_error *error)
{
    static const double points[8] = { -4.7, -2.3, -1.1, -0.4, 0.3, 1.3, 2.2, 4.1 };
    const wg_view view = wg_f64(points, WG_SHAPE(8));
    const wg_check_options options = { .order = 3 };
    wg_check_result result = { 0 };
    const int status =
        wg_check_gradient(l.runtime, apply, &f, 1, &view, &options, &result, error);
    *worst = result.worst;
    return status;
}

/* ---- what a recording is made of ---- */

typedef struct pages { char *text; size_t length, capacity; } pages;

static int collect(const char *text, size_t bytes, void *user)
{
    pages *p = user;
    if (p->length + bytes + 1 > p->capacity) {
        const size_t capacity = 2 * (p->length + bytes + 1);
        char *grown = realloc(p->text, capacity);
        if (grown == NULL) return WG_EMEMORY;
        p->text = grown;
        p->capacity = capacity;
    }
    memcpy(p->text + p->length, text, bytes);
    p->length += bytes;
    p->text[p->length] = '\0';
    return WG_OK;
}

/* Marks what a value needs, from the last line of the printed tape to the first: a line is "%9 mul
 * f64 [] %3 %8", and names lower numbers alone. Leaves are none of the primitives. */
static int count_needed(char *text, int64_t count, bool *is_needed)
{
    char **line = malloc(sizeof *line * (size_t)count);
    if (line == NULL) return WG_EMEMORY;
    int64_t lines = 0;
    for (char *at = strtok(text, "\n"); at != NULL && lines < count; at = strtok(NULL, "\n"))
        line[lines++] = at;
    int needed = 0;
    for (int64_t i = lines - 1; i >= 0; i--) {
        if (!is_needed[i]) continue;
        const char *name = strchr(line[i], ' ');
        if (name == NULL) continue;
        if (strncmp(name, " input", 6) != 0 && strncmp(name, " constant", 9) != 0) needed++;
        for (const char *in = strchr(name, '%'); in != NULL; in = strchr(in + 1, '%'))
            is_needed[strtol(in + 1, NULL, 10)] = true;
    }
    free(line);
    return needed;
}

static int ops_of(lab l, int count, const wg_var *wanted)
{
    pages p = { 0 };
    int status = wg_tape_print(l.tape, collect, &p);
    const int64_t recorded = wg_tape_count(l.tape);
    bool *is_needed = calloc((size_t)recorded, sizeof *is_needed);
    if (is_needed == NULL || p.text == NULL) status = WG_EMEMORY;
    for (int i = 0; status >= 0 && i < count; i++) is_needed[wanted[i].index] = true;
    if (status >= 0) status = count_needed(p.text, recorded, is_needed);
    free(is_needed);
    free(p.text);
    return status;
}

static int ops_find(lab l, wg_activation *f, lab_facts *out)
{
    wg_tape_reset(l.tape);
    wg_var x = wg_scalar(l.tape, "x", WG_F32, 1);
    wg_var wanted[2] = { f(x), x };
    out->value_ops = ops_of(l, 1, wanted);
    wanted[1] = wg_grad(wanted[0], x);
    out->slope_ops = ops_of(l, 2, wanted);
    if (out->value_ops < 0) return out->value_ops;
    return out->slope_ops < 0 ? out->slope_ops : wg_tape_status(l.tape);
}

/* ---- facts ---- */

enum { FACT_POINTS = 8001 };

/* What is still rising at 1e300 rises for ever. */
static double ever(double value)
{
    return fabs(value) < 1e100 ? value : copysign(INFINITY, value);
}

static void extremes_find(const double *far, const double *value, const double *slope,
                          lab_facts *out)
{
    out->least = fmin(ever(far[0]), ever(far[1]));
    out->most = fmax(ever(far[0]), ever(far[1]));
    out->steepest = 0;
    for (int i = 0; i < FACT_POINTS; i++) {
        out->least = fmin(out->least, value[i]);
        out->most = fmax(out->most, value[i]);
        out->steepest = fmax(out->steepest, fabs(slope[i]));
    }
}

static void errors_find(const double *x, const double *single, const double *wide, lab_facts *out)
{
    for (int i = 0; i < FACT_POINTS; i++) {
        if (fabs(x[i]) > 10) continue;
        const double error = fabs(single[i] - wide[i]) / fmax(1, fabs(wide[i]));
        out->eps = fmax(out->eps, error * 8388608); /* 2^23 */
        const double ulp = lab_ulp(single[i], wide[i]);
        if (ulp <= out->ulp) continue;
        out->ulp = ulp;
        out->ulp_at = x[i];
    }
}

int lab_facts_find(lab l, wg_activation *f, lab_facts *out)
{
    static double x[FACT_POINTS], wide[2 * FACT_POINTS], single[FACT_POINTS];
    const double ends[5] = { -1e300, 1e300, -INFINITY, INFINITY, 0 };
    double at_ends[2 * 5];
    *out = (lab_facts){ 0 };
    lab_points(-20, 20, FACT_POINTS, x);
    int status = lab_evaluate(l, f, WG_F64, 5, ends, 2, at_ends);
    if (status >= 0) status = lab_evaluate(l, f, WG_F64, FACT_POINTS, x, 2, wide);
    if (status >= 0) status = lab_evaluate(l, f, WG_F32, FACT_POINTS, x, 1, single);
    if (status >= 0) status = ops_find(l, f, out);
    if (status < 0) return status;
    out->left = at_ends[2];
    out->right = at_ends[3];
    out->slope_at_zero = at_ends[9];
    extremes_find(at_ends, wide, wide + FACT_POINTS, out);
    errors_find(x, single, wide, out);
    return WG_OK;
}

/* ---- the table ---- */

/* For a page: infinity as a sign, what is not defined as a dash. */
static const char *cell(double x, char text[LAB_NUMBER])
{
    if (isnan(x)) return "–";
    if (isinf(x)) return x < 0 ? "-∞" : "∞";
    return lab_number(x, text);
}

int lab_table(lab l, int count, const lab_entry *entry)
{
    printf("| function | range | at -∞ | at ∞ | slope at 0 | steepest | f32 error, ulp | at x |"
           " f32 error, eps | primitives | with slope |\n");
    printf("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
    for (int i = 0; i < count; i++) {
        lab_facts facts;
        char text[7][LAB_NUMBER];
        const int status = lab_facts_find(l, entry[i].f, &facts);
        if (status < 0) return status;
        printf("| `%s` | %s … %s | %s | %s | %s | %s | %.1f | %s | %.1f | %d | %d |\n",
               entry[i].name, cell(facts.least, text[0]), cell(facts.most, text[1]),
               cell(facts.left, text[2]), cell(facts.right, text[3]),
               cell(facts.slope_at_zero, text[4]), cell(facts.steepest, text[5]), facts.ulp,
               facts.ulp == 0 ? "–" : cell(facts.ulp_at, text[6]), facts.eps, facts.value_ops,
               facts.slope_ops);
    }
    return WG_OK;
}

/* What the labs share: functions of one number looked at point by point, facts about them, and
 * pictures. A function is anything that records, composed from primitives: an activation, or a loss
 * as a function of its output. */
#ifndef WENGERT_LAB_H
#define WENGERT_LAB_H

#include <wengert/wengert.h>

enum { LAB_ORDERS = 4 }; /* the value and three derivatives */

typedef struct lab {
    wg_runtime *runtime;
    wg_tape *tape;
} lab;
lab lab_open(void);
/* Says on stderr what went wrong, if something did; returns what main should. */
int lab_close(lab l, int status);

/* f and its first orders - 1 derivatives at count points, computed in dtype: in out[order * count +
 * i]. Statuses of the library are handed on, here and below. */
int lab_evaluate(lab l, wg_activation *f, wg_dtype dtype, int64_t count, const double *x,
                 int orders, double *out);
/* count points from lower to upper, each a number of f32. */
void lab_points(double lower, double upper, int64_t count, double *x);
/* Distance of an f32 result from the f64 one, in units in the last place of f32. */
double lab_ulp(double single, double wide);
/* The worst lab_ulp in each of `bins` equal runs of points, and the middle of each. */
void lab_worst(int64_t count, const double *x, const double *single, const double *wide,
               int64_t bins, double *place, double *worst);
/* Four digits, "inf", "nan"; the same on every system. Returns text or a literal. */
enum { LAB_NUMBER = 16 };
const char *lab_number(double x, char text[LAB_NUMBER]);
/* Three orders against differences, at a few points between the knots; the worst relative error. */
int lab_check(lab l, wg_activation *f, double *worst, wg_error *error);

/* ---- facts of a function, from 8,001 points between -20 and 20 and the ends ---- */

typedef struct lab_facts {
    double least, most;       /* with the ends: inf where it grows for ever */
    double left, right;       /* at -inf and inf */
    double slope_at_zero;
    double steepest;          /* the largest |slope|: a Lipschitz constant */
    double ulp, ulp_at;       /* worst of f32 where |x| <= 10, in units in the last place ... */
    double eps;               /* ... and in eps of the larger of the value and 1 */
    int value_ops, slope_ops; /* primitives of the value, and of the value and its slope */
} lab_facts;
int lab_facts_find(lab l, wg_activation *f, lab_facts *out);

typedef struct lab_entry { const char *name; wg_activation *f; } lab_entry;
/* The facts of each as a Markdown table on stdout. */
int lab_table(lab l, int count, const lab_entry *entry);

/* ---- pictures: panels of lines in one SVG file, for light and dark ---- */

enum { LAB_LINES_MAX = 6 };
typedef struct lab_line {
    const char *name;
    int64_t count;
    const double *x, *y; /* what is not finite leaves a gap */
} lab_line;
typedef struct lab_panel {
    const char *title, *x_label, *y_label;
    bool is_log;          /* powers of ten upwards; y > 0 */
    double lower, upper;  /* of y; equal: what the lines fill */
    int line_count;
    lab_line line[LAB_LINES_MAX];
} lab_panel;
/* WG_EFILE: it cannot be written. */
int lab_draw(const char *path, const char *title, const char *subtitle, int count,
             const lab_panel *panel);

#endif

/* Wengert, report: an HTML page with curves as inline SVG, viewable without a network. */
#ifndef WENGERT_REPORT_H
#define WENGERT_REPORT_H

#include <wengert/train.h>

WG_DECLARATIONS_BEGIN

/* A page that is made section by section, in the order of the calls. It needs no script, no font
 * and no network, follows the reader's choice of light or dark, and reads on a telephone. All
 * texts are UTF-8 and escaped. What goes wrong in a section is its status, and is kept for
 * wg_report_save, so that a program may check once. A report of the same values has the same
 * bytes everywhere.                                                                             */

typedef struct wg_report wg_report;

wg_report *wg_report_create(const char *title, const wg_allocator *allocator); /* NULL: no memory */
/* Loss and metric against the epoch, training and validation, and the learning rate, the best epoch
 * marked; above them the values at the best epoch. Epochs are counted from 1 here. */
int wg_report_history(wg_report *report, const char *title, const wg_history *history);
/* y against x, both [n], of any dtype, joined in their order; what is not finite leaves a gap. */
int wg_report_curve(wg_report *report, const char *title, const char *x_label, const char *y_label,
                    wg_view x, wg_view y);
/* Names of a matrix; what is NULL is counted from 0, or called row and column. */
typedef struct wg_matrix_names {
    const char *down, *across;           /* what rows and columns stand for */
    const char *const *row;
    const char *const *column;
    uint64_t reserved[4];
} wg_matrix_names;
/* A table of numbers of any dtype [rows, columns], the larger the darker: a confusion matrix, the
 * heat map of a search. */
int wg_report_matrix(wg_report *report, const char *title, wg_view matrix,
                     const wg_matrix_names *names);
/* The heat map of a search, from its file: the mean metric over repeats, against the values of two
 * of its settings, in the order they came. Where several configurations meet, the best of them.
 *   errors    those of a matrix; WG_EINVALID there are no results; WG_ENAME no such setting;
 *             WG_ELIMIT more than 64 values of one; WG_EFILE, WG_EFORMAT, WG_EMEMORY */
int wg_report_search(wg_report *report, const char *title, const char *path, const char *down,
                     const char *across);
/* How many of the values [n] lie in each of 1 to 400 bars of equal width. */
int wg_report_histogram(wg_report *report, const char *title, const char *x_label, wg_view values,
                        int64_t bins);

/* The true against the false positive rate of scores [n], with the area; as wg_roc_curve.
 *   errors    those of wg_roc_curve */
int wg_report_roc(wg_report *report, const char *title, wg_view score, wg_view truth);
/* Histograms of what goes through a model, the values that its layers note (wg_note) for the first
 * 512 rows of data in evaluation mode, and of its trained parameters.
 *   errors    those of wg_evaluate; WG_EINVALID there are no rows */
int wg_report_layers(wg_report *report, const char *title, wg_runtime *runtime,
                     const wg_model *model, wg_params *params, const wg_dataset *data);

/* A model over two inputs. The grid [rows, columns] holds what it says at the middles of the cells
 * of a rectangle, from its lower left: 0 is one colour, 1 the other, and 0.5 neither. */
typedef struct wg_surface {
    const char *x_label, *y_label;       /* NULL: x, y */
    double x_lower, x_upper, y_lower, y_upper;
    wg_view grid;
    wg_view points, classes;             /* [n, 2], and [n]: above 0 or not; zeroed: none */
    uint64_t reserved[4];
} wg_surface;
int wg_report_surface(wg_report *report, const char *title, const wg_surface *surface);

/* Paths, shapes and counts of parameters and state. */
int wg_report_model(wg_report *report, const char *title, const wg_params *params);
/* Each setting and its value. */
int wg_report_config(wg_report *report, const char *title, const wg_config *config);
/* What is needed to see whether another machine has come to the same: the fingerprints of data and
 * params, either of which may be NULL, and the version of the library.
 *   errors    WG_EINVALID the data are streamed */
int wg_report_receipt(wg_report *report, const char *title, const wg_dataset *data,
                      const wg_params *params);
/* Empty lines part paragraphs. */
int wg_report_text(wg_report *report, const char *title, const char *text);
/* rows * columns cells, row by row; the first row is the head. Columns of numbers stand on their
 * right edge. */
int wg_report_table(wg_report *report, const char *title, int64_t rows, int64_t columns,
                    const char *const *cell);
/* Whole or not at all, as wg_params_save.
 *
 *   errors    the first of a section; WG_EFILE */
int wg_report_save(const wg_report *report, const char *path, wg_error *error);
void wg_report_free(wg_report *report);

WG_DECLARATIONS_END

#endif

/* Every efficiency is a share e of n events, so its statistical error is sqrt(e (1 - e) / n). */
#include "results.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const method_names[METHODS] = {
    [RANDOM] = "random",
    [CHI2] = "chi2",
    [CHI2_TAGS] = "chi2 + tags",
    [FIT] = "likelihood fit",
    [FIT_TAGS] = "likelihood fit + tags",
    [NETWORK_RAW] = "network (a), 26 raw inputs",
    [NETWORK_DERIVED] = "network (b), raw + derived inputs",
};

static double error_of(const results *from, int method)
{
    const double e = from->efficiency[method];
    return sqrt(e * (1.0 - e) / (double)from->events[TEST]);
}

void results_print(const results *from)
{
    printf("\n%-36s%12s%8s\n", "method", "efficiency", "error");
    for (int i = 0; i < METHODS; i++)
        printf("%-36s%12.4f%8.4f\n", method_names[i], from->efficiency[i], error_of(from, i));
    printf("\n%lld training, %lld validation, %lld test events; seed %llu\n",
           (long long)from->events[TRAINING], (long long)from->events[VALIDATION],
           (long long)from->events[TEST], (unsigned long long)from->seed);
}

/* ---- the page ---- */

static void add_introduction(wg_report *report, const results *from)
{
    char text[1024];
    snprintf(
        text, sizeof text,
        "Two top quarks were made in a collision of protons. One decayed to a lepton, a neutrino "
        "and a b quark, the other to three quarks. Four jets were seen: which is which? There "
        "are "
        "twelve answers. A network scores each of them, and the highest score wins. Its "
        "reconstruction efficiency is the share of events in which that is the true one.\n\n"
        "Simulated events: %lld for training, %lld for validation, by which every choice was "
        "made, and %lld for the test, which was looked at once. Seed %llu.",
        (long long)from->events[TRAINING], (long long)from->events[VALIDATION],
        (long long)from->events[TEST], (unsigned long long)from->seed);
    (void)wg_report_text(report, "The question", text);
}

static void add_table(wg_report *report, const results *from)
{
    enum { COLUMNS = 3, ROWS = METHODS + 1 };
    char number[METHODS][2][16];
    const char *cell[ROWS * COLUMNS] = { "method", "efficiency", "statistical error" };
    for (int i = 0; i < METHODS; i++) {
        snprintf(number[i][0], sizeof number[i][0], "%.4f", from->efficiency[i]);
        snprintf(number[i][1], sizeof number[i][1], "%.4f", error_of(from, i));
        cell[COLUMNS * (i + 1)] = method_names[i];
        cell[COLUMNS * (i + 1) + 1] = number[i][0];
        cell[COLUMNS * (i + 1) + 2] = number[i][1];
    }
    (void)wg_report_table(report, "Reconstruction efficiency on the test events", ROWS, COLUMNS,
                          cell);
}

/* The activation, drawn by the library that trained with it. */
static int add_activation(wg_report *report, wg_runtime *runtime)
{
    enum { POINTS = 161 };
    float x[POINTS];
    float y[POINTS];
    for (int i = 0; i < POINTS; i++) x[i] = (float)(i - POINTS / 2) / 20.0f;
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var value = soft_gate(wg_input(tape, "x", wg_f32(x, WG_SHAPE(POINTS))));
    const int status = wg_read_f32(runtime, value, y, POINTS);
    wg_tape_free(tape);
    if (status < 0) return status;
    return wg_report_curve(report, "The activation", "x", "x / 2 (1 + x / sqrt(1 + x²))",
                           wg_f32(x, WG_SHAPE(POINTS)), wg_f32(y, WG_SHAPE(POINTS)));
}

int results_report(const results *from, const char *path, wg_runtime *runtime, wg_error *error)
{
    wg_report *report = wg_report_create("Which jet is which?", NULL);
    add_introduction(report, from);
    add_table(report, from);
    (void)wg_report_history(report, "Network (b): raw and derived inputs", from->history[1]);
    (void)wg_report_history(report, "Network (a): 26 raw inputs", from->history[0]);
    int status = add_activation(report, runtime);
    if (status >= 0) status = wg_report_save(report, path, error);
    wg_report_free(report);
    return status;
}

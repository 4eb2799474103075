/* Plain loops over the arguments: the same on every system. */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCHS = 50, EPOCHS_MAX = 100000, THREADS_MAX = 1024, REPEATS = 3, REPEATS_MAX = 1000 };
static const char data_default[] = "examples/ttbar/data";
static const char report_default[] = "ttbar.html";
static const char points_default[] = "layers=1,2,3,4,5,6 width=16,32,64,128,256,512";

void options_help(void)
{
    printf("usage: ./zigw build run -- [options]\n\n"
           "Trains two networks to tell which jet is which in events with two top quarks, and "
           "compares\n"
           "them with the smallest chi2 of the masses and with a likelihood fit.\n\n"
           "  --data DIR      folder of the events (%s)\n"
           "  --epochs N      of each training (%d)\n"
           "  --threads N     0: one a core (0)\n"
           "  --seed S        of the split, the first weights and the order of the events (1)\n"
           "  --report FILE   page with tables and curves (%s)\n"
           "  --quiet         no progress\n"
           "  --help          this text\n\n"
           "Instead, which architecture is best? Layers whose widths halve from the first to the "
           "last.\n\n"
           "  --grid FILE     tries all points; goes on from the results that the file has\n"
           "  --points TEXT   %s\n"
           "  --repeats N     of each point, with other seeds (%d)\n",
           data_default, EPOCHS, report_default, points_default, REPEATS);
}

static int number_read(const char *name, const char *text, unsigned long long least,
                       unsigned long long most, unsigned long long *out)
{
    char *end = NULL;
    errno = 0;
    const bool is_digit = *text >= '0' && *text <= '9';
    const unsigned long long value = is_digit ? strtoull(text, &end, 10) : 0;
    if (is_digit && *end == '\0' && errno == 0 && value >= least && value <= most) {
        *out = value;
        return 0;
    }
    fprintf(stderr, "%s: %s is no whole number from %llu to %llu\n", name, text, least, most);
    return -1;
}

/* One option with a value. */
static int option_set(const char *name, const char *value, options *out)
{
    unsigned long long number = 0;
    int status = 0;
    if (strcmp(name, "--data") == 0) {
        out->data = value;
    } else if (strcmp(name, "--report") == 0) {
        out->report = value;
    } else if (strcmp(name, "--grid") == 0) {
        out->grid = value;
    } else if (strcmp(name, "--points") == 0) {
        out->points = value;
    } else if (strcmp(name, "--repeats") == 0) {
        status = number_read(name, value, 1, REPEATS_MAX, &number);
        out->repeats = (int64_t)number;
    } else if (strcmp(name, "--epochs") == 0) {
        status = number_read(name, value, 1, EPOCHS_MAX, &number);
        out->epochs = (int64_t)number;
    } else if (strcmp(name, "--threads") == 0) {
        status = number_read(name, value, 0, THREADS_MAX, &number);
        out->threads = (int)number;
    } else {
        status = number_read(name, value, 0, UINT64_MAX, &number);
        out->seed = number;
    }
    return status;
}

static bool takes_value(const char *name)
{
    static const char *const known[] = { "--data", "--report", "--epochs", "--threads", "--seed",
                                         "--grid", "--points", "--repeats" };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i]) == 0) return true;
    return false;
}

int options_read(int count, char **argument, options *out)
{
    *out = (options){ .data = data_default, .report = report_default, .points = points_default,
                      .repeats = REPEATS, .epochs = EPOCHS, .seed = 1 };
    for (int i = 1; i < count; i++) {
        const char *name = argument[i];
        if (strcmp(name, "--quiet") == 0) {
            out->is_quiet = true;
        } else if (strcmp(name, "--help") == 0) {
            out->wants_help = true;
        } else if (!takes_value(name)) {
            fprintf(stderr, "%s is no option; --help lists them\n", name);
            return -1;
        } else if (i + 1 == count) {
            fprintf(stderr, "%s needs a value\n", name);
            return -1;
        } else if (option_set(name, argument[++i], out) < 0) {
            return -1;
        }
    }
    return 0;
}

/* The heat map of a search, from the lines of its file: two of the settings are its axes, and each
 * cell holds the best mean of the configurations that belong there.                             */
#include "runtime/report/page.h"
#include "runtime/train/config.h"
#include "runtime/train/results.h"

#include <math.h>
#include <string.h>

enum { VALUES_MAX = 64, VALUE_BYTES = 48 }; /* what a page can show */

/* The values that a setting took, in the order they came. */
typedef struct axis {
    const char *key;
    char value[VALUES_MAX][VALUE_BYTES];
    const char *name[VALUES_MAX];
    int64_t count;
} axis;

typedef struct heat {
    axis down, across;
    double cell[VALUES_MAX * VALUES_MAX]; /* row by row; NaN: not tried */
} heat;

static int value_take(axis *a, const char *value, int64_t *index)
{
    if (strlen(value) >= VALUE_BYTES) return WG_ELIMIT;
    for (*index = 0; *index < a->count; (*index)++)
        if (strcmp(a->value[*index], value) == 0) return WG_OK;
    if (a->count == VALUES_MAX) return WG_ELIMIT;
    memcpy(a->value[a->count], value, strlen(value) + 1);
    a->name[a->count] = a->value[a->count];
    a->count++;
    return WG_OK;
}

/* Where the configuration stands along an axis. */
static int place_find(axis *a, const char *config, int64_t *index)
{
    char text[WG__LINE_BYTES];
    char *key, *value;
    const size_t bytes = strlen(config);
    if (bytes >= sizeof text) return WG_ELIMIT;
    memcpy(text, config, bytes + 1);
    wg__words_in words = { .name = "search", .text = text, .bytes = bytes };
    int more;
    while ((more = wg__words_next(&words, &key, &value)) > 0)
        if (strcmp(key, a->key) == 0) return value_take(a, value, index);
    return more < 0 ? more : WG_ENAME;
}

static int heat_fill(heat *map, const wg__results *results)
{
    for (int64_t i = 0; i < VALUES_MAX * VALUES_MAX; i++) map->cell[i] = (double)NAN;
    for (int64_t i = 0; i < results->count; i++) {
        int64_t row, column;
        double mean, spread;
        WG_TRY(place_find(&map->down, results->line[i].config, &row));
        WG_TRY(place_find(&map->across, results->line[i].config, &column));
        (void)wg__results_mean(results, results->line[i].config, &mean, &spread);
        double *cell = &map->cell[row * VALUES_MAX + column];
        if (!(mean <= *cell)) *cell = mean;
    }
    return results->count > 0 ? WG_OK : WG_EINVALID;
}

static const char *problem_of(int status)
{
    switch (status) {
    case WG_ENAME: return "a configuration of the file has no such setting";
    case WG_ELIMIT: return "more than 64 values of a setting, or one of more than 47 bytes";
    case WG_EINVALID: return "the file has no results";
    default: return wg_status_text(status);
    }
}

static int heat_draw(wg_report *report, const char *title, const heat *map)
{
    const wg_matrix_names names = { .down = map->down.key, .across = map->across.key,
                                    .row = map->down.name, .column = map->across.name };
    wg_view cells = wg_f64(map->cell, WG_SHAPE(map->down.count, map->across.count));
    cells.stride[0] = VALUES_MAX;
    return wg_report_matrix(report, title, cells, &names);
}

int wg_report_search(wg_report *report, const char *title, const char *path, const char *down,
                     const char *across)
{
    wg_error error = { 0 };
    if (report == NULL || path == NULL || down == NULL || across == NULL)
        return wg__report_fail(report, WG_EINVALID, "search",
                               "a path and two settings are needed, not NULL");
    const wg_allocator *allocator = &report->html.allocator;
    wg__results results = { .allocator = *allocator };
    int status = wg__results_load(&results, path, &error);
    if (status < 0) {
        wg__results_free(&results);
        return wg__report_fail(report, status, "search", error.message);
    }
    heat *map = wg__allocate_zeroed(allocator, sizeof *map);
    status = map == NULL ? WG_EMEMORY : WG_OK;
    if (map != NULL) {
        map->down.key = down;
        map->across.key = across;
        status = heat_fill(map, &results);
    }
    if (status < 0) (void)wg__report_fail(report, status, "search", problem_of(status));
    else status = heat_draw(report, title, map);
    wg__release(allocator, map, sizeof *map);
    wg__results_free(&results);
    return status;
}

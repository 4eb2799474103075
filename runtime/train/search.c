/* Search over configurations: every point of a grid, or points drawn from it, each tried as often
 * as asked. What was tried before is read from the file and not tried again. */
#include "runtime/data/dataset.h"
#include "runtime/data/decimal.h"
#include "runtime/train/config.h"
#include "runtime/train/results.h"

#include <math.h>
#include <string.h>

/* One key of the grid: values, or a range of numbers. */
typedef struct axis {
    const char *key;
    char *value;       /* values one after the other, each ended by a zero */
    int64_t count;     /* 0: a range */
    double low, high;
    bool is_whole;     /* a range of whole numbers */
} axis;

enum { AXES_MAX = 16 };  /* as many settings as anybody varies at once */
typedef struct search {
    wg_config *config;
    const wg_search_options *options;
    const char *path;
    axis axis[AXES_MAX];
    int axis_count;
    int64_t point_count;
    wg__results results;
    wg_error *error;
} search;

/* ---- the grid ---- */

static bool is_whole(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (text[i] < '0' || text[i] > '9') return false;
    return bytes > 0;
}

/* "low..high"; false if the text is none. */
static bool range_read(const char *text, axis *a)
{
    const char *dots = strstr(text, "..");
    if (dots == NULL) return false;
    const size_t first = (size_t)(dots - text), second = strlen(dots + 2);
    a->is_whole = is_whole(text, first) && is_whole(dots + 2, second);
    return wg__number_read(text, first, &a->low) == first && first > 0 &&
           wg__number_read(dots + 2, second, &a->high) == second && second > 0 &&
           a->low > 0 && a->low < a->high && isfinite(a->high);
}

static void values_cut(axis *a)
{
    a->count = 1;
    for (char *c = a->value; *c != '\0'; c++) {
        if (*c != ',') continue;
        *c = '\0';
        a->count++;
    }
}

static int axis_add(search *self, const wg__words_in *words, const char *key, char *value)
{
    axis *a = &self->axis[self->axis_count];
    if (wg_config_text(self->config, key) == NULL)
        return wg__words_fail(words, WG_ENAME, "the configuration has no such setting");
    if (self->axis_count == AXES_MAX)
        return wg__words_fail(words, WG_ELIMIT, "more than 16 settings");
    *a = (axis){ .key = key, .value = value };
    const bool has_dots = strstr(value, "..") != NULL;
    if (has_dots && (!range_read(value, a) || self->options->random == 0))
        return wg__words_fail(words, WG_EFORMAT,
                              "low..high, both above 0, is for a random search");
    if (!has_dots) values_cut(a);
    self->axis_count++;
    if (has_dots || self->options->random > 0) return WG_OK;
    if (self->point_count > INT64_MAX / a->count)
        return wg__words_fail(words, WG_ELIMIT, "too many points");
    self->point_count *= a->count;
    return WG_OK;
}

static int grid_read(search *self, char *text)
{
    wg__words_in words = { .name = "grid", .text = text, .bytes = strlen(text),
                           .error = self->error };
    char *key, *value;
    int more;
    self->point_count = 1;
    while ((more = wg__words_next(&words, &key, &value)) > 0)
        WG_TRY(axis_add(self, &words, key, value));
    if (self->options->random > 0) self->point_count = self->options->random;
    return more;
}

/* ---- points ---- */

static int value_set(const search *self, const axis *a, int64_t index)
{
    const char *value = a->value;
    for (int64_t i = 0; i < index; i++) value += strlen(value) + 1;
    return wg_config_set(self->config, a->key, value);
}

/* A value of the axis from 32 random bits; ranges are spread evenly over their logarithm. */
static int value_draw(const search *self, const axis *a, uint32_t bits)
{
    char text[32];
    const uint64_t index = (uint64_t)bits * (uint64_t)a->count >> 32;
    if (a->count > 0) return value_set(self, a, (int64_t)index);
    const double value = wg_rate_geometric((int64_t)bits, INT64_C(1) << 32, a->low, a->high);
    wg__number_text(a->is_whole ? floor(value + 0.5) : value, text);
    return wg_config_set(self->config, a->key, text);
}

/* Sets the configuration to a point: the last axis runs fastest. */
static int point_set(const search *self, int64_t point)
{
    for (int i = self->axis_count - 1; i >= 0; i--) {
        const axis *a = &self->axis[i];
        uint32_t bits[4];
        if (self->options->random > 0) {
            wg__philox(self->options->seed, (uint64_t)point, (uint64_t)i, bits);
            WG_TRY(value_draw(self, a, bits[0]));
        } else {
            WG_TRY(value_set(self, a, point % a->count));
            point /= a->count;
        }
    }
    return WG_OK;
}

static int point_text(const search *self, char out[WG__LINE_BYTES])
{
    wg__text text = wg__text_of(out, WG__LINE_BYTES);
    wg__config_write(self->config, &text);
    if (text.length < WG__LINE_BYTES - 1) return WG_OK;
    return wg__fail(self->error, WG_ELIMIT, "search: a configuration is longer than %d bytes",
                    WG__LINE_BYTES);
}

static int trial_run(search *self, const char *text, int64_t repeat, wg_trial *trial, void *user)
{
    double metric = (double)NAN;
    if (wg__results_has(&self->results, text, repeat)) return WG_OK;
    int status = trial(self->config, repeat, &metric, user);
    if (status < 0)
        return wg__fail(self->error, status, "search: the trial failed at %s: %s", text,
                        wg_status_text(status));
    status = wg__results_add(&self->results, text, repeat, metric);
    if (status < 0) return wg__fail(self->error, status, "search: no memory for a result");
    return self->path == NULL ? WG_OK
                              : wg__results_save(&self->results, self->path, self->error);
}

/* All trials, and the configuration at the point of the highest mean metric. */
static int points_run(search *self, int64_t repeats, wg_trial *trial, void *user)
{
    char text[WG__LINE_BYTES];
    double best = (double)NAN;
    int64_t best_point = 0;
    for (int64_t point = 0; point < self->point_count; point++) {
        double mean, spread;
        int status = point_set(self, point);
        if (status < 0) return wg__fail(self->error, status, "search: no memory for a setting");
        WG_TRY(point_text(self, text));
        for (int64_t repeat = 0; repeat < repeats; repeat++)
            WG_TRY(trial_run(self, text, repeat, trial, user));
        wg__results_mean(&self->results, text, &mean, &spread);
        if (!(mean > best) && point > 0) continue;
        best = mean;
        best_point = point;
    }
    return point_set(self, best_point);
}

int wg_search(wg_config *config, const char *grid, const char *path, int64_t repeats,
              wg_trial *trial, void *user, const wg_search_options *options, wg_error *error)
{
    const wg_search_options chosen = options == NULL ? (wg_search_options){ 0 } : *options;
    if (config == NULL || grid == NULL || trial == NULL || repeats < 1 || chosen.random < 0 ||
        !wg__reserved_is_zero(chosen.reserved, 4))
        return wg__fail(error, WG_EINVALID,
                        "search: a configuration, a grid, a trial and repeats are needed");
    const wg_allocator *allocator = wg__config_allocator(config);
    search self = { .config = config, .options = &chosen, .path = path, .error = error,
                    .results = { .allocator = *allocator } };
    const size_t bytes = strlen(grid) + 1;
    char *text = wg__allocate(allocator, bytes);
    if (text == NULL) return wg__fail(error, WG_EMEMORY, "search: no memory for the grid");
    memcpy(text, grid, bytes);
    int status = grid_read(&self, text);
    if (status >= 0 && path != NULL) status = wg__results_load(&self.results, path, error);
    if (status >= 0) status = points_run(&self, repeats, trial, user);
    wg__results_free(&self.results);
    wg__release(allocator, text, bytes);
    return status;
}

/* ---- the table ---- */

/* The first line of the configuration with the best mean among those not done; -1: none is left. */
static int64_t next_best(const wg__results *results, const bool *is_done)
{
    int64_t best = -1;
    double best_mean = 0, mean, spread;
    for (int64_t i = 0; i < results->count; i++) {
        if (is_done[i]) continue;
        wg__results_mean(results, results->line[i].config, &mean, &spread);
        if (best >= 0 && !(mean > best_mean)) continue;
        best = i;
        best_mean = mean;
    }
    return best;
}

static int table_write(const wg__results *results, bool *is_done, wg_writer *write, void *user)
{
    WG_TRY(wg__write(write, user, "%12s%12s%9s  configuration\n", "mean", "spread", "repeats"));
    for (int64_t i = next_best(results, is_done); i >= 0; i = next_best(results, is_done)) {
        char number[2][WG__DECIMAL_BYTES];
        double mean, spread;
        const char *config = results->line[i].config;
        const int64_t count = wg__results_mean(results, config, &mean, &spread);
        wg__decimal_short(mean, number[0]);
        wg__decimal_short(spread, number[1]);
        WG_TRY(wg__write(write, user, "%12s%12s%9lld  ", number[0], number[1], (long long)count));
        WG_TRY(write(config, strlen(config), user));
        WG_TRY(wg__write(write, user, "\n"));
        for (int64_t j = 0; j < results->count; j++)
            is_done[j] = is_done[j] || strcmp(results->line[j].config, config) == 0;
    }
    return WG_OK;
}

int wg_search_print(const char *path, wg_writer *write, void *user, wg_error *error)
{
    wg__results results = { .allocator = wg__allocator_or_default(NULL) };
    if (path == NULL || write == NULL)
        return wg__fail(error, WG_EINVALID, "search: a path and a writer are needed");
    int status = wg__results_load(&results, path, error);
    const size_t bytes = (size_t)results.count * sizeof(bool);
    bool *is_done = status < 0 ? NULL : wg__allocate_zeroed(&results.allocator, bytes);
    if (is_done != NULL) status = table_write(&results, is_done, write, user);
    else if (status >= 0) status = wg__fail(error, WG_EMEMORY, "search: no memory for the table");
    wg__release(&results.allocator, is_done, bytes);
    wg__results_free(&results);
    return status;
}

/* The file of a search. It is written anew after each trial, whole or not at all, so a search that
 * is stopped loses one trial at most. A configuration is known by its text. */
#include "runtime/train/results.h"
#include "runtime/data/file.h"
#include "runtime/data/system.h"

#include <math.h>
#include <string.h>

static void line_free(const wg__results *results, const wg__result_line *line)
{
    if (line->config != NULL)
        wg__release(&results->allocator, line->config, strlen(line->config) + 1);
}

void wg__results_free(wg__results *results)
{
    for (int64_t i = 0; i < results->count; i++) line_free(results, &results->line[i]);
    wg__release(&results->allocator, results->line,
                (size_t)results->capacity * sizeof *results->line);
    *results = (wg__results){ .allocator = results->allocator };
}

int wg__results_add(wg__results *results, const char *config, int64_t repeat, double metric)
{
    const size_t bytes = strlen(config) + 1;
    WG_TRY(wg__grow(&results->allocator, (void **)&results->line, &results->capacity,
                    results->count + 1, sizeof *results->line));
    char *copy = wg__allocate(&results->allocator, bytes);
    if (copy == NULL) return WG_EMEMORY;
    memcpy(copy, config, bytes);
    results->line[results->count++] =
        (wg__result_line){ .config = copy, .repeat = repeat, .metric = metric };
    return WG_OK;
}

bool wg__results_has(const wg__results *results, const char *config, int64_t repeat)
{
    for (int64_t i = 0; i < results->count; i++)
        if (results->line[i].repeat == repeat && strcmp(results->line[i].config, config) == 0)
            return true;
    return false;
}

int64_t wg__results_mean(const wg__results *results, const char *config, double *mean,
                         double *spread)
{
    double sum = 0, square = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < results->count; i++) {
        const wg__result_line *line = &results->line[i];
        if (strcmp(line->config, config) != 0) continue;
        sum += isnan(line->metric) ? -INFINITY : line->metric;
        count++;
    }
    *mean = sum / (double)count;
    for (int64_t i = 0; i < results->count; i++) {
        const wg__result_line *line = &results->line[i];
        const double off = line->metric - *mean;
        if (strcmp(line->config, config) == 0) square += off * off;
    }
    *spread = count > 1 ? sqrt(square / (double)(count - 1)) : 0;
    return count;
}

/* ---- the file ---- */

/* "key=number " at the head of the text; the bytes it took, 0 if it is not there. */
static size_t head_read(const char *text, const char *key, double *number)
{
    const size_t length = strlen(key);
    if (strncmp(text, key, length) != 0) return 0;
    const size_t digits = wg__number_read(text + length, strlen(text + length), number);
    const bool is_ended = digits > 0 && text[length + digits] == ' ';
    return is_ended ? length + digits + 1 : 0;
}

static int line_read(wg__results *results, const char *text)
{
    double metric, repeat;
    const size_t first = head_read(text, "metric=", &metric);
    const size_t second = first == 0 ? 0 : head_read(text + first, "repeat=", &repeat);
    if (second == 0 || !(repeat >= 0 && repeat < 0x1p53) || repeat != floor(repeat))
        return WG_EFORMAT;
    return wg__results_add(results, text + first + second, (int64_t)repeat, metric);
}

static int text_read(wg__results *results, char *text, const char *path, wg_error *error)
{
    int64_t number = 1;
    for (char *next, *line = text; *line != '\0'; line = next, number++) {
        char *end = strchr(line, '\n');
        next = end == NULL ? line + strlen(line) : end + 1;
        if (end != NULL) *end = '\0';
        const int status = line_read(results, line);
        if (status < 0)
            return wg__fail(error, status, "%s: line %lld: metric=, repeat= and settings expected",
                            path, (long long)number);
    }
    return WG_OK;
}

int wg__results_load(wg__results *results, const char *path, wg_error *error)
{
    char *text;
    size_t bytes;
    if (!wg__system_is_there(path)) return WG_OK;
    WG_TRY(wg__file_load(path, &results->allocator, &text, &bytes, error));
    const int status = text_read(results, text, path, error);
    wg__release(&results->allocator, text, bytes + 1);
    return status;
}

static int lines_write(wg__save *save, const wg__results *results, wg_error *error)
{
    char number[32];
    char buffer[WG__LINE_BYTES + 100];
    for (int64_t i = 0; i < results->count; i++) {
        const wg__result_line *line = &results->line[i];
        wg__number_text(line->metric, number);
        wg__text text = wg__text_of(buffer, sizeof buffer);
        wg__text_add(&text, "metric=%s repeat=%lld %s\n", number, (long long)line->repeat,
                     line->config);
        WG_TRY(wg__save_write(save, buffer, text.length, error));
    }
    return WG_OK;
}

int wg__results_save(const wg__results *results, const char *path, wg_error *error)
{
    wg__save save;
    WG_TRY(wg__save_open(&save, path, &results->allocator, error));
    return wg__save_close(&save, lines_write(&save, results, error), error);
}

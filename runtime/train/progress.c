/* Lines stay, the bar is drawn over. It takes the place of the next line: a carriage return goes
 * back to its start, and a line that follows it is padded to cover it. Plain ASCII, and no
 * colours: it reads the same in a log, in a terminal of any kind, and aloud.                    */
#include "runtime/train/progress.h"

#include "runtime/data/decimal.h"
#include "runtime/data/system.h"

#include <string.h>

enum {
    LINE_BYTES = 256,
    BAR_MAX = 40,     /* wider bars say no more */
    COLUMNS_MIN = 50, /* with fewer, lines alone */
    COLUMNS_RATE = 66, COLUMNS_COURSE = 86, /* from here on these have room too */
};
static const double redraw_seconds = 0.1;

wg__progress wg__progress_begin(wg_progress kind, int64_t epoch_count, int64_t step_count,
                                bool has_validation)
{
    wg__progress progress = {
        .kind = kind, .write = wg_write_stderr, .epoch_count = epoch_count,
        .step_count = step_count, .has_validation = has_validation, .steps_before = -1,
    };
    if (kind == WG_BAR) progress.columns = wg__system_terminal();
    if (kind != WG_QUIET) progress.started = wg__system_seconds();
    return progress;
}

/* Progress is a courtesy: if it cannot be written, training goes on. */
static void line_write(wg__progress *progress, const wg__text *line)
{
    (void)progress->write(line->to, line->length, progress->user);
}

/* Blanks up to the width, so that what stood there is covered. */
static void line_pad(const wg__progress *progress, wg__text *line, size_t start)
{
    while (line->length - start + 1 < (size_t)progress->columns && line->length + 3 < LINE_BYTES)
        wg__text_add(line, " ");
}

/* Ends a line that stays; the bar under it is gone. */
static void line_end(wg__progress *progress, wg__text *line)
{
    if (progress->is_drawn) line_pad(progress, line, 1);
    wg__text_add(line, "\n");
    line_write(progress, line);
    progress->is_drawn = false;
}

static wg__text line_begin(const wg__progress *progress, char buffer[LINE_BYTES])
{
    wg__text line = wg__text_of(buffer, LINE_BYTES);
    if (progress->is_drawn) wg__text_add(&line, "\r");
    return line;
}

/* ---- the bar ---- */

static void add_time(wg__text *line, double seconds)
{
    const int64_t whole = seconds < 1e9 ? (int64_t)(seconds + 0.5) : 0;
    if (whole >= 3600) wg__text_add(line, "%lld:%02lld:%02lld", (long long)(whole / 3600),
                                    (long long)(whole / 60 % 60), (long long)(whole % 60));
    else wg__text_add(line, "%lld:%02lld", (long long)(whole / 60), (long long)(whole % 60));
}

static void add_bar(wg__text *line, double share, int width)
{
    const int full = (int)(share * width);
    wg__text_add(line, "[");
    for (int i = 0; i < width; i++)
        wg__text_add(line, "%s", i < full ? "=" : i == full ? ">" : " ");
    wg__text_add(line, "]");
}

static void add_rate(wg__text *line, double steps_a_second)
{
    char number[WG__DECIMAL_BYTES];
    wg__decimal_fixed(steps_a_second, steps_a_second < 10 ? 1 : 0, number);
    wg__text_add(line, "  %s steps/s", number);
}

/* A character an epoch, the higher the larger the loss; what is not finite is a blank. */
static void add_course(wg__text *line, const wg__progress *progress, double loss)
{
    static const char heights[] = "_.-~'";
    double value[WG__COURSE];
    double lower = loss, upper = loss;
    memcpy(value, progress->past, sizeof progress->past);
    value[progress->past_count] = loss;
    for (int i = 0; i < progress->past_count; i++) {
        if (!(lower <= value[i])) lower = value[i];
        if (!(upper >= value[i])) upper = value[i];
    }
    wg__text_add(line, "  ");
    for (int i = 0; i <= progress->past_count; i++) {
        const double share = upper > lower ? (value[i] - lower) / (upper - lower) : 0.0;
        const bool is_finite = value[i] - value[i] == 0.0 && share <= 1.0;
        wg__text_add(line, "%c", is_finite ? heights[(int)(share * 4.0 + 0.5)] : ' ');
    }
}

void wg__progress_step(wg__progress *progress, int64_t epoch, int64_t steps, double loss)
{
    char buffer[LINE_BYTES];
    char tail[LINE_BYTES];
    char number[WG__DECIMAL_BYTES];
    if (progress->kind != WG_BAR || progress->columns < COLUMNS_MIN) return;
    const double now = wg__system_seconds();
    const double all = (double)progress->epoch_count * (double)progress->step_count;
    const double done = (double)epoch * (double)progress->step_count + (double)steps;
    if (progress->steps_before < 0) progress->steps_before = done - 1;
    if (now - progress->drawn < redraw_seconds) return;
    wg__text line = wg__text_of(buffer, sizeof buffer);
    wg__text rest = wg__text_of(tail, sizeof tail);
    const double seconds = (now - progress->started) / (done - progress->steps_before);
    const double share = (double)steps / (double)progress->step_count;
    wg__text_add(&line, "\r%5lld/%-5lld ", (long long)(epoch + 1),
                 (long long)progress->epoch_count);
    wg__decimal_fixed(loss, 4, number);
    wg__text_add(&rest, " %3d%%  loss %s", (int)(100.0 * share), number);
    if (progress->columns >= COLUMNS_COURSE) add_course(&rest, progress, loss);
    if (progress->columns >= COLUMNS_RATE) add_rate(&rest, 1.0 / seconds);
    wg__text_add(&rest, "  ");
    add_time(&rest, seconds * (all - done));
    wg__text_add(&rest, " left");
    const int room = progress->columns - (int)line.length - (int)rest.length - 2;
    if (room > 4) add_bar(&line, share, room < BAR_MAX ? room : BAR_MAX);
    wg__text_add(&line, "%s", tail);
    line_pad(progress, &line, 1);
    line_write(progress, &line);
    progress->drawn = now;
    progress->is_drawn = true;
}

/* ---- lines ---- */

static void add_number(wg__text *line, double value, int decimals, int width)
{
    char number[WG__DECIMAL_BYTES];
    wg__decimal_fixed(value, decimals, number);
    wg__text_add(line, "%*s", width, number);
}

static void head_write(wg__progress *progress)
{
    char buffer[LINE_BYTES];
    wg__text line = line_begin(progress, buffer);
    wg__text_add(&line, "%11s%11s%11s", "epoch", "loss", "metric");
    if (progress->has_validation) wg__text_add(&line, "%17s%11s", "validation loss", "metric");
    wg__text_add(&line, "%10s", "time");
    line_end(progress, &line);
}

static void past_add(wg__progress *progress, double loss)
{
    const int places = WG__COURSE - 1;
    if (progress->past_count == places)
        memmove(progress->past, progress->past + 1, (size_t)(places - 1) * sizeof(double));
    else progress->past_count++;
    progress->past[progress->past_count - 1] = loss;
}

void wg__progress_epoch(wg__progress *progress, const wg_epoch *epoch)
{
    char buffer[LINE_BYTES];
    if (progress->kind == WG_QUIET) return;
    past_add(progress, epoch->loss);
    if (!progress->has_head) head_write(progress);
    progress->has_head = true;
    wg__text line = line_begin(progress, buffer);
    wg__text_add(&line, "%5lld/%-5lld", (long long)(epoch->index + 1),
                 (long long)progress->epoch_count);
    add_number(&line, epoch->loss, 4, 11);
    add_number(&line, epoch->metric, 4, 11);
    if (progress->has_validation) {
        add_number(&line, epoch->validation_loss, 4, 17);
        add_number(&line, epoch->validation_metric, 4, 11);
    }
    add_number(&line, epoch->seconds, 1, 8);
    wg__text_add(&line, " s%s", epoch->best ? " *" : "");
    line_end(progress, &line);
}

void wg__progress_end(wg__progress *progress, const wg_history *history, bool is_restored)
{
    char buffer[LINE_BYTES];
    char number[WG__DECIMAL_BYTES];
    wg_epoch best;
    if (progress->kind == WG_QUIET) return;
    wg__text line = line_begin(progress, buffer);
    if (wg_history_epoch(history, wg_history_best(history), &best) >= 0) {
        const bool has_validation = progress->has_validation;
        wg__decimal_fixed(has_validation ? best.validation_metric : best.metric, 4, number);
        wg__text_add(&line, "best: epoch %lld, metric %s%s", (long long)(best.index + 1), number,
                     is_restored ? "; its parameters are restored" : "");
    }
    if (line.length > 0) line_end(progress, &line);
}

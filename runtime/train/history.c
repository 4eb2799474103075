/* Epochs in the order they were run. The best is the one with the highest metric; among equals
 * the lower loss decides, because a small validation set has few different metrics. NaN is never
 * better.                                                                                       */
#include "runtime/train/history.h"

wg_history *wg__history_create(const wg_allocator *allocator, bool has_validation)
{
    wg_history *history = wg__allocate_zeroed(allocator, sizeof *history);
    if (history == NULL) return NULL;
    history->allocator = *allocator;
    history->best = -1;
    history->has_validation = has_validation;
    return history;
}

void wg_history_free(wg_history *history)
{
    if (history == NULL) return;
    const wg_allocator allocator = history->allocator;
    wg__release(&allocator, history->epoch, (size_t)history->capacity * sizeof *history->epoch);
    wg__release(&allocator, history, sizeof *history);
}

static bool is_better(const wg_history *history, const wg_epoch *epoch, const wg_epoch *than)
{
    const bool by_validation = history->has_validation;
    const double metric = by_validation ? epoch->validation_metric : epoch->metric;
    const double metric_than = by_validation ? than->validation_metric : than->metric;
    if (metric != metric_than) return metric > metric_than || metric_than != metric_than;
    const double loss = by_validation ? epoch->validation_loss : epoch->loss;
    const double loss_than = by_validation ? than->validation_loss : than->loss;
    return loss < loss_than;
}

int wg__history_add(wg_history *history, const wg_epoch *epoch)
{
    WG_TRY(wg__grow(&history->allocator, (void **)&history->epoch, &history->capacity,
                    history->count + 1, sizeof *history->epoch));
    wg_epoch *added = &history->epoch[history->count];
    *added = *epoch;
    added->best = history->best < 0 || is_better(history, epoch, &history->epoch[history->best]);
    if (added->best && history->best >= 0) history->epoch[history->best].best = false;
    if (added->best) history->best = history->count;
    history->count++;
    return WG_OK;
}

int64_t wg_history_count(const wg_history *history)
{
    return history == NULL ? 0 : history->count;
}

int wg_history_epoch(const wg_history *history, int64_t index, wg_epoch *out)
{
    if (history == NULL || out == NULL || index < 0 || index >= history->count) return WG_EINVALID;
    *out = history->epoch[index];
    return WG_OK;
}

int64_t wg_history_best(const wg_history *history)
{
    return history == NULL ? -1 : history->best;
}

/* A number behind a comma; nothing for NaN. */
static void number_add(wg__text *line, double value)
{
    char text[32] = "";
    if (value == value) wg__number_text(value, text);
    wg__text_add(line, ",%s", text);
}

static int epoch_print(const wg_epoch *epoch, wg_writer *write, void *user)
{
    char buffer[320]; /* six numbers of 32 characters, two counts of 20 */
    wg__text line = wg__text_of(buffer, sizeof buffer);
    wg__text_add(&line, "%lld,%lld", (long long)(epoch->index + 1), (long long)epoch->step);
    number_add(&line, epoch->loss);
    number_add(&line, epoch->metric);
    number_add(&line, epoch->validation_loss);
    number_add(&line, epoch->validation_metric);
    number_add(&line, epoch->rate);
    number_add(&line, epoch->seconds);
    return wg__write(write, user, "%s,%d\n", buffer, epoch->best);
}

int wg_history_print(const wg_history *history, wg_writer *write, void *user)
{
    if (history == NULL || write == NULL) return WG_EINVALID;
    WG_TRY(wg__write(write, user, "epoch,step,loss,metric,validation_loss,validation_metric,rate,"
                                  "seconds,best\n"));
    for (int64_t i = 0; i < history->count; i++)
        WG_TRY(epoch_print(&history->epoch[i], write, user));
    return WG_OK;
}

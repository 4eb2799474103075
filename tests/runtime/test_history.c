/* The best epoch is the one a person would pick: by metric, then by loss, and NaN never. */
#include "runtime/train/history.h"
#include "support/memory.h"

#include <math.h>
#include <string.h>

static void add(wg_history *history, double metric, double loss, double validation_metric,
                double validation_loss)
{
    const wg_epoch epoch = { .index = wg_history_count(history), .metric = metric, .loss = loss,
                             .validation_metric = validation_metric,
                             .validation_loss = validation_loss };
    check_equal_i(wg__history_add(history, &epoch), WG_OK);
}

/* Exactly one epoch is called the best, and it is this one. */
static void check_best(const wg_history *history, int64_t expected)
{
    check_equal_i(wg_history_best(history), expected);
    for (int64_t i = 0; i < wg_history_count(history); i++) {
        wg_epoch epoch;
        check_equal_i(wg_history_epoch(history, i, &epoch), WG_OK);
        check_equal_i(epoch.index, i);
        check(epoch.best == (i == expected));
    }
}

Test(history, knows_the_best_by_validation)
{
    wg_history *history = wg__history_create(&wg__allocator_default, true);
    add(history, 0.1, 9, 0.5, 2.0);
    check_best(history, 0);
    add(history, 0.9, 1, 0.4, 1.0); /* better in training alone */
    check_best(history, 0);
    add(history, 0.2, 8, 0.5, 2.0); /* equal: the first stays */
    check_best(history, 0);
    add(history, 0.3, 7, 0.5, 1.9); /* equal metric, lower loss */
    check_best(history, 3);
    add(history, 0.3, 7, (double)NAN, 0.1);
    check_best(history, 3);
    add(history, 0.9, 7, (double)NAN, (double)NAN);
    check_best(history, 3);
    add(history, 0.3, 7, 0.6, 3.0);
    check_best(history, 6);
    wg_history_free(history);
}

Test(history, knows_the_best_without_validation)
{
    const double none = (double)NAN;
    wg_history *history = wg__history_create(&wg__allocator_default, false);
    add(history, none, 1.0, none, none);
    add(history, 0.1, 2.0, none, none);
    check_best(history, 1);
    add(history, 0.1, 1.0, none, none);
    check_best(history, 2);
    add(history, none, 0.1, none, none);
    check_best(history, 2);
    wg_history_free(history);
}

typedef struct page { char text[1024]; size_t length, limit; } page;

static int page_write(const char *text, size_t bytes, void *user)
{
    page *to = user;
    if (to->length + bytes > to->limit) return WG_EFILE;
    memcpy(to->text + to->length, text, bytes);
    to->length += bytes;
    return WG_OK;
}

Test(history, prints_a_line_an_epoch)
{
    wg_history *history = wg__history_create(&wg__allocator_default, false);
    wg_epoch epoch = { .step = 7, .loss = 0.1, .metric = -1e-9, .validation_loss = (double)NAN,
                       .validation_metric = (double)NAN, .rate = 0.001, .seconds = 2.5 };
    check_equal_i(wg__history_add(history, &epoch), WG_OK);
    epoch.index = 1;
    epoch.metric = 1.0 / 3;
    check_equal_i(wg__history_add(history, &epoch), WG_OK);
    page to = { .limit = sizeof to.text };
    check_equal_i(wg_history_print(history, page_write, &to), WG_OK);
    to.text[to.length] = '\0';
    check_text(to.text, "epoch,step,loss,metric,validation_loss,validation_metric,rate,seconds,"
                        "best\n"
                        "1,7,0.1,-1e-9,,,0.001,2.5,0\n"
                        "2,7,0.1,0.3333333333333333,,,0.001,2.5,1\n");
    to = (page){ .limit = 90 };
    check_status(wg_history_print(history, page_write, &to), WG_EFILE);
    check_status(wg_history_print(NULL, page_write, &to), WG_EINVALID);
    check_status(wg_history_print(history, NULL, &to), WG_EINVALID);
    wg_history_free(history);
}

Test(history, answers_for_nothing)
{
    wg_epoch epoch;
    wg_history *history = wg__history_create(&wg__allocator_default, true);
    check_equal_i(wg_history_count(history), 0);
    check_equal_i(wg_history_best(history), -1);
    check_status(wg_history_epoch(history, 0, &epoch), WG_EINVALID);
    check_status(wg_history_epoch(history, -1, &epoch), WG_EINVALID);
    check_status(wg_history_epoch(NULL, 0, &epoch), WG_EINVALID);
    check_equal_i(wg_history_count(NULL), 0);
    check_equal_i(wg_history_best(NULL), -1);
    add(history, 1, 1, 1, 1);
    check_status(wg_history_epoch(history, 0, NULL), WG_EINVALID);
    wg_history_free(history);
    wg_history_free(NULL);
}

static int grow(const wg_allocator *allocator, void *user)
{
    (void)user;
    wg_history *history = wg__history_create(allocator, false);
    if (history == NULL) return WG_EMEMORY;
    int status = WG_OK;
    for (int i = 0; i < 40 && status >= 0; i++)
        status = wg__history_add(history, &(wg_epoch){ .index = i });
    wg_history_free(history);
    return status;
}

Test(history, gives_all_back_when_memory_ends)
{
    check(test_memory_fail_each(grow, NULL) > 3);
}

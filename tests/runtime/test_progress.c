/* What is written while training goes on, by a writer that remembers: nothing when quiet, a line
 * an epoch, and on a terminal a bar that never leaves anything behind.                          */
#include "runtime/train/history.h"
#include "runtime/train/progress.h"
#include "support/page.h"
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static wg__progress progress_of(wg_progress kind, int columns, test_page *out)
{
    wg__progress progress = wg__progress_begin(kind, 12, 100, true);
    progress.write = test_page_write;
    progress.user = out;
    progress.columns = columns;
    return progress;
}

static const wg_epoch epochs[2] = {
    { .index = 0, .loss = 0.29314, .metric = 0.2841, .validation_loss = 0.27021,
      .validation_metric = 0.33771, .seconds = 1.23, .best = true },
    { .index = 1, .loss = 0.2, .metric = 0.5, .validation_loss = 0.3, .validation_metric = 0.31,
      .seconds = 75 },
};

static void write_all(wg__progress *progress)
{
    wg_history *history = wg__history_create(&wg__allocator_default, true);
    for (int i = 0; i < 2; i++) {
        for (int step = 1; step <= 100; step++) {
            wg__progress_step(progress, i, step, 0.25);
            progress->drawn = 0; /* long ago */
        }
        wg__progress_epoch(progress, &epochs[i]);
        check_equal_i(wg__history_add(history, &epochs[i]), WG_OK);
    }
    wg__progress_end(progress, history, true);
    wg_history_free(history);
}

static const char lines[] =
    "      epoch       loss     metric  validation loss     metric      time\n"
    "    1/12        0.2931     0.2841           0.2702     0.3377     1.2 s *\n"
    "    2/12        0.2000     0.5000           0.3000     0.3100    75.0 s\n"
    "best: epoch 1, metric 0.3377; its parameters are restored\n";

Test(progress, is_quiet_unless_asked)
{
    test_page out = { 0 };
    wg__progress progress = progress_of(WG_QUIET, 80, &out);
    write_all(&progress);
    check_equal_i(out.length, 0);
}

Test(progress, writes_a_line_an_epoch)
{
    test_page out = { 0 };
    wg__progress progress = progress_of(WG_LINES, 0, &out);
    write_all(&progress);
    check_text(out.text, lines);
    out = (test_page){ 0 };
    progress = progress_of(WG_BAR, 0, &out); /* no terminal */
    write_all(&progress);
    check_text(out.text, lines);
    out = (test_page){ 0 };
    progress = progress_of(WG_BAR, 30, &out); /* too narrow */
    write_all(&progress);
    check_text(out.text, lines);
}

/* What a terminal of this width shows: a carriage return goes back and overwrites. */
static void show(const char *text, int columns, char *out)
{
    size_t start = 0;
    size_t at = 0;
    size_t end = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\r') at = start;
        if (*text == '\n') {
            while (end > start && out[end - 1] == ' ') end--;
            out[end++] = '\n';
            start = at = end;
        }
        if (*text == '\r' || *text == '\n') continue;
        out[at++] = *text;
        check_msg(at - start < (size_t)columns, "a line of more than %d columns wraps", columns);
        if (at > end) end = at;
    }
    out[end] = '\0';
}

Test(progress, bar_leaves_nothing_behind_on_a_terminal)
{
    static test_page out;
    static char shown[8192];
    for (int columns = 78; columns < 300; columns += 37) {
        out = (test_page){ 0 };
        wg__progress progress = progress_of(WG_BAR, columns, &out);
        wg__progress_step(&progress, 0, 37, 0.25);
        check_contains(out.text, "    1/12    [");
        check_contains(out.text, "=>");
        check_contains(out.text, "]  37%  loss 0.2500  ");
        check_contains(out.text, " steps/s  ");
        check_contains(out.text, " left");
        out = (test_page){ 0 };
        progress.is_drawn = false;
        for (int i = 0; i < 2; i++) {
            progress.drawn = 0;
            wg__progress_step(&progress, i, 50, 0.25);
            wg__progress_epoch(&progress, &epochs[i]);
        }
        wg_history *history = wg__history_create(&wg__allocator_default, true);
        for (int i = 0; i < 2; i++) check_equal_i(wg__history_add(history, &epochs[i]), WG_OK);
        progress.drawn = 0;
        wg__progress_step(&progress, 2, 50, 0.25);
        wg__progress_end(&progress, history, true);
        wg_history_free(history);
        show(out.text, columns, shown);
        check_text(shown, lines);
    }
}

/* 17 epochs of falling loss, the first of which is out of sight by then, one that is not finite,
 * and the present one at the height of the middle. */
Test(progress, shows_the_course_of_the_loss)
{
    test_page out = { 0 };
    wg__progress progress = progress_of(WG_BAR, 120, &out);
    for (int i = 0; i < 17; i++) {
        const double loss = i == 0 ? 1000 : i == 3 ? (double)NAN : i < 9 ? 4 : i < 13 ? 3 : 0;
        wg__progress_epoch(&progress, &(wg_epoch){ .index = i, .loss = loss });
    }
    wg__progress_step(&progress, 17, 50, 2);
    check_contains(out.text, "loss 2.0000  ' '''''~~~~____-  ");
}

Test(progress, redraws_ten_times_a_second_at_most)
{
    test_page out = { 0 };
    wg__progress progress = progress_of(WG_BAR, 80, &out);
    for (int step = 1; step <= 100; step++) wg__progress_step(&progress, 0, step, 0.25);
    int count = 0;
    for (const char *at = out.text; *at != '\0'; at++) count += *at == '\r';
    check_msg(count >= 1 && count <= 3, "%d times in far less than a second", count);
}

/* A run that failed before its first epoch ends its bar, and says nothing more. */
Test(progress, ends_a_bar_that_nothing_follows)
{
    static char shown[8192];
    test_page out = { 0 };
    wg__progress progress = progress_of(WG_BAR, 80, &out);
    wg__progress_step(&progress, 0, 5, 0.25);
    wg__progress_end(&progress, NULL, false);
    show(out.text, 80, shown);
    check_text(shown, "\n");
}

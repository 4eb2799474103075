/* Schedules against their formulas at 50 digits (tests/golden/make_schedule.py), and how they are
 * composed. */
#include "golden/schedule.h"
#include "support/test.h"
#include <float.h>
#include <math.h>
#include <string.h>
#include <wengert/nn.h>

static const double RATE = 0.1, LAST = 0.001;

static double rate_of(const char *name, int64_t step)
{
    const int64_t count = SCHEDULE_COUNT;
    if (strcmp(name, "step") == 0) return wg_rate_step(step, RATE, 0.5, 10);
    if (strcmp(name, "exponential") == 0) return wg_rate_exponential(step, RATE, 0.97);
    if (strcmp(name, "inverse") == 0) return wg_rate_inverse(step, RATE, 0.25);
    if (strcmp(name, "linear") == 0) return wg_rate_polynomial(step, count, RATE, LAST, 1);
    if (strcmp(name, "polynomial") == 0) return wg_rate_polynomial(step, count, RATE, LAST, 2.3);
    if (strcmp(name, "root") == 0) return wg_rate_polynomial(step, count, RATE, LAST, 0.5);
    if (strcmp(name, "geometric") == 0) return wg_rate_geometric(step, count, RATE, LAST);
    if (strcmp(name, "cosine") == 0) return wg_rate_cosine(step, count, RATE, LAST);
    if (strcmp(name, "one_cycle") == 0) return wg_rate_one_cycle(step, count, RATE);
    check_text(name, "warm_up");
    return wg_rate_warm_up(step, count);
}

Test(schedule, rates_are_their_formulas)
{
    for (size_t i = 0; i < sizeof rate_rows / sizeof rate_rows[0]; i++) {
        const rate_row *row = &rate_rows[i];
        const double found = rate_of(row->name, row->step);
        const double bound = (64 + row->step) * DBL_EPSILON * row->rate;
        check_msg(fabs(found - row->rate) <= bound, "%s at step %d: %.17g, not %.17g", row->name,
                  row->step, found, row->rate);
    }
}

Test(schedule, steps_outside_count_as_the_nearest)
{
    const char *const name[] = { "step", "exponential", "inverse", "polynomial", "cosine",
                                 "one_cycle", "warm_up" };
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++)
        check(rate_of(name[i], -5) == rate_of(name[i], 0));
    for (size_t i = 3; i < 7; i++)
        check(rate_of(name[i], INT64_MAX - 1) == rate_of(name[i], SCHEDULE_COUNT));
    check(wg_rate_cosine(3, 0, RATE, LAST) == LAST && wg_rate_polynomial(0, -1, 1, 2, 3) == 2);
    check(wg_rate_cosine(100, 100, RATE, LAST) == LAST);
    check(wg_rate_step(3, 8, 0.5, 0) == 1);
    check_close(wg_rate_geometric(1, 2, 1, 100), 10, 40 * DBL_EPSILON);
    check(wg_rate_geometric(2, 2, 1, 100) == 100 && wg_rate_geometric(1, 2, 1, 0) == 1);
}

/* The peak of a cycle is its rate, and both of its sides are monotone. */
Test(schedule, one_cycle_rises_once_and_falls_once)
{
    double before = wg_rate_one_cycle(0, 1000, 0.5);
    check_close(before, 0.02, DBL_EPSILON);
    for (int i = 1; i <= 1000; i++) {
        const double now = wg_rate_one_cycle(i, 1000, 0.5);
        check(i <= 300 ? now > before : now < before);
        if (i == 300) check_close(now, 0.5, 2 * DBL_EPSILON);
        before = now;
    }
    check_close(before, 2e-6, 1e-17);
}

/* Warm-up as a factor, a restart as a remainder, a sequence as a choice. */
Test(schedule, schedules_are_composed_as_numbers)
{
    for (int64_t step = 0; step < 40; step++) {
        const double warm = wg_rate_warm_up(step, 4), rate = wg_rate_cosine(step % 20, 20, 1, 0);
        check(step >= 3 ? warm == 1 : warm == (double)(step + 1) / 4);
        check_close(rate, (1 + cos(acos(-1.0) * (double)(step % 20) / 20)) / 2, 4 * DBL_EPSILON);
    }
}

/* Two epochs without a better one halve the rate; then two more must pass. */
Test(schedule, plateau_waits_for_a_better_metric)
{
    const double metric[9] = { 0.5, 0.6, 0.6, 0.55, 0.6, NAN, 0.7, 0.1, 0.2 };
    const double expected[10] = { 1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125 };
    for (int count = 0; count <= 9; count++)
        check(wg_rate_plateau(count, metric, 1, 0.5, 2) == expected[count]);
    check(wg_rate_plateau(3, metric, 1, 0.5, 0) == 0.5);
    check(wg_rate_plateau(3, NULL, 1, 0.5, 1) == 1);
}

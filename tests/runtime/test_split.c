/* Every row goes to one part, groups stay whole, shares are kept to within one group, rows keep
 * their order, and the parts are a function of the seed and the groups alone.                   */
#include "support/memory.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wengert/data.h>

/* Column "id" counts the rows, "group" is what the function says. */
static wg_dataset *numbered(int64_t rows, int64_t (*group_of)(int64_t row),
                            const wg_allocator *allocator)
{
    wg_dataset *data = wg_dataset_create(allocator);
    int32_t *id = malloc((size_t)rows * sizeof *id);
    int64_t *group = malloc((size_t)rows * sizeof *group);
    check(id != NULL && group != NULL);
    for (int64_t i = 0; i < rows; i++) {
        id[i] = (int32_t)i;
        group[i] = group_of(i);
    }
    const int added_id = wg_dataset_add(data, "id", wg_i32(id, WG_SHAPE(rows)));
    const int added_group = wg_dataset_add(data, "group", wg_i64(group, WG_SHAPE(rows)));
    free(id);
    free(group);
    if (added_id < 0 || added_group < 0) {
        wg_dataset_free(data);
        return NULL;
    }
    return data;
}

static int64_t itself(int64_t row) { return row; }
static int64_t by_seven(int64_t row) { return -3 + row / 7; }
static int64_t scattered(int64_t row) { return row * 37 % 100; }
/* Group g has g + 1 rows. */
static int64_t growing(int64_t row)
{
    int64_t group = 0;
    for (int64_t left = row; left > group; group++) left -= group + 1;
    return group;
}

static wg_view column(const wg_dataset *data, const char *name)
{
    wg_view view = { 0 };
    check_status(wg_dataset_find(data, name, &view), WG_OK);
    return view;
}

static void check_split(int64_t rows, int64_t (*group_of)(int64_t row), int64_t group_rows_max,
                        uint64_t seed)
{
    enum { COUNT = 3 };
    const double share[COUNT] = { 0.6, 0.2, 0.2 };
    wg_error error = { 0 };
    wg_dataset *part[COUNT];
    wg_dataset *data = numbered(rows, group_of, NULL);
    const wg_split_options options = { .seed = seed, .group = "group" };
    const int status = wg_dataset_split(data, COUNT, share, &options, part, &error);
    check_msg(status == WG_OK, "%s", error.message);
    wg_dataset_free(data); /* parts stand alone */
    int *part_of_row = calloc((size_t)rows, sizeof *part_of_row);
    check(part_of_row != NULL);
    for (int k = 0; k < COUNT; k++) {
        const int32_t *id = column(part[k], "id").data;
        const int64_t *group = column(part[k], "group").data;
        const int64_t count = wg_dataset_count(part[k]);
        check(fabs((double)count - share[k] * (double)rows) <= (double)group_rows_max);
        for (int64_t i = 0; i < count; i++) {
            check(i == 0 || id[i] > id[i - 1]);
            check_equal_i(part_of_row[id[i]], 0);
            check_equal_i(group[i], group_of(id[i]));
            part_of_row[id[i]] = k + 1;
        }
        wg_dataset_free(part[k]);
    }
    for (int64_t i = 0; i < rows; i++) {
        check(part_of_row[i] > 0);
        for (int64_t j = 0; j < i; j++)
            if (group_of(i) == group_of(j)) check_equal_i(part_of_row[i], part_of_row[j]);
    }
    free(part_of_row);
}

Test(split, keeps_groups_whole_and_shares_true)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        check_split(100, itself, 1, seed);
        check_split(7, itself, 1, seed);
        check_split(140, by_seven, 7, seed);
        check_split(300, scattered, 3, seed);
        check_split(210, growing, 20, seed);
    }
}

/* A tenth of 100 rows without groups: exactly 10, and not the same 10 for two seeds. */
Test(split, shuffles_by_seed_and_by_nothing_else)
{
    wg_dataset *part[2];
    int32_t id[3][10];
    const double share[2] = { 1, 9 };
    const uint64_t seed[3] = { 1, 1, 2 };
    for (int k = 0; k < 3; k++) {
        wg_dataset *data = numbered(100, itself, NULL);
        const wg_split_options options = { .seed = seed[k] };
        check_status(wg_dataset_split(data, 2, share, &options, part, NULL), WG_OK);
        check_equal_i(wg_dataset_count(part[0]), 10);
        check_equal_i(wg_dataset_count(part[1]), 90);
        memcpy(id[k], column(part[0], "id").data, sizeof id[k]);
        wg_dataset_free(part[0]);
        wg_dataset_free(part[1]);
        wg_dataset_free(data);
    }
    check_bytes(id[0], id[1], sizeof id[0]);
    check(memcmp(id[0], id[2], sizeof id[0]) != 0);
}

/* Over many seeds each row is in the first half as often as not: 2000 draws of 1/2, six
 * deviations.                                                                                   */
Test(split, puts_each_row_into_each_part_alike)
{
    enum { ROWS = 10, SEEDS = 2000 };
    int count[ROWS] = { 0 };
    wg_dataset *data = numbered(ROWS, itself, NULL);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        wg_dataset *part[2];
        const wg_split_options options = { .seed = seed };
        check_status(wg_dataset_split(data, 2, (const double[]){ 1, 1 }, &options, part, NULL),
                     WG_OK);
        const int32_t *id = column(part[0], "id").data;
        for (int i = 0; i < 5; i++) count[id[i]]++;
        wg_dataset_free(part[0]);
        wg_dataset_free(part[1]);
    }
    wg_dataset_free(data);
    for (int i = 0; i < ROWS; i++) check_close(count[i], 1000, 6 * 22.4);
}

Test(split, refuses_bad_arguments)
{
    wg_error error = { 0 };
    wg_dataset *part[2] = { NULL, NULL };
    const double half[2] = { 0.5, 0.5 };
    wg_dataset *data = numbered(4, itself, NULL);
    wg_dataset *empty = wg_dataset_create(NULL);
    const float real[8] = { 0 };
    check_equal_i(wg_dataset_add(data, "real", wg_f32(real, WG_SHAPE(4))), WG_OK);
    check_equal_i(wg_dataset_add(data, "pair", wg_i32((const int32_t *)real, WG_SHAPE(4, 2))),
                  WG_OK);
    check_status(wg_dataset_split(NULL, 2, half, NULL, part, &error), WG_EINVALID);
    check_status(wg_dataset_split(data, 2, NULL, NULL, part, &error), WG_EINVALID);
    check_status(wg_dataset_split(data, 2, half, NULL, NULL, &error), WG_EINVALID);
    check_status(wg_dataset_split(data, 0, half, NULL, part, &error), WG_EINVALID);
    check_status(wg_dataset_split(empty, 2, half, NULL, part, &error), WG_EINVALID);
    check_status(wg_dataset_split(data, 2, (const double[]){ 1, 0 }, NULL, part, &error),
                 WG_EINVALID);
    check_status(wg_dataset_split(data, 2, (const double[]){ 1, (double)NAN }, NULL, part, &error),
                 WG_EINVALID);
    check_status(wg_dataset_split(data, 2, (const double[]){ 1, HUGE_VAL }, NULL, part, &error),
                 WG_EINVALID);
    check_status(wg_dataset_split(data, 2, (const double[]){ 1, 0.01 }, NULL, part, &error),
                 WG_EINVALID);
    check_contains(error.message, "part 1, share 0.01, gets none of 4 groups");
    wg_split_options options = { .group = "nothing" };
    check_status(wg_dataset_split(data, 2, half, &options, part, &error), WG_ENAME);
    check_contains(error.message, "\"nothing\"");
    options.group = "real";
    check_status(wg_dataset_split(data, 2, half, &options, part, &error), WG_EDTYPE);
    options.group = "pair";
    check_status(wg_dataset_split(data, 2, half, &options, part, &error), WG_ESHAPE);
    options = (wg_split_options){ .reserved = { 1 } };
    check_status(wg_dataset_split(data, 2, half, &options, part, &error), WG_EINVALID);
    check(part[0] == NULL && part[1] == NULL);
    wg_dataset_free(empty);
    wg_dataset_free(data);
}

/* Of 90 rows of class 0, 30 of class 1 and 10 of class 2, each part has its share of each. */
Test(split, keeps_the_share_of_every_stratum)
{
    enum { ROWS = 130 };
    int32_t class[ROWS];
    uint64_t state = test_seed();
    for (int i = 0; i < ROWS; i++) class[i] = (i >= 90) + (i >= 120);
    for (int i = ROWS - 1; i > 0; i--) {
        const int64_t j = test_draw(&state, 0, i);
        const int32_t kept = class[i];
        class[i] = class[j];
        class[j] = kept;
    }
    wg_dataset *data = wg_dataset_create(NULL), *part[3];
    check_status(wg_dataset_add(data, "class", wg_i32(class, WG_SHAPE(ROWS))), WG_OK);
    const double share[3] = { 0.6, 0.3, 0.1 };
    const wg_split_options options = { .seed = test_random(&state), .stratify = "class" };
    check_status(wg_dataset_split(data, 3, share, &options, part, NULL), WG_OK);
    const int64_t expected[3][3] = { { 54, 18, 6 }, { 27, 9, 3 }, { 9, 3, 1 } };
    for (int k = 0; k < 3; k++) {
        wg_view view;
        int64_t count[3] = { 0 };
        check_status(wg_dataset_find(part[k], "class", &view), WG_OK);
        for (int64_t i = 0; i < view.shape.dim[0]; i++) count[((const int32_t *)view.data)[i]]++;
        check_bytes(count, expected[k], sizeof count);
        wg_dataset_free(part[k]);
    }
    wg_dataset_free(data);
}

Test(split, folds_hold_each_row_once)
{
    enum { ROWS = 23, FOLDS = 5 };
    int32_t id[ROWS], seen[ROWS] = { 0 };
    for (int i = 0; i < ROWS; i++) id[i] = i;
    wg_dataset *data = wg_dataset_create(NULL), *training, *validation;
    check_status(wg_dataset_add(data, "id", wg_i32(id, WG_SHAPE(ROWS))), WG_OK);
    const wg_split_options options = { .seed = test_seed() };
    for (int64_t fold = 0; fold < FOLDS; fold++) {
        wg_view view;
        check_status(
            wg_dataset_fold(data, FOLDS, fold, &options, &training, &validation, NULL), WG_OK);
        check_equal_i(wg_dataset_count(training) + wg_dataset_count(validation), ROWS);
        check(wg_dataset_count(validation) == 4 || wg_dataset_count(validation) == 5);
        check_status(wg_dataset_find(validation, "id", &view), WG_OK);
        for (int64_t i = 0; i < view.shape.dim[0]; i++) seen[((const int32_t *)view.data)[i]]++;
        wg_dataset_free(training);
        wg_dataset_free(validation);
    }
    for (int i = 0; i < ROWS; i++) check_equal_i(seen[i], 1);
    wg_error error;
    check_status(wg_dataset_fold(data, 5, 5, NULL, &training, &validation, &error), WG_EINVALID);
    check_text(error.message, "split: fold 5 of 5, at most 1000");
    check(training == NULL && validation == NULL);
    wg_dataset_free(data);
}

static int split_half(const wg_allocator *allocator, void *user)
{
    (void)user;
    wg_dataset *part[2] = { NULL, NULL };
    wg_dataset *data = wg_dataset_create(allocator);
    if (data == NULL) return WG_EMEMORY;
    const int32_t id[6] = { 1, 2, 3, 4, 5, 6 };
    int status = wg_dataset_add(data, "id", wg_i32(id, WG_SHAPE(6)));
    if (status >= 0)
        status = wg_dataset_split(data, 2, (const double[]){ 1, 1 }, NULL, part, NULL);
    check(status >= 0 || (part[0] == NULL && part[1] == NULL));
    wg_dataset_free(part[0]);
    wg_dataset_free(part[1]);
    wg_dataset_free(data);
    return status;
}

Test(split, gives_all_back_when_memory_ends)
{
    check(test_memory_fail_each(split_half, NULL) > 10);
}

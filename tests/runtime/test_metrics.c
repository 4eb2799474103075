/* Scores of finished models against hand cases and against definitions, counted pair by pair. */
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <wengert/metrics.h>

/* ---- classes ---- */

Test(metrics, confusion_counts_truth_down_and_prediction_across)
{
    const int32_t truth[] = { 0, 0, 0, 1, 1, 2 };
    const int64_t called[] = { 0, 1, 0, 1, 1, 0 };
    int64_t count[9];
    const wg_view predicted = wg_i64(called, WG_SHAPE(2, 3)); /* the shape says nothing */
    check_status(wg_confusion(predicted, wg_i32(truth, WG_SHAPE(6)), 3, count), WG_OK);
    const int64_t expected[9] = { 2, 1, 0, 0, 2, 0, 1, 0, 0 };
    check_bytes(count, expected, sizeof count);

    wg_class_scores scores;
    check_status(wg_confusion_scores(count, 3, 0, &scores), WG_OK);
    check_equal_i(scores.true_positive, 2);
    check_equal_i(scores.false_positive, 1);
    check_equal_i(scores.false_negative, 1);
    check_equal_i(scores.true_negative, 2);
    check_close(scores.precision, 2.0 / 3, 0);
    check_close(scores.recall, 2.0 / 3, 0);
    check_close(scores.false_rate, 1.0 / 3, 0);
    check_close(scores.f1, 2.0 / 3, 0);
    check_status(wg_confusion_scores(count, 3, 2, &scores), WG_OK);
    check(isnan(scores.precision)); /* nothing was called 2 */
    check_close(scores.recall, 0, 0);
}

Test(metrics, shares_of_a_class_add_up_to_1)
{
    const int64_t count[9] = { 2, 1, 1, 0, 0, 0, 1, 0, 3 };
    double share[9];
    check_status(wg_confusion_shares(count, 3, share), WG_OK);
    const double expected[9] = { 0.5, 0.25, 0.25, NAN, NAN, NAN, 0.25, 0, 0.75 };
    for (int i = 0; i < 9; i++) {
        if (isnan(expected[i])) check(isnan(share[i]));
        else check_close(share[i], expected[i], 0);
    }
    check_status(wg_confusion_shares(NULL, 3, share), WG_EINVALID);
    check_status(wg_confusion_shares(count, 3, NULL), WG_EINVALID);
    check_status(wg_confusion_shares(count, 0, share), WG_EINVALID);
}

Test(metrics, confusion_refuses_what_is_no_class)
{
    const int32_t truth[] = { 0, 3 };
    const float score[] = { 0, 1 };
    int64_t count[9] = { -1 };
    const wg_view classes = wg_i32(truth, WG_SHAPE(2));
    check_status(wg_confusion(classes, classes, 3, count), WG_EINDEX);
    check_status(wg_confusion(wg_f32(score, WG_SHAPE(2)), classes, 4, count), WG_EDTYPE);
    check_status(wg_confusion(wg_i32(truth, WG_SHAPE(1)), classes, 4, count), WG_ESHAPE);
    check_status(wg_confusion(classes, classes, 0, count), WG_EINVALID);
    check_status(wg_confusion(classes, classes, 4, NULL), WG_EINVALID);
    check_equal_i(count[0], -1);
    check_status(wg_confusion_scores(count, 3, 3, &(wg_class_scores){ 0 }), WG_EINVALID);
}

/* ---- curves ---- */

static double area_of(const double *score, const uint8_t *truth, int64_t count)
{
    wg_roc roc = { 0 };
    const wg_tensor none = { 0 };
    check_status(wg_roc_curve(wg_f64(score, WG_SHAPE(count)), wg_u8(truth, WG_SHAPE(count)), none,
                              none, &roc),
                 WG_OK);
    return roc.area;
}

Test(metrics, roc_area_is_1_for_order_0_for_its_reverse_and_a_half_for_ties)
{
    const double rising[] = { 1, 2, 3, 4 }, equal[] = { 7, 7, 7, 7 };
    const uint8_t high[] = { 0, 0, 1, 1 }, low[] = { 1, 1, 0, 0 };
    check_close(area_of(rising, high, 4), 1, 0);
    check_close(area_of(rising, low, 4), 0, 0);
    check_close(area_of(equal, high, 4), 0.5, 0);
}

/* The area is the share of pairs in which the true one wins, ties counting half. */
Test(metrics, roc_area_counts_pairs)
{
    enum { COUNT = 200 };
    double score[COUNT];
    uint8_t truth[COUNT];
    uint64_t state = test_seed();
    for (int i = 0; i < COUNT; i++) {
        truth[i] = i % 3 == 0;
        score[i] = (double)test_draw(&state, 0, 30) / 8 + truth[i];
    }
    double wins = 0, pairs = 0;
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++) {
            if (!truth[i] || truth[j]) continue;
            pairs += 1;
            wins += score[i] > score[j] ? 1 : score[i] == score[j] ? 0.5 : 0;
        }
    check_close(area_of(score, truth, COUNT), wins / pairs, 0x1p-53);
}

/* Each point is the pair of rates at a threshold; the trapezoids add up to the area. */
Test(metrics, roc_points_are_rates)
{
    const float score[] = { 0.9f, 0.8f, 0.8f, 0.4f, 0.1f };
    const bool truth[] = { true, false, true, true, false };
    double hits[12], alarms[6];
    wg_roc roc;
    wg_tensor strided = wg_tensor_of(hits, WG_F64, WG_SHAPE(6));
    strided.stride[0] = 2;
    check_status(wg_roc_curve(wg_f32(score, WG_SHAPE(5)), wg_view_of(truth, WG_BOOL, WG_SHAPE(5)),
                              strided, wg_tensor_of(alarms, WG_F64, WG_SHAPE(6)), &roc),
                 WG_OK);
    check_equal_i(roc.count, 5);
    const double expected_hits[] = { 0, 1.0 / 3, 2.0 / 3, 1, 1 };
    const double expected_alarms[] = { 0, 0, 0.5, 0.5, 1 };
    for (int i = 0; i < 5; i++) {
        check_close(hits[2 * i], expected_hits[i], 0);
        check_close(alarms[i], expected_alarms[i], 0);
    }
    check_close(roc.area, 0.75, 0); /* 0.5 (1/3 + 2/3) / 2 + 0.5 */
}

Test(metrics, precision_and_recall_by_hand)
{
    const double score[] = { 4, 3, 2, 1 };
    const int32_t truth[] = { 1, 0, 1, 0 };
    double precision[4], recall[4];
    wg_roc curve;
    check_status(wg_precision_recall_curve(wg_f64(score, WG_SHAPE(4)), wg_i32(truth, WG_SHAPE(4)),
                                           wg_tensor_of(precision, WG_F64, WG_SHAPE(4)),
                                           wg_tensor_of(recall, WG_F64, WG_SHAPE(4)), &curve),
                 WG_OK);
    const double expected[4][2] = { { 1, 0.5 }, { 0.5, 0.5 }, { 2.0 / 3, 1 }, { 0.5, 1 } };
    check_equal_i(curve.count, 4);
    for (int i = 0; i < 4; i++) {
        check_close(precision[i], expected[i][0], 0);
        check_close(recall[i], expected[i][1], 0);
    }
    check_close(curve.area, 0.5 + 2.0 / 3 * 0.5, 0x1p-53);
}

Test(metrics, curves_refuse_what_has_none)
{
    const double score[] = { 1, NAN };
    const uint8_t truth[] = { 1, 0 };
    const wg_tensor none = { 0 };
    wg_roc roc;
    const wg_view scores = wg_f64(score, WG_SHAPE(2)), truths = wg_u8(truth, WG_SHAPE(2));
    check_status(wg_roc_curve(scores, truths, none, none, &roc), WG_EFINITE);
    check_status(wg_roc_curve(truths, wg_u8(truth, WG_SHAPE(1)), none, none, &roc), WG_ESHAPE);
    const wg_view all_true = wg_u8(truth, WG_SHAPE(1)), nothing = wg_u8(truth, WG_SHAPE(0));
    check_status(wg_roc_curve(all_true, all_true, none, none, &roc), WG_EINVALID);
    check_status(wg_roc_curve(nothing, nothing, none, none, &roc), WG_EINVALID);
    double room[2];
    const wg_tensor small = wg_tensor_of(room, WG_F64, WG_SHAPE(2));
    check_status(wg_roc_curve(truths, truths, small, small, &roc), WG_ESHAPE);
    check_status(wg_roc_curve(truths, truths, small, none, &roc), WG_ESHAPE);
    check_status(wg_roc_curve(truths, truths, none, none, NULL), WG_EINVALID);
}

Test(metrics, calibration_by_hand)
{
    const double probability[] = { 0, 0.25, 0.6, 0.8, 1 };
    const uint8_t truth[] = { 0, 1, 1, 1, 0 };
    double mean[4], share[4], error;
    check_status(wg_calibration(wg_f64(probability, WG_SHAPE(5)), wg_u8(truth, WG_SHAPE(5)),
                                wg_tensor_of(mean, WG_F64, WG_SHAPE(4)),
                                wg_tensor_of(share, WG_F64, WG_SHAPE(4)), &error),
                 WG_OK);
    const double means[] = { 0, 0.25, 0.6, 0.9 }, shares[] = { 0, 1, 1, 0.5 };
    for (int i = 0; i < 4; i++) {
        check_close(mean[i], means[i], 0x1p-52);
        check_close(share[i], shares[i], 0);
    }
    check_close(error, (0.75 + 0.4 + 0.8) / 5, 0x1p-52);
    const double odd[] = { 1.5 };
    check_status(wg_calibration(wg_f64(odd, WG_SHAPE(1)), wg_u8(truth, WG_SHAPE(1)),
                                wg_tensor_of(mean, WG_F64, WG_SHAPE(4)),
                                wg_tensor_of(share, WG_F64, WG_SHAPE(4)), NULL),
                 WG_EINVALID);
}

/* As many bins as rows: a row has a bin of its own or shares it; each bin by its definition. */
Test(metrics, calibration_has_as_many_bins_as_one_likes)
{
    enum { COUNT = 3000 };
    static double probability[COUNT], mean[COUNT], share[COUNT];
    static uint8_t truth[COUNT];
    uint64_t state = test_seed();
    for (int i = 0; i < COUNT; i++) {
        probability[i] = (double)test_draw(&state, 0, 1 << 20) / (1 << 20);
        truth[i] = (uint8_t)test_draw(&state, 0, 1);
    }
    check_status(wg_calibration(wg_f64(probability, WG_SHAPE(COUNT)), wg_u8(truth, WG_SHAPE(COUNT)),
                                wg_tensor_of(mean, WG_F64, WG_SHAPE(COUNT)),
                                wg_tensor_of(share, WG_F64, WG_SHAPE(COUNT)), NULL),
                 WG_OK);
    for (int bin = 0; bin < COUNT; bin += 37) {
        double count = 0, sum = 0, trues = 0;
        for (int i = 0; i < COUNT; i++) {
            const bool is_last = bin == COUNT - 1 && probability[i] == 1;
            if (floor(probability[i] * (double)COUNT) != bin && !is_last) continue;
            count += 1;
            sum += probability[i];
            trues += truth[i];
        }
        check((count == 0) == isnan(mean[bin]));
        if (count > 0) check_close(mean[bin], sum / count, 0);
        if (count > 0) check_close(share[bin], trues / count, 0);
    }
}

Test(metrics, fits_by_hand)
{
    const double predicted[] = { 1, 2, 5 }, truth[] = { 1, 3, 2 };
    wg_fit fit;
    check_status(wg_fit_scores(wg_f64(predicted, WG_SHAPE(3)), wg_f64(truth, WG_SHAPE(3)), &fit),
                 WG_OK);
    check_close(fit.mean_squared_error, 10.0 / 3, 0);
    check_close(fit.mean_absolute_error, 4.0 / 3, 0);
    check_close(fit.largest_error, 3, 0);
    check_close(fit.r2, 1 - 10.0 / 2, 0);
    const float same[] = { 0.1f, 0.1f, 0.1f };
    check_status(wg_fit_scores(wg_f32(same, WG_SHAPE(3)), wg_f32(same, WG_SHAPE(3)), &fit), WG_OK);
    check(isnan(fit.r2));
    check_close(fit.mean_squared_error, 0, 0);
}

/* The golden list of what a compiled caller has built in: sizes and offsets of every public struct
 * on 64 bits. A difference breaks programs already compiled, so it is never repaired here: new
 * fields take the place of `reserved` words, and only then the list gains them.                  */
#include "support/declarations.h"
#include "support/test.h"

#include <string.h>
#include <wengert/wengert.h>

#define LAYOUT(SIZE, FIELD)                                                                       \
    SIZE(wg_error, 512) FIELD(wg_error, status, 0) FIELD(wg_error, message, 4)                    \
    SIZE(wg_allocator, 24) FIELD(wg_allocator, allocate, 0) FIELD(wg_allocator, release, 8)       \
       FIELD(wg_allocator, user, 16)                                                              \
    SIZE(wg_shape, 72) FIELD(wg_shape, rank, 0) FIELD(wg_shape, reserved, 4)                      \
       FIELD(wg_shape, dim, 8)                                                                    \
    SIZE(wg_axes, 40) FIELD(wg_axes, count, 0) FIELD(wg_axes, keep, 4) FIELD(wg_axes, axis, 8)    \
    SIZE(wg_view, 152) FIELD(wg_view, data, 0) FIELD(wg_view, dtype, 8) FIELD(wg_view, shape, 16) \
       FIELD(wg_view, stride, 88)                                                                 \
    SIZE(wg_tensor, 152) FIELD(wg_tensor, data, 0) FIELD(wg_tensor, dtype, 8)                     \
       FIELD(wg_tensor, shape, 16) FIELD(wg_tensor, stride, 88)                                   \
    SIZE(wg_var, 16) FIELD(wg_var, tape, 0) FIELD(wg_var, index, 8) FIELD(wg_var, generation, 12) \
    SIZE(wg_tape_options, 56) FIELD(wg_tape_options, allocator, 0)                                \
       FIELD(wg_tape_options, count_max, 8) FIELD(wg_tape_options, check_finite, 16)              \
       FIELD(wg_tape_options, reserved, 24)                                                       \
    SIZE(wg_recurrent_state, 32) FIELD(wg_recurrent_state, hidden, 0)                             \
       FIELD(wg_recurrent_state, cell, 16)                                                        \
    SIZE(wg_scan_options, 48) FIELD(wg_scan_options, reverse, 0)                                  \
       FIELD(wg_scan_options, recompute_every, 8) FIELD(wg_scan_options, reserved, 16)            \
    SIZE(wg_extern_op, 96) FIELD(wg_extern_op, name, 0) FIELD(wg_extern_op, kernel, 8)            \
       FIELD(wg_extern_op, rule, 16) FIELD(wg_extern_op, user, 24)                                \
       FIELD(wg_extern_op, by_rows, 32) FIELD(wg_extern_op, version, 40)                          \
       FIELD(wg_extern_op, attributes, 48) FIELD(wg_extern_op, attribute_bytes, 56)               \
       FIELD(wg_extern_op, reserved, 64)                                                          \
    SIZE(wg_params_options, 56) FIELD(wg_params_options, allocator, 0)                            \
       FIELD(wg_params_options, seed, 8) FIELD(wg_params_options, dtype, 16)                      \
       FIELD(wg_params_options, reserved, 24)                                                     \
    SIZE(wg_scope, 32) FIELD(wg_scope, tape, 0) FIELD(wg_scope, params, 8)                        \
       FIELD(wg_scope, path, 16) FIELD(wg_scope, generation, 20) FIELD(wg_scope, flags, 24)       \
       FIELD(wg_scope, replaced, 28)                                                              \
    SIZE(wg_window, 40) FIELD(wg_window, extent, 0) FIELD(wg_window, stride, 8)                   \
       FIELD(wg_window, dilation, 16) FIELD(wg_window, pad_low, 24)                               \
       FIELD(wg_window, pad_high, 32)                                                             \
    SIZE(wg_initializer, 40) FIELD(wg_initializer, make, 0) FIELD(wg_initializer, setting, 8)     \
    SIZE(wg_dense_options, 128) FIELD(wg_dense_options, activation, 0)                            \
       FIELD(wg_dense_options, without_bias, 8) FIELD(wg_dense_options, weight, 16)               \
       FIELD(wg_dense_options, bias, 56) FIELD(wg_dense_options, reserved, 96)                    \
    SIZE(wg_stage, 40) FIELD(wg_stage, name, 0) FIELD(wg_stage, block, 8)                         \
       FIELD(wg_stage, user, 16) FIELD(wg_stage, reserved, 24)                                    \
    SIZE(wg_conv_options, 192) FIELD(wg_conv_options, activation, 0)                              \
       FIELD(wg_conv_options, without_bias, 8) FIELD(wg_conv_options, stride, 16)                 \
       FIELD(wg_conv_options, dilation, 32) FIELD(wg_conv_options, pad, 48)                       \
       FIELD(wg_conv_options, groups, 64) FIELD(wg_conv_options, same, 72)                        \
       FIELD(wg_conv_options, weight, 80) FIELD(wg_conv_options, bias, 120)                       \
       FIELD(wg_conv_options, reserved, 160)                                                      \
    SIZE(wg_norm_options, 56) FIELD(wg_norm_options, epsilon, 0)                                  \
       FIELD(wg_norm_options, momentum, 8) FIELD(wg_norm_options, without_affine, 16)             \
       FIELD(wg_norm_options, reserved, 24)                                                       \
    SIZE(wg_attention_options, 48) FIELD(wg_attention_options, without_bias, 0)                   \
       FIELD(wg_attention_options, dropout, 8) FIELD(wg_attention_options, reserved, 16)          \
    SIZE(wg_cross_entropy_options, 64) FIELD(wg_cross_entropy_options, smoothing, 0)              \
       FIELD(wg_cross_entropy_options, class_weight, 8)                                           \
       FIELD(wg_cross_entropy_options, ignore, 16)                                                \
       FIELD(wg_cross_entropy_options, ignored_class, 24)                                         \
       FIELD(wg_cross_entropy_options, reserved, 32)                                              \
    SIZE(wg_optimizer, 304) FIELD(wg_optimizer, update, 0) FIELD(wg_optimizer, prepare, 8)        \
       FIELD(wg_optimizer, name, 16) FIELD(wg_optimizer, rate, 24) FIELD(wg_optimizer, decay, 32) \
       FIELD(wg_optimizer, l1, 40) FIELD(wg_optimizer, l2, 48)                                    \
       FIELD(wg_optimizer, clip_norm, 56) FIELD(wg_optimizer, clip_value, 64)                     \
       FIELD(wg_optimizer, accumulate, 72) FIELD(wg_optimizer, group, 80)                         \
       FIELD(wg_optimizer, group_count, 88) FIELD(wg_optimizer, setting, 96)                      \
       FIELD(wg_optimizer, user, 160) FIELD(wg_optimizer, shared, 168)                            \
       FIELD(wg_optimizer, unchecked, 232) FIELD(wg_optimizer, own_decay, 233)                    \
       FIELD(wg_optimizer, pure, 234)                                                             \
       FIELD(wg_optimizer, reserved, 240)                                                         \
    SIZE(wg_group, 56) FIELD(wg_group, pattern, 0) FIELD(wg_group, rate_factor, 8)                \
       FIELD(wg_group, decay, 16) FIELD(wg_group, l1, 24) FIELD(wg_group, frozen, 32)             \
       FIELD(wg_group, reserved, 40)                                                              \
    SIZE(wg_sgd_options, 48) FIELD(wg_sgd_options, momentum, 0)                                   \
       FIELD(wg_sgd_options, nesterov, 8) FIELD(wg_sgd_options, reserved, 16)                     \
    SIZE(wg_adam_options, 64) FIELD(wg_adam_options, beta1, 0) FIELD(wg_adam_options, beta2, 8)   \
       FIELD(wg_adam_options, epsilon, 16) FIELD(wg_adam_options, amsgrad, 24)                    \
       FIELD(wg_adam_options, reserved, 32)                                                       \
    SIZE(wg_cache_statistics, 64) FIELD(wg_cache_statistics, hits, 0)                             \
       FIELD(wg_cache_statistics, misses, 8) FIELD(wg_cache_statistics, programs, 16)             \
       FIELD(wg_cache_statistics, bytes, 24) FIELD(wg_cache_statistics, reserved, 32)             \
    SIZE(wg_runtime_options, 56) FIELD(wg_runtime_options, allocator, 0)                          \
       FIELD(wg_runtime_options, threads, 8) FIELD(wg_runtime_options, keep_pool_size, 12)        \
       FIELD(wg_runtime_options, pin, 13) FIELD(wg_runtime_options, cache_bytes, 16)              \
       FIELD(wg_runtime_options, reserved, 24)                                                    \
    SIZE(wg_fingerprint, 16) FIELD(wg_fingerprint, word, 0)                                       \
    SIZE(wg_check_options, 64) FIELD(wg_check_options, order, 0) FIELD(wg_check_options, step, 8) \
       FIELD(wg_check_options, tolerance, 16) FIELD(wg_check_options, seed, 24)                   \
       FIELD(wg_check_options, reserved, 32)                                                      \
    SIZE(wg_check_result, 56) FIELD(wg_check_result, worst, 0) FIELD(wg_check_result, input, 8)   \
       FIELD(wg_check_result, element, 16) FIELD(wg_check_result, expected, 24)                   \
       FIELD(wg_check_result, found, 32) FIELD(wg_check_result, reserved, 40)                     \
    SIZE(wg_csv_options, 80) FIELD(wg_csv_options, allocator, 0) FIELD(wg_csv_options, x, 8)      \
       FIELD(wg_csv_options, t, 16) FIELD(wg_csv_options, separator, 24)                          \
       FIELD(wg_csv_options, without_header, 25) FIELD(wg_csv_options, stream, 26)                \
       FIELD(wg_csv_options, labels, 27) FIELD(wg_csv_options, missing, 32)                       \
       FIELD(wg_csv_options, missing_value, 40) FIELD(wg_csv_options, reserved, 48)               \
    SIZE(wg_scaler_options, 40) FIELD(wg_scaler_options, range, 0)                                \
       FIELD(wg_scaler_options, keep_flags, 1) FIELD(wg_scaler_options, reserved, 8)              \
    SIZE(wg_split_options, 48) FIELD(wg_split_options, seed, 0) FIELD(wg_split_options, group, 8) \
       FIELD(wg_split_options, stratify, 16) FIELD(wg_split_options, reserved, 24)                \
    SIZE(wg_class_scores, 96) FIELD(wg_class_scores, true_positive, 0)                            \
       FIELD(wg_class_scores, false_positive, 8) FIELD(wg_class_scores, false_negative, 16)       \
       FIELD(wg_class_scores, true_negative, 24) FIELD(wg_class_scores, precision, 32)            \
       FIELD(wg_class_scores, recall, 40) FIELD(wg_class_scores, false_rate, 48)                  \
       FIELD(wg_class_scores, f1, 56) FIELD(wg_class_scores, reserved, 64)                        \
    SIZE(wg_roc, 32) FIELD(wg_roc, area, 0) FIELD(wg_roc, count, 8) FIELD(wg_roc, reserved, 16)   \
    SIZE(wg_fit, 64) FIELD(wg_fit, mean_squared_error, 0) FIELD(wg_fit, mean_absolute_error, 8)   \
       FIELD(wg_fit, largest_error, 16) FIELD(wg_fit, r2, 24) FIELD(wg_fit, reserved, 32)         \
    SIZE(wg_kmeans_options, 48) FIELD(wg_kmeans_options, seed, 0)                                 \
       FIELD(wg_kmeans_options, steps_max, 8) FIELD(wg_kmeans_options, reserved, 16)              \
    SIZE(wg_matrix_names, 64) FIELD(wg_matrix_names, down, 0) FIELD(wg_matrix_names, across, 8)   \
       FIELD(wg_matrix_names, row, 16) FIELD(wg_matrix_names, column, 24)                         \
       FIELD(wg_matrix_names, reserved, 32)                                                       \
    SIZE(wg_surface, 536) FIELD(wg_surface, x_label, 0) FIELD(wg_surface, y_label, 8)             \
       FIELD(wg_surface, x_lower, 16) FIELD(wg_surface, x_upper, 24)                              \
       FIELD(wg_surface, y_lower, 32) FIELD(wg_surface, y_upper, 40) FIELD(wg_surface, grid, 48)  \
       FIELD(wg_surface, points, 200) FIELD(wg_surface, classes, 352)                             \
       FIELD(wg_surface, reserved, 504)                                                           \
    SIZE(wg_loader_options, 56) FIELD(wg_loader_options, batch_size, 0)                           \
       FIELD(wg_loader_options, seed, 8) FIELD(wg_loader_options, in_order, 16)                   \
       FIELD(wg_loader_options, drop_last, 17) FIELD(wg_loader_options, reserved, 24)             \
    SIZE(wg_model, 80) FIELD(wg_model, network, 0) FIELD(wg_model, loss, 8)                       \
       FIELD(wg_model, metric, 16) FIELD(wg_model, objective, 24)                                 \
       FIELD(wg_model, metric_note, 32) FIELD(wg_model, user, 40) FIELD(wg_model, reserved, 48)   \
    SIZE(wg_epoch, 104) FIELD(wg_epoch, index, 0) FIELD(wg_epoch, step, 8)                        \
       FIELD(wg_epoch, loss, 16) FIELD(wg_epoch, metric, 24) FIELD(wg_epoch, validation_loss, 32) \
       FIELD(wg_epoch, validation_metric, 40) FIELD(wg_epoch, rate, 48)                           \
       FIELD(wg_epoch, seconds, 56) FIELD(wg_epoch, best, 64) FIELD(wg_epoch, reserved, 72)       \
    SIZE(wg_layer_state, 232) FIELD(wg_layer_state, path, 0)                                      \
       FIELD(wg_layer_state, is_parameter, 128) FIELD(wg_layer_state, mean, 136)                  \
       FIELD(wg_layer_state, spread, 144) FIELD(wg_layer_state, norm, 152)                        \
       FIELD(wg_layer_state, gradient_mean, 160) FIELD(wg_layer_state, gradient_spread, 168)      \
       FIELD(wg_layer_state, gradient_norm, 176) FIELD(wg_layer_state, update_norm, 184)          \
       FIELD(wg_layer_state, dead, 192) FIELD(wg_layer_state, reserved, 200)                      \
    SIZE(wg_search_options, 48) FIELD(wg_search_options, random, 0)                               \
       FIELD(wg_search_options, seed, 8) FIELD(wg_search_options, reserved, 16)                   \
    SIZE(wg_lbfgs_options, 56) FIELD(wg_lbfgs_options, steps_max, 0)                              \
       FIELD(wg_lbfgs_options, memory, 8) FIELD(wg_lbfgs_options, tolerance, 16)                  \
       FIELD(wg_lbfgs_options, reserved, 24)                                                      \
    SIZE(wg_lbfgs_result, 72) FIELD(wg_lbfgs_result, loss, 0)                                     \
       FIELD(wg_lbfgs_result, gradient, 8) FIELD(wg_lbfgs_result, steps, 16)                      \
       FIELD(wg_lbfgs_result, evaluations, 24) FIELD(wg_lbfgs_result, converged, 32)              \
       FIELD(wg_lbfgs_result, reserved, 40)                                                       \
    SIZE(wg_train_options, 472) FIELD(wg_train_options, optimizer, 0)                             \
       FIELD(wg_train_options, epochs, 304) FIELD(wg_train_options, batch_size, 312)              \
       FIELD(wg_train_options, seed, 320) FIELD(wg_train_options, rate, 328)                      \
       FIELD(wg_train_options, rate_user, 336) FIELD(wg_train_options, on_epoch, 344)             \
       FIELD(wg_train_options, on_epoch_user, 352) FIELD(wg_train_options, patience, 360)         \
       FIELD(wg_train_options, divergence, 368) FIELD(wg_train_options, keep_last, 376)           \
       FIELD(wg_train_options, save_path, 384) FIELD(wg_train_options, save_every, 392)           \
       FIELD(wg_train_options, progress, 400) FIELD(wg_train_options, reserved, 408)

typedef struct entry { const char *type, *field; size_t actual, expected; } entry;

#define SIZE_ENTRY(type, bytes) { #type, "", sizeof(type), bytes },
#define FIELD_ENTRY(type, field, at) { #type, #field, offsetof(type, field), at },
static const entry entries[] = { LAYOUT(SIZE_ENTRY, FIELD_ENTRY) };
#undef SIZE_ENTRY
#undef FIELD_ENTRY
enum { COUNT = sizeof entries / sizeof entries[0] };

#if UINTPTR_MAX == UINT64_MAX
Test(layout, sizes_and_offsets_are_those_of_the_list)
{
    for (int i = 0; i < COUNT; i++)
        check_msg(entries[i].actual == entries[i].expected, "%s %s: %zu, not %zu", entries[i].type,
                  entries[i].field, entries[i].actual, entries[i].expected);
}
#endif

static bool is_listed(const char *type, const char *field)
{
    for (int i = 0; i < COUNT; i++)
        if (strcmp(entries[i].type, type) == 0 && strcmp(entries[i].field, field) == 0) return true;
    return false;
}

Test(layout, every_struct_and_field_is_in_the_list)
{
    const declaration *all;
    const int count = declarations(&all);
    for (int i = 0; i < count; i++) {
        const declaration *d = &all[i];
        const bool is_field = d->kind == FIELD || (d->kind == CALLBACK && d->owner[0] != '\0');
        if (d->kind == STRUCT) check_msg(is_listed(d->name, ""), "%s is not listed", d->name);
        if (is_field)
            check_msg(is_listed(d->owner, d->name), "%s.%s is not listed", d->owner, d->name);
    }
}

/* What every call passes by value stays small enough for it. */
Test(layout, values_are_small)
{
    check(sizeof(wg_var) <= 16);
    check(sizeof(wg_scope) <= 32);
    check(sizeof(wg_shape) <= 72);
    check(sizeof(wg_view) == sizeof(wg_tensor) && sizeof(wg_view) <= 152);
}

/* Wengert, data: datasets, readers, splits, loaders, scalers, saved parameters.
 *
 * A file is hostile: every size is checked before it is used, and what is wrong is named with its place
 * (line and column of a CSV, byte of a binary file).                                               */
#ifndef WENGERT_DATA_H
#define WENGERT_DATA_H

#include <wengert/runtime.h>

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

/* Named columns with one leading extent: "x", "t", "weight", "group". */
typedef struct wg_dataset wg_dataset;
typedef struct wg_loader wg_loader;

wg_dataset *wg_dataset_create(const wg_allocator *allocator);
void wg_dataset_free(wg_dataset *data);
int wg_dataset_add(wg_dataset *data, const char *column, wg_view view); /* copied */
int wg_dataset_find(const wg_dataset *data, const char *column, wg_view *view);
int64_t wg_dataset_count(const wg_dataset *data); /* rows */

typedef struct wg_csv_options {
    const wg_allocator *allocator;
    const char *x, *t; /* column names, comma separated; default all others, last */
    char separator;    /* 0: comma */
    bool without_header;
    const char *missing; /* a field that stands for missing_value; NULL: none */
    double missing_value;
    uint64_t reserved[4];
} wg_csv_options;
/* Columns "x" f32 [rows, n] and "t": i32 [rows] if every value is a whole number, else f32. */
int wg_dataset_read_csv(const char *path, const wg_csv_options *options, wg_dataset **out,
                        wg_error *error);
/* Adds one column. i8, i16 and u16 are read as i32, u32 as i64. */
int wg_dataset_read_npy(wg_dataset *data, const char *column, const char *path, wg_error *error);

typedef struct wg_split_options {
    uint64_t seed;
    const char *group; /* an integer column whose equal values stay together */
    uint64_t reserved[4];
} wg_split_options;
/* Parts with about these shares of the rows (of the groups), shuffled by seed; every row in one part. */
int wg_dataset_split(const wg_dataset *data, int64_t count, const double *share,
                     const wg_split_options *options, wg_dataset **part, wg_error *error);

/* Fits the state of wg_standardize (nn.h) at path: saved, loaded and exported with the model. */
int wg_standardize_fit(wg_params *params, const char *path, wg_view training, wg_error *error);

typedef struct wg_loader_options {
    int64_t batch_size; /* 0: 32 */
    uint64_t seed;
    bool in_order, drop_last;
    uint64_t reserved[4];
} wg_loader_options;
int wg_loader_create(wg_runtime *runtime, const wg_dataset *data, const wg_loader_options *options,
                     wg_loader **out, wg_error *error);
void wg_loader_free(wg_loader *loader);
int wg_loader_start(wg_loader *loader, int64_t epoch); /* order: a function of seed and epoch */
int wg_loader_next(wg_loader *loader);                 /* 1 a batch, 0 the end, negative an error */
wg_view wg_loader_view(const wg_loader *loader, const char *column); /* until the next call of next */
int64_t wg_loader_batches(const wg_loader *loader);

/* safetensors files, written whole or not at all: temporary file, fsync, rename, fsync of the folder. */
int wg_params_save(const wg_params *params, const char *path, wg_error *error);
/* Sets what matches pattern; the count loaded. A damaged file is refused with its byte position. */
int wg_params_load(wg_params *params, const char *path, const char *pattern, wg_error *error);

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif
#endif

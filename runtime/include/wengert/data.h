/* Wengert, data: datasets, readers, splits, loaders, scalers, saved parameters.
 *
 * A file is hostile: every size is checked before it is used, and what is wrong is named with its
 * place (line and column of a CSV, byte of a binary file).                                      */
#ifndef WENGERT_DATA_H
#define WENGERT_DATA_H

#include <wengert/runtime.h>

WG_DECLARATIONS_BEGIN

/* ---- datasets: named columns with one leading extent, such as "x", "t", "weight", "group" ----
 * Memory comes from the allocator given to whoever makes the dataset; parts of a split use that
 * of the whole.                                                                                 */

typedef struct wg_dataset wg_dataset;
typedef struct wg_loader wg_loader;

wg_dataset *wg_dataset_create(const wg_allocator *allocator); /* NULL: no memory */
void wg_dataset_free(wg_dataset *data); /* a loader that uses it keeps it alive */
/* A column of any dtype from any view, which is copied.
 *
 *   errors    WG_ENAME a name that is taken or has other characters than letters, digits, _ . - /
 *             WG_ESHAPE a scalar, or another number of rows than the columns before             */
int wg_dataset_add(wg_dataset *data, const char *column, wg_view view);
/* The same without a copy: the view is borrowed until the dataset and its loaders are freed. It is
 * contiguous and aligned, as arrays of C are.
 *
 *   errors    WG_EINVALID it is not, and has to be copied; those of wg_dataset_add              */
int wg_dataset_lend(wg_dataset *data, const char *column, wg_view view);
/* The column as a contiguous view of the memory it lies in, valid until the dataset is freed.
 *   errors  WG_ENAME no such column; WG_EINVALID the dataset is streamed */
int wg_dataset_find(const wg_dataset *data, const char *column, wg_view *view);
int64_t wg_dataset_count(const wg_dataset *data); /* rows */
/* The name of a class of "t", of a file read with labels and of its parts; NULL: it has none. */
const char *wg_dataset_label(const wg_dataset *data, int64_t index);
/* Of names, dtypes, shapes and elements, whatever the order of the columns; NaN is one. A streamed
 * dataset is read for it: the same as in memory.  errors  WG_EMEMORY, WG_EFILE, WG_EFORMAT */
int wg_dataset_fingerprint(const wg_dataset *data, wg_fingerprint *out);

/* ---- readers ---- */

typedef struct wg_csv_options {
    const wg_allocator *allocator;
    const char *x, *t;   /* names from the header, comma separated, in the order wanted; t: default
                            the last column; x: default all others; "": none */
    char separator;      /* 0: comma */
    bool without_header; /* columns are called 0, 1, 2 ... */
    bool stream;         /* rows stay in the file, and loaders read them */
    bool labels;         /* t is one column of names of classes */
    const char *missing; /* a field that stands for missing_value, in t too; NULL: none */
    double missing_value;
    uint64_t reserved[4];
} wg_csv_options;
/* A CSV file (RFC 4180; lines may end in LF alone; blanks around fields are dropped) of numbers
 * with a point, whatever the locale. Columns "x" f32 [rows, n], and "t" [rows], or [rows, k] if k
 * > 1 names are given: i32 if every value is a whole number that fits, else f32. The whole file
 * is looked through, and a damaged one refused, before there is a dataset.
 *
 *   labels    a class is the place of its name among all names in the file, in the order of their
 *             bytes; wg_dataset_label is the way back. Names are shorter than 256 bytes, and at
 *             most 10,000
 *   stream    memory grows with neither rows nor bytes: a place is remembered for each 256 KiB of
 *             the file, which stays where and as it is. Loaders, and so wg_train, wg_evaluate and
 *             wg_standardize_fit_column, read it as they go; what asks for all rows at once
 *             (wg_dataset_find, _add, _lend, _split) is WG_EINVALID
 *   errors    WG_EFILE, WG_EFORMAT (with path, line and column), WG_ENAME no such column or
 *             chosen twice
 *   source    RFC 4180                                                                          */
int wg_dataset_read_csv(const char *path, const wg_csv_options *options, wg_dataset **out,
                        wg_error *error);
/* A .npy file, versions 1 to 3, either order of axes and of bytes, as one more column. bool, u8,
 * i32, i64, f32 and f64 are read as such; i8, i16 and u16 as i32, u32 and u64 as i64, f16 as f32;
 * others are refused, Python objects above all.
 *
 *   errors    WG_EFILE, WG_EFORMAT (with path and byte), WG_EDTYPE, and those of wg_dataset_add
 *   source    the format's description in NumPy (numpy.lib.format)                              */
int wg_dataset_read_npy(wg_dataset *data, const char *column, const char *path, wg_error *error);
/* A .npz file of np.savez or np.savez_compressed: each of its arrays as a column of its name, read
 * as by wg_dataset_read_npy. Nothing is given if any array is refused, or anything else is in it.
 *
 *   errors    those of wg_dataset_read_npy; WG_EFORMAT (with path and byte: of the file, or of the
 *             member once its checksum was found right), WG_ELIMIT zip64, as from 4 GiB on
 *   owner     *out is the caller's; NULL on failure
 *   source    APPNOTE.TXT of PKWARE (zip); RFC 1951 (deflate)                                   */
int wg_dataset_read_npz(const char *path, wg_dataset **out, wg_error *error);

/* A file of images, and one of labels or NULL, in IDX (the format of MNIST and its like),
 * compressed by gzip or not, as columns "x" and "t" of the shapes and types that they have: images
 * are mostly u8 [n, h, w], labels u8 [n]. i8 and i16 are read as i32.
 *
 *   errors    WG_EFILE; WG_EFORMAT (with path and byte; of a compressed file the byte of what is in
 *             it, unless the compression itself is damaged), also if the counts differ
 *   owner     *out is the caller's; NULL on failure
 *   source    LeCun, Cortes & Burges 1998, THE MNIST DATABASE (format); RFC 1952 (gzip)         */
int wg_dataset_read_idx(const char *images, const char *labels, wg_dataset **out, wg_error *error);

/* ---- made data ---- */

/* A set of points in a plane: "x" f32 [count, 2], and "t": classes i32 [count], or numbers f32
 * [count, 1]. A function of its arguments alone, the same on every machine. noise is within 0 and
 * 1; it blurs the labels of circle, xor, plane and bumps, and the points of the others.
 *
 *   circle    1 within radius 2.5, 0 in the ring from 3.5 to 5     xor    1 where x y >= 0
 *   gauss     clouds of variance 0.5 + 7 noise at (-2, -2), (2, 2)
 *   spiral    two arms of 1.75 turns                               moons  two half circles
 *   blobs     three clouds of deviation 0.5 + noise, 4 from the middle
 *   plane     number (x + y) / 10                                  bumps  six of height +-1
 *
 * And ttbar, collisions that make two top quarks, of which one decays to a lepton: "jets" f32
 * [count, 4, 5], the four by falling momentum across the beam (px, py, pz, E in GeV, 1 if tagged
 * as holding a b quark); "lepton" f32 [count, 3] and "met" f32 [count, 2], momenta of the lepton
 * and of what is missing; "truth" u8 [count, 4], which jet is the b of the top without lepton, the
 * b of the other, and the two of the W. noise is added to the resolution of the jets.
 *
 *   errors    WG_ENAME no such set; WG_EINVALID count or noise is out of range; WG_EMEMORY
 *   source    the first six are those of playground.tensorflow.org; ttbar: own formulas          */
int wg_dataset_generate(const char *name, int64_t count, double noise, uint64_t seed,
                        wg_dataset **out, wg_error *error);

/* ---- splits ---- */

typedef struct wg_split_options {
    uint64_t seed;
    const char *group;    /* an integer column whose equal values stay together */
    const char *stratify; /* an integer column of whose every value each part gets its share; of a
                             group, that of its first row counts */
    uint64_t reserved[3];
} wg_split_options;
/* count parts with these shares of the rows (which need not add up to 1), shuffled by seed; every
 * row is copied to one part, and keeps its place among the others there. Shares are met to within
 * one group of each stratum, and exactly, but for rounding, without groups. The parts are the same
 * on every platform.
 *
 *   errors    WG_EINVALID a share not above 0, or a part that would get nothing; WG_ENAME,
 *             WG_EDTYPE, WG_ESHAPE a column that does not hold one integer a row
 *   owner     part[0 .. count) are the caller's; all NULL on failure                            */
int wg_dataset_split(const wg_dataset *data, int64_t count, const double *share,
                     const wg_split_options *options, wg_dataset **part, wg_error *error);
/* One of count folds for cross-validation, 2 to 1000: the rows of part `fold` of a split into equal
 * parts, and all others. The folds of one seed hold each row once.                              */
int wg_dataset_fold(const wg_dataset *data, int64_t count, int64_t fold,
                    const wg_split_options *options, wg_dataset **training,
                    wg_dataset **validation, wg_error *error);

/* Fits the state "mean" and "spread" of the wg_standardize (nn.h) whose path it is: saved, loaded
 * and exported with the model. Over all axes of training but the last; means and spreads (the
 * square root of the variance, divided by n) are computed in f64 and stored in the dtype of
 * training.
 *
 *   errors    WG_EDTYPE not f32 or f64; WG_ESHAPE nothing to fit to, or state of another type is
 *             there; WG_EFINITE the place of a value that is not finite                         */
int wg_standardize_fit(wg_params *params, const char *path, wg_view training, wg_error *error);
typedef struct wg_scaler_options {
    bool range;      /* to 0 .. 1: "mean" is the least value, "spread" the largest minus it */
    bool keep_flags; /* features that are only 0 and 1 stay as they are: mean 0, spread 1 */
    uint64_t reserved[4];
} wg_scaler_options;
/* The same to a column of a dataset, streamed or not, with one feature if it has one number a row.
 * Fitted on the training part, the layer treats all other rows by its numbers.
 *   errors    also WG_ENAME no such column; WG_EFILE, WG_EFORMAT of a stream */
int wg_standardize_fit_column(wg_params *params, const char *path, const wg_dataset *training,
                              const char *column, const wg_scaler_options *options,
                              wg_error *error);

/* ---- loaders ---- */

typedef struct wg_loader_options {
    int64_t batch_size; /* 0: 32 */
    uint64_t seed;
    bool in_order, drop_last;
    uint64_t reserved[4];
} wg_loader_options;
/* Batches of all columns that the dataset has now. All memory is taken here, from the runtime's
 * allocator.                                                                                    */
int wg_loader_create(wg_runtime *runtime, const wg_dataset *data, const wg_loader_options *options,
                     wg_loader **out, wg_error *error);
void wg_loader_free(wg_loader *loader);
/* Begins an epoch. Its order is a function of seed and epoch alone: any epoch can be had again.
 * Rows in memory come in any of all orders. Streamed ones are mixed window by window, of 16 MiB as
 * numbers, from parts of the file in any order; what fits one window comes as if it were in memory.
 * While a window is used the next one is read, and while a batch of 64 KiB or more is used the next
 * one is gathered, on a thread of the pool.                                                     */
int wg_loader_start(wg_loader *loader, int64_t epoch);
/* 1 a batch, 0 the end, negative an error. The last batch holds what is left, unless drop_last.
 *   errors  of a streamed dataset: WG_EFILE, WG_EFORMAT its file is gone or no longer the same */
int wg_loader_next(wg_loader *loader);
const char *wg_loader_message(const wg_loader *loader); /* of its error since start; "": none */
/* Rows of the present batch, contiguous, valid until the next call of next; a zeroed view if
 * there is no batch or no such column.                                                          */
wg_view wg_loader_view(const wg_loader *loader, const char *column);
int64_t wg_loader_batches(const wg_loader *loader); /* an epoch */

/* ---- saved parameters: safetensors files ---- */

/* All of params, state too, with the seed and the texts: a run that is resumed from the file
 * continues as if it had never stopped. The file appears whole or not at all: temporary file,
 * flush, rename, flush of the folder.
 *
 *   errors    WG_EFILE (what stood at the path stands there still); WG_EBUSY; WG_EFORMAT a text is
 *             not UTF-8
 *   source    the format's reference implementation, whose bytes these are                      */
int wg_params_save(const wg_params *params, const char *path, wg_error *error);
/* Reads the tensors whose names match pattern (NULL: "*") and returns their count: all of them,
 * or none and params stays as it was. Files of other programs are read as well: all their tensors
 * count as trained; f16 and bf16 are read as f32, small integers as wg_dataset_read_npy does. "*"
 * takes the seed and the texts along.
 *
 *   errors    WG_EFILE, WG_EFORMAT (with path and byte), WG_ENAME a name that is no path,
 *             WG_EDTYPE a dtype without counterpart, WG_ESHAPE, WG_EDTYPE the params have it with
 *             another type; WG_EBUSY                                                            */
int wg_params_load(wg_params *params, const char *path, const char *pattern, wg_error *error);

/* ---- archives: tensors of other programs ----
 * A safetensors file, or the arrays of an npz file, whatever their names are; wg_params_set takes
 * the views, transposed if need be (wg_view_transpose). f16 and bf16 are given as f32, small
 * integers as by wg_dataset_read_npy. An npz file's arrays are named without their ".npy".      */

typedef struct wg_archive wg_archive;

/* errors WG_EFILE, WG_EFORMAT (with path and byte), WG_ELIMIT, WG_EMEMORY; *out is then NULL */
int wg_archive_open(const char *path, wg_archive **out, wg_error *error);
void wg_archive_free(wg_archive *archive);
int64_t wg_archive_count(const wg_archive *archive);
const char *wg_archive_name(const wg_archive *archive, int64_t index); /* sorted; NULL: none */
/* The tensor as a contiguous view, valid until the archive is freed.
 *   errors  WG_ENAME no such tensor; WG_EDTYPE its dtype is not read, or it has over 8 axes */
int wg_archive_find(const wg_archive *archive, const char *name, wg_view *view);

WG_DECLARATIONS_END

#endif

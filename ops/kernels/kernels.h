/* The kernels of one level, as the rest of ops calls them. Each file of this folder is compiled
 * once per level with WG_LEVEL=<suffix> and WG_LEVEL_<NAME> defined; all but its one table is
 * static, so that no code of a wide level can be linked into a narrow caller.                    */
#ifndef WG_OPS_KERNELS_H
#define WG_OPS_KERNELS_H

#include "ops/internal.h"

/* maps: indexed by op and by the dtype of the data inputs (select: that of x). NULL: no such
 * kernel.                                                                                        */
typedef struct wg__map_table {
    wg__map_kernel *map[WG__OP_COUNT][WG__DTYPE_COUNT];
    wg__map_kernel *cast[WG__DTYPE_COUNT][WG__DTYPE_COUNT];         /* [from][to] */
    wg__count_kernel *bits_left[WG__DTYPE_COUNT];
    wg__count_kernel *bits_right[WG__DTYPE_COUNT];
    wg__count_kernel *polygamma[WG__DTYPE_COUNT];                   /* f32, f64 */
    wg__joint_kernel *joint[WG__JOINT_COUNT][WG__DTYPE_COUNT];      /* f32, f64 */
} wg__map_table;

/* Steps through strided elements in logical order. Start with wg__walk_of; while more elements are
 * left, wg__walk_next moves offset (in elements) to the next.                                    */
typedef struct wg__walk {
    int32_t rank;
    int64_t offset, dim[WG__RANK_MAX], stride[WG__RANK_MAX], index[WG__RANK_MAX];
} wg__walk;
wg__walk wg__walk_of(int32_t rank, const int64_t *dim, const int64_t *stride);
void wg__walk_next(wg__walk *walk);

/* A left factor that lies as windows do: an element is where its row begins and, from there, its
 * step along k. Rows come in runs of `run`, in which they are a_row apart.                       */
typedef struct wg__windows {
    wg__walk runs, steps;        /* at the first of each */
    int64_t run, first;          /* first: of the rows of the first run, the one to begin with */
} wg__windows;

/* C = A B, each element one ascending chain of FMA per block of 512 along k (ENGINE 5). Strides
 * count elements. a and b may have any strides; c has unit column stride.                        */
typedef struct wg__matmul {
    int64_t m, n, k;
    const void *a;
    int64_t a_row, a_column;
    const wg__windows *windows;  /* of a, instead of a_column; NULL: none */
    const void *b;
    int64_t b_row, b_column;
    void *c;
    int64_t c_row;
    void *scratch;
} wg__matmul;

/* rows x length, unit stride along length; columns: length x count, unit stride along count. */
typedef void wg__reduce_rows(int64_t rows, int64_t length, const void *x, int64_t row_stride,
                             void *out);
typedef void wg__reduce_columns(int64_t length, int64_t count, const void *x, int64_t row_stride,
                                void *out);

/* Each element of out, rows x columns, joins `count` of x, 512 at most, that lie so far from where
 * its first would; unit stride along columns.                                                    */
typedef struct wg__joined {
    int64_t rows, columns, count;
    const int64_t *offset;
    const void *x;
    int64_t x_row;
    void *out;
} wg__joined;

/* to += x, rows x columns, unit stride along columns. */
typedef struct wg__add {
    int64_t rows, columns;
    const void *x;
    int64_t x_row;
    void *to;
    int64_t to_row;
} wg__add;

typedef struct wg__matmul_table {
    void (*matmul[WG__DTYPE_COUNT])(const wg__matmul *product);     /* f32, f64 */
} wg__matmul_table;

typedef struct wg__reduce_table {
    wg__reduce_rows *rows[WG__OP_COUNT][WG__DTYPE_COUNT];           /* sum prod max min */
    wg__reduce_columns *columns[WG__OP_COUNT][WG__DTYPE_COUNT];
    void (*joined[WG__OP_COUNT][WG__DTYPE_COUNT])(const wg__joined *query); /* f32, f64 */
    void (*add[WG__DTYPE_COUNT])(const wg__add *query);             /* f32, f64 */
    bool (*finite[WG__DTYPE_COUNT])(int64_t n, const void *x);      /* f32, f64 */
} wg__reduce_table;

/* length rows of count elements, unit stride along a row; each element of a row is made of the one
 * before it: x, then before + x or fma(a, before, x). Strides may be negative.                   */
typedef struct wg__chain {
    int64_t length, count;
    const void *a, *x;          /* a: of recurrences alone */
    int64_t a_row, x_row;
    const void *before;         /* the row of results before the first; NULL: there is none */
    void *out;
    int64_t out_row;
} wg__chain;
typedef void wg__chain_kernel(const wg__chain *chain);

typedef struct wg__chain_table {
    wg__chain_kernel *sums[WG__DTYPE_COUNT];                        /* not bool */
    wg__chain_kernel *recurrences[WG__DTYPE_COUNT];                 /* f32, f64 */
} wg__chain_table;

/* ---- runs ----
 *
 * Where the operands of a step are: in register a or b, or in its cells, y and z, or k and l if all
 * elements there are alike. The result is in a, that of a test in m, which select, not, and, or
 * read.                                                                                          */
typedef enum wg__form {
    WG__FORM_A, WG__FORM_Y, WG__FORM_K,                              /* of one operand */
    WG__FORM_AA, WG__FORM_AB, WG__FORM_BA,                           /* of two, in this order */
    WG__FORM_AY, WG__FORM_YA, WG__FORM_YZ,
    WG__FORM_AK, WG__FORM_KA, WG__FORM_KZ, WG__FORM_YL, WG__FORM_KL,
    WG__FORM_COUNT
} wg__form;

/* What a step does: one of these, or an op of ops.def in one form. */
enum {
    WG__RUN_END,
    WG__RUN_LOAD, WG__RUN_LOAD_ALIKE,            /* a from the cell */
    WG__RUN_STORE,                               /* a to the cell */
    WG__RUN_LOAD_TRUTH, WG__RUN_STORE_TRUTH,     /* m and the cell */
    WG__RUN_COPY, WG__RUN_BACK,                  /* a to b, b to a */
    WG__RUN_FINITE,                              /* a must be */
    WG__RUN_OPS
};
#define WG__CODE_OF(op, form) (WG__RUN_OPS + (int32_t)(op) * WG__FORM_COUNT + (int32_t)(form))
#define WG__CODE(name, form)  WG__CODE_OF(WG__OP_##name, WG__FORM_##form)

/* The rows that runs have: a few instructions, exactly rounded. */
#define WG__IS_SHORT(op, ulp) ((ulp) == 0 && (op) != WG__OP_rem)

typedef struct wg__run_table {
    wg__run_kernel *run[WG__DTYPE_COUNT];           /* f32, f64; NULL: the level has no runs */
} wg__run_table;

typedef struct wg__random_table {
    /* out[i] = word of the stream (key, draw) at element first + i. */
    void (*bits)(uint64_t key, uint64_t draw, int64_t first, int64_t n, uint32_t *out);
} wg__random_table;

typedef struct wg__kernels {
    wg__level level;
    const wg__map_table *map;
    const wg__matmul_table *matmul;
    const wg__reduce_table *reduce;
    const wg__chain_table *chain;
    const wg__random_table *random;
    const wg__run_table *run;
} wg__kernels;

/* The one symbol of each kernel file, per level: wg__map_avx2, wg__matmul_avx2 ... */
#define WG__GLUE2(a, b) a##b
#define WG__GLUE(a, b)  WG__GLUE2(a, b)
#define WG__KERNEL_TABLES(level)                                                                   \
    extern const wg__map_table wg__map_##level;                                                    \
    extern const wg__matmul_table wg__matmul_##level;                                              \
    extern const wg__reduce_table wg__reduce_##level;                                              \
    extern const wg__chain_table wg__chain_##level;                                                \
    extern const wg__random_table wg__random_##level;                                              \
    extern const wg__run_table wg__run_##level;
WG__KERNEL_TABLES(portable)
#if defined(WG_HAVE_X86_LEVELS)
WG__KERNEL_TABLES(sse2)
WG__KERNEL_TABLES(avx2)
WG__KERNEL_TABLES(avx512)
#endif
#if defined(WG_HAVE_NEON)
WG__KERNEL_TABLES(neon)
#endif
#undef WG__KERNEL_TABLES

#endif

/* Wengert, core: statuses, dtypes, shapes, axes, views, allocators, text output.
 *
 * The eight rules a caller needs
 *  1. MEANING    A recording means what the same statements would mean executed one by one.
 *                Laziness, fusion and threads never show.
 *  2. VALUES     wg_var, wg_scope, wg_shape, wg_axes, wg_view, wg_tensor are small plain values:
 *                copied, never freed. Everything else is an object: made by _create / _open / _read
 *                / _load, ended by _free (NULL allowed). Objects hold what they need; free them in
 *                any order.
 *  3. RESULTS    int: 0 or more is success, negative a wg_status. wg_var: errors stick to the tape.
 *                Out parameters are written on success only, except that an object not made leaves
 *                NULL behind.
 *  4. OPTIONS    `const wg_x_options *`; NULL or a zeroed field means the default; WG_ZERO means a
 *                real 0. `reserved` stays zero. Axes and anything required are arguments, never
 *                options.
 *  5. NUMBERS    int64_t counts, extents, indices; size_t bytes; int ranks, axes, statuses; double
 *                settings.
 *  6. BORROWING  Views given to wg_input / wg_batch / bind are read when the program runs: keep
 *                them unchanged until then. wg_constant, wg_params_set, wg_dataset_add and all
 *                strings are copied.
 *  7. CALLBACKS  `void *user` is the last parameter and stands beside the function pointer in its
 *                struct. A negative return stops the operation and is handed to the caller.
 *  8. THREADS    Any function from any thread; one object is used by one thread at a time. A
 *                runtime or a params written while in use elsewhere answers WG_EBUSY. Nothing is
 *                global.                                                                         */
#ifndef WENGERT_CORE_H
#define WENGERT_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Around the declarations of a header: C names, seen from outside the shared library. */
#if defined(__GNUC__) && !defined(_WIN32)
#define WG_VISIBILITY_PUSH _Pragma("GCC visibility push(default)")
#define WG_VISIBILITY_POP  _Pragma("GCC visibility pop")
#else
#define WG_VISIBILITY_PUSH
#define WG_VISIBILITY_POP
#endif
#ifdef __cplusplus
#define WG_DECLARATIONS_BEGIN WG_VISIBILITY_PUSH extern "C" {
#define WG_DECLARATIONS_END   } WG_VISIBILITY_POP
#else
#define WG_DECLARATIONS_BEGIN WG_VISIBILITY_PUSH
#define WG_DECLARATIONS_END   WG_VISIBILITY_POP
#endif

WG_DECLARATIONS_BEGIN

/* The library's version, "major.minor.patch". */
const char *wg_version(void);

#define WG_STATUS_LIST(X)                                                                          \
    X(WG_OK,          0,   "success")                                                              \
    X(WG_EINVALID,   -1,   "an argument is NULL, of a wrong kind or out of its range")             \
    X(WG_EMEMORY,    -2,   "memory")                                                               \
    X(WG_ELIMIT,     -3,   "a size or count exceeds what can be represented")                      \
    X(WG_ESHAPE,     -4,   "shapes do not fit")                                                    \
    X(WG_EDTYPE,     -5,   "dtypes do not fit")                                                    \
    X(WG_EAXIS,      -6,   "no such axis")                                                         \
    X(WG_ESTALE,     -7,   "value of a recording that was reset")                                  \
    X(WG_EFOREIGN,   -8,   "value of another tape")                                                \
    X(WG_ENAME,      -9,   "name is malformed, taken or unknown")                                  \
    X(WG_EGRADIENT, -10,   "no derivative exists here")                                            \
    X(WG_EUNBOUND,  -11,   "an input of the program was never bound")                              \
    X(WG_EGONE,     -12,   "value was not kept before the recording ran")                          \
    X(WG_EINDEX,    -13,   "an index in the data is out of range")                                 \
    X(WG_EFINITE,   -14,   "a value became infinite or NaN")                                       \
    X(WG_EBUSY,     -15,   "object is in use by another thread")                                   \
    X(WG_EFILE,     -16,   "file cannot be opened, read or written")                               \
    X(WG_EFORMAT,   -17,   "content of a file is not what it must be")                             \
    X(WG_ECALLBACK, -18,   "a callback of the caller failed")                                      \
    X(WG_EMISMATCH, -19,   "a checked result differs from the expected one")                       \
    X(WG_ECANCEL,   -20,   "the run was cancelled")
#define WG_STATUS_ENTRY(name, value, text) name = (value),
typedef enum wg_status { WG_STATUS_LIST(WG_STATUS_ENTRY) WG_STATUS_LAST = -1000 } wg_status;
#undef WG_STATUS_ENTRY

const char *wg_status_name(int status); /* "WG_ESHAPE"; never NULL, also for unknown numbers */
const char *wg_status_text(int status); /* "shapes do not fit"; never NULL */

/* Where no tape exists to keep a message: a place of the caller, last parameter, NULL allowed. */
typedef struct wg_error { int status; char message[508]; } wg_error;

/* allocate: aligned as malloc, NULL on failure; release is told the bytes that were asked for.
 * Called only by threads that call the library. Both functions or none: half a one is not used.  */
typedef struct wg_allocator {
    void *(*allocate)(size_t bytes, void *user);
    void (*release)(void *block, size_t bytes, void *user);
    void *user;
} wg_allocator;

/* All text output of the library goes through one of these; negative stops it. The text ends after
 * its bytes, with no zero.                                                                       */
typedef int wg_writer(const char *text, size_t bytes, void *user);
wg_writer wg_write_stdout, wg_write_stderr; /* user is ignored; WG_EFILE if the stream fails */
wg_writer wg_write_file; /* user: an open FILE of the C runtime that the library uses */

/* A zero that is meant, for option fields whose 0 stands for the default. */
#define WG_ZERO 1e-300

typedef enum wg_dtype { WG_F32 = 1, WG_F64, WG_I32, WG_I64, WG_U8, WG_BOOL } wg_dtype;
enum { WG_RANK_MAX = 8 };
size_t wg_dtype_bytes(wg_dtype dtype);     /* 4, 8, 4, 8, 1, 1; 0 for what is no dtype */
const char *wg_dtype_name(wg_dtype dtype); /* "f32"; "none" for what is no dtype */

typedef struct wg_shape { int32_t rank; int32_t reserved; int64_t dim[WG_RANK_MAX]; } wg_shape;
typedef struct wg_axes { int32_t count; int32_t keep; int32_t axis[WG_RANK_MAX]; } wg_axes;

/* Strides count elements; 0 repeats, negative walks back. A zeroed view is refused (dtype 0). */
typedef struct wg_view {
    const void *data;
    wg_dtype dtype;
    wg_shape shape;
    int64_t stride[WG_RANK_MAX];
} wg_view;
typedef struct wg_tensor {
    void *data;
    wg_dtype dtype;
    wg_shape shape;
    int64_t stride[WG_RANK_MAX];
} wg_tensor;

/* Contiguous, last axis fastest. A wrong dtype or shape is kept, and refused where it is used. */
wg_view wg_view_of(const void *data, wg_dtype dtype, wg_shape shape);
wg_tensor wg_tensor_of(void *data, wg_dtype dtype, wg_shape shape);
wg_view wg_view_transpose(wg_view view); /* last two axes; below rank 2 the view itself */
/* Rows start <= i < stop of the leading axis; a zeroed view if they do not exist. */
wg_view wg_view_rows(wg_view view, int64_t start, int64_t stop);
/* Elements. WG_ESHAPE if rank or an extent is out of range or `reserved` is set; WG_ELIMIT if the
 * extents other than 0 have no product.                                                          */
int64_t wg_shape_count(wg_shape shape);
bool wg_shape_equal(wg_shape x, wg_shape y); /* false if malformed */

/* Typed views: the compiler checks the pointer. */
static inline wg_view wg_f32(const float *data, wg_shape shape)
{
    return wg_view_of(data, WG_F32, shape);
}
static inline wg_view wg_f64(const double *data, wg_shape shape)
{
    return wg_view_of(data, WG_F64, shape);
}
static inline wg_view wg_i32(const int32_t *data, wg_shape shape)
{
    return wg_view_of(data, WG_I32, shape);
}
static inline wg_view wg_i64(const int64_t *data, wg_shape shape)
{
    return wg_view_of(data, WG_I64, shape);
}
static inline wg_view wg_u8(const uint8_t *data, wg_shape shape)
{
    return wg_view_of(data, WG_U8, shape);
}

/* WG_SHAPE(64, 26), WG_SCALAR; WG_AXES(0, 2) drops the axes, WG_KEEP(-1) leaves them with extent 1,
 * WG_ALL. All are values: no pointer to a literal is formed, so there is no lifetime to think of,
 * in C or in C++. WG_OPTIONS(wg_dense_options, .activation = snake) is `const wg_dense_options *`,
 * valid in the enclosing block (C) or to the end of the statement (C++): both longer than any call
 * of this library needs it.                                                                      */
#ifdef __cplusplus
}
template <class T> inline const T *wg_cpp_address(const T &value) { return &value; }
template <class... N> inline wg_shape wg_cpp_shape(N... n)
{
    return wg_shape{ int32_t(sizeof...(n)), 0, { int64_t(n)... } };
}
template <class... N> inline wg_axes wg_cpp_axes(int32_t keep, N... n)
{
    return wg_axes{ int32_t(sizeof...(n)), keep, { int32_t(n)... } };
}
#define WG_SHAPE(...) wg_cpp_shape(__VA_ARGS__)
#define WG_AXES(...)  wg_cpp_axes(0, __VA_ARGS__)
#define WG_KEEP(...)  wg_cpp_axes(1, __VA_ARGS__)
#define WG_SCALAR     (wg_shape{})
#define WG_ALL        (wg_axes{ -1, 0, {} })
#define WG_OPTIONS(type, ...) wg_cpp_address(type{ __VA_ARGS__ })
extern "C" {
#else
#define WG_COUNT(type, ...) ((int32_t)(sizeof((const type[]){ __VA_ARGS__ }) / sizeof(type)))
#define WG_SHAPE(...)                                                                              \
    ((wg_shape){ .rank = WG_COUNT(int64_t, __VA_ARGS__), .dim = { __VA_ARGS__ } })
#define WG_AXES(...)                                                                               \
    ((wg_axes){ .count = WG_COUNT(int32_t, __VA_ARGS__), .axis = { __VA_ARGS__ } })
#define WG_KEEP(...)                                                                               \
    ((wg_axes){ .count = WG_COUNT(int32_t, __VA_ARGS__), .keep = 1, .axis = { __VA_ARGS__ } })
#define WG_SCALAR     ((wg_shape){ .rank = 0 })
#define WG_ALL        ((wg_axes){ .count = -1 })
#define WG_OPTIONS(type, ...) (&(const type){ __VA_ARGS__ })
#endif

WG_DECLARATIONS_END

#endif

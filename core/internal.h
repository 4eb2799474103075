/* Core as the other layers see it: memory, arenas, growth, checked sizes, text, levels, hashes and
 * counter-based random numbers. Nothing here knows of ops.                                       */
#ifndef WG_CORE_INTERNAL_H
#define WG_CORE_INTERNAL_H

#include <assert.h>
#include <stdarg.h>
#include <wengert/core.h>

/* Our own mistakes. Alive in Debug and ReleaseSafe; the caller's mistakes never come here. */
#ifdef NDEBUG
#define WG_ASSERT(condition) ((void)sizeof(!(condition))) /* names it, does not run it */
#else
#define WG_ASSERT(condition) assert(condition)
#endif

/* Hands a failure up. */
#define WG_TRY(call)                                                                               \
    do {                                                                                           \
        const int wg__try_status = (call);                                                         \
        if (wg__try_status < 0) return wg__try_status;                                             \
    } while (0)

/* ---- shapes: users' have rank 8 at most, ours 12 (vmap and windows add axes) ---- */

enum { WG__RANK_MAX = 12, WG__DTYPE_COUNT = WG_BOOL + 1, WG__ALIGNMENT = 64 };

typedef struct wg__shape { int32_t rank; int32_t reserved; int64_t dim[WG__RANK_MAX]; } wg__shape;
typedef struct wg__type { wg_dtype dtype; wg__shape shape; } wg__type;

/* Strided memory; strides count elements and may be 0 or negative. */
typedef struct wg__array {
    void *data;
    wg_dtype dtype;
    int32_t rank;
    int64_t dim[WG__RANK_MAX];
    int64_t stride[WG__RANK_MAX];
} wg__array;

bool wg__dtype_is(int dtype);          /* one of the six */
bool wg__dtype_is_float(wg_dtype dtype);
/* An element at any address as a double; an i64 beyond 2^53 is rounded. */
double wg__element_number(wg_dtype dtype, const void *element);
int wg__shape_check(wg_shape shape);   /* WG_OK, WG_ESHAPE if malformed, WG_ELIMIT */
wg__shape wg__shape_of(wg_shape shape);
wg_shape wg__shape_public(const wg__shape *shape); /* WG_ASSERTs rank <= WG_RANK_MAX */
bool wg__shape_equal(const wg__shape *x, const wg__shape *y);
int64_t wg__shape_count(const wg__shape *shape);   /* elements; WG_ELIMIT on overflow */
/* Joins under broadcasting: axes align at the end, a missing or 1-sized axis stretches. */
int wg__shape_join(const wg__shape *x, const wg__shape *y, wg__shape *out);
wg__array wg__array_of(void *data, wg_dtype dtype, const wg__shape *shape); /* contiguous */
bool wg__array_is_contiguous(const wg__array *array);
int64_t wg__array_count(const wg__array *array);
/* Checks a view handed in by a user: dtype, shape, NULL data only if it has no elements. */
int wg__view_check(const wg_view *view);
bool wg__view_is_contiguous(const wg_view *view);
wg__array wg__array_of_view(const wg_view *view);
/* Copies a strided view of any alignment into contiguous memory of the same dtype. */
void wg__view_pack(const wg_view *view, void *out);
/* Axes of a reduction as flags, negative ones resolved; WG_EAXIS if missing or named twice. */
int wg__axes_resolve(const wg_axes *axes, int rank, bool reduced[WG__RANK_MAX]);

/* ---- memory: everything goes through the caller's allocator, which is told sizes ---- */

extern const wg_allocator wg__allocator_default;
wg_allocator wg__allocator_or_default(const wg_allocator *given);
/* Aligned to WG__ALIGNMENT; bytes 0 gives a valid block too. NULL on failure. */
void *wg__allocate(const wg_allocator *allocator, size_t bytes);
void *wg__allocate_zeroed(const wg_allocator *allocator, size_t bytes);
void wg__release(const wg_allocator *allocator, void *block, size_t bytes); /* block NULL allowed */
char *wg__string_copy(const wg_allocator *allocator, const char *text);  /* release strlen + 1 */

bool wg__size_add(size_t x, size_t y, size_t *out); /* false on overflow; out untouched */
bool wg__size_mul(size_t x, size_t y, size_t *out);
/* Bytes of count elements; false on overflow or negative count. */
bool wg__bytes_of(int64_t count, wg_dtype dtype, size_t *out);

/* Makes room for `needed` items of item_bytes in *items, doubling; WG_EMEMORY leaves all as it was.
 *     WG_TRY(wg__grow(&allocator, (void **)&list->item, &list->capacity, list->count + 1,
 *                     sizeof *list->item));                                                      */
int wg__grow(const wg_allocator *allocator, void **items, int64_t *capacity, int64_t needed,
             size_t item_bytes);

/* An arena hands out blocks that live until its reset; reset keeps the memory. Blocks stay put. */
typedef struct wg__arena_chunk wg__arena_chunk;
typedef struct wg__arena {
    wg_allocator allocator;
    wg__arena_chunk *first, *current;
    size_t used; /* of current */
} wg__arena;
void wg__arena_init(wg__arena *arena, const wg_allocator *allocator);
void *wg__arena_take(wg__arena *arena, size_t bytes); /* aligned to 16; NULL on failure */
char *wg__arena_string(wg__arena *arena, const char *text);
void wg__arena_reset(wg__arena *arena);
void wg__arena_free(wg__arena *arena);

/* ---- text ---- */

/* Appends to a bounded buffer; what does not fit is cut at the end, which always has its zero. */
typedef struct wg__text { char *to; size_t capacity, length; } wg__text;
wg__text wg__text_of(char *to, size_t capacity);
void wg__text_add(wg__text *text, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;
void wg__text_shape(wg__text *text, const wg__shape *shape); /* "[3, 4]", "[]" */

/* Fills error (may be NULL) and returns status, so that failing is one statement. */
int wg__fail(wg_error *error, int status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* Formats one line, of 1023 bytes at most (else WG_ELIMIT and nothing is written), through a writer
 * of the caller; negative from it is handed on. Longer text goes to the writer itself.           */
int wg__write(wg_writer *write, void *user, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* Letters, digits, `_ . -` and, where paths are allowed, `/` between non-empty parts. */
bool wg__name_is_valid(const char *name, bool path);
bool wg__pattern_matches(const char *pattern, const char *text); /* '*' any run, '?' one */

/* Shortest text that reads back as the same double: "0.1", "1e-7", "-0", "inf", "nan"; '.' is the
 * point in every locale. wg__number_read takes the longest number that text starts with: digits
 * with at most one point, an exponent, a sign in front, or inf, infinity, nan in any case. It is
 * rounded to nearest (beyond all doubles: infinity). The bytes used, 0 if there is no number.    */
void wg__number_text(double value, char out[32]);
size_t wg__number_read(const char *text, size_t bytes, double *out);

/* The nearest float, whatever rounding mode the host has set. */
float wg__narrow(double value);

/* ---- levels of instruction sets ---- */

typedef enum wg__level {
    WG__PORTABLE, WG__SSE2, WG__AVX2, WG__AVX512, WG__NEON, WG__LEVEL_COUNT
} wg__level;
const char *wg__level_name(wg__level level); /* "portable" ... */
wg__level wg__level_detect(void);            /* the best this CPU and its system have */
/* The level of that name lowered to what the CPU has; NULL or unknown: the best. */
wg__level wg__level_choose(const char *name);
bool wg__level_exists(wg__level level);      /* on this CPU, in this build */

/* ---- hashes (XXH3) and counter-based random numbers (Philox 4x32-10) ---- */

typedef struct wg__hash { uint64_t word[2]; } wg__hash;
typedef struct wg__bytes { const void *data; size_t bytes; } wg__bytes;
wg__hash wg__hash_of(const wg__bytes *part, int64_t count); /* 128 bits over the parts in order */
uint64_t wg__hash64(const void *data, size_t bytes, uint64_t seed);

/* Four words of the stream (key, draw) at block `block`; element i of a stream is word i % 4 of
 * block i / 4. Salmon et al. 2011.                                                               */
void wg__philox(uint64_t key, uint64_t draw, uint64_t block, uint32_t out[4]);
/* A uniform integer below limit > 0, unbiased; counter is advanced. For shuffles on the host. */
uint64_t wg__random_below(uint64_t key, uint64_t *counter, uint64_t limit);

#endif

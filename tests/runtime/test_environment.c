/* What the host's floating-point environment and the payloads of its NaNs may change: nothing. A
 * run has the same bits whatever rounding direction its caller has set, on any number of threads,
 * and leaves that direction as it was; a NaN that is handed out has one pattern.                 */
#include "support/test.h"

#include <fenv.h>
#include <math.h>
#include <string.h>
#include <wengert/wengert.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

enum { ROWS = 256, COLUMNS = 12, COUNT = ROWS * COLUMNS };

/* ---- rounding and denormals ---- */

typedef struct mode { const char *name; int direction; bool flushes; } mode;

static const mode modes[] = {
    { "nearest", FE_TONEAREST, false }, { "up", FE_UPWARD, false },
    { "down", FE_DOWNWARD, false },     { "towards zero", FE_TOWARDZERO, false },
#if defined(__SSE__)
    { "nearest, denormals flushed", FE_TONEAREST, true },
#endif
};

static void mode_set(const mode *m)
{
    check(fesetround(m->direction) == 0);
#if defined(__SSE__)
    _mm_setcsr((_mm_getcsr() & ~0x8040u) | (m->flushes ? 0x8040u : 0)); /* results, operands */
#endif
}

static bool mode_is(const mode *m)
{
#if defined(__SSE__)
    if (((_mm_getcsr() & 0x8040u) != 0) != m->flushes) return false;
#endif
    return fegetround() == m->direction;
}

/* Sums, products, transcendentals and a gradient, some of it denormal. */
static void values_read(const mode *m, int threads, float *out)
{
    static float data[COUNT];
    for (int i = 0; i < COUNT; i++) data[i] = ldexpf((float)(i * 37 % 101) - 50.3f, i % 9 - 8);
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = threads));
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_batch(tape, "x", wg_f32(data, WG_SHAPE(ROWS, COLUMNS)));
    const wg_var w = wg_input(tape, "w", wg_f32(data, WG_SHAPE(COLUMNS, COLUMNS)));
    wg_var y = wg_add(wg_tanh(wg_matmul(x, w)), wg_exp(wg_neg(wg_abs(x))));
    y = wg_mul(y, wg_full_like(y, 3e-38));
    const wg_var g = wg_grad(wg_sum(wg_mul(y, x), WG_ALL), x);
    mode_set(m);
    const int status = wg_read_f32(runtime, wg_div(g, wg_number(g, 7)), out, COUNT);
    const bool is_left = mode_is(m);
    mode_set(&modes[0]);
    check_msg(status == WG_OK, "%s", wg_tape_message(tape));
    check_msg(is_left, "%s was not put back", m->name);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

Test(environment, rounding_and_flushing_of_the_host_change_no_bit)
{
    static float expected[COUNT], found[COUNT];
    values_read(&modes[0], 1, expected);
    bool has_denormal = false;
    for (int i = 0; i < COUNT; i++)
        has_denormal = has_denormal || fpclassify(expected[i]) == FP_SUBNORMAL;
    check(has_denormal);
    for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++)
        for (int threads = 1; threads <= 3; threads += 2) {
            values_read(&modes[m], threads, found);
            check_msg(memcmp(found, expected, sizeof found) == 0, "%s, %d threads", modes[m].name,
                      threads);
        }
}

/* ---- NaN ---- */

static const uint64_t canonical_f64 = UINT64_C(0x7FF8000000000000);
static const uint32_t canonical_f32 = UINT32_C(0x7FC00000);
enum { WAYS = 7 };

/* NaNs of any sign and payload, and what makes new ones. */
static wg_var nan_of(int way, wg_var x)
{
    switch (way) {
    case 0: return wg_slice(x, 0, 0, 1, 1);
    case 1: return wg_neg(x);
    case 2: return wg_abs(x);
    case 3: return wg_sqrt(wg_full_like(x, -1));
    case 4: return wg_sub(wg_full_like(x, INFINITY), wg_full_like(x, INFINITY));
    case 5: return wg_maximum(x, wg_full_like(x, 2));
    default: return wg_sum(x, WG_KEEP(0));
    }
}

static void check_canonical(wg_view view)
{
    for (int64_t i = 0; i < wg_shape_count(view.shape); i++) {
        if (view.dtype == WG_F64) {
            uint64_t bits;
            memcpy(&bits, (const double *)view.data + i, sizeof bits);
            check(bits == canonical_f64);
        } else {
            uint32_t bits;
            memcpy(&bits, (const float *)view.data + i, sizeof bits);
            check(bits == canonical_f32);
        }
    }
}

static void check_nans(wg_dtype dtype, const void *data)
{
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    for (int way = 0; way < WAYS; way++) {
        wg_view view;
        check_status(wg_tape_reset(tape), WG_OK);
        const wg_var x = wg_input(tape, "x", wg_view_of(data, dtype, WG_SHAPE(4)));
        const wg_var y = nan_of(way, x);
        check_status(wg_peek(runtime, y, &view), WG_OK);
        check_canonical(view);
        wg_program *program = wg_compile(runtime, tape, 1, &y);
        check(program != NULL);
        check_status(wg_program_bind(program, "x", wg_view_of(data, dtype, WG_SHAPE(4))), WG_OK);
        check_status(wg_program_run(program), WG_OK);
        check_status(wg_program_peek(program, 0, &view), WG_OK);
        check_canonical(view);
        wg_program_free(program);
    }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

Test(environment, a_nan_that_is_handed_out_has_one_pattern)
{
    static const uint32_t f32[4] = { 0x7FC12345, 0xFFC00001, 0x7F800001, 0xFFFFFFFF };
    static const uint64_t f64[4] = { UINT64_C(0x7FF8000000012345), UINT64_C(0xFFF8000000000001),
                                     UINT64_C(0x7FF0000000000001), UINT64_C(0xFFFFFFFFFFFFFFFF) };
    check_nans(WG_F32, f32);
    check_nans(WG_F64, f64);
}

/* Runs: every op in every form of its operands gives the bits of its kernel, for lengths around
 * whole blocks; and what is not finite is told. Joints: results have the bits of their functions.
 * Of NaN only that it is one. */
#include "ops/run.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

enum { LENGTH = 300, CELLS = 8, BYTES = 8 };

static _Alignas(64) unsigned char memory[CELLS][LENGTH * BYTES];

/* Numbers of every kind in the cells of values, truths in the last. */
static void memory_fill(wg_dtype dtype)
{
    static const double specials[] = { 0.0, -0.0, 1, NAN, HUGE_VAL, -HUGE_VAL, 0x1p-149, -3, 1e30 };
    uint64_t state = 7;
    for (int c = 0; c < CELLS - 1; c++) {
        for (int i = 0; i < LENGTH; i++) {
            const uint64_t random = test_random(&state);
            const double x = random % 4 == 0 ? specials[random / 4 % 9]
                                             : (double)(int64_t)random / 0x1p60;
            if (dtype == WG_F32) ((float *)(void *)memory[c])[i] = (float)x;
            else ((double *)(void *)memory[c])[i] = x;
        }
    }
    for (int i = 0; i < LENGTH; i++) memory[CELLS - 1][i] = test_random(&state) % 2 == 0;
}

enum { A, B, Y, Z, M, OUT };   /* cells: of the registers, of the step, of its result */

static const int form_inputs[WG__FORM_COUNT][2] = {
    [WG__FORM_A] = { A, A },  [WG__FORM_Y] = { Y, Y },  [WG__FORM_AA] = { A, A },
    [WG__FORM_AB] = { A, B }, [WG__FORM_BA] = { B, A }, [WG__FORM_AY] = { A, Y },
    [WG__FORM_YA] = { Y, A }, [WG__FORM_YZ] = { Y, Z }, [WG__FORM_K] = { Y, Y },
    [WG__FORM_AK] = { A, Y }, [WG__FORM_KA] = { Y, A }, [WG__FORM_KZ] = { Y, Z },
    [WG__FORM_YL] = { Y, Z }, [WG__FORM_KL] = { Y, Z },
};

static bool is_alike(wg__form form, int cell)
{
    switch (form) {
    case WG__FORM_K:
    case WG__FORM_AK:
    case WG__FORM_KA:
    case WG__FORM_KZ: return cell == Y;
    case WG__FORM_YL: return cell == Z;
    case WG__FORM_KL: return cell == Y || cell == Z;
    default: return false;
    }
}

/* Makes all elements of the cells that the form takes for alike equal to the first. */
static void alike_spread(wg__form form, size_t bytes)
{
    for (int cell = Y; cell <= Z; cell++) {
        if (!is_alike(form, cell)) continue;
        for (size_t i = 1; i < LENGTH; i++) memcpy(&memory[cell][i * bytes], memory[cell], bytes);
    }
}

static wg__run_step step_of(int32_t code, int32_t y, int32_t z)
{
    return (wg__run_step){ .code = code, .cell = { y, z } };
}

/* Loads b, then a, then m, does the step and stores the result. */
static void run_step(wg__run_kernel *run, int64_t n, int32_t code, bool is_test, void *out)
{
    void *const at[] = { memory[0], memory[1], memory[2], memory[3], memory[CELLS - 1], out };
    const wg__run_step steps[] = {
        step_of(WG__RUN_LOAD, B, 0),
        step_of(WG__RUN_COPY, 0, 0),
        step_of(WG__RUN_LOAD, A, 0),
        step_of(WG__RUN_LOAD_TRUTH, M, 0),
        step_of(code, Y, Z),
        step_of(is_test ? WG__RUN_STORE_TRUTH : WG__RUN_STORE, OUT, 0),
        step_of(WG__RUN_END, 0, 0),
    };
    check_equal_i(run(n, steps, at), -1);
}

static void check_form(const wg__kernels *kernels, wg_dtype dtype, wg__op_id op, wg__form form,
                       int64_t n)
{
    static _Alignas(64) unsigned char actual[LENGTH * BYTES], expected[LENGTH * BYTES];
    const bool is_test = op == WG__OP_eq || op == WG__OP_lt || op == WG__OP_le;
    const void *const x = memory[form_inputs[form][0]], *const y = memory[form_inputs[form][1]];
    const void *const in[] = { op == WG__OP_select ? memory[CELLS - 1] : x,
                               op == WG__OP_select ? x : y, y };
    memset(actual, 0xA5, sizeof actual);
    memset(expected, 0xA5, sizeof expected);
    kernels->map->map[op][dtype](n, in, expected);
    run_step(kernels->run->run[dtype], n, WG__CODE_OF(op, form), is_test, actual);
    check_msg(memcmp(actual, expected, sizeof actual) == 0, "%s, form %d, %d elements, %s, %s",
              wg__op_table[op].name, (int)form, (int)n, wg_dtype_name(dtype),
              wg__level_name(kernels->level));
}

static void check_forms(const wg__kernels *kernels, wg_dtype dtype, wg__op_id op)
{
    static const int64_t lengths[] = { 1, 7, 16, 64, 127, 128, 129, LENGTH };
    const bool is_select = op == WG__OP_select;
    const bool is_two = is_select || wg__op_table[op].in_count == 2;
    const int first = is_select ? WG__FORM_AB : is_two ? WG__FORM_AA : WG__FORM_A;
    const int end = is_two ? WG__FORM_COUNT : WG__FORM_K + 1;
    for (int form = first; form < end; form++) {
        memory_fill(dtype);
        alike_spread((wg__form)form, wg_dtype_bytes(dtype));
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
            check_form(kernels, dtype, op, (wg__form)form, lengths[i]);
    }
}

Test(run, every_op_in_every_form_has_the_bits_of_its_kernel)
{
    for (int level = WG__PORTABLE; level < WG__LEVEL_COUNT; level++) {
        const wg__kernels *kernels = wg__kernels_of((wg__level)level);
        if (kernels == NULL || !wg__level_exists((wg__level)level)) continue;
        for (int dtype = WG_F32; dtype <= WG_F64; dtype++) {
            if (kernels->run->run[dtype] == NULL) continue;
            for (int op = 0; op < WG__OP_COUNT; op++) {
                const bool is_short = WG__IS_SHORT(op, wg__op_table[op].ulp);
                if (!is_short || kernels->map->map[op][dtype] == NULL) continue;
                check_forms(kernels, (wg_dtype)dtype, (wg__op_id)op);
            }
        }
    }
}

Test(run, tells_the_first_op_that_is_not_finite)
{
    const wg__kernels *kernels = wg__kernels_of(wg__level_choose(NULL));
    if (kernels->run->run[WG_F32] == NULL) return;
    float x[LENGTH];
    void *const at[] = { x };
    wg__run_step steps[] = { step_of(WG__RUN_LOAD, 0, 0), step_of(WG__RUN_FINITE, 0, 0),
                             step_of(WG__CODE(neg, A), 0, 0), step_of(WG__RUN_FINITE, 0, 0),
                             step_of(WG__RUN_END, 0, 0) };
    steps[1].origin = 5;
    steps[3].origin = 3;
    for (int64_t n = 1; n < LENGTH; n += 13) {
        for (int64_t i = 0; i < n; i++) x[i] = (float)i;
        check_equal_i(kernels->run->run[WG_F32](n, steps, at), -1);
        x[n - 1] = NAN;
        check_equal_i(kernels->run->run[WG_F32](n, steps, at), 3);
    }
}

/* ---- joints ---- */

/* Many numbers of the usual range, the ends of reductions, and what is not finite. */
static double argument(int i)
{
    static const double ends[] = { 0.0, -0.0, NAN, HUGE_VAL, -HUGE_VAL, 16, -16, 32.5, 69.5, 104,
                                   -373, 1e-30, 131072, -1e9, 0x1p-149, 745.2 };
    return i < 16 ? ends[i] : (i - LENGTH / 2) * (i % 3 == 0 ? 0.37 : 0.011);
}

static void pair(const wg__kernels *kernels, wg__op_id op, wg_dtype dtype, const void *x,
                 const void *y, void *out)
{
    const void *const in[] = { x, y };
    kernels->map->map[op][dtype](LENGTH, in, out);
}

static void single(const wg__kernels *kernels, wg__op_id op, wg_dtype dtype, const void *x,
                   void *out)
{
    pair(kernels, op, dtype, x, x, out);
}

/* The steps that derive.c emits. */
static void gaussian(const wg__kernels *kernels, wg_dtype dtype, const void *x, const void *bits,
                     void *out)
{
    static _Alignas(64) unsigned char high[LENGTH * BYTES], low[LENGTH * BYTES];
    static _Alignas(64) unsigned char sum[LENGTH * BYTES], head[LENGTH * BYTES];
    pair(kernels, WG__OP_and, dtype == WG_F32 ? WG_I32 : WG_I64, x, bits, high);
    pair(kernels, WG__OP_sub, dtype, x, high, low);
    pair(kernels, WG__OP_add, dtype, x, high, sum);
    pair(kernels, WG__OP_mul, dtype, high, high, head);
    single(kernels, WG__OP_neg, dtype, head, head);
    single(kernels, WG__OP_exp, dtype, head, head);
    pair(kernels, WG__OP_mul, dtype, low, sum, out);
    single(kernels, WG__OP_neg, dtype, out, out);
    single(kernels, WG__OP_exp, dtype, out, out);
    pair(kernels, WG__OP_mul, dtype, head, out, out);
}

/* Results of the functions alone, in the order of wg__joint. */
static int singles(const wg__kernels *kernels, wg__joint joint, wg_dtype dtype, const void *x,
                   const void *bits, unsigned char out[3][LENGTH * BYTES])
{
    static _Alignas(64) unsigned char twice[LENGTH * BYTES], minus[LENGTH * BYTES];
    const void *rising = x;
    if (joint == WG__JOINT_CIRCULAR) {
        single(kernels, WG__OP_sin, dtype, x, out[0]);
        single(kernels, WG__OP_cos, dtype, x, out[1]);
        return 2;
    }
    if (joint == WG__JOINT_GAUSSIAN) {
        gaussian(kernels, dtype, x, bits, out[0]);
        return 1;
    }
    if (joint == WG__JOINT_TANH) {
        single(kernels, WG__OP_tanh, dtype, x, out[0]);
        single(kernels, WG__OP_add, dtype, x, twice);
        rising = twice;
    }
    const int first = joint == WG__JOINT_TANH;
    single(kernels, WG__OP_neg, dtype, rising, minus);
    single(kernels, WG__OP_logistic, dtype, rising, out[first]);
    single(kernels, WG__OP_logistic, dtype, minus, out[first + 1]);
    return first + 2;
}

static bool are_equal(wg_dtype dtype, void *x, void *y)
{
    wg__nan_canonical(dtype, LENGTH, x);
    wg__nan_canonical(dtype, LENGTH, y);
    return memcmp(x, y, LENGTH * wg_dtype_bytes(dtype)) == 0;
}

Test(run, joints_have_the_bits_of_their_functions)
{
    static _Alignas(64) unsigned char x[LENGTH * BYTES], actual[3][LENGTH * BYTES];
    static _Alignas(64) unsigned char bits[LENGTH * BYTES], expected[3][LENGTH * BYTES];
    const void *const in[] = { x, bits };
    void *const out[] = { actual[0], actual[1], actual[2] };
    for (int level = WG__PORTABLE; level < WG__LEVEL_COUNT; level++) {
        if (!wg__level_exists((wg__level)level)) continue;
        const wg__kernels *kernels = wg__kernels_of((wg__level)level);
        for (int dtype = WG_F32; dtype <= WG_F64; dtype++) {
            for (int i = 0; i < LENGTH; i++) {
                if (dtype == WG_F32) ((float *)(void *)x)[i] = (float)argument(i);
                else ((double *)(void *)x)[i] = argument(i);
                if (dtype == WG_F32) ((int32_t *)(void *)bits)[i] = -0x1000;
                else ((int64_t *)(void *)bits)[i] = -0x8000000;
            }
            for (int joint = WG__JOINT_CIRCULAR; joint < WG__JOINT_COUNT; joint++) {
                const int count =
                    singles(kernels, (wg__joint)joint, (wg_dtype)dtype, x, bits, expected);
                check_equal_i(count, wg__joint_count((wg__joint)joint));
                kernels->map->joint[joint][dtype](LENGTH, in, out);
                for (int k = 0; k < count; k++)
                    check_msg(are_equal((wg_dtype)dtype, actual[k], expected[k]),
                              "joint %d, result %d, %s, %s", joint, k,
                              wg_dtype_name((wg_dtype)dtype), wg__level_name((wg__level)level));
            }
        }
    }
}

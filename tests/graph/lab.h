/* Where tests of graph/nn work: a runtime, a tape and a params, and reads that must succeed. */
#ifndef WG_TEST_GRAPH_LAB_H
#define WG_TEST_GRAPH_LAB_H

#include "support/test.h"

#include <float.h>
#include <wengert/wengert.h>

typedef struct lab {
    wg_runtime *runtime;
    wg_tape *tape;
    wg_params *params;
} lab;

static inline lab lab_open(int threads)
{
    const lab l = { wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = threads)),
                    wg_tape_create(NULL),
                    wg_params_create(WG_OPTIONS(wg_params_options, .seed = 11)) };
    check(l.runtime != NULL && l.tape != NULL && l.params != NULL);
    return l;
}

static inline void lab_close(lab l)
{
    wg_params_free(l.params);
    wg_tape_free(l.tape);
    wg_runtime_free(l.runtime);
}

/* A new recording. */
static inline wg_scope lab_scope(lab l, wg_mode mode)
{
    wg_tape_reset(l.tape);
    return wg_scope_root(l.tape, l.params, mode);
}

static inline void lab_read(lab l, wg_var x, double *out, int64_t count)
{
    const int status = wg_read_f64(l.runtime, x, out, count);
    check_msg(status >= 0, "%s", wg_explain(status, l.tape, NULL));
}

static inline void lab_read_f32(lab l, wg_var x, float *out, int64_t count)
{
    const int status = wg_read_f32(l.runtime, x, out, count);
    check_msg(status >= 0, "%s", wg_explain(status, l.tape, NULL));
}

static inline double lab_item(lab l, wg_var x)
{
    double out;
    const int status = wg_item(l.runtime, x, &out);
    check_msg(status >= 0, "%s", wg_explain(status, l.tape, NULL));
    return out;
}

static inline void lab_put(lab l, const char *path, const float *data, wg_shape shape)
{
    check_status(wg_params_set(l.params, path, wg_f32(data, shape)), WG_OK);
}

/* The recording failed with this status, and its message says so and where. */
#define lab_refused(l, status, text)                                                               \
    do {                                                                                           \
        check_status(wg_tape_status((l).tape), status);                                            \
        check_contains(wg_tape_message((l).tape), text);                                           \
        wg_tape_reset((l).tape);                                                                   \
    } while (0)

/* A result that nobody looks at. */
static inline void ignore(wg_var x)
{
    (void)x;
}

static inline double eps_of(wg_dtype dtype)
{
    return dtype == WG_F32 ? FLT_EPSILON : DBL_EPSILON;
}

#endif

/* In a long-running host: its own allocator, its own libuv loop, inference as uv work, never
 * blocking the loop. */
#include <wengert/wengert.h>
#include <stdlib.h>
#include <uv.h>

typedef struct host { size_t bytes_now, bytes_max; } host;
static void *host_allocate(size_t bytes, void *user)
{
    host *h = user;
    if (h->bytes_now + bytes > h->bytes_max) return NULL; /* a budget: the library must cope */
    h->bytes_now += bytes;
    return malloc(bytes);
}
static void host_release(void *block, size_t bytes, void *user)
{
    ((host *)user)->bytes_now -= bytes;
    free(block);
}

typedef struct request {
    uv_work_t work;
    wg_program *program;
    float x[26], y;
    int status;
    void (*done)(struct request *);
} request;
static void on_pool(uv_work_t *work)
{
    request *r = work->data;
    r->status = wg_program_bind(r->program, "x", wg_f32(r->x, WG_SHAPE(1, 26)));
    if (r->status >= 0) r->status = wg_program_run(r->program);
    if (r->status >= 0) r->status = wg_program_read_f32(r->program, 0, &r->y, 1);
}
static void on_loop(uv_work_t *work, int cancelled)
{
    request *r = work->data;
    if (cancelled) r->status = WG_EBUSY;
    r->done(r);
}

int host_open(host *h, wg_runtime **runtime, wg_params **params, wg_error *error);
int host_open(host *h, wg_runtime **runtime, wg_params **params, wg_error *error)
{
    const wg_allocator allocator = { host_allocate, host_release, h };
    *runtime = wg_runtime_create(
        WG_OPTIONS(wg_runtime_options, .allocator = &allocator, .threads = 1));
    *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = &allocator));
    if (!*runtime || !*params) return WG_EMEMORY;
    return wg_params_load(*params, "model.safetensors", "*", error);
}
int host_ask(uv_loop_t *loop, request *r);
int host_ask(uv_loop_t *loop, request *r)
{
    r->work.data = r;
    return uv_queue_work(loop, &r->work, on_pool, on_loop);
}

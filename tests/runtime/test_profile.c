/* Profiles: every instruction is there once, shares are of one whole, nothing is stored. */
#include "runtime/network.h"
#include "support/memory.h"
#include "support/page.h"

#include <stdio.h>
#include <string.h>

static int refuse_write(const char *text, size_t bytes, void *user)
{
    (void)text;
    (void)bytes;
    (void)user;
    return WG_EFILE;
}

static int64_t count_of(const char *text, const char *part)
{
    int64_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) count++;
    return count;
}

typedef struct lab {
    network *net;
    wg_runtime *runtime;
    wg_params *params;
    wg_program *program;
} lab;

static lab lab_open(int threads)
{
    lab l = { .net = network_make(64, 24) };
    l.runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = threads));
    l.params = wg_params_create(NULL);
    l.runtime->is_forked_always = threads > 1;
    wg_tape *tape = wg_tape_create(NULL);
    const wg_optimizer adam = wg_adam(1e-3, NULL);
    const wg_var loss = network_step(l.net, tape, l.params, &adam);
    l.program = wg_compile(l.runtime, tape, 1, &loss);
    check(l.program != NULL);
    wg_tape_free(tape);
    check_status(wg_program_bind(l.program, "x", wg_f32(l.net->x, WG_SHAPE(64, NETWORK_INPUTS))),
                 WG_OK);
    check_status(wg_program_bind(l.program, "t", wg_i32(l.net->t, WG_SHAPE(64))), WG_OK);
    return l;
}

static void lab_close(lab *l)
{
    wg_program_free(l->program);
    wg_params_free(l->params);
    wg_runtime_free(l->runtime);
    free(l->net);
}

/* Rows after the two heading lines, slowest first; their shares add up to all of it, each rounded
 * to 0.05. */
static void check_rows(const char *text, int64_t count)
{
    double sum = 0, last = 1e300;
    const char *at = strchr(strchr(text, '\n') + 1, '\n') + 1;
    int64_t rows = 0;
    for (; *at != '\0'; at = strchr(at, '\n') + 1, rows++) {
        double time, share;
        check_equal_i(sscanf(at, "%lf %lf%%", &time, &share), 2);
        check(time >= 0 && time <= last);
        last = time;
        sum += share;
    }
    check_equal_i(rows, count);
    check_close(sum, 100, 0.06 * (double)count);
}

Test(profile, every_instruction_has_a_line_and_nothing_is_stored)
{
    for (int threads = 1; threads <= 3; threads += 2) {
        test_page p = { .length = 0 };
        wg_fingerprint before, after;
        lab l = lab_open(threads);
        check_status(wg_params_fingerprint(l.params, &before), WG_OK);
        check_status(wg_program_profile(l.program, 3, test_page_write, &p), WG_OK);
        check_status(wg_params_fingerprint(l.params, &after), WG_OK);
        check_bytes(&before, &after, sizeof before);
        check_contains(p.text, "best of 3 runs: ");
        check_contains(p.text, "Gflop/s");
        check_contains(p.text, "= matmul");
        check_rows(p.text, l.program->frame->plan->chain_count);
        lab_close(&l);
    }
}

/* As many events as there are instructions of items, on no other threads than there are, and no
 * bracket that is not closed. */
Test(profile, a_trace_has_an_event_for_each_instruction_of_each_item)
{
    test_page p = { .length = 0 };
    lab l = lab_open(2);
    check_status(wg_program_trace(l.program, test_page_write, &p), WG_OK);
    int64_t events = 0;
    const wg__frame *frame = l.program->frame;
    for (int64_t i = 0; i < frame->item_count; i++)
        events += frame->plan->region[frame->item[i].region].chain_count;
    check_equal_i(count_of(p.text, "\"ph\":\"X\""), events);
    check_equal_i(count_of(p.text, "\"tid\":0}") + count_of(p.text, "\"tid\":1}"), events);
    check_equal_i(count_of(p.text, "{"), count_of(p.text, "}"));
    check_equal_i(count_of(p.text, "\"dur\":-"), 0);
    static const char head[] = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n{\"name\":";
    check(strncmp(p.text, head, sizeof head - 1) == 0);
    check(strcmp(p.text + p.length - 4, "\n]}\n") == 0);
    lab_close(&l);
}

Test(profile, what_cannot_be_done_is_refused)
{
    test_page p = { .length = 0 };
    lab l = lab_open(1);
    check_status(wg_program_profile(l.program, 0, test_page_write, &p), WG_EINVALID);
    check_status(wg_program_profile(NULL, 1, test_page_write, &p), WG_EINVALID);
    check_status(wg_program_profile(l.program, 1, NULL, &p), WG_EINVALID);
    check_status(wg_program_trace(NULL, test_page_write, &p), WG_EINVALID);
    check_status(wg_program_trace(l.program, NULL, &p), WG_EINVALID);
    check_status(wg_program_profile(l.program, 1, refuse_write, &p), WG_EFILE);
    check_status(wg_program_trace(l.program, refuse_write, &p), WG_EFILE);
    l.program->port[0].is_bound = l.program->port[1].is_bound = false;
    check_status(wg_program_trace(l.program, test_page_write, &p), WG_EUNBOUND);
    check_equal_i(p.length, 0);
    lab_close(&l);
}

/* The memory of a profile is the program's allocator's, and comes back. */
static int profile_all(const wg_allocator *allocator, void *user)
{
    static const float x[4] = { 1, 2, 3, 4 };
    test_page *p = user;
    p->length = 0;
    int status = WG_EMEMORY;
    wg_runtime *runtime = wg_runtime_create(
        WG_OPTIONS(wg_runtime_options, .allocator = allocator, .threads = 1));
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var in = wg_input(tape, "x", wg_f32(x, WG_SHAPE(2, 2)));
    const wg_var y = wg_sum(wg_tanh(wg_matmul(in, in)), WG_ALL);
    wg_program *program = wg_compile(runtime, tape, 1, &y);
    if (program != NULL) status = wg_program_bind(program, "x", wg_f32(x, WG_SHAPE(2, 2)));
    if (status >= 0) status = wg_program_trace(program, test_page_write, p);
    wg_program_free(program);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
    return status;
}

Test(profile, a_trace_without_memory_leaves_nothing_behind)
{
    test_page *p = calloc(1, sizeof *p);
    check(test_memory_fail_each(profile_all, p) > 10);
    free(p);
}

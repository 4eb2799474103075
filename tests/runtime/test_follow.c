/* Following: two tapes record the same steps, one reset between them, one made anew for each. Some
 * steps differ from the one before: in a number, a shape, their length, their lines, their params,
 * a setting of the optimiser. Whatever is known of a recording must be the same on both, byte for
 * byte: records and tables, lines, versions, effects, messages, keys of programs, results, and the
 * parameters afterwards. */
#include "runtime/network.h"
#include "support/memory.h"

#include <stdio.h>
#include <string.h>

enum { FAILS_NOT, FAILS_IN_SHAPE, FAILS_IN_NAME, FAILS_IN_TYPE };
enum { WIDTH = 6, POOL = 10, RECIPES = 150, STEPS = 12, PARAMS = 2 };

/* What a step records; equal recipes record the same. */
typedef struct recipe {
    uint64_t seed;             /* decides on all that is not below */
    int64_t rows, length;
    double number;
    int line;                  /* 0: none is given */
    double momentum;           /* a setting of optimiser number `optimizer` */
    int64_t optimizer;
    int params;
    bool is_read_once;         /* at its end alone */
    bool assigns_last;         /* once more, after the step */
    int failure;
} recipe;

static float data[64 * WIDTH];

/* ---- recording ---- */

typedef struct cook {
    const recipe *of;
    uint64_t state;
    wg_runtime *runtime;
    wg_scope scope;
    wg_var pool[POOL];
    int64_t count;
    int line;
} cook;

static int64_t below(cook *c, int64_t limit)
{
    return (int64_t)(test_random(&c->state) >> 11) % limit;
}

static wg_var pick(cook *c)
{
    return c->pool[below(c, c->count)];
}

static wg_var at_line(cook *c, wg_var x)
{
    return c->of->line > 0 ? wg_at(x, "recipe.c", c->of->line + c->line++) : x;
}

static void keep_in_pool(cook *c, wg_var x)
{
    x = at_line(c, x);
    if (c->count < POOL) c->pool[c->count++] = x;
    else c->pool[below(c, POOL)] = x;
}

static int row_gradient(const wg_var *in, wg_var *out, void *user)
{
    const wg_var y = wg_sum(wg_mul(wg_tanh(in[0]), *(const wg_var *)user), WG_ALL);
    out[0] = wg_grad(y, in[0]);
    return 0;
}

static int twice_tanh(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    out[0] = wg_tanh(wg_mul(in[0], wg_tanh(in[0])));
    return 0;
}

static int halved(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    (void)in;
    (void)user;
    gradient[0] = wg_scale(wg_mul(cotangent, y), 0.5);
    return 0;
}

static wg_var state_step(cook *c, wg_var x, int64_t i)
{
    const wg_var s = wg_state(wg_scope_nth(c->scope, "state", i), "mean", WG_F32,
                              WG_SHAPE(WIDTH), 1);
    wg_assign(s, wg_add(wg_scale(s, 0.5), wg_mean(wg_stop_gradient(x), WG_AXES(0))));
    return wg_add(x, wg_param(wg_scope_shared(c->scope, "all"), "bias", WG_F32, WG_SHAPE(WIDTH),
                              wg_init_normal(0, 1)));
}

static wg_var transformed(cook *c, wg_var x, int64_t kind)
{
    wg_var out = { 0 };
    wg_var row = wg_sum(x, WG_AXES(0));
    if (kind == 0) wg_vmap(row_gradient, &row, 1, &x, 1, &out);
    if (kind == 1) wg_recompute(twice_tanh, NULL, 1, &x, 1, &out);
    if (kind == 2) out = wg_custom_vjp(wg_tanh(x), 1, &x, halved, NULL);
    if (kind == 3) out = wg_jvp(wg_mul(x, wg_tanh(x)), x, wg_relu(x));
    (void)c;
    return out;
}

static wg_var derived(cook *c, wg_var x, int64_t order)
{
    wg_var y = wg_mul(pick(c), wg_tanh(x));
    for (int64_t i = 0; i < order; i++) y = wg_grad(wg_sum(wg_square(y), WG_ALL), x);
    return y;
}

static void cook_one(cook *c, int64_t i)
{
    const wg_var x = pick(c);
    const wg_dense_options relu = { .activation = wg_relu };
    double value;
    switch (below(c, 18)) {
    case 0: keep_in_pool(c, wg_tanh(x)); return;
    case 1: keep_in_pool(c, wg_mul(x, pick(c))); return;
    case 2: keep_in_pool(c, wg_scale(x, c->of->number)); return;
    case 3: keep_in_pool(c, wg_dense(wg_scope_nth(c->scope, "layer", i), "dense", x, WIDTH, &relu));
        return;
    case 4: keep_in_pool(c, wg_dropout(wg_scope_nth(c->scope, "drop", i), "drop", x, 0.25));
        return;
    case 5:
        wg_note(wg_scope_nth(c->scope, "note", i), "seen", x);
        wg_keep(x);
        return;
    case 6: keep_in_pool(c, derived(c, x, 1)); return;
    case 7: keep_in_pool(c, derived(c, x, 2)); return;
    case 8: keep_in_pool(c, state_step(c, x, i)); return;
    case 9:
    case 10: keep_in_pool(c, transformed(c, x, below(c, 4))); return;
    case 11:
        keep_in_pool(c, wg_slice(wg_concat(4, (const wg_var[]){ x, x, pick(c), x }, 1), 1, 2,
                                 2 + WIDTH, 1));
        return;
    case 12: keep_in_pool(c, wg_mul(x, wg_constant(c->scope.tape,
                                                   wg_f32(data + i, WG_SHAPE(WIDTH)))));
        return;
    case 13: keep_in_pool(c, wg_batch_norm(wg_scope_nth(c->scope, "norm", i), "norm", x, NULL));
        return;
    case 14: keep_in_pool(c, wg_layer_norm(wg_scope_nth(c->scope, "row", i), "norm", x, NULL));
        return;
    case 15: keep_in_pool(c, wg_mul(x, wg_gelu(x))); return;
    case 16: keep_in_pool(c, wg_mul(x, wg_cross_entropy(x, wg_number(x, 0.5)))); return;
    default:
        if (below(c, 4) == 0 && !c->of->is_read_once)
            wg_item(c->runtime, wg_sum(x, WG_ALL), &value);
    }
}

static void spoil(cook *c)
{
    const wg_var x = c->pool[0];
    const recipe *r = c->of;
    if (r->failure == FAILS_IN_SHAPE) keep_in_pool(c, wg_matmul(x, x));
    if (r->failure == FAILS_IN_NAME)
        keep_in_pool(c, wg_param(c->scope, "first", WG_F32, WG_SHAPE(WIDTH),
                                 wg_init_constant(1)));
    if (r->failure == FAILS_IN_TYPE) wg_assign(wg_find(c->scope, "first"), x);
}

static wg_optimizer optimizer_of(const recipe *r)
{
    static const wg_group group[] = { { .pattern = "*bias", .rate_factor = 0.5, .l1 = 1e-3 } };
    wg_optimizer adam = wg_adam(1e-4, &(wg_adam_options){ .beta1 = 0.5 + r->momentum / 2 });
    switch (r->optimizer) {
    case 0: return wg_sgd(1e-4, &(wg_sgd_options){ .momentum = r->momentum });
    case 1: adam.clip_norm = 1 + r->momentum; break;
    case 2: adam.accumulate = 2; break;
    default:
        adam.group = group;
        adam.group_count = 1;
    }
    return adam;
}

static wg_var record(const recipe *r, wg_runtime *runtime, wg_tape *tape, wg_params *params)
{
    const wg_optimizer optimizer = optimizer_of(r);
    cook c = { .of = r, .state = r->seed, .runtime = runtime,
               .scope = wg_scope_root(tape, params, WG_TRAINING) };
    keep_in_pool(&c, wg_batch(tape, "x", wg_f32(data, WG_SHAPE(r->rows, WIDTH))));
    const wg_var p = wg_param(c.scope, "first", WG_F32, WG_SHAPE(WIDTH), wg_init_constant(1));
    keep_in_pool(&c, wg_mul(c.pool[0], p));
    wg_note(c.scope, "first", p);
    for (int64_t i = 0; i < r->length; i++) cook_one(&c, i);
    spoil(&c);
    wg_var sum = wg_mean(wg_tanh(c.pool[0]), WG_ALL);
    for (int64_t i = 1; i < c.count; i++)
        sum = wg_add(sum, wg_mean(wg_tanh(c.pool[i]), WG_ALL));
    sum = at_line(&c, sum);
    wg_minimize(&optimizer, c.scope, sum);
    if (r->assigns_last) wg_assign(wg_find(c.scope, "first"), wg_scale(p, 0.5));
    return sum;
}

/* ---- comparing ---- */

static void check_tables(const wg__table *x, const wg__table *y)
{
    check_equal_i(x->count, y->count);
    for (int64_t i = 0; i < x->count; i++) {
        check_equal_i(x->item[i].count, y->item[i].count);
        check_bytes(x->item[i].word, y->item[i].word,
                    (size_t)x->item[i].count * sizeof(int64_t));
    }
}

static void check_place(const wg__place *x, const wg__place *y)
{
    check(x->file == y->file || (x->file != NULL && y->file != NULL &&
                                 strcmp(x->file, y->file) == 0));
    check_equal_i(x->line, y->line);
    check_equal_i(x->scope, y->scope);
}

static void check_records(const wg_tape *x, const wg_tape *y)
{
    check_equal_i(x->count, y->count);
    check_bytes(x->record, y->record, (size_t)x->count * sizeof *x->record);
    for (int64_t i = 0; i < x->count; i++) check_place(&x->place[i], &y->place[i]);
    check_tables(&x->shapes, &y->shapes);
    check_tables(&x->attributes, &y->attributes);
    check_tables(&x->lists, &y->lists);
    check_tables(&x->numbers, &y->numbers);
    for (int64_t i = 0; i < x->numbers.count; i++)
        check_bytes(&x->number[i], &y->number[i], sizeof x->number[i]);
    check_equal_i(x->constant_count, y->constant_count);
    for (int64_t i = 0; i < x->constant_count; i++)
        check_bytes(x->constant[i].data, y->constant[i].data, x->constant[i].bytes);
    check_equal_i(x->shape_count, y->shape_count);
    check_equal_i(x->list_count, y->list_count);
    check_equal_i(x->instance_count, y->instance_count);
}

static void check_versions(const wg_tape *x, const wg_tape *y)
{
    check_equal_i(x->version_count, y->version_count);
    for (int64_t i = 0; i < x->version_count; i++) {
        const wg__version *a = &x->version[i], *b = &y->version[i];
        check_text(a->path, b->path);
        const uint32_t of_a[] = { a->name, a->next, a->leaf, a->present, a->assigned, a->epoch,
                                  a->first, a->is_trained, a->is_frozen, a->entry == NULL };
        const uint32_t of_b[] = { b->name, b->next, b->leaf, b->present, b->assigned, b->epoch,
                                  b->first, b->is_trained, b->is_frozen, b->entry == NULL };
        check_bytes(of_a, of_b, sizeof of_a);
        if (a->entry != NULL) check_text(a->entry->path, b->entry->path);
    }
    check_equal_i(x->effect_count, y->effect_count);
    check_equal_i(x->effect_done, y->effect_done);
    for (int64_t i = 0; i < x->effect_count; i++) {
        const wg__effect *a = &x->effect[i], *b = &y->effect[i];
        check(a->kind == b->kind && a->slot == b->slot && a->value == b->value);
        check_place(&a->place, &b->place);
    }
}

static void check_names(const wg_tape *x, const wg_tape *y)
{
    check_equal_i(x->scope_count, y->scope_count);
    for (int64_t i = 0; i < x->scope_count; i++) {
        const wg__scope_item *a = &x->scope[i], *b = &y->scope[i];
        check_text(a->path, b->path);
        check(a->input == b->input && a->version == b->version && a->note == b->note &&
              a->draw == b->draw);
    }
    check_equal_i(x->note_count, y->note_count);
    for (int64_t i = 0; i < x->note_count; i++) {
        check_text(x->note[i].path, y->note[i].path);
        check_equal_i(x->note[i].node, y->note[i].node);
    }
    check_equal_i(x->keep_count, y->keep_count);
    check_equal_i(x->alias_count, y->alias_count);
    check_bytes(x->alias, y->alias, (size_t)x->alias_count * sizeof *x->alias);
    check_equal_i(x->draw_count, y->draw_count);
    for (int64_t i = 0; i < x->draw_count; i++)
        check(x->draw[i].count == y->draw[i].count && x->draw[i].first == y->draw[i].first);
}

static void check_bodies(const wg_tape *x, const wg_tape *y)
{
    check_equal_i(x->body_count, y->body_count);
    for (int64_t i = 0; i < x->body_count; i++) {
        const wg__body *a = &x->body[i], *b = &y->body[i];
        check_text(a->op, b->op);
        check(a->parent == b->parent && a->first == b->first && a->end == b->end &&
              a->instance_first == b->instance_first && a->instance_end == b->instance_end);
        check_bytes(a->in, b->in, (size_t)a->in_count * sizeof *a->in);
        check_bytes(a->out, b->out, (size_t)a->out_count * sizeof *a->out);
    }
    check_equal_i(x->change_count, y->change_count);
    check_bytes(x->change, y->change, (size_t)x->change_count * sizeof *x->change);
    check_equal_i(x->swept_count, y->swept_count);
    check_bytes(x->swept, y->swept, (size_t)x->swept_count * sizeof *x->swept);
    check_equal_i(x->run_count, y->run_count);
    for (int64_t i = 0; i < x->run_count; i++) {
        check_equal_i(x->run[i].key->bytes, y->run[i].key->bytes);
        check_bytes(x->run[i].key->data, y->run[i].key->data, (size_t)x->run[i].key->bytes);
    }
}

static void check_same(const wg_tape *x, const wg_tape *y)
{
    check_status(wg_tape_status(x), wg_tape_status(y));
    check_text(wg_tape_message(x), wg_tape_message(y));
    if (x->error.status < 0) return;
    check_records(x, y);
    check_versions(x, y);
    check_names(x, y);
    check_bodies(x, y);
}

static void check_params_same(const wg_params *x, const wg_params *y)
{
    wg_fingerprint a, b;
    check_status(wg_params_fingerprint(x, &a), WG_OK);
    check_status(wg_params_fingerprint(y, &b), WG_OK);
    check_bytes(&a, &b, sizeof a);
}

/* ---- steps ---- */

static recipe changed(recipe r, uint64_t *random)
{
    switch (test_random(random) >> 32 & 15) {
    case 0: r.number = (double)(test_random(random) >> 60) / 4; break;
    case 1: r.rows = 1 + (int64_t)(test_random(random) >> 61); break;
    case 2: r.length += 1; break;
    case 3: r.length -= r.length > 1; break;
    case 4: r.line = r.line == 0 ? 10 : r.line + 1; break;
    case 5: r.params = 1 - r.params; break;
    case 6: r.momentum = 0.5 - r.momentum; break;
    case 7: r.seed++; break;
    case 8: r.optimizer = (r.optimizer + 1) & 3; break;
    case 9: r.assigns_last = !r.assigns_last; break;
    default: break;
    }
    const uint64_t fails = test_random(random) >> 32 & 31;
    r.failure = fails < 4 ? (int)fails : FAILS_NOT;
    return r;
}

typedef struct pair {
    test_memory memory;
    wg_runtime *runtime;
    wg_tape *follower;
    wg_params *own[PARAMS], *other[PARAMS];
} pair;

static void pair_create(pair *p)
{
    const wg_allocator allocator = test_memory_allocator(&p->memory);
    p->runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    p->follower = wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = &allocator));
    for (int i = 0; i < PARAMS; i++) {
        const wg_params_options options = { .seed = (uint64_t)i };
        p->own[i] = wg_params_create(&options);
        p->other[i] = wg_params_create(&options);
    }
}

static void pair_free(pair *p)
{
    wg_tape_free(p->follower);
    for (int i = 0; i < PARAMS; i++) {
        wg_params_free(p->own[i]);
        wg_params_free(p->other[i]);
    }
    wg_runtime_free(p->runtime);
    check_memory(&p->memory);
}

/* One step on both. A follower without memory says so, has stored nothing, and goes on. */
static void step_check(pair *p, const recipe *r, int64_t fail_after)
{
    double value = 0, wanted = 0;
    wg_tape_reset(p->follower);
    p->memory.fail_at = fail_after > 0 ? p->memory.request_count + fail_after : 0;
    const int status = wg_item(p->runtime, record(r, p->runtime, p->follower, p->own[r->params]),
                               &value);
    const bool has_failed = p->memory.refused_count > 0;
    p->memory.fail_at = p->memory.refused_count = 0;
    if (has_failed) {
        check_status(status, WG_EMEMORY);
        check_status(wg_tape_status(p->follower), WG_EMEMORY);
        return;
    }
    wg_tape *fresh = wg_tape_create(NULL);
    const wg_var loss = record(r, p->runtime, fresh, p->other[r->params]);
    check_status(wg_item(p->runtime, loss, &wanted), status);
    check_same(p->follower, fresh);
    check_bytes(&value, &wanted, sizeof value);
    check_params_same(p->own[r->params], p->other[r->params]);
    wg_tape_free(fresh);
}

static void data_fill(void)
{
    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++)
        data[i] = (float)(i * 7919 % 100) / 50 - 1;
}

static recipe first_recipe(uint64_t *random)
{
    return (recipe){ .seed = test_random(random), .rows = 4, .number = 0.5,
                     .length = 4 + (int64_t)(test_random(random) >> 60),
                     .line = (int)(test_random(random) >> 63) * 10,
                     .optimizer = (int64_t)(test_random(random) >> 62) };
}

Test(follow, a_recording_that_follows_is_what_it_would_be_made_anew)
{
    uint64_t random = test_seed();
    int64_t followed = 0, spans = 0;
    data_fill();
    for (int i = 0; i < RECIPES; i++) {
        pair p = { 0 };
        pair_create(&p);
        recipe r = first_recipe(&random);
        for (int step = 0; step < STEPS; step++) {
            p.follower->span_skipped = WG__NONE;
            step_check(&p, &r, 0);
            followed += p.follower->is_following;
            spans += p.follower->span_skipped != WG__NONE;
            r = changed(r, &random);
        }
        pair_free(&p);
    }
    check_msg(followed > RECIPES / 2, "%lld steps of %d followed", (long long)followed,
              RECIPES * STEPS);
    check_msg(spans > RECIPES / 2, "%lld steps of %d skipped a span", (long long)spans,
              RECIPES * STEPS);
}

Test(follow, a_follower_without_memory_recovers)
{
    uint64_t random = test_seed();
    data_fill();
    for (int i = 0; i < RECIPES / 3; i++) {
        pair p = { 0 };
        pair_create(&p);
        recipe r = first_recipe(&random);
        r.is_read_once = true;   /* a run before the failure would have stored */
        for (int step = 0; step < STEPS; step++) {
            step_check(&p, &r, step % 2 == 1 ? 1 + (int64_t)(test_random(&random) >> 58) : 0);
            if (step % 2 == 0) r = changed(r, &random);
        }
        pair_free(&p);
    }
}

/* Prints the list of bits. How the work is done is chosen by WENGERT_LEVEL, WENGERT_THREADS and
 * WENGERT_PLAN, and by arguments, none of which may change a byte of it:
 *
 *     --rows N       shards of N rows, or `any` number, another for each recording; and every
 *                    region forked, however small. WG_SEED repeats what was drawn
 *     --shift BYTES  inputs lie off an aligned address
 *     --host MODE    the host has set `flush` (denormals to zero), `up`, `down` or `chop`
 *     --locale ANY   the host has set a foreign one
 *     --only TEXT    only families whose name contains it                                        */
#include "bits.h"
#include "runtime/internal.h"

#include <fenv.h>
#include <locale.h>
#include <string.h>
#include <time.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

enum { ROWS_MAX = 120 }; /* more than any input here has */

void bits_must(const bits *b, int status, const char *what)
{
    if (status >= 0) return;
    fprintf(stderr, "bits: %s: %s\n", what, wg_explain(status, b->tape, NULL));
    exit(1);
}

void bits_begin(bits *b)
{
    wg_tape_reset(b->tape);
    wg__arena_reset(&b->arena);
    if (!b->has_any_rows) return;
    uint32_t word[4];
    wg__philox(b->seed, 0, b->drawn++, word);
    b->runtime->shard_rows_test = 1 + word[0] % ROWS_MAX;
}

static void rows_set(bits *b, const char *value)
{
    b->runtime->is_forked_always = true;
    b->runtime->shard_rows_test = atoi(value);
    b->has_any_rows = strcmp(value, "any") == 0;
    if (!b->has_any_rows) return;
    const char *seed = getenv("WG_SEED");
    b->seed = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    fprintf(stderr, "bits: rows of WG_SEED=%llu\n", (unsigned long long)b->seed);
}

void bits_print(const char *family, const char *name, const char *kind, wg__hash hash)
{
    printf("%s/%s %s %016llx%016llx\n", family, name, kind, (unsigned long long)hash.word[1],
           (unsigned long long)hash.word[0]);
}

void bits_line(bits *b, const char *family, const char *name, wg_dtype dtype, wg_var value)
{
    wg_view view;
    bits_must(b, wg_peek(b->runtime, value, &view), name);
    const size_t bytes = (size_t)wg_shape_count(view.shape) * wg_dtype_bytes(view.dtype);
    const wg__hash hash = wg__hash_of(&(wg__bytes){ view.data, bytes }, 1);
    bits_print(family, name, wg_dtype_name(dtype), hash);
}

static void host_set(const char *mode)
{
    static const struct { const char *name; int direction; } directions[] = {
        { "up", FE_UPWARD }, { "down", FE_DOWNWARD }, { "chop", FE_TOWARDZERO },
    };
    bool is_set = false;
    for (size_t i = 0; i < sizeof directions / sizeof *directions; i++)
        if (strcmp(mode, directions[i].name) == 0)
            is_set = fesetround(directions[i].direction) == 0;
#if defined(__SSE__)
    if (strcmp(mode, "flush") == 0) {
        _mm_setcsr(_mm_getcsr() | 0x8040); /* results and operands */
        is_set = true;
    }
#elif defined(__aarch64__)
    if (strcmp(mode, "flush") == 0) {
        __asm__ volatile("msr fpcr, %0" : : "r"(UINT64_C(1) << 24));
        is_set = true;
    }
#endif
    if (!is_set) fprintf(stderr, "bits: this host has no mode \"%s\"\n", mode);
}

/* Any locale whose numbers look different; a host that has none makes the list as it is. */
static void locale_set(void)
{
    static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "tr_TR.UTF-8", "de_DE" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (setlocale(LC_ALL, names[i]) != NULL) return;
    fprintf(stderr, "bits: this host has no locale but its own\n");
}

typedef struct family { const char *name; void (*print)(bits *b); } family;
static const family families[] = {
    { "primitive", bits_primitives },
    { "composite", bits_composites },
    { "training", bits_trainings },
};

int main(int count, char **argument)
{
    bits b = { .runtime = wg_runtime_create(NULL), .tape = wg_tape_create(NULL) };
    const char *only = "";
    if (b.runtime == NULL || b.tape == NULL) return 1;
    wg__arena_init(&b.arena, &wg__allocator_default);
    for (int i = 1; i + 1 < count; i += 2) {
        const char *value = argument[i + 1];
        if (strcmp(argument[i], "--rows") == 0) {
            rows_set(&b, value);
        } else if (strcmp(argument[i], "--shift") == 0) {
            b.shift = atoi(value);
        } else if (strcmp(argument[i], "--host") == 0) {
            host_set(value);
        } else if (strcmp(argument[i], "--locale") == 0) {
            locale_set();
        } else if (strcmp(argument[i], "--only") == 0) {
            only = value;
        }
    }
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strstr(families[i].name, only) != NULL) families[i].print(&b);
    wg_tape_free(b.tape);
    wg__arena_free(&b.arena);
    wg_runtime_free(b.runtime);
    return 0;
}

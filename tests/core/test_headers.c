/* The eight rules at the top of core.h, as far as declarations show them. Each test is one sentence
 * a caller may rely on when guessing a signature.                                                */
#include "support/declarations.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

static const declaration *all;
static int count;

/* Walks over one kind: each(FUNCTION) { ... d->name ... }. */
static const declaration *next_of(declaration_kind kind, const declaration *d)
{
    if (d == NULL) count = declarations(&all);
    for (d = d == NULL ? all : d + 1; d < all + count; d++)
        if (d->kind == kind) return d;
    return NULL;
}
#define each(kind)                                                                                 \
    for (const declaration *d = next_of(kind, NULL); d != NULL; d = next_of(kind, d))

#define check_rule(condition, d, rule)                                                             \
    check_msg(condition, "%s: %s %s: %s", (d)->header, (d)->owner, (d)->name, rule)

static bool ends_in(const char *text, const char *end)
{
    const size_t length = strlen(text);
    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(text, *words) == 0) return true;
    return false;
}

Test(headers, all_declarations_are_seen)
{
    const char *const known[] = { "wg_version", "wg_f32", "wg_write_stderr", "wg_at", "wg_grad",
                                  "wg_add", "wg_minimize", "wg_check_gradient", "wg_loader_next",
                                  "wg_train", "wg_report_save" };
    each(FUNCTION) check_rule(starts_with(d->name, "wg_"), d, "functions begin with wg_");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        check_msg(declaration_find(FUNCTION, known[i]) != NULL, "%s was not found", known[i]);
    check(declaration_find(CALLBACK, "wg_writer") != NULL);
    check(declaration_find(CALLBACK, "allocate") != NULL);
    check(declaration_find(OPAQUE, "wg_tape") != NULL);
    check(declaration_find(WRAPPER, "wg_add") != NULL);
}

Test(headers, no_name_is_internal_or_declared_twice)
{
    each(FUNCTION) {
        check_rule(strstr(d->name, "wg__") == NULL, d, "wg__ is for the inside");
        check_rule(declaration_find(FUNCTION, d->name) == d, d, "declared twice");
    }
}

/* Rule 2. A forward declaration of a struct that has its fields below is no object. */
Test(headers, every_object_has_a_free_that_takes_it)
{
    each(OPAQUE) {
        if (declaration_find(STRUCT, d->name) != NULL) continue;
        char name[80];
        char type[80];
        snprintf(name, sizeof name, "%s_free", d->name);
        snprintf(type, sizeof type, "%s *", d->name);
        const declaration *end = declaration_find(FUNCTION, name);
        check_rule(end != NULL && strcmp(end->type, "void") == 0, d, "an object ends by _free");
        check_rule(end[1].kind == PARAMETER && strcmp(end[1].type, type) == 0 && end[1].is_last, d,
                   "_free takes the object alone");
    }
}

Test(headers, objects_are_made_by_functions_that_say_so)
{
    const char *const verbs[] = { "_create", "_open", "_read", "_load", "_compile", "_copy" };
    each(FUNCTION) {
        char type[80];
        snprintf(type, sizeof type, "%.*s", (int)strcspn(d->type, " "), d->type);
        if (!ends_in(d->type, " *") || declaration_find(OPAQUE, type) == NULL) continue;
        bool says_so = false;
        for (int i = 0; i < 6; i++) says_so = says_so || ends_in(d->name, verbs[i]);
        check_rule(says_so, d, "only _create, _open, _read, _load, _compile, _copy make objects");
    }
}

/* Rule 3. */
Test(headers, the_error_is_the_last_parameter)
{
    each(PARAMETER) {
        const bool is_error = strcmp(d->name, "error") == 0;
        if (strcmp(d->type, "wg_error *") == 0)
            check_rule(d->is_last && is_error, d, "wg_error *error stands last");
    }
}

/* Rule 4. */
Test(headers, every_options_struct_ends_in_reserved)
{
    each(FIELD) {
        const bool is_reserved = strcmp(d->name, "reserved") == 0;
        if (ends_in(d->owner, "_options") && d->is_last)
            check_rule(is_reserved && strcmp(d->type, "uint64_t") == 0, d,
                       "options end in uint64_t reserved[]");
        /* wg_shape has one word of padding, which its hash must know. */
        if (is_reserved && strcmp(d->owner, "wg_shape") != 0)
            check_rule(d->is_last, d, "reserved stands last");
    }
}

Test(headers, options_are_taken_by_pointer_to_const)
{
    each(PARAMETER) {
        if (strstr(d->type, "_options") == NULL) continue;
        const bool is_pointer = starts_with(d->type, "const wg_") && ends_in(d->type, "_options *");
        check_rule(is_pointer, d, "options are const wg_x_options *");
        check_rule(strcmp(d->name, "options") == 0, d, "options are called so");
    }
}

/* Rule 5. A count of axes is a rank. */
static bool names_a_count(const declaration *d)
{
    const char *const words[] = { "count", "index", "rows", "columns", "start", "stop", "width",
                                  "epochs", "batch_size", "capacity", "output", NULL };
    const bool counts = is_one_of(d->name, words) || ends_in(d->name, "_count") ||
                        ends_in(d->name, "_index") || ends_in(d->name, "count_max");
    return counts && strcmp(d->owner, "wg_axes") != 0;
}

static void check_count(const declaration *d)
{
    const bool is_value = strchr(d->type, '*') == NULL && !starts_with(d->type, "wg_");
    const bool is_handle = strcmp(d->owner, "wg_var") == 0; /* not an index of elements */
    if (is_value && !is_handle && names_a_count(d))
        check_rule(strcmp(d->type, "int64_t") == 0, d, "counts and indices are int64_t");
}

Test(headers, counts_are_int64)
{
    each(PARAMETER) check_count(d);
    each(FIELD) check_count(d);
    each(FUNCTION) {
        if (ends_in(d->name, "_count"))
            check_rule(strcmp(d->type, "int64_t") == 0, d, "counts are int64_t");
    }
}

static void check_number(const declaration *d)
{
    const char *const kinds[] = { "bool",    "double",   "int",      "int32_t",
                                  "int64_t", "uint32_t", "uint64_t", NULL };
    const char *const small[] = { "axis", "rank", "status", "line", NULL };
    const bool is_size = strcmp(d->type, "size_t") == 0;
    const bool is_bytes = strcmp(d->name, "bytes") == 0 || ends_in(d->name, "_bytes");
    if (is_size || is_bytes) check_rule(is_size && is_bytes, d, "size_t counts bytes alone");
    if (is_size || strchr(d->type, '*') != NULL) return;
    if (starts_with(d->type, "wg_") || strcmp(d->type, "char") == 0) return;
    check_rule(is_one_of(d->type, kinds), d, "numbers are int, int64_t, double ...");
    if (is_one_of(d->name, small))
        check_rule(starts_with(d->type, "int"), d, "ranks, axes and statuses are int");
}

Test(headers, numbers_are_of_few_kinds)
{
    each(PARAMETER) check_number(d);
    each(FIELD) check_number(d);
}

/* Rule 7. A callback's user is its last parameter; where a callback is handed over, its user stands
 * behind it in the same list or struct, as `user` or `<name>_user`.                              */
static bool has_user(const char *callback)
{
    each(PARAMETER)
        if (strcmp(d->owner, callback) == 0 && strcmp(d->name, "user") == 0) return true;
    return false;
}

Test(headers, user_is_the_last_parameter_of_a_callback)
{
    each(PARAMETER) {
        if (strcmp(d->name, "user") != 0) continue;
        check_rule(strcmp(d->type, "void *") == 0, d, "user is void *");
        if (declaration_find(CALLBACK, d->owner) != NULL)
            check_rule(d->is_last, d, "user stands last");
    }
}

/* A parameter or field that is a callback which takes user. */
static bool hands_over_callback(const declaration *d)
{
    char type[96];
    if (d->kind == CALLBACK) return d->owner[0] != '\0' && has_user(d->name);
    if ((d->kind != PARAMETER && d->kind != FIELD) || !ends_in(d->type, " *")) return false;
    snprintf(type, sizeof type, "%.*s", (int)(strlen(d->type) - 2), d->type);
    return declaration_find(CALLBACK, type) != NULL && has_user(type);
}

static void check_user_follows(const declaration *d)
{
    char own[80];
    snprintf(own, sizeof own, "%s_user", d->name);
    for (const declaration *other = d + 1; other < all + count; other++) {
        const bool is_beside = strcmp(other->owner, d->owner) == 0;
        const bool is_user = strcmp(other->name, "user") == 0 || strcmp(other->name, own) == 0;
        if (is_beside && is_user && strcmp(other->type, "void *") == 0) return;
    }
    check_rule(false, d, "no void *user stands beside it");
}

Test(headers, user_stands_beside_its_function)
{
    int seen = 0;
    count = declarations(&all);
    for (const declaration *d = all; d < all + count; d++) {
        if (!hands_over_callback(d)) continue;
        check_user_follows(d);
        seen++;
    }
    check_msg(seen >= 8, "only %d callbacks were looked at", seen);
}

/* Every recorder has a wrapper that gives it the caller's line, and nothing else has one. What only
 * finds a value records nothing, and wg_at is what the wrappers call.                            */
Test(headers, recorders_and_wrappers_are_one_to_one)
{
    const char *const finders[] = { "wg_at", "wg_find", "wg_column", NULL };
    each(FUNCTION) {
        const declaration *wrapper = declaration_find(WRAPPER, d->name);
        const bool records = strcmp(d->type, "wg_var") == 0 && !is_one_of(d->name, finders);
        check_rule((wrapper != NULL) == records, d, "recorders have a wrapper, others none");
        if (records) check_rule(strcmp(wrapper->header, d->header) == 0, d, "in the same header");
    }
    each(WRAPPER) {
        check_rule(strcmp(d->name, d->owner) == 0, d, "a wrapper calls what it is named for");
        check_rule(declaration_find(FUNCTION, d->name) != NULL, d, "a wrapper wraps a function");
        check_rule(declaration_find(WRAPPER, d->name) == d, d, "one wrapper each");
    }
}

/* What nn makes of values alone, with no setting of its own. */
static bool is_plain_formula(const declaration *d)
{
    const char *const headers[] = { "graph/include/wengert/nn/activation.h",
                                    "graph/include/wengert/nn/formula.h",
                                    "graph/include/wengert/nn/loss.h", NULL };
    if (!is_one_of(d->header, headers) || strcmp(d->type, "wg_var") != 0) return false;
    for (const declaration *p = d + 1; p < all + count && p->kind == PARAMETER; p++) {
        if (strcmp(p->type, "wg_var") != 0) return false;
        if (p->is_last) return true;
    }
    return false;
}

Test(headers, every_formula_has_its_line_of_bits)
{
    static char bits[1 << 17];
    const char *const exempt[] = { "wg_identity", NULL }; /* x itself: nothing is computed */
    FILE *file = fopen("tests/bits/bits.txt", "rb");
    check_msg(file != NULL, "tests/bits/bits.txt cannot be opened: tests run in the root");
    const size_t length = fread(bits, 1, sizeof bits - 1, file);
    fclose(file);
    check_msg(length < sizeof bits - 1, "tests/bits/bits.txt is too long");
    bits[length] = '\0';
    int seen = 0;
    each(FUNCTION) {
        char line[80];
        if (!is_plain_formula(d) || is_one_of(d->name, exempt)) continue;
        snprintf(line, sizeof line, "\ncomposite/%s ", d->name + strlen("wg_"));
        check_rule(strstr(bits, line) != NULL, d, "tests/bits/composites.c does not list it");
        seen++;
    }
    check_msg(seen >= 40, "only %d formulas were looked at", seen);
}

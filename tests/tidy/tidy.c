/* Checks the rules of this tree that a compiler does not. Run in its root, it asks each rule of the
 * list at the end about all C files. A rule is one test. It complains with file, line and what to
 * do; the last line counts the rules that hold.
 *
 * It reads text, not C: a rule is kept simple by what the style fixes anyway (a function's braces
 * stand alone in the first column, an include fills its line).                                   */
#include "tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { COLUMNS_MAX = 100, FUNCTION_LINES_MAX = 70 };

static bool rule_holds;

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static void complain(const char *path, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("%s:%d: ", path, line);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    rule_holds = false;
}

typedef void line_rule(const char *path, int number, const char *line);

static void each_line(line_rule *rule)
{
    static char line[20000];
    for (int i = 0; i < file_count; i++) {
        const char *at = files[i].text;
        for (int number = 1; next_line(&at, line, sizeof line); number++)
            rule(files[i].path, number, line);
    }
}

/* ---- layers and includes ---- */

static const char *const layers[] = { "core", "ops", "graph", "runtime" };
enum { LAYER_COUNT = sizeof layers / sizeof *layers };

/* Place of a path's first folder in the arrow; LAYER_COUNT if it is no layer. */
static int layer_of(const char *path)
{
    const size_t length = strcspn(path, "/");
    int layer = 0;
    while (layer < LAYER_COUNT && (strlen(layers[layer]) != length ||
                                   strncmp(path, layers[layer], length) != 0))
        layer++;
    return layer;
}

/* The layer in which a public header lies. */
static int layer_of_public(const char *name)
{
    int layer = 0;
    for (; layer < LAYER_COUNT; layer++) {
        char path[PATH_BYTES];
        struct stat status;
        snprintf(path, sizeof path, "%s/include/%s", layers[layer], name);
        if (stat(path, &status) == 0) break;
    }
    return layer;
}

/* The name between the quotes or brackets of an include; false if the line is none. */
static bool read_include(const char *line, char name[PATH_BYTES], bool *quoted)
{
    char open = '\0';
    char format_close = '\0';
    if (sscanf(line, " # include %c%399[^\">]%c", &open, name, &format_close) != 3) return false;
    *quoted = open == '"';
    return open == '"' || open == '<';
}

static void include_points_left(const char *path, int number, const char *line)
{
    char name[PATH_BYTES];
    bool quoted;
    const int own = layer_of(path);
    if (own == LAYER_COUNT || !read_include(line, name, &quoted)) return;

    const bool is_public = starts_with(name, "wengert/");
    const int other = is_public ? layer_of_public(name) : quoted ? layer_of(name) : own;
    if (quoted && (other == LAYER_COUNT || strstr(name, "..") != NULL))
        complain(path, number, "\"%s\": name it from the root: \"core/internal.h\"", name);
    else if (is_public && other == LAYER_COUNT)
        complain(path, number, "<%s> is in no layer's include folder", name);
    else if (other > own)
        complain(path, number, "%s may not use %s: the arrow is core <- ops <- graph <- runtime",
                 layers[own], layers[other]);
    if (quoted && strstr(path, "/include/") != NULL)
        complain(path, number, "a public header includes public headers alone");
    if (strcmp(name, "core/simd.h") == 0 && own != 0 && !starts_with(path, "ops/kernels/"))
        complain(path, number, "core/simd.h is for ops/kernels alone: other files know no level");
}

static void nn_is_a_client(const char *path, int number, const char *line)
{
    char name[PATH_BYTES];
    bool quoted;
    if (!starts_with(path, "graph/nn/") || !read_include(line, name, &quoted)) return;
    if (quoted)
        complain(path, number, "graph/nn uses public headers alone: what it lacks, users lack too");
}

static void third_parties_have_one_door(void)
{
    static const char *const parties[] = { "simde/", "xxhash.h", "uv.h", "zlib.h" };
    for (size_t p = 0; p < sizeof parties / sizeof *parties; p++) {
        const char *door = NULL;
        for (int i = 0; i < file_count; i++) {
            char line[PATH_BYTES];
            char name[PATH_BYTES];
            bool quoted;
            bool found = false;
            const char *at = files[i].text;
            int number = 0;
            if (layer_of(files[i].path) == LAYER_COUNT) continue;
            for (; !found && next_line(&at, line, sizeof line); number++)
                found = read_include(line, name, &quoted) && starts_with(name, parties[p]);
            if (!found) continue;
            if (door != NULL) complain(files[i].path, number, "only %s includes %s", door, name);
            door = files[i].path;
        }
        if (door == NULL) complain("build.zig", 1, "no file of the layers includes %s", parties[p]);
    }
}

/* ---- lines, functions, files ---- */

static void line_fits(const char *path, int number, const char *line)
{
    int columns = 0;
    for (const char *at = line; *at != '\0'; at++)
        if (((unsigned char)*at & 0xc0) != 0x80) columns++; /* no byte that continues one */
    if (columns > COLUMNS_MAX)
        complain(path, number, "%d columns: break the line before %d", columns, COLUMNS_MAX + 1);
}

static void space_is_clean(const char *path, int number, const char *line)
{
    const size_t length = strlen(line);
    if (strpbrk(line, "\t\r") != NULL) complain(path, number, "a tab or return: use spaces");
    if (length > 0 && line[length - 1] == ' ') complain(path, number, "space at the end: drop it");
}

/* Also the place where a function begins is checked, since this rule depends on it. */
static void function_is_short(const char *path, int number, const char *line)
{
    static int start;
    if (number == 1) start = 0;
    if (strcmp(line, "{") == 0) start = number;
    if (line[0] == '}' && start > 0) {
        const int lines = number - start + 1;
        if (lines > FUNCTION_LINES_MAX)
            complain(path, start, "a function of %d lines: %d at most, so split it", lines,
                     FUNCTION_LINES_MAX);
        start = 0;
    }
    const bool is_code = line[0] != ' ' && line[0] != '#' && line[0] != '/';
    if (is_code && !starts_with(line, "typedef ") && ends_with(line, ") {"))
        complain(path, number, "a function's brace stands on a line of its own");
}

static bool is_word_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool has_word(const char *line, const char *word)
{
    for (const char *at = line; (at = strstr(at, word)) != NULL; at++)
        if ((at == line || !is_word_character(at[-1])) && !is_word_character(at[strlen(word)]))
            return true;
    return false;
}

static void nothing_is_left_undone(const char *path, int number, const char *line)
{
    static const char *const words[] = { "TO" "DO", "FIX" "ME", "XX" "X" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (has_word(line, words[i])) complain(path, number, "%s: do it, or drop it", words[i]);
}

/* The library neither prints nor ends the process, and takes memory from the caller's allocator. */
static void host_is_left_alone(const char *path, int number, const char *line)
{
    static const struct { const char *call, *door, *instead; } calls[] = {
        { "printf",  "",                 "wg__write to the caller's writer" },
        { "puts",    "",                 "wg__write to the caller's writer" },
        { "perror",  "",                 "wg__fail" },
        { "exit",    "",                 "a negative status" },
        { "abort",   "",                 "a negative status, or WG_ASSERT" },
        { "assert",  "core/internal.h",  "WG_ASSERT" },
        { "malloc",  "core/allocator.c", "wg__allocate" },
        { "calloc",  "core/allocator.c", "wg__allocate_zeroed" },
        { "realloc", "core/allocator.c", "wg__grow" },
        { "free",    "core/allocator.c", "wg__release" },
    };
    if (layer_of(path) == LAYER_COUNT) return;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        char call[20];
        snprintf(call, sizeof call, "%s(", calls[i].call);
        const char *at = strstr(line, call);
        if (at == NULL || (at != line && is_word_character(at[-1]))) continue;
        if (strcmp(path, calls[i].door) != 0)
            complain(path, number, "%s: use %s", calls[i].call, calls[i].instead);
    }
}

static void file_opens_with_its_idea(void)
{
    for (int i = 0; i < file_count; i++)
        if (!starts_with(files[i].text, "/*") && !starts_with(files[i].text, "//"))
            complain(files[i].path, 1, "open with a comment: the idea, and the invariant");
}

static void file_is_built(void)
{
    char *build = read_file("build.zig");
    if (build == NULL) stop("build.zig", "run tidy in the root of the tree");
    for (int i = 0; i < file_count; i++) {
        const char *path = files[i].path;
        char quoted[PATH_BYTES + 2];
        const char *slash = strrchr(path, '/');
        if (!ends_with(path, ".c") && !ends_with(path, ".cpp")) continue;
        snprintf(quoted, sizeof quoted, "\"%s\"", path);
        if (strstr(build, quoted) != NULL) continue;

        char own_path[PATH_BYTES + 20];
        snprintf(own_path, sizeof own_path, "%.*s/build.zig",
                 slash != NULL ? (int)(slash - path) : 1, slash != NULL ? path : ".");
        char *own_build = read_file(own_path);
        snprintf(quoted, sizeof quoted, "\"%s\"", slash != NULL ? slash + 1 : path);
        if (own_build == NULL || strstr(own_build, quoted) == NULL)
            complain(path, 1, "not in build.zig: add it to its list there, or delete it");
        free(own_build);
    }
    free(build);
}

static void test_file_is_named_so(void)
{
    static const char *const others[] = { "tests/support/", "tests/tidy/", "tests/api/",
                                          "tests/bits/" };
    for (int i = 0; i < file_count; i++) {
        const char *path = files[i].path;
        bool is_other = !starts_with(path, "tests/") || !ends_with(path, ".c");
        for (size_t j = 0; j < sizeof others / sizeof *others; j++)
            is_other = is_other || starts_with(path, others[j]);
        if (is_other) continue;
        const char *folder = path + strlen("tests/");
        const char *name = strrchr(path, '/') + 1;
        if (layer_of(folder) == LAYER_COUNT || !starts_with(name, "test_"))
            complain(path, 1, "a test file is tests/<layer>/test_<file>.c");
    }
}

/* ---- ops.def and ops.h, one to one ---- */

enum { OPS_MAX = 1000, OP_BYTES = 60 };
typedef struct op { char name[OP_BYTES]; int line; } op;
typedef struct op_list { int count; op item[OPS_MAX]; } op_list;

static const char *const ops_def = "ops/ops.def";
static const char *const ops_h = "graph/include/wengert/ops.h";

/* Rows of the table; leaves, markers, control and user rows are declared in graph.h. */
static bool read_row(const char *line, char name[OP_BYTES])
{
    static const char *const elsewhere[] = { "LEAF", "MARK", "CONTROL", "USER" };
    char macro[OP_BYTES];
    if (sscanf(line, "%59[A-Z0-9_](%59[a-z0-9_]", macro, name) != 2) return false;
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (strcmp(macro, elsewhere[i]) == 0) return false;
    return true;
}

static bool read_declaration(const char *line, char name[OP_BYTES])
{
    char open = '\0';
    return sscanf(line, "wg_var wg_%59[a-z0-9_]%c", name, &open) == 2 && open == '(';
}

/* The names of a file up to the line that contains `end`. */
static void read_ops(const char *path, const char *end,
                     bool (*read)(const char *line, char name[OP_BYTES]), op_list *out)
{
    char *text = read_file(path);
    char line[500];
    const char *at = text;
    out->count = 0;
    if (text == NULL) stop(path, "there is no such file");
    for (int number = 1; next_line(&at, line, sizeof line); number++) {
        if (strstr(line, end) != NULL) break;
        if (out->count == OPS_MAX) stop(path, "too many ops");
        if (!read(line, out->item[out->count].name)) continue;
        out->item[out->count++].line = number;
    }
    free(text);
}

static void complain_missing(const op_list *list, const char *path, const op_list *other,
                             const char *other_path)
{
    for (int i = 0; i < list->count; i++) {
        const char *name = list->item[i].name;
        int found = 0;
        for (int j = 0; j < other->count; j++) found += strcmp(name, other->item[j].name) == 0;
        if (found != 1)
            complain(path, list->item[i].line, "%s stands %d times in %s: it must once", name,
                     found, other_path);
    }
}

static void ops_are_declared_one_to_one(void)
{
    static op_list rows;
    static op_list declarations;
    read_ops(ops_def, "#undef", read_row, &rows);
    read_ops(ops_h, "Spellings", read_declaration, &declarations);
    complain_missing(&rows, ops_def, &declarations, ops_h);
    complain_missing(&declarations, ops_h, &rows, ops_def);
}

/* ---- the rules ---- */

static const struct { const char *name; line_rule *each_line; void (*whole)(void); } rules[] = {
    { "include_points_left",         include_points_left,    NULL },
    { "nn_is_a_client",              nn_is_a_client,         NULL },
    { "third_parties_have_one_door", NULL,                   third_parties_have_one_door },
    { "line_fits",                   line_fits,              NULL },
    { "space_is_clean",              space_is_clean,         NULL },
    { "function_is_short",           function_is_short,      NULL },
    { "nothing_is_left_undone",      nothing_is_left_undone, NULL },
    { "host_is_left_alone",          host_is_left_alone,     NULL },
    { "file_opens_with_its_idea",    NULL,                   file_opens_with_its_idea },
    { "file_is_built",               NULL,                   file_is_built },
    { "test_file_is_named_so",       NULL,                   test_file_is_named_so },
    { "ops_are_declared_one_to_one", NULL,                   ops_are_declared_one_to_one },
};

int main(void)
{
    int passed = 0;
    int failed = 0;
    read_tree();
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        rule_holds = true;
        if (rules[i].each_line != NULL) each_line(rules[i].each_line);
        else rules[i].whole();
        if (!rule_holds) printf("FAILED tidy/%s\n", rules[i].name);
        passed += rule_holds;
        failed += !rule_holds;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

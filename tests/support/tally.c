/* Runs the legs of the test command and adds up what they counted.
 *
 *     tally count FILE NAME COMMAND...            a leg that prints its own counts
 *     tally check FILE NAME EXPECTED COMMAND...   a program: one test
 *     tally vary FILE NAME EXPECTED SETTING... -- COMMAND...
 *                                                 a program: one test with each choice of settings
 *     tally sum FILE...                           the total, last of all
 *
 * A leg always succeeds as a build step, or the total would never be printed: what happened stands
 * in its FILE. A leg that ends badly, or of which no counts were seen, has at least one failure. A
 * checked program must succeed, and print exactly the text of EXPECTED if there is such a file. A
 * SETTING is `WORD=VALUE,VALUE,...`, one of which is chosen: a WORD that begins with - is an option
 * of the program, another a variable of its environment, an empty VALUE leaves it out. The last
 * line of `sum` is `N passed, N failed`; it is also written to the file named by WG_TALLY, if set,
 * for who wants to repeat it after the build tool's own last words.                              */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#define popen _popen
#define pclose _pclose
#endif

typedef struct counts { long passed, failed; } counts;
typedef struct text { char *start; size_t length, capacity; } text;

static void text_add(text *to, const char *piece, size_t bytes)
{
    if (to->length + bytes + 1 > to->capacity) {
        to->capacity = 2 * (to->length + bytes + 1);
        to->start = realloc(to->start, to->capacity);
        if (to->start == NULL) abort();
    }
    memcpy(to->start + to->length, piece, bytes);
    to->length += bytes;
    to->start[to->length] = '\0';
}

/* Appends a word as the shell reads it back unchanged. */
static void text_add_word(text *to, const char *word)
{
    text_add(to, "'", 1);
    for (const char *at = word; *at != '\0'; at++)
        if (*at == '\'') text_add(to, "'\\''", 4);
        else text_add(to, at, 1);
    text_add(to, "' ", 2);
}

/* Either runner's counts, if the line holds them. */
static bool line_counts(const char *line, counts *out)
{
    counts seen = { 0, 0 };
    long tested = 0;
    long crashed = 0;
    if (sscanf(line, "%ld passed, %ld failed", &seen.passed, &seen.failed) == 2) {
        *out = seen;
        return true;
    }
    const char *synthesis = strstr(line, "Synthesis: Tested: ");
    if (synthesis != NULL && sscanf(synthesis,
                                    "Synthesis: Tested: %ld | Passing: %ld | Failing: %ld"
                                    " | Crashing: %ld",
                                    &tested, &seen.passed, &seen.failed, &crashed) == 4) {
        *out = (counts){ .passed = seen.passed, .failed = tested - seen.passed };
        return true;
    }
    return false;
}

/* Runs a command and hands its output on; returns its exit status. A checked program's output is
 * what it prints to stdout, and is kept back; of a leg, stderr is read as well, for its counts.  */
static int run(const char *command, bool is_checked, text *output, counts *seen, bool *has_counts)
{
    fflush(stdout);
    FILE *pipe = popen(command, "r");
    if (pipe == NULL) return -1;
    char line[4096];
    while (fgets(line, sizeof line, pipe) != NULL) {
        if (is_checked) {
            const size_t length = strcspn(line, "\r\n"); /* Windows ends lines with both */
            text_add(output, line, length);
            if (line[length] != '\0') text_add(output, "\n", 1);
        } else {
            fputs(line, stdout);
            fflush(stdout);
            if (line_counts(line, seen)) *has_counts = true;
        }
    }
    return pclose(pipe);
}

static bool write_counts(const char *path, const char *name, counts total)
{
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        return false;
    }
    const bool written = fprintf(file, "%ld %ld %s\n", total.passed, total.failed, name) > 0;
    return fclose(file) == 0 && written;
}

static int count_leg(const char *path, const char *name, int count, char **words)
{
    counts seen = { 0, 0 };
    bool has_counts = false;
    text command = { 0 };
    for (int i = 0; i < count; i++) text_add_word(&command, words[i]);
    text_add(&command, "2>&1", 4);
    printf("== %s\n", name);
    const int status = run(command.start, false, NULL, &seen, &has_counts);
    free(command.start);
    if (!has_counts) printf("%s: ended with status %d and no counts\n", name, status);
    if (status != 0 && seen.failed == 0) seen.failed = 1;
    if (seen.passed + seen.failed == 0) seen.failed = 1;
    return write_counts(path, name, seen) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Shows the first line in which two texts differ. */
static void print_difference(const char *actual, const char *expected)
{
    int line = 1;
    size_t start = 0;
    for (size_t i = 0; actual[i] == expected[i] && actual[i] != '\0'; i++)
        if (actual[i] == '\n') {
            line++;
            start = i + 1;
        }
    printf("    line %d is       %.*s\n", line, (int)strcspn(actual + start, "\n"), actual + start);
    printf("    but should be   %.*s\n", (int)strcspn(expected + start, "\n"), expected + start);
}

/* True if there is no such file to compare with. */
static bool output_matches(const char *path, const text *output)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return true;
    text expected = { 0 };
    char piece[4096];
    text_add(&expected, "", 0);
    for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;) text_add(&expected, piece, n);
    fclose(file);
    const bool same = strcmp(output->start, expected.start) == 0;
    if (!same) print_difference(output->start, expected.start);
    free(expected.start);
    return same;
}

static bool program_passes(const text *command, const char *name, const char *expected)
{
    text output = { 0 };
    text_add(&output, "", 0);
    const int status = run(command->start, true, &output, NULL, NULL);
    const bool passed = status == 0 && output_matches(expected, &output);
    if (!passed)
        printf("FAILED %s (status %d): %s\n%s", name, status, command->start, output.start);
    free(output.start);
    return passed;
}

static int check_program(const char *path, const char *name, const char *expected, int count,
                         char **words)
{
    text command = { 0 };
    for (int i = 0; i < count; i++) text_add_word(&command, words[i]);
    const bool passed = program_passes(&command, name, expected);
    free(command.start);
    const counts result = { .passed = passed, .failed = !passed };
    return write_counts(path, name, result) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- every choice of settings ---- */

enum { SETTINGS_MAX = 16 };

/* The chosen value of a setting, not terminated. */
static const char *setting_value(const char *word, int at, size_t *bytes)
{
    const char *value = strchr(word, '=') + 1;
    for (; at > 0; at--) value += strcspn(value, ",") + 1;
    *bytes = strcspn(value, ",");
    return value;
}

/* The next choice; false after the last. */
static bool choice_next(int count, char **settings, int *chosen)
{
    for (int i = 0; i < count; i++) {
        size_t bytes;
        const char *value = setting_value(settings[i], chosen[i], &bytes);
        if (value[bytes] == ',') {
            chosen[i]++;
            return true;
        }
        chosen[i] = 0;
    }
    return false;
}

/* Appends the settings of the environment, or those of the command line. */
static void choice_add(text *to, int count, char **settings, const int *chosen, bool are_options)
{
    for (int i = 0; i < count; i++) {
        size_t bytes;
        const char *value = setting_value(settings[i], chosen[i], &bytes);
        if (bytes == 0 || (settings[i][0] == '-') != are_options) continue;
        text_add(to, settings[i], strcspn(settings[i], "="));
        text_add(to, are_options ? " " : "=", 1);
        text_add(to, value, bytes);
        text_add(to, " ", 1);
    }
}

static int vary_program(const char *path, const char *name, const char *expected, int count,
                        char **words)
{
    counts result = { 0, 0 };
    int chosen[SETTINGS_MAX] = { 0 };
    int settings = 0;
    while (settings < count && strcmp(words[settings], "--") != 0) settings++;
    if (settings > SETTINGS_MAX || settings == count) return EXIT_FAILURE;
    do {
        text command = { 0 };
        choice_add(&command, settings, words, chosen, false);
        for (int i = settings + 1; i < count; i++) text_add_word(&command, words[i]);
        choice_add(&command, settings, words, chosen, true);
        if (program_passes(&command, name, expected)) result.passed++;
        else result.failed++;
        free(command.start);
    } while (choice_next(settings, words, chosen));
    printf("%s: %ld choices\n", name, result.passed + result.failed);
    return write_counts(path, name, result) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int sum_legs(int count, char **paths)
{
    counts total = { 0, 0 };
    printf("==\n");
    for (int i = 0; i < count; i++) {
        counts leg = { 0, 1 };
        char name[200] = "no counts";
        FILE *file = fopen(paths[i], "r");
        if (file == NULL || fscanf(file, "%ld %ld %199[^\n]", &leg.passed, &leg.failed, name) != 3)
            leg = (counts){ 0, 1 };
        if (file != NULL) fclose(file);
        printf("%6ld passed, %ld failed: %s\n", leg.passed, leg.failed, name);
        total.passed += leg.passed;
        total.failed += leg.failed;
    }
    printf("%ld passed, %ld failed\n", total.passed, total.failed);
    const char *copy = getenv("WG_TALLY");
    FILE *file = copy != NULL ? fopen(copy, "w") : NULL;
    if (file != NULL) {
        fprintf(file, "%ld passed, %ld failed\n", total.passed, total.failed);
        fclose(file);
    }
    return total.failed == 0 && total.passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc > 4 && strcmp(argv[1], "count") == 0)
        return count_leg(argv[2], argv[3], argc - 4, argv + 4);
    if (argc > 5 && strcmp(argv[1], "check") == 0)
        return check_program(argv[2], argv[3], argv[4], argc - 5, argv + 5);
    if (argc > 6 && strcmp(argv[1], "vary") == 0)
        return vary_program(argv[2], argv[3], argv[4], argc - 5, argv + 5);
    if (argc > 2 && strcmp(argv[1], "sum") == 0) return sum_legs(argc - 2, argv + 2);
    fprintf(stderr, "usage: tally count|check|vary|sum ...\n");
    return EXIT_FAILURE;
}

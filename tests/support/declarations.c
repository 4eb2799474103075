/* A reader of declarations for the C that our headers are written in. Comments, directives and what
 * only C++ sees are dropped; the rest is cut into words; statements end with ';' or the brace of a
 * body. What it does not understand it reports, so no declaration escapes the rules unseen.      */
#include "support/declarations.h"
#include "support/test.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const header_paths[] = {
#include "public_headers.inc" /* the list of build.zig */
};

enum { TEXT_MAX = 1 << 17, WORD_MAX = 1 << 14, LIST_MAX = 4096 };

static declaration list[LIST_MAX];
static int list_count;
static const char *header; /* being read */

/* Words of the header being read, as pieces of its text. */
typedef struct word { const char *at; int length; } word;
static word words[WORD_MAX];

static declaration *list_add(declaration_kind kind, const char *owner)
{
    check(list_count < LIST_MAX);
    declaration *added = &list[list_count++];
    added->kind = kind;
    added->header = header;
    snprintf(added->owner, sizeof added->owner, "%s", owner);
    return added;
}

static bool is_word(const word *w, const char *text)
{
    return w->length == (int)strlen(text) && memcmp(w->at, text, (size_t)w->length) == 0;
}

static bool is_name(const word *w)
{
    return isalpha((unsigned char)w->at[0]) || w->at[0] == '_';
}

/* ---- from file to words ---- */

char *header_text(const char *path)
{
    static char text[TEXT_MAX];
    FILE *file = fopen(path, "rb");
    check_msg(file != NULL, "%s cannot be opened: tests run in the root of the repository", path);
    const size_t length = fread(text, 1, TEXT_MAX - 1, file);
    fclose(file);
    check_msg(length < TEXT_MAX - 1, "%s is too long", path);
    text[length] = '\0';
    return text;
}

static void blank(char *from, const char *to)
{
    for (; from < to; from++)
        if (*from != '\n') *from = ' ';
}

static void blank_comments(char *text)
{
    for (char *c = strstr(text, "/*"); c != NULL; c = strstr(c, "/*")) {
        const char *end = strstr(c, "*/");
        check_msg(end != NULL, "%s: a comment without end", header);
        blank(c, end + 2);
    }
}

/* One past the end of a directive, continued lines included. */
static char *directive_end(char *c)
{
    for (; *c != '\0'; c++)
        if (*c == '\n' && c[-1] != '\\') return c;
    return c;
}

static void wrapper_add(const char *line)
{
    char name[64];
    char inner[64];
    const char *form = "#define %60[a-z0-9_](...) WG_HERE(%60[a-z0-9_](__VA_ARGS__))";
    if (sscanf(line, form, name, inner) != 2) return;
    declaration *wrapper = list_add(WRAPPER, inner);
    snprintf(wrapper->name, sizeof wrapper->name, "%s", name);
}

/* Blanks directives, the brackets around declarations, and what stands between #ifdef __cplusplus
 * and its #else or #endif. */
static void blank_directives(char *text)
{
    int depth = 0;
    int hidden = 0; /* depth of the conditional that hides, 0 if none does */
    for (char *line = text; *line != '\0';) {
        const bool is_directive = *line == '#';
        char *end = is_directive ? directive_end(line) : line + strcspn(line, "\n");
        if (is_directive) {
            if (strncmp(line, "#if", 3) == 0) depth++;
            if (strncmp(line, "#ifdef __cplusplus", 18) == 0 && hidden == 0) hidden = depth;
            const bool is_end = strncmp(line, "#endif", 6) == 0;
            if (hidden == depth && (is_end || strncmp(line, "#el", 3) == 0)) hidden = 0;
            if (is_end) depth--;
            wrapper_add(line);
        }
        const bool is_bracket = strncmp(line, "WG_DECLARATIONS_", 16) == 0;
        if (is_directive || is_bracket || hidden > 0) blank(line, end);
        line = *end == '\n' ? end + 1 : end;
    }
}

static int cut_words(const char *text)
{
    int count = 0;
    for (const char *c = text; *c != '\0';) {
        if (isspace((unsigned char)*c)) {
            c++;
            continue;
        }
        const char *start = c++;
        if (isalnum((unsigned char)*start) || *start == '_')
            while (isalnum((unsigned char)*c) || *c == '_') c++;
        check(count < WORD_MAX);
        words[count++] = (word){ .at = start, .length = (int)(c - start) };
    }
    return count;
}

/* ---- from words to declarations ---- */

/* Index behind the bracket that closes the one at `at`. */
static int behind(int at, int end)
{
    int depth = 0;
    for (int i = at; i < end; i++) {
        if (strchr("([{", words[i].at[0]) != NULL) depth++;
        if (strchr(")]}", words[i].at[0]) != NULL && --depth == 0) return i + 1;
    }
    check_msg(false, "%s: %.40s ... has no end", header, words[at].at);
    return end;
}

/* First word of `mark` outside of brackets, or end. */
static int find_outside(int from, int end, const char *mark)
{
    for (int i = from; i < end; i = strchr("([{", words[i].at[0]) != NULL ? behind(i, end) : i + 1)
        if (is_word(&words[i], mark)) return i;
    return end;
}

static void join(int from, int end, char *out, size_t capacity)
{
    size_t length = 0;
    out[0] = '\0';
    for (int i = from; i < end; i++) {
        const int wrote = snprintf(out + length, capacity - length, "%s%.*s", i > from ? " " : "",
                                   words[i].length, words[i].at);
        check((size_t)wrote < capacity - length);
        length += (size_t)wrote;
    }
}

static void parameters_add(const char *owner, int from, int end);

/* One variable of a given base type: `* name`, `name [4]`, `( * name ) ( parameters )`. */
static void variable_add(declaration_kind kind, const char *owner, int base, int base_end, int from,
                         int end, bool is_last)
{
    const bool is_function = is_word(&words[from], "(");
    int name = from + (is_function ? 2 : 0);
    while (name < end && !is_name(&words[name])) name++;
    check_msg(name < end, "%s: a variable of %s has no name", header, owner);
    declaration *added = list_add(is_function ? CALLBACK : kind, owner);
    join(base, base_end, added->type, sizeof added->type);
    for (int i = from; !is_function && i < name; i++) strcat(added->type, " *");
    join(name, name + 1, added->name, sizeof added->name);
    added->is_last = is_last;
    if (is_function) parameters_add(added->name, behind(from, end) + 1, end - 1);
}

/* Words of a type before its first variable: all up to the last name, or to the '(' of a pointer to
 * a function.                                                                                    */
static int base_end_of(int from, int end)
{
    int at = from;
    int first = find_outside(from, end, ",");
    while (at < first && !is_word(&words[at], "(") && !is_word(&words[at], "[")) at++;
    if (at < first && is_word(&words[at], "(")) return at;
    while (at > from && !is_name(&words[at - 1])) at--;
    at--;
    while (at > from && is_word(&words[at - 1], "*")) at--;
    return at;
}

static void parameters_add(const char *owner, int from, int end)
{
    if (end - from == 1 && is_word(&words[from], "void")) return;
    for (int at = from; at < end;) {
        const int stop = find_outside(at, end, ",");
        const int base_end = base_end_of(at, stop);
        variable_add(PARAMETER, owner, at, base_end, base_end, stop, stop == end);
        at = stop + 1;
    }
}

static void fields_add(const char *owner, int from, int end)
{
    for (int at = from; at < end;) {
        const int stop = find_outside(at, end, ";");
        const int base_end = base_end_of(at, stop);
        for (int start = base_end; start < stop;) {
            const int comma = find_outside(start, stop, ",");
            const bool is_last = stop + 1 >= end && comma == stop;
            variable_add(FIELD, owner, at, base_end, start, comma, is_last);
            start = comma + 1;
        }
        at = stop + 1;
    }
}

/* `typedef struct tag { ... } name`, `struct tag { ... }`, `typedef struct tag name`. */
static void struct_add(int from, int end)
{
    const bool is_typedef = is_word(&words[from], "typedef");
    const int tag = from + (is_typedef ? 2 : 1);
    const int brace = find_outside(from, end, "{");
    declaration *added = list_add(brace < end ? STRUCT : OPAQUE, "");
    join(tag, tag + 1, added->name, sizeof added->name);
    if (brace < end) fields_add(added->name, brace + 1, behind(brace, end) - 1);
}

static void function_add(int from, int open, int end, bool is_typedef)
{
    declaration *added = list_add(is_typedef ? CALLBACK : FUNCTION, "");
    join(from, open - 1, added->type, sizeof added->type);
    join(open - 1, open, added->name, sizeof added->name);
    parameters_add(added->name, open + 1, behind(open, end) - 1);
}

/* `wg_writer wg_write_stdout, wg_write_stderr`: functions of a function type. */
static void functions_of_type_add(int from, int end)
{
    check_msg(end - from >= 2 && declaration_find(CALLBACK, "wg_writer") != NULL &&
              is_word(&words[from], "wg_writer"), "%s: what is %.40s ...?", header, words[from].at);
    for (int at = from + 1; at < end; at += 2) {
        declaration *added = list_add(FUNCTION, "");
        snprintf(added->type, sizeof added->type, "int");
        join(at, at + 1, added->name, sizeof added->name);
    }
}

/* From attributes and storage classes to what is declared. */
static int skip_decoration(int from, int end)
{
    for (;;) {
        if (is_word(&words[from], "__attribute__")) from = behind(from + 1, end);
        else if (is_word(&words[from], "static") || is_word(&words[from], "inline")) from++;
        else return from;
    }
}

static void statement_add(int from, int end)
{
    from = skip_decoration(from, end);
    const bool is_typedef = is_word(&words[from], "typedef");
    const int first = from + is_typedef;
    if (is_word(&words[first], "enum")) return;
    if (is_word(&words[first], "struct")) {
        struct_add(from, end);
        return;
    }
    int open = first;
    while (open < end && !is_word(&words[open], "(")) open++;
    if (open < end) function_add(first, open, end, is_typedef);
    else functions_of_type_add(first, end);
}

static void header_read(const char *path)
{
    header = path;
    char *text = header_text(path);
    blank_comments(text);
    blank_directives(text);
    const int count = cut_words(text);
    for (int from = 0; from < count;) {
        const int semicolon = find_outside(from, count, ";");
        const int brace = find_outside(from, count, "{");
        const int open = find_outside(from, count, "(");
        /* Parameters and then a brace: a body, which ends the statement. */
        const bool has_body = open < brace && brace < semicolon;
        statement_add(from, has_body ? brace : semicolon);
        from = has_body ? behind(brace, count) : semicolon + 1;
    }
}

int declarations(const declaration **out)
{
    if (list_count == 0)
        for (size_t i = 0; i < sizeof header_paths / sizeof header_paths[0]; i++)
            header_read(header_paths[i]);
    *out = list;
    return list_count;
}

const declaration *declaration_find(declaration_kind kind, const char *name)
{
    for (int i = 0; i < list_count; i++)
        if (list[i].kind == kind && strcmp(list[i].name, name) == 0) return &list[i];
    return NULL;
}

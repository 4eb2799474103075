/* Writes the module definition of the Windows library: what the public headers given as
 * arguments declare, no more. Elsewhere the headers' own visibility pragma does this; there no
 * attribute stands before each declaration. A name that is declared but not defined fails the
 * link.
 *
 * A declaration begins in the first column with its type; bodies and what goes on are indented. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_name_character(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool opens_declaration(const char *line)
{
    static const char *const others[] = { "static",   "typedef", "extern",
                                          "template", "enum",    "struct" };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strncmp(line, others[i], strlen(others[i])) == 0) return false;
    return isalpha((unsigned char)*line);
}

/* The word that ends before `end`. */
static void print_word(const char *line, const char *end)
{
    const char *start = end;
    while (start > line && is_name_character(start[-1])) start--;
    if (start < end) printf("    %.*s\n", (int)(end - start), start);
}

/* `int wg_read(...` declares one name; `wg_writer wg_write_stdout, wg_write_stderr;` two. */
static void print_names(const char *line)
{
    const char *open = strchr(line, '(');
    if (open != NULL) {
        print_word(line, open);
        return;
    }
    for (const char *at = line; (at = strpbrk(at, ",;")) != NULL; at++) {
        print_word(line, at);
        if (*at == ';') return; /* a comment may follow */
    }
}

int main(int argc, char **argv)
{
    printf("EXPORTS\n");
    for (int i = 1; i < argc; i++) {
        char line[400];
        FILE *file = fopen(argv[i], "r");
        if (file == NULL) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
        while (fgets(line, sizeof line, file) != NULL)
            if (opens_declaration(line)) print_names(line);
        fclose(file);
    }
    return EXIT_SUCCESS;
}

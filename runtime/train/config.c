/* A configuration: keys that a program declares, each with a value as text. Whoever changes one,
 * a file, the command line or a search, changes a key that was declared: a misspelt one is an error
 * and not a setting that nobody reads. */
#include "runtime/train/config.h"
#include "runtime/data/file.h"

#include <math.h>
#include <string.h>

typedef struct setting { char *key, *value, *help; } setting;

struct wg_config {
    wg_allocator allocator;
    setting *setting;
    int64_t count, capacity;
};

/* ---- words ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* What comes next; a line's end at the end of the text. */
static char peek(const wg__words_in *words)
{
    return words->position < words->bytes ? words->text[words->position] : '\n';
}

/* Passes a character, if there is one, and counts lines. */
static void pass(wg__words_in *words)
{
    if (words->position == words->bytes) return;
    const bool is_line = words->text[words->position++] == '\n';
    words->line += is_line;
    if (is_line) words->line_start = words->position;
}

static void blanks_skip(wg__words_in *words)
{
    while (is_blank(peek(words))) pass(words);
}

/* To the next word: over lines and comments too. */
static void words_begin(wg__words_in *words)
{
    while (words->position < words->bytes) {
        const char c = peek(words);
        if (c == '#')
            while (peek(words) != '\n') pass(words);
        else if (is_blank(c) || c == '\n') pass(words);
        else break;
    }
    words->at_line = words->line;
    words->at_column = words->position - words->line_start;
}

int wg__words_fail(const wg__words_in *words, int status, const char *problem)
{
    return wg__fail(words->error, status, "%s: line %zu, column %zu: %s", words->name,
                    words->at_line + 1, words->at_column + 1, problem);
}

static bool is_key(char c)
{
    const char text[2] = { c, '\0' };
    return c == '/' || wg__name_is_valid(text, false);
}

/* The value that begins here: up to the closing quote, or to a blank. *end is the character behind
 * it, which has been passed: a zero written there ends the value. */
static int value_read(wg__words_in *words, char **value, char **end)
{
    const bool is_quoted = peek(words) == '"';
    if (is_quoted) pass(words);
    *value = words->text + words->position;
    while (peek(words) != '\n' && (is_quoted ? peek(words) != '"' : !is_blank(peek(words))))
        pass(words);
    *end = words->text + words->position;
    if (is_quoted && peek(words) != '"')
        return wg__words_fail(words, WG_EFORMAT, "the quotes of this value do not end");
    pass(words);
    return WG_OK;
}

int wg__words_next(wg__words_in *words, char **key, char **value)
{
    char *end;
    words_begin(words);
    if (words->position == words->bytes) return 0;
    *key = words->text + words->position;
    while (is_key(peek(words))) pass(words);
    char *const key_end = words->text + words->position;
    blanks_skip(words);
    if (key_end == *key || peek(words) != '=')
        return wg__words_fail(words, WG_EFORMAT, "key=value is expected here");
    pass(words);
    blanks_skip(words);
    WG_TRY(value_read(words, value, &end));
    *key_end = '\0';
    *end = '\0';
    return 1;
}

/* ---- life ---- */

wg_config *wg_config_create(const wg_allocator *allocator)
{
    const wg_allocator chosen = wg__allocator_or_default(allocator);
    wg_config *config = wg__allocate_zeroed(&chosen, sizeof *config);
    if (config != NULL) config->allocator = chosen;
    return config;
}

static void text_free(const wg_config *config, char *text)
{
    if (text != NULL) wg__release(&config->allocator, text, strlen(text) + 1);
}

static char *text_copy(const wg_config *config, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = wg__allocate(&config->allocator, bytes);
    if (copy != NULL) memcpy(copy, text, bytes);
    return copy;
}

static void setting_free(const wg_config *config, const setting *s)
{
    text_free(config, s->key);
    text_free(config, s->value);
    text_free(config, s->help);
}

void wg_config_free(wg_config *config)
{
    if (config == NULL) return;
    for (int64_t i = 0; i < config->count; i++) setting_free(config, &config->setting[i]);
    wg__release(&config->allocator, config->setting,
                (size_t)config->capacity * sizeof *config->setting);
    const wg_allocator allocator = config->allocator;
    wg__release(&allocator, config, sizeof *config);
}

static setting *setting_find(const wg_config *config, const char *key)
{
    for (int64_t i = 0; config != NULL && key != NULL && i < config->count; i++)
        if (strcmp(config->setting[i].key, key) == 0) return &config->setting[i];
    return NULL;
}

/* ---- settings ---- */

/* Values are one line, and have no quotes: so every configuration can be written and read. */
static bool value_is_sound(const char *value)
{
    return value != NULL && strpbrk(value, "\"\n") == NULL;
}

int wg_config_declare(wg_config *config, const char *key, const char *value, const char *help)
{
    if (config == NULL || !value_is_sound(value)) return WG_EINVALID;
    if (!wg__name_is_valid(key, true) || setting_find(config, key) != NULL) return WG_ENAME;
    WG_TRY(wg__grow(&config->allocator, (void **)&config->setting, &config->capacity,
                    config->count + 1, sizeof *config->setting));
    const setting added = { .key = text_copy(config, key),
                            .value = text_copy(config, value),
                            .help = text_copy(config, help == NULL ? "" : help) };
    if (added.key == NULL || added.value == NULL || added.help == NULL) {
        setting_free(config, &added);
        return WG_EMEMORY;
    }
    config->setting[config->count++] = added;
    return WG_OK;
}

int wg_config_set(wg_config *config, const char *key, const char *value)
{
    setting *found = setting_find(config, key);
    if (config == NULL || !value_is_sound(value)) return WG_EINVALID;
    if (found == NULL) return WG_ENAME;
    char *copy = text_copy(config, value);
    if (copy == NULL) return WG_EMEMORY;
    text_free(config, found->value);
    found->value = copy;
    return WG_OK;
}

const char *wg_config_text(const wg_config *config, const char *key)
{
    const setting *found = setting_find(config, key);
    return found == NULL ? NULL : found->value;
}

double wg_config_number(const wg_config *config, const char *key)
{
    double number;
    const char *text = wg_config_text(config, key);
    const size_t bytes = text == NULL ? 0 : strlen(text);
    const bool is_number = bytes > 0 && wg__number_read(text, bytes, &number) == bytes;
    return is_number ? number : (double)NAN;
}

int64_t wg__config_count(const wg_config *config)
{
    return config->count;
}

const char *wg__config_key(const wg_config *config, int64_t index)
{
    return config->setting[index].key;
}

const wg_allocator *wg__config_allocator(const wg_config *config)
{
    return &config->allocator;
}

/* ---- from outside ---- */

static int key_refuse(const wg_config *config, const wg__words_in *words, const char *key)
{
    char problem[300];
    wg__text text = wg__text_of(problem, sizeof problem);
    wg__text_add(&text, "no setting is called %.60s; there are", key);
    for (int64_t i = 0; i < config->count; i++)
        wg__text_add(&text, "%s %s", i == 0 ? "" : ",", config->setting[i].key);
    return wg__words_fail(words, WG_ENAME, problem);
}

static int words_take(wg_config *config, wg__words_in *words)
{
    char *key, *value;
    int more;
    while ((more = wg__words_next(words, &key, &value)) > 0) {
        const int status = wg_config_set(config, key, value);
        if (status == WG_ENAME) return key_refuse(config, words, key);
        if (status < 0) return wg__words_fail(words, status, "the value cannot be taken");
    }
    return more;
}

int wg_config_read(wg_config *config, const char *path, wg_error *error)
{
    char *text;
    size_t bytes;
    if (config == NULL || path == NULL)
        return wg__fail(error, WG_EINVALID, "config: a configuration and a path are needed");
    WG_TRY(wg__file_load(path, &config->allocator, &text, &bytes, error));
    wg__words_in words = { .name = path, .text = text, .bytes = bytes, .error = error };
    const int status = words_take(config, &words);
    wg__release(&config->allocator, text, bytes + 1);
    return status;
}

/* One argument is one word, so its value needs no quotes. */
static int argument_take(wg_config *config, const char *argument, wg_error *error)
{
    const char *begin = strncmp(argument, "--", 2) == 0 ? argument + 2 : argument;
    const char *equals = strchr(begin, '=');
    char key[64];
    wg__words_in words = { .name = "arguments", .text = "", .error = error };
    const size_t length = equals == NULL ? 0 : (size_t)(equals - begin);
    if (length == 0 || length >= sizeof key)
        return wg__fail(error, WG_EFORMAT, "argument %.80s: --key=value is expected", argument);
    memcpy(key, begin, length);
    key[length] = '\0';
    const int status = wg_config_set(config, key, equals + 1);
    if (status == WG_ENAME) return key_refuse(config, &words, key);
    if (status < 0)
        return wg__fail(error, status, "argument %.80s: the value cannot be taken", argument);
    return WG_OK;
}

int wg_config_arguments(wg_config *config, int64_t count, char **argument, wg_error *error)
{
    if (config == NULL || count < 0 || (count > 0 && argument == NULL))
        return wg__fail(error, WG_EINVALID, "config: a configuration and arguments are needed");
    for (int64_t i = 0; i < count; i++) WG_TRY(argument_take(config, argument[i], error));
    return WG_OK;
}

/* ---- to outside ---- */

void wg__config_write(const wg_config *config, wg__text *text)
{
    for (int64_t i = 0; i < config->count; i++) {
        const char *value = config->setting[i].value;
        const bool is_plain = value[0] != '\0' && strpbrk(value, " \t\r#") == NULL;
        wg__text_add(text, is_plain ? "%s%s=%s" : "%s%s=\"%s\"", i == 0 ? "" : " ",
                     config->setting[i].key, value);
    }
}

int wg_config_print(const wg_config *config, wg_writer *write, void *user)
{
    if (config == NULL || write == NULL) return WG_EINVALID;
    for (int64_t i = 0; i < config->count; i++) {
        const setting *s = &config->setting[i];
        const bool is_plain = s->value[0] != '\0' && strpbrk(s->value, " \t\r#") == NULL;
        WG_TRY(wg__write(write, user, is_plain ? "%s=%s" : "%s=\"%s\"", s->key, s->value));
        WG_TRY(s->help[0] == '\0' ? wg__write(write, user, "\n")
                                  : wg__write(write, user, "  # %s\n", s->help));
    }
    return WG_OK;
}

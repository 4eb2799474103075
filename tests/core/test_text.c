/* Bounded text, messages, writers, names and patterns. */
#include "support/test.h"

#include <core/internal.h>
#include <stdio.h>
#include <string.h>

Test(text, additions_follow_each_other)
{
    char to[40];
    wg__text text = wg__text_of(to, sizeof to);
    check_text(to, "");
    wg__text_add(&text, "%s: ", "matmul");
    wg__text_add(&text, "%d is not %d", 4, 5);
    check_text(to, "matmul: 4 is not 5");
    check_equal_i(text.length, strlen(to));
}

Test(text, what_does_not_fit_is_cut_and_ends_it)
{
    char to[8];
    wg__text text = wg__text_of(to, sizeof to);
    wg__text_add(&text, "1234567");
    check_text(to, "1234567");
    wg__text_add(&text, "8");
    check_text(to, "1234567");
    text = wg__text_of(to, sizeof to);
    wg__text_add(&text, "12345678");
    wg__text_add(&text, "9");
    check_text(to, "1234567");
    text = wg__text_of(to, 1);
    wg__text_add(&text, "1");
    check_text(to, "");
}

/* Two, three, four bytes: a character is there whole or not at all, and nothing follows a cut. */
Test(text, cuts_fall_between_characters)
{
    const char *const letters[] = { "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80" };
    for (size_t i = 0; i < 3; i++) {
        const size_t bytes = strlen(letters[i]);
        for (size_t capacity = 1; capacity <= 9; capacity++) {
            char to[16];
            char expected[16] = "aaaa";
            wg__text text = wg__text_of(to, capacity);
            wg__text_add(&text, "aaaa%s", letters[i]);
            wg__text_add(&text, "%s", capacity < bytes + 5 ? "b" : "");
            if (capacity <= 4) expected[capacity - 1] = '\0';
            if (capacity >= bytes + 5) strcat(expected, letters[i]);
            check_text(to, expected);
        }
    }
}

Test(text, shapes_read_as_lists)
{
    char to[40];
    const wg_shape shapes[] = { WG_SCALAR, WG_SHAPE(3), WG_SHAPE(3, 0, INT64_MAX) };
    const char *const expected[] = { "[]", "[3]", "[3, 0, 9223372036854775807]" };
    for (int i = 0; i < 3; i++) {
        wg__text text = wg__text_of(to, sizeof to);
        const wg__shape shape = wg__shape_of(shapes[i]);
        wg__text_shape(&text, &shape);
        check_text(to, expected[i]);
    }
}

Test(text, failing_fills_the_error_and_returns_the_status)
{
    wg_error error = { 0 };
    check_status(wg__fail(&error, WG_ESHAPE, "%d is not %d", 4, 5), WG_ESHAPE);
    check_status(error.status, WG_ESHAPE);
    check_text(error.message, "4 is not 5");
    check_status(wg__fail(NULL, WG_ENAME, "nobody reads this"), WG_ENAME);
}

Test(text, long_messages_are_cut)
{
    char name[1000];
    wg_error error;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    check_status(wg__fail(&error, WG_ENAME, "%s", name), WG_ENAME);
    check_equal_i(strlen(error.message), sizeof error.message - 1);
}

/* Collects what is written, up to a limit after which it fails. */
typedef struct page { char text[2000]; size_t length, limit; } page;

static int page_write(const char *text, size_t bytes, void *user)
{
    page *to = user;
    if (to->length + bytes > to->limit) return -77;
    memcpy(to->text + to->length, text, bytes);
    to->length += bytes;
    return WG_OK;
}

Test(text, writers_get_the_text_and_their_failure_is_handed_on)
{
    page to = { .limit = 10 };
    check_status(wg__write(page_write, &to, "epoch %d", 3), WG_OK);
    check_equal_i(wg__write(page_write, &to, "epoch %d", 4), -77);
    check_text(to.text, "epoch 3");
    check_status(wg__write(page_write, &to, "%s", ""), WG_OK);
}

Test(text, a_line_is_written_whole_or_refused)
{
    char word[1100];
    page to = { .limit = sizeof to.text };
    memset(word, 'w', sizeof word);
    word[1023] = '\0';
    check_status(wg__write(page_write, &to, "%s", word), WG_OK);
    check_equal_i(to.length, 1023);
    word[1023] = 'w';
    word[1024] = '\0';
    check_status(wg__write(page_write, &to, "%s", word), WG_ELIMIT);
    check_equal_i(to.length, 1023);
}

Test(text, nothing_written_to_a_stream_is_success)
{
    check_status(wg_write_stdout("", 0, NULL), WG_OK);
    check_status(wg_write_stderr("", 0, NULL), WG_OK);
}

Test(text, a_file_gets_the_bytes_and_a_closed_way_is_an_error)
{
    char back[8] = { 0 };
    FILE *file = tmpfile();
    check(file != NULL);
    check_status(wg_write_file("one", 3, file), WG_OK);
    check_status(wg_write_file("two!", 3, file), WG_OK);
    rewind(file);
    check_equal_i(fread(back, 1, sizeof back, file), 6);
    check_text(back, "onetwo");
    fclose(file);
    check_status(wg_write_file("x", 1, NULL), WG_EINVALID);
    file = fopen(__FILE__, "r"); /* which cannot be written to */
    if (file == NULL) return;
    check_status(wg_write_file("x", 1, file), WG_EFILE);
    fclose(file);
}

Test(text, names_of_one_part)
{
    const char *const valid[] = { "x", "hidden_1", "0", "a.b-c_D9", ".", "-" };
    const char *const wrong[] = { "", "a b", "a/b", "/", "\xC3\xA9", "a\n", "a\"b", "*", "a\\b" };
    for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++)
        check_msg(wg__name_is_valid(valid[i], false), "%s", valid[i]);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        check_msg(!wg__name_is_valid(wrong[i], false), "%s", wrong[i]);
    check(!wg__name_is_valid(NULL, false));
    check(!wg__name_is_valid(NULL, true));
}

Test(text, every_other_character_of_ascii_is_refused)
{
    const char *letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    for (int c = 1; c < 256; c++) {
        const char name[2] = { (char)c, '\0' };
        check_msg(wg__name_is_valid(name, false) == (strchr(letters, c) != NULL), "byte %d", c);
    }
}

Test(text, paths_have_no_empty_part)
{
    const char *const valid[] = { "x", "encoder/hidden_1", "a/b/c", "./.." };
    const char *const wrong[] = { "", "/", "/a", "a/", "a//b", "a/b c" };
    for (size_t i = 0; i < 4; i++) check_msg(wg__name_is_valid(valid[i], true), "%s", valid[i]);
    for (size_t i = 0; i < 6; i++) check_msg(!wg__name_is_valid(wrong[i], true), "%s", wrong[i]);
}

/* Expected answers are those of Python's fnmatchcase. */
Test(text, patterns_match_whole_texts)
{
    const struct { const char *pattern, *text; bool matches; } rows[] = {
        { "", "", true },          { "", "a", false },        { "*", "", true },
        { "*", "a/b", true },      { "?", "", false },        { "?", "a", true },
        { "?", "ab", false },      { "a*", "a", true },       { "a*", "ba", false },
        { "*/bias", "a/b/bias", true }, { "*/bias", "bias", false }, { "*bias", "bias", true },
        { "*ab", "aab", true },    { "a*b*c", "aXbXbXc", true }, { "a*b*c", "aXcXb", false },
        { "a**b", "ab", true },    { "*?", "", false },       { "*?", "xyz", true },
        { "??*", "x", false },     { "A", "a", false },       { "*a*a*a*", "aa", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_msg(wg__pattern_matches(rows[i].pattern, rows[i].text) == rows[i].matches,
                  "\"%s\" and \"%s\"", rows[i].pattern, rows[i].text);
}

/* Exponential for a matcher that tries every star again. */
Test(text, patterns_of_many_stars_end_soon)
{
    char text[4001];
    memset(text, 'a', 4000);
    text[4000] = '\0';
    check(!wg__pattern_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

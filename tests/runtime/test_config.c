/* Configurations: what was written is read again, and what nobody declared is refused. */
#include "support/files.h"
#include "support/memory.h"
#include "support/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <wengert/train.h>

static wg_config *config_open(const wg_allocator *allocator)
{
    wg_config *config = wg_config_create(allocator);
    if (config == NULL) return NULL;
    const int first = wg_config_declare(config, "width", "128", "units of a layer");
    const int second = wg_config_declare(config, "rate", "1e-3", NULL);
    const int third = wg_config_declare(config, "name", "a net", "for the report");
    if (first >= 0 && second >= 0 && third >= 0) return config;
    wg_config_free(config);
    return NULL;
}

Test(config, values_are_texts_and_numbers)
{
    wg_config *config = config_open(NULL);
    check(wg_config_number(config, "width") == 128 && wg_config_number(config, "rate") == 1e-3);
    check(isnan(wg_config_number(config, "name")) && isnan(wg_config_number(config, "none")));
    check_text(wg_config_text(config, "name"), "a net");
    check(wg_config_text(config, "none") == NULL && wg_config_text(NULL, "width") == NULL);
    check_status(wg_config_set(config, "width", "64"), WG_OK);
    check(wg_config_number(config, "width") == 64);
    check_status(wg_config_set(config, "witdh", "64"), WG_ENAME);
    check_status(wg_config_set(config, "name", "two\nlines"), WG_EINVALID);
    check_status(wg_config_declare(config, "width", "1", NULL), WG_ENAME);
    check_status(wg_config_declare(config, "my key", "1", NULL), WG_ENAME);
    check_status(wg_config_declare(config, "key", NULL, NULL), WG_EINVALID);
    wg_config_free(config);
    wg_config_free(NULL);
}

Test(config, what_is_printed_is_read)
{
    const char *path = test_path("config");
    const char *const names[4] = { "plain", "", "two words # no comment", "x=y" };
    wg_config *config = config_open(NULL), *copy = config_open(NULL);
    wg_error error = { 0 };
    for (int i = 0; i < 4; i++) {
        static test_page out;
        out.length = 0;
        check_status(wg_config_set(config, "name", names[i]), WG_OK);
        check_status(wg_config_print(config, test_page_write, &out), WG_OK);
        if (i == 0)
            check_text(out.text, "width=128  # units of a layer\nrate=1e-3\nname=plain"
                                 "  # for the report\n");
        test_file_write(path, out.text, out.length);
        check_msg(wg_config_read(copy, path, &error) == WG_OK, "%s", error.message);
        check_text(wg_config_text(copy, "name"), names[i]);
        check_text(wg_config_text(copy, "width"), "128");
    }
    test_file_remove(path);
    wg_config_free(copy);
    wg_config_free(config);
}

typedef struct bad_file { const char *text; int status; const char *message; } bad_file;

Test(config, mistakes_are_named_with_their_place)
{
    const bad_file bad[] = {
        { "rate=1\n  witdh = 3\n", WG_ENAME,
          "line 2, column 3: no setting is called witdh; there are width, rate, name" },
        { "width 3", WG_EFORMAT, "line 1, column 1: key=value is expected here" },
        { "width=3 =4", WG_EFORMAT, "line 1, column 9: key=value is expected here" },
        { "# good\nname=\"two\nwords\"", WG_EFORMAT, "line 2, column 1: the quotes" },
        { "name=\"open", WG_EFORMAT, "the quotes of this value do not end" },
        { "width=3\n\n\x01=3", WG_EFORMAT, "line 3, column 1" },
    };
    const char *path = test_path("bad");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wg_config *config = config_open(NULL);
        wg_error error = { 0 };
        test_file_write(path, bad[i].text, strlen(bad[i].text));
        check_status(wg_config_read(config, path, &error), bad[i].status);
        check_contains(error.message, bad[i].message);
        wg_config_free(config);
    }
    test_file_remove(path);
}

Test(config, blanks_comments_and_line_ends_are_free)
{
    const char text[] = "\r\n# a comment width=1\r\nwidth =\t7 rate= 2e-2 # behind\r\nname=\n";
    const char *path = test_path("free");
    wg_config *config = config_open(NULL);
    wg_error error = { 0 };
    test_file_write(path, text, sizeof text - 1);
    check_msg(wg_config_read(config, path, &error) == WG_OK, "%s", error.message);
    check(wg_config_number(config, "width") == 7 && wg_config_number(config, "rate") == 0.02);
    check_text(wg_config_text(config, "name"), "");
    test_file_remove(path);
    check_status(wg_config_read(config, path, &error), WG_EFILE);
    wg_config_free(config);
}

Test(config, arguments_are_settings)
{
    char *good[] = { (char[]){ "--width=32" }, (char[]){ "name=two words" } };
    char *unknown[] = { (char[]){ "--depth=3" } }, *loose[] = { (char[]){ "--width" } };
    wg_config *config = config_open(NULL);
    wg_error error = { 0 };
    check_status(wg_config_arguments(config, 2, good, &error), WG_OK);
    check_text(wg_config_text(config, "width"), "32");
    check_text(wg_config_text(config, "name"), "two words");
    check_status(wg_config_arguments(config, 1, unknown, &error), WG_ENAME);
    check_contains(error.message, "no setting is called depth; there are width, rate, name");
    check_status(wg_config_arguments(config, 1, loose, &error), WG_EFORMAT);
    check_contains(error.message, "argument --width: --key=value is expected");
    check_status(wg_config_arguments(config, 1, NULL, &error), WG_EINVALID);
    wg_config_free(config);
}

static int config_all(const wg_allocator *allocator, void *user)
{
    wg_config *config = config_open(allocator);
    int status = config == NULL ? WG_EMEMORY : wg_config_read(config, user, NULL);
    wg_config_free(config);
    return status;
}

Test(config, gives_all_back_when_memory_ends)
{
    char path[512];
    snprintf(path, sizeof path, "%s", test_path("memory"));
    test_file_write(path, "width=1 rate=2", 14);
    check(test_memory_fail_each(config_all, path) > 10);
    test_file_remove(path);
}

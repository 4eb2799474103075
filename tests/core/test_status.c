/* Every status has its own number, name and text; any other number has some. */
#include "support/test.h"

#include <string.h>
#include <wengert/core.h>

#define NUMBER(name, value, text) name,
#define NAME(name, value, text) #name,
static const int numbers[] = { WG_STATUS_LIST(NUMBER) };
static const char *const names[] = { WG_STATUS_LIST(NAME) };
#undef NUMBER
#undef NAME
enum { COUNT = sizeof numbers / sizeof numbers[0] };

Test(status, numbers_run_down_from_zero_without_gaps)
{
    for (int i = 0; i < COUNT; i++) check_equal_i(numbers[i], -i);
}

Test(status, names_are_those_of_the_enumerators)
{
    for (int i = 0; i < COUNT; i++) check_text(wg_status_name(numbers[i]), names[i]);
}

Test(status, texts_differ_and_fit_a_line)
{
    for (int i = 0; i < COUNT; i++) {
        const char *text = wg_status_text(numbers[i]);
        check(strlen(text) > 0 && strlen(text) < 80);
        for (int j = 0; j < i; j++) check(strcmp(text, wg_status_text(numbers[j])) != 0);
    }
}

Test(status, positive_results_are_success)
{
    check_text(wg_status_name(7), "WG_OK");
    check_text(wg_status_text(INT32_MAX), wg_status_text(WG_OK));
}

Test(status, numbers_of_callbacks_have_a_text_too)
{
    const int unknown[] = { -COUNT, WG_STATUS_LAST, INT32_MIN };
    for (int i = 0; i < 3; i++) {
        check_text(wg_status_name(unknown[i]), "WG_UNKNOWN");
        check(strlen(wg_status_text(unknown[i])) > 0);
    }
}

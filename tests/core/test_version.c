/* The version reads "major.minor.patch". */
#include "support/test.h"

#include <stdio.h>
#include <wengert/core.h>

Test(version, has_three_numbers)
{
    int major = -1;
    int minor = -1;
    int patch = -1;
    char rest;
    check_equal_i(sscanf(wg_version(), "%d.%d.%d%c", &major, &minor, &patch, &rest), 3);
    check(major >= 0 && minor >= 0 && patch >= 0);
}

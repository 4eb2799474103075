/* Levels: names, and what is chosen if the CPU lacks what was asked for. */
#include "support/test.h"

#include <core/internal.h>
#include <stdio.h>
#include <string.h>

Test(cpu, names_are_those_of_the_environment_variable)
{
    const char *const names[] = { "portable", "sse2", "avx2", "avx512", "neon" };
    check_equal_i(WG__LEVEL_COUNT, 5);
    for (int i = 0; i < WG__LEVEL_COUNT; i++) check_text(wg__level_name((wg__level)i), names[i]);
}

Test(cpu, portable_and_the_best_level_exist)
{
    check(wg__level_exists(WG__PORTABLE));
    check(wg__level_exists(wg__level_detect()));
}

Test(cpu, levels_of_the_other_architecture_do_not_exist)
{
#if defined(WG_HAVE_X86_LEVELS)
    check(wg__level_exists(WG__SSE2));
    check(!wg__level_exists(WG__NEON));
#elif defined(WG_HAVE_NEON)
    check(wg__level_exists(WG__NEON));
    for (int i = WG__SSE2; i <= WG__AVX512; i++) check(!wg__level_exists((wg__level)i));
#else
    for (int i = WG__SSE2; i < WG__LEVEL_COUNT; i++) check(!wg__level_exists((wg__level)i));
#endif
}

Test(cpu, x86_levels_contain_those_below)
{
    for (int i = WG__SSE2; i < WG__AVX512; i++)
        if (wg__level_exists((wg__level)(i + 1))) check(wg__level_exists((wg__level)i));
}

#if defined(WG_HAVE_X86_LEVELS) && defined(__linux__)
/* The flags as the kernel read them, " avx2 fma ... "; false if they cannot be had. */
static bool kernel_flags(char flags[8192])
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    bool found = false;
    if (file == NULL) return false;
    while (!found && fgets(flags, 8192, file) != NULL) found = strncmp(flags, "flags", 5) == 0;
    fclose(file);
    if (found) flags[strcspn(flags, "\n")] = ' ';
    return found;
}

static bool has_all(const char *flags, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strstr(flags, *names) == NULL) return false;
    return true;
}

Test(cpu, kernel_reads_the_same_flags)
{
    static char flags[8192];
    const char *const avx2[] = { " avx2 ", " fma ",  " bmi1 ", " bmi2 ",
                                 " f16c ", " movbe ", " abm ",  NULL };
    const char *const avx512[] = { " avx512f ",  " avx512dq ", " avx512cd ",
                                   " avx512bw ", " avx512vl ", NULL };
    if (!kernel_flags(flags)) return;
    check(wg__level_exists(WG__AVX2) == has_all(flags, avx2));
    check(wg__level_exists(WG__AVX512) == (has_all(flags, avx2) && has_all(flags, avx512)));
}
#endif

Test(cpu, choice_by_name_is_kept_where_it_exists)
{
    const wg__level best = wg__level_detect();
    for (int i = 0; i < WG__LEVEL_COUNT; i++) {
        const wg__level level = (wg__level)i;
        check(wg__level_choose(wg__level_name(level)) == (wg__level_exists(level) ? level : best));
    }
}

Test(cpu, unknown_names_mean_the_best)
{
    const char *const unknown[] = { NULL, "", "AVX2", "avx", "avx5120", "native" };
    for (int i = 0; i < 6; i++) check(wg__level_choose(unknown[i]) == wg__level_detect());
}

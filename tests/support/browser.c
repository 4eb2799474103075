/* Does a browser draw a report, in light and in dark, without an error and without asking anybody?
 *
 *     browser PAGE FOLDER     FOLDER: for pictures, the log of the network, the browser's profile
 *
 * Where no Chromium is installed, only the text of the page is looked at. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#define popen _popen
#define pclose _pclose
#endif

enum { WIDTH = 1100, HEIGHT = 1400, PICTURE_BYTES_LEAST = 20000 }; /* an empty page has 5000 */

static int passed, failed;

static void test(const char *name, bool holds)
{
    if (holds) passed++;
    else failed++;
    if (!holds) printf("FAILED browser/%s\n", name);
}

/* The whole file with a zero behind it; NULL if it cannot be read. */
static char *file_read(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    fseek(file, 0, SEEK_END);
    const long size = ftell(file);
    char *text = size < 0 ? NULL : malloc((size_t)size + 1);
    rewind(file);
    *bytes = text == NULL ? 0 : fread(text, 1, (size_t)size, file);
    if (text != NULL) text[*bytes] = '\0';
    fclose(file);
    return text;
}

/* ---- the text ---- */

static bool stands_alone(const char *page)
{
    static const char *const needs[] = { "<script", "<link", "<img", "<iframe", "src=", "href=",
                                         "url(", "@import", "http:", "https:" };
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (strstr(page, needs[i]) != NULL) return false;
    return strstr(page, "</html>") != NULL;
}

/* ---- the browser ---- */

static bool is_command(const char *name)
{
    char command[200];
#if defined(_WIN32)
    snprintf(command, sizeof command, "where %s >NUL 2>NUL", name);
#else
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", name);
#endif
    return system(command) == 0;
}

static const char *browser_find(void)
{
    static const char *const names[] = { "chromium", "chromium-browser", "google-chrome",
                                         "chrome" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_command(names[i])) return names[i];
    return NULL;
}

/* Draws the page to FOLDER/NAME.png; false if that fails or the page has something to complain of,
 * which a browser tells as a line of its console. */
static bool draw(const char *browser, const char *page, const char *folder, const char *name,
                 const char *more)
{
    char command[4000], line[4096];
    bool is_quiet = true;
    snprintf(command, sizeof command,
             "%s%s --headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run "
             "--disable-background-networking --disable-component-update --disable-sync "
             "--enable-logging=stderr --window-size=%d,%d --user-data-dir=\"%s/profile\" "
             "--log-net-log=\"%s/%s.json\" --screenshot=\"%s/%s.png\" %s \"file://%s%s\" 2>&1",
             is_command("timeout") ? "timeout 120 " : "", browser, WIDTH, HEIGHT, folder, folder,
             name, folder, name, more, *page == '/' ? "" : "$PWD/", page);
    FILE *pipe = popen(command, "r");
    if (pipe == NULL) return false;
    while (fgets(line, sizeof line, pipe) != NULL)
        if (strstr(line, ":CONSOLE") != NULL) is_quiet = !fputs(line, stdout);
    return pclose(pipe) == 0 && is_quiet;
}

static unsigned number_at(const char *at)
{
    const unsigned char *byte = (const unsigned char *)at;
    return (unsigned)byte[0] << 24 | (unsigned)byte[1] << 16 | (unsigned)byte[2] << 8 | byte[3];
}

/* A PNG of the window with something in it; to be freed. NULL: there is none. */
static char *picture_read(const char *folder, const char *name, size_t *bytes)
{
    char path[2000];
    snprintf(path, sizeof path, "%s/%s.png", folder, name);
    char *picture = file_read(path, bytes);
    if (picture == NULL) return NULL;
    const bool is_one = *bytes > PICTURE_BYTES_LEAST && memcmp(picture + 1, "PNG", 3) == 0 &&
                        number_at(picture + 16) == WIDTH && number_at(picture + 20) == HEIGHT;
    if (is_one) return picture;
    free(picture);
    return NULL;
}

/* No address in the log but those of the browser's maker, whom it asks whatever the page is. */
static bool nobody_was_asked(const char *folder, const char *name)
{
    static const char key[] = "\"url\":\"http";
    char path[2000];
    size_t bytes;
    bool is_alone = true;
    snprintf(path, sizeof path, "%s/%s.json", folder, name);
    char *log = file_read(path, &bytes);
    for (const char *at = log; at != NULL && (at = strstr(at, key)) != NULL;) {
        at += sizeof key - 1;
        const char *host = strstr(at, "://");
        const size_t length = host == NULL ? 0 : strcspn(host + 3, "/\"");
        const bool is_maker =
            (length >= 10 && strncmp(host + 3 + length - 10, "google.com", 10) == 0) ||
            (length >= 14 && strncmp(host + 3 + length - 14, "googleapis.com", 14) == 0) ||
            (length >= 11 && strncmp(host + 3 + length - 11, "gstatic.com", 11) == 0);
        if (!is_maker) printf("the page asked %.*s\n", (int)length, host == NULL ? "" : host + 3);
        is_alone = is_alone && is_maker;
    }
    const bool has_log = log != NULL && strstr(log, "\"events\"") != NULL;
    free(log);
    return has_log && is_alone;
}

static void look(const char *browser, const char *page, const char *folder)
{
    size_t bytes[2] = { 0, 0 };
    test("draws_light_without_complaint",
         draw(browser, page, folder, "light", "--blink-settings=preferredColorScheme=1"));
    test("draws_dark_without_complaint",
         draw(browser, page, folder, "dark", "--blink-settings=preferredColorScheme=0"));
    char *light = picture_read(folder, "light", &bytes[0]);
    char *dark = picture_read(folder, "dark", &bytes[1]);
    test("pictures_show_something", light != NULL && dark != NULL);
    const bool are_same = light != NULL && dark != NULL && bytes[0] == bytes[1] &&
                          memcmp(light, dark, bytes[0]) == 0;
    test("dark_is_not_light", !are_same);
    test("nobody_is_asked",
         nobody_was_asked(folder, "light") && nobody_was_asked(folder, "dark"));
    free(light);
    free(dark);
}

int main(int count, char **argument)
{
    size_t bytes;
    char *page = count == 3 ? file_read(argument[1], &bytes) : NULL;
    test("page_stands_alone", page != NULL && stands_alone(page));
    const char *browser = browser_find();
    if (page != NULL && browser != NULL) look(browser, argument[1], argument[2]);
    if (browser == NULL) printf("skipped: the page was not drawn, no Chromium is installed\n");
    free(page);
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}

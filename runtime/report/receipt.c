/* What a result was made with, so that it can be made again: settings, data, parameters. */
#include "runtime/report/page.h"
#include "runtime/train/config.h"

static void table_start(wg__html *html, const char *first, const char *second)
{
    wg__html_add(html, "<div class=\"wide\"><table><thead><tr><th scope=\"col\">");
    wg__html_add(html, first);
    wg__html_add(html, "</th><th scope=\"col\">");
    wg__html_add(html, second);
    wg__html_add(html, "</th></tr></thead><tbody>\n");
}

static void row_draw(wg__html *html, const char *name, const char *value)
{
    wg__html_add(html, "<tr><td>");
    wg__html_text(html, name);
    wg__html_add(html, "</td><td>");
    wg__html_text(html, value);
    wg__html_add(html, "</td></tr>\n");
}

static void table_end(wg__html *html)
{
    wg__html_add(html, "</tbody></table></div>\n");
}

int wg_report_config(wg_report *report, const char *title, const wg_config *config)
{
    if (config == NULL)
        return wg__report_fail(report, WG_EINVALID, "configuration", "it is NULL");
    WG_TRY(wg__section_start(report, title, "configuration"));
    table_start(&report->html, "setting", "value");
    for (int64_t i = 0; i < wg__config_count(config); i++) {
        const char *key = wg__config_key(config, i);
        row_draw(&report->html, key, wg_config_text(config, key));
    }
    table_end(&report->html);
    return wg__section_end(report, "configuration");
}

static void print_draw(wg__html *html, const char *name, const wg_fingerprint *print)
{
    char text[40];
    wg__text digits = wg__text_of(text, sizeof text);
    wg__text_add(&digits, "%016llx%016llx", (unsigned long long)print->word[1],
                 (unsigned long long)print->word[0]);
    row_draw(html, name, text);
}

int wg_report_receipt(wg_report *report, const char *title, const wg_dataset *data,
                      const wg_params *params)
{
    wg_fingerprint of_data, of_params;
    int status = data == NULL ? WG_OK : wg_dataset_fingerprint(data, &of_data);
    if (status >= 0 && params != NULL) status = wg_params_fingerprint(params, &of_params);
    if (status < 0) return wg__report_fail(report, status, "receipt", wg_status_text(status));
    WG_TRY(wg__section_start(report, title, "receipt"));
    table_start(&report->html, "of", "fingerprint");
    if (data != NULL) print_draw(&report->html, "data", &of_data);
    if (params != NULL) print_draw(&report->html, "parameters", &of_params);
    row_draw(&report->html, "library", wg_version());
    table_end(&report->html);
    return wg__section_end(report, "receipt");
}

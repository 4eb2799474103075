/* Names and texts of statuses, both expanded from WG_STATUS_LIST, so that no second list exists. */
#include <wengert/core.h>

/* What callers return is handed on unchanged, so any number may be asked for. */
const char *wg_status_name(int status)
{
    switch (status) {
#define STATUS_NAME(name, value, text) case value: return #name;
        WG_STATUS_LIST(STATUS_NAME)
#undef STATUS_NAME
    default: return status > 0 ? "WG_OK" : "WG_UNKNOWN";
    }
}

const char *wg_status_text(int status)
{
    switch (status) {
#define STATUS_TEXT(name, value, text) case value: return text;
        WG_STATUS_LIST(STATUS_TEXT)
#undef STATUS_TEXT
    default: return status > 0 ? "success" : "a status the library does not know";
    }
}

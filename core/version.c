/* The version is that of the package, which hands it to the compiler. */
#include <wengert/core.h>

#ifndef WG_VERSION
#define WG_VERSION "0.0.0" /* compiled by hand */
#endif

const char *wg_version(void)
{
    return WG_VERSION;
}

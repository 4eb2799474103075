/* A wg_writer that remembers: what is printed to it stands in text. */
#ifndef WG_TEST_PAGE_H
#define WG_TEST_PAGE_H

#include "support/test.h"

#include <string.h>

typedef struct test_page { char text[60000]; size_t length; } test_page;

static inline int test_page_write(const char *text, size_t bytes, void *user)
{
    test_page *page = user;
    if (page->length + bytes >= sizeof page->text) return WG_ELIMIT;
    memcpy(page->text + page->length, text, bytes);
    page->length += bytes;
    page->text[page->length] = '\0';
    return WG_OK;
}

#endif

/* What the report's files share beside html.h and chart.h. */
#ifndef WG_RUNTIME_PAGE_H
#define WG_RUNTIME_PAGE_H

extern const char wg__page_style[];

#endif

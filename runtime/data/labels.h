/* Names of classes, in the order of their bytes: a class is the place of its name. Shared by a
 * table, its dataset and the parts of a split.                                                  */
#ifndef WG_RUNTIME_LABELS_H
#define WG_RUNTIME_LABELS_H

#include "core/internal.h"

/* More are no classes but a column that was taken for one. */
enum { WG__LABELS_MAX = 10000, WG__LABEL_BYTES = 256 };

typedef struct wg__labels wg__labels;

wg__labels *wg__labels_create(const wg_allocator *allocator); /* NULL: no memory */
wg__labels *wg__labels_hold(wg__labels *labels); /* NULL allowed */
void wg__labels_drop(wg__labels *labels);        /* the last one frees; NULL allowed */
/* Nothing if it is there. WG_EMEMORY; WG_ELIMIT there are too many. */
int wg__labels_add(wg__labels *labels, const char *name);
int64_t wg__labels_find(const wg__labels *labels, const char *name); /* -1: none such */
const char *wg__labels_name(const wg__labels *labels, int64_t index); /* NULL: none */

#endif

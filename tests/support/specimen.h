/* Specimens: every op of the table as a request that can be made, so that one loop tests all rows.
 *
 * An elementwise row is its own specimen, on the domain of its row; a structural row has a line or
 * more in specimen.c, with shapes and attributes. What is differentiated is f64 unless the op wants
 * it otherwise. A row that has none is listed there with the reason.                             */
#ifndef WG_TEST_SPECIMEN_H
#define WG_TEST_SPECIMEN_H

#include "ops/internal.h"

enum { SPECIMEN_IN_MAX = 3 };

typedef struct specimen {
    wg__op_id op;
    int32_t in_count, attribute_count;
    wg__type in[SPECIMEN_IN_MAX];
    int64_t attribute[WG__ATTRIBUTE_MAX];
    wg__type wanted;             /* dtype 0: the op takes neither dtype nor shape from it */
    double low, high;            /* of real inputs */
    int64_t limit;               /* integer inputs are 0 <= index < limit; 0: any small number */
} specimen;

int32_t specimen_count(void);
const specimen *specimen_at(int32_t i);
/* Why an op has no specimen; NULL: it has one. */
const char *specimen_reason(wg__op_id op);
/* "slice [7, 3] (0, 1, 7, 2)" */
void specimen_name(const specimen *s, wg__text *out);

/* The same request with real inputs of this dtype; of an elementwise row also at this shape. */
specimen specimen_as(const specimen *s, wg_dtype dtype);
specimen specimen_shaped(const specimen *s, const wg__shape *shape);
bool specimen_is_elementwise(const specimen *s); /* a row with a derivative cell */

/* Makes the request. */
uint32_t specimen_emit(wg__builder *b, const specimen *s, const uint32_t *in);

/* How far a point of an elementwise row is from where the row has no derivative, or jumps. */
double specimen_distance(wg__op_id op, double x, double y);

/* An element for input i, and contiguous memory of such: real numbers are multiples of 2^-12 within
 * the domain; of those that fill an input no two are equal while the domain has enough.          */
double specimen_draw(const specimen *s, int32_t i, uint64_t *state);
void specimen_fill(const specimen *s, int32_t i, uint64_t *state, void *data);

#endif

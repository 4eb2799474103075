/* Between the two files of sketches: a step, and how an axis divides an array. */
#ifndef WG_TEST_SKETCH_STEP_H
#define WG_TEST_SKETCH_STEP_H

#include "support/sketch.h"

/* [before, n, after] */
typedef struct line { int64_t before, n, after; } line;
line line_of(const sketch_node *node, int axis);

/* The value of a node whose inputs have theirs. False: a point is not smooth enough. */
bool step_evaluate(const sketch *s, const sketch_node *n, dual *out);

#endif

/* Mutants: wrong derivative rules, made of the right ones, each of the kind that a slip makes. They
 * are rules of the builder like any other, so a mutant is differentiated again to any order. */
#ifndef WG_TEST_MUTANT_H
#define WG_TEST_MUTANT_H

#include "ops/internal.h"

typedef enum mutant {
    MUTANT_SIGN,             /* -d */
    MUTANT_DOUBLED,          /* 2 d */
    MUTANT_FACTOR,           /* 1.0001 d */
    MUTANT_OFFSET,           /* d + 1e-4 */
    MUTANT_DROPPED,          /* the first input receives nothing */
    MUTANT_DROPPED_LAST,     /* the last input receives nothing */
    MUTANT_SHIFTED,          /* off by one along the last axis */
    MUTANT_REVERSED,         /* the wrong way round along the first axis */
    MUTANT_TRANSPOSED,       /* the last axes exchanged */
    MUTANT_EDGE_LOST,        /* the last element receives nothing */
    MUTANT_EDGE_TWICE,       /* the first element receives double */
    MUTANT_SUM_MISSING,      /* of the cotangents along the first axis only the first counts */
    MUTANT_MEAN,             /* a mean in place of a sum */
    MUTANT_UNWEIGHTED,       /* the cotangent is taken for 1 */
    MUTANT_COTANGENT_TWICE,  /* the cotangent is a factor twice */
    MUTANT_LEAK,             /* a mask is missing: what receives 0 receives 1 */
    MUTANT_SWAPPED,          /* two inputs have each other's */
    MUTANT_STALE,            /* inputs and result are held constant: wrong from order 2 on */
    MUTANT_RESULT_FOR_INPUT,
    MUTANT_INPUT_FOR_RESULT,
    MUTANT_OTHER_INPUT,      /* x and y are taken for each other */
    MUTANT_ATTRIBUTE_0,      /* a number of the attribute is one too large: the wrong axis, */
    MUTANT_ATTRIBUTE_1,      /* an off-by-one window, stride or start */
    MUTANT_ATTRIBUTE_2,
    MUTANT_ATTRIBUTE_3,
    MUTANT_COUNT
} mutant;

const char *mutant_name(mutant kind);
/* The rule of the node's op as the mutant has it. */
void mutant_vjp(mutant kind, const wg__node_view *node, uint32_t *gradient);

#endif

/* The list of bits: `name hash` for what the library computes, one line each, in a fixed order. The
 * idea: a list made anywhere, at any level, with any number of threads and any plan, is the list
 * kept beside this file, byte for byte.
 *
 * A hash is XXH3-128 of the elements in logical order, NaN as one pattern.                       */
#ifndef WG_TEST_BITS_H
#define WG_TEST_BITS_H

#include <stdio.h>
#include <stdlib.h>
#include <wengert/wengert.h>

#include "core/internal.h"

typedef struct bits {
    wg_runtime *runtime;
    wg_tape *tape;
    wg__arena arena;    /* inputs of the recording at hand */
    int shift;          /* bytes by which they lie off an aligned address */
    bool has_any_rows;  /* shards have other rows in each recording, as the seed says */
    uint64_t seed, drawn;
} bits;

/* The next recording. */
void bits_begin(bits *b);
/* Reads the value and prints a line, "family/name dtype hash". A failure ends the program. */
void bits_line(bits *b, const char *family, const char *name, wg_dtype dtype, wg_var value);
void bits_print(const char *family, const char *name, const char *kind, wg__hash hash);
void bits_must(const bits *b, int status, const char *what);

/* An input whose rows are samples. Floats lie in the range, whose ends are multiples of 1/16, or,
 * every fifth if has_patterns, anywhere; integers lie in the range. stream: even and odd ones, so
 * that two inputs of a call meet in all pairs of edges.                                          */
typedef struct bits_range { double low, high; bool has_patterns; } bits_range;
wg_var bits_input(bits *b, const char *name, uint64_t stream, wg_dtype dtype, wg_shape shape,
                  bits_range range);

void bits_primitives(bits *b);
void bits_composites(bits *b);
void bits_trainings(bits *b);

#endif

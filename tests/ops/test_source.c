/* iota and random_bits: places, shards, levels, and the words that core defines. */
#include "ops/kernels/kernels.h"
#include "support/immediate.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

static uint32_t emit_source(immediate *im, wg__op_id op, const uint32_t *in, int64_t key,
                            wg_dtype dtype, const wg__shape *shape)
{
    const wg__type wanted = { .dtype = dtype, .shape = *shape };
    const wg__request request = { .op = op,
                                  .in_count = in != NULL,
                                  .in = in,
                                  .attribute = &key,
                                  .attribute_count = in != NULL,
                                  .wanted = &wanted };
    return im->builder.emit(&im->builder, &request);
}

Test(source, iota_counts_in_every_dtype)
{
    const wg__shape shape = { .rank = 2, .dim = { 3, 4 } };
    for (wg_dtype dtype = WG_F32; dtype <= WG_U8; dtype++) {
        immediate *im = immediate_create(WG__PORTABLE);
        const uint32_t x = emit_source(im, WG__OP_iota, NULL, 0, dtype, &shape);
        for (int i = 0; i < 12; i++) check(immediate_at(im, x, i) == i);
        immediate_free(im);
    }
}

/* Runs one primitive on rows first .. first + count of an array of `width` columns. */
static void run_rows(wg__level level, const wg__call *whole, int64_t first, int64_t count,
                     int64_t width, void *out)
{
    const wg__shape shape = { .rank = 2, .dim = { count, width } };
    wg__call call = *whole;
    call.first_row = first;
    call.out = wg__array_of(out, WG_I32, &shape);
    check_status(wg__eval(wg__kernels_of(level), &call), WG_OK);
}

/* Rows computed in pieces of any size have the bits of the whole, at every level. */
static void check_pieces(const wg__call *whole, const int32_t *expected, int64_t rows,
                         int64_t width)
{
    static int32_t out[4096];
    check(rows * width <= 4096);
    for (int level = 0; level < WG__LEVEL_COUNT; level++) {
        if (!wg__level_exists((wg__level)level)) continue;
        for (int64_t piece = 1; piece <= rows; piece = piece * 2 + 1) {
            memset(out, 0, sizeof out);
            for (int64_t row = 0; row < rows; row += piece) {
                const int64_t count = row + piece < rows ? piece : rows - row;
                run_rows((wg__level)level, whole, row, count, width, out + row * width);
            }
            check_bytes(out, expected, sizeof *out * (size_t)(rows * width));
        }
    }
}

Test(source, iota_in_pieces_counts_on)
{
    static int32_t expected[61 * 7];
    for (int i = 0; i < 61 * 7; i++) expected[i] = i;
    const wg__call call = { .op = WG__OP_iota };
    check_pieces(&call, expected, 61, 7);
}

/* Element i is word i mod 4 of block i / 4, whatever the width, the piece and the level. */
Test(source, random_bits_are_the_words_of_the_stream)
{
    static int32_t expected[61 * 61];
    static const int64_t widths[] = { 1, 2, 3, 4, 5, 16, 61 };
    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
        int64_t key = (int64_t)(0x9E3779B97F4A7C15u * (w + 1));
        int64_t draw = (int64_t)w * 0x100000001;
        for (int64_t i = 0; i < 61 * widths[w]; i++) {
            uint32_t word[4];
            wg__philox((uint64_t)key, (uint64_t)draw, (uint64_t)i / 4, word);
            memcpy(&expected[i], &word[i % 4], sizeof *word);
        }
        const wg__shape scalar = { .rank = 0 };
        const wg__array in = wg__array_of(&draw, WG_I64, &scalar);
        const wg__call call = { .op = WG__OP_random_bits,
                                .in_count = 1,
                                .in = &in,
                                .attribute = &key,
                                .attribute_count = 1 };
        check_pieces(&call, expected, 61, widths[w]);
    }
}

/* Blocks beyond 2^32 use the counter's upper word. */
Test(source, random_bits_reach_far)
{
    uint32_t far[5], expected[8];
    const int64_t first = 4 * 0x100000000 + 2;
    wg__philox(1, 2, 0x100000000, expected);
    wg__philox(1, 2, 0x100000001, expected + 4);
    for (int level = 0; level < WG__LEVEL_COUNT; level++) {
        if (!wg__level_exists((wg__level)level)) continue;
        wg__kernels_of((wg__level)level)->random->bits(1, 2, first, 5, far);
        check_bytes(far, expected + 2, sizeof far);
    }
}

/* 2^20 bits of each place: the count of ones differs from the half by less than 5 deviations. */
Test(source, random_bits_are_balanced)
{
    enum { COUNT = 1 << 20 };
    static uint32_t word[COUNT];
    wg__kernels_of(WG__PORTABLE)->random->bits(5, 6, 0, COUNT, word);
    for (int bit = 0; bit < 32; bit++) {
        int64_t ones = 0;
        for (int i = 0; i < COUNT; i++) ones += word[i] >> bit & 1;
        check_close(ones, COUNT / 2, 5 * sqrt(COUNT) / 2);
    }
}

Test(source, another_key_or_draw_is_another_stream)
{
    immediate *im = immediate_create(WG__PORTABLE);
    const wg__shape shape = { .rank = 1, .dim = { 64 } };
    const wg__shape scalar = { .rank = 0 };
    const int64_t draws[] = { 1, 2 };
    const uint32_t first = immediate_i64(im, &scalar, &draws[0]);
    const uint32_t second = immediate_i64(im, &scalar, &draws[1]);
    const uint32_t x = emit_source(im, WG__OP_random_bits, &first, 7, WG_I32, &shape);
    const uint32_t y = emit_source(im, WG__OP_random_bits, &first, 8, WG_I32, &shape);
    const uint32_t z = emit_source(im, WG__OP_random_bits, &second, 7, WG_I32, &shape);
    const uint32_t again = emit_source(im, WG__OP_random_bits, &first, 7, WG_I32, &shape);
    int equal = 0;
    for (int i = 0; i < 64; i++) {
        check(immediate_at(im, x, i) == immediate_at(im, again, i));
        equal += immediate_at(im, x, i) == immediate_at(im, y, i);
        equal += immediate_at(im, x, i) == immediate_at(im, z, i);
    }
    check_equal_i(equal, 0);
    immediate_free(im);
}

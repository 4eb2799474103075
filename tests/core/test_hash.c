/* Hashes against the vectors of another build of XXH3 (python-xxhash 3), byte i being 131 i + 7.
 * Their lengths lie on both sides of the steps of the algorithm: 16, 128, 240 bytes and more.    */
#include "support/test.h"

#include <core/internal.h>

static const struct vector {
    size_t bytes;
    uint64_t lower, upper; /* 128 bits */
    uint64_t plain, seeded;
} vectors[] = {
    { 0, 0x6001c324468d497f, 0x99aa06d3014798d8,
      0x2d06800538d394c2, 0xcc1ca35a1b089c5c },
    { 1, 0x4c5cca45d0f4811f, 0x495b62073ef70ca4,
      0x4c5cca45d0f4811f, 0x6dcb95d31de5966b },
    { 3, 0x6e3e2670e61106ac, 0x390cdc5b4a895dd7,
      0x6e3e2670e61106ac, 0x911f06f10ddb4cd2 },
    { 16, 0xe2ce54a7c19c730d, 0x7f9a218b0425449a,
      0x86abf6baccea0858, 0x81ebfa79d47aa6f2 },
    { 17, 0x8d96ef110fcdebb4, 0x66fc23f6439dbd77,
      0xb58bf5dc5022d071, 0xfd2e9d73f8cca2d4 },
    { 128, 0xff361dec1385710a, 0xaec730751478556c,
      0x10d17f72c0ccba41, 0x357be72a285cd85e },
    { 129, 0x4545b3a09738e31a, 0x98cd36ccbb557926,
      0x1648bdc3db49d1a2, 0x1376e00df4c705f0 },
    { 240, 0x3f2c53e72293711f, 0x5293e17bf553903d,
      0xb6cfaf343fab81e6, 0xd43296f42088f6c4 },
    { 241, 0x956cae592c67279e, 0xb53840fe3fedf161,
      0x956cae592c67279e, 0x4cbae25b11e4b16b },
    { 1024, 0x70bd377d9574f4bb, 0xf69630613f24324d,
      0x70bd377d9574f4bb, 0x9239f56d73396e44 },
    { 5000, 0xe4007929540f095c, 0x61bedb627e4a5fdf,
      0xe4007929540f095c, 0xd0ce86e105be8a8e },
};
enum { COUNT = sizeof vectors / sizeof vectors[0], BYTES_MAX = 5000 };

static void fill(unsigned char data[BYTES_MAX])
{
    for (int i = 0; i < BYTES_MAX; i++) data[i] = (unsigned char)(131 * i + 7);
}

Test(hash, vectors_of_another_build_agree)
{
    unsigned char data[BYTES_MAX];
    fill(data);
    for (int i = 0; i < COUNT; i++) {
        const struct vector *v = &vectors[i];
        const wg__hash hash = wg__hash_of(&(wg__bytes){ .data = data, .bytes = v->bytes }, 1);
        check_msg(hash.word[0] == v->lower && hash.word[1] == v->upper, "%zu bytes", v->bytes);
        check_msg(wg__hash64(data, v->bytes, 0) == v->plain, "%zu bytes", v->bytes);
        check_msg(wg__hash64(data, v->bytes, 0x123456789abcdef) == v->seeded, "%zu bytes",
                  v->bytes);
    }
}

Test(hash, parts_hash_as_one_piece)
{
    unsigned char data[BYTES_MAX];
    fill(data);
    const wg__bytes part[] = {
        { data, 1 }, { NULL, 0 }, { data + 1, 239 }, { data + 240, 784 }, { data + 1024, 3976 },
    };
    const wg__hash hash = wg__hash_of(part, 5);
    check(hash.word[0] == vectors[COUNT - 1].lower && hash.word[1] == vectors[COUNT - 1].upper);
}

Test(hash, nothing_hashes_as_no_bytes)
{
    const wg__hash none = wg__hash_of(NULL, 0);
    check(none.word[0] == vectors[0].lower && none.word[1] == vectors[0].upper);
    check(wg__hash64(NULL, 0, 0) == vectors[0].plain);
}

Test(hash, alignment_of_the_data_is_no_part)
{
    unsigned char data[BYTES_MAX + 8];
    for (int shift = 0; shift < 8; shift++) {
        fill(data + shift);
        const wg__hash hash = wg__hash_of(&(wg__bytes){ data + shift, BYTES_MAX }, 1);
        check(hash.word[0] == vectors[COUNT - 1].lower);
    }
}

/* XXH3 over bytes; the only file that includes xxHash. A hash only speeds up finding: whoever finds
 * by it compares the bytes as well, so a collision costs time and nothing else.                  */
#include <core/internal.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

wg__hash wg__hash_of(const wg__bytes *part, int64_t count)
{
    WG_ASSERT(count >= 0);
    XXH3_state_t state;
    XXH3_INITSTATE(&state);
    XXH3_128bits_reset(&state);
    for (int64_t i = 0; i < count; i++)
        if (part[i].bytes > 0) XXH3_128bits_update(&state, part[i].data, part[i].bytes);
    const XXH128_hash_t hash = XXH3_128bits_digest(&state);
    return (wg__hash){ .word = { hash.low64, hash.high64 } };
}

uint64_t wg__hash64(const void *data, size_t bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, bytes, seed);
}

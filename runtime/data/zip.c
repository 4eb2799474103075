/* Zip archives of stored and deflated members. The directory at the end is what counts; the local
 * header before a member must agree with it. Nothing is believed before it is there: memory for a
 * member is taken only if its packed bytes can hold that much, and since members share no byte,
 * all together are bounded by the length of the file.                                           */
#include "runtime/data/zip.h"

#include "runtime/data/json.h"
#include "runtime/data/order.h"
#include "runtime/data/stream.h"

#include <string.h>

enum {
    END_BYTES = 22,
    COMMENT_BYTES_MAX = 65535,
    ENTRY_BYTES = 46, /* of the directory, without its name, extras and comment */
    LOCAL_BYTES = 30, /* of the header before a member, without its name and extras */
    FLAG_ENCRYPTED = 1, FLAG_SIZES_FOLLOW = 8,
    METHOD_STORED = 0, METHOD_DEFLATED = 8
};

static uint32_t word2(const char *at)
{
    return (uint32_t)(unsigned char)at[0] | (uint32_t)(unsigned char)at[1] << 8;
}

static uint32_t word4(const char *at)
{
    return word2(at) | word2(at + 2) << 16;
}

static int fail_at(const wg__file *file, uint64_t byte, int status, const char *problem,
                   wg_error *error)
{
    return wg__fail(error, status, "%s: byte %llu: %s", file->path, (unsigned long long)byte,
                    problem);
}

static int fail_member(const wg__file *file, const wg__zip_member *member, const char *problem,
                       wg_error *error)
{
    return wg__fail(error, WG_EFORMAT, "%s: byte %llu: member \"%.80s\": %s", file->path,
                    (unsigned long long)member->described, member->name, problem);
}

/* ---- the end of the directory ---- */

typedef struct ending { uint64_t at; uint32_t count, bytes, begin; } ending;

/* The last place in the tail whose comment reaches exactly to the end; NULL: none. */
static const char *ending_find(const char *tail, size_t bytes)
{
    for (size_t back = END_BYTES; back <= bytes; back++) {
        const char *at = tail + bytes - back;
        if (memcmp(at, "PK\005\006", 4) == 0 && word2(at + 20) == back - END_BYTES) return at;
    }
    return NULL;
}

static int ending_check(const wg__file *file, const char *at, const ending *end, wg_error *error)
{
    if (word2(at + 4) == 0xFFFF || end->count == 0xFFFF || end->bytes == 0xFFFFFFFFu ||
        end->begin == 0xFFFFFFFFu)
        return fail_at(file, end->at, WG_ELIMIT, "archives that need zip64 are not read", error);
    if (word2(at + 4) != 0 || word2(at + 6) != 0 || word2(at + 8) != end->count)
        return fail_at(file, end->at, WG_ELIMIT, "one part of several", error);
    if ((uint64_t)end->begin + end->bytes != end->at)
        return fail_at(file, end->at, WG_EFORMAT, "the directory does not end here", error);
    if (end->count > end->bytes / ENTRY_BYTES)
        return fail_at(file, end->at, WG_EFORMAT, "the directory is too short for its members",
                       error);
    return WG_OK;
}

static int ending_read(wg__file *file, const wg_allocator *allocator, ending *end,
                       wg_error *error)
{
    const size_t most = END_BYTES + COMMENT_BYTES_MAX;
    const size_t bytes = file->bytes < most ? (size_t)file->bytes : most;
    char *tail = wg__allocate(allocator, bytes);
    if (tail == NULL) return wg__fail(error, WG_EMEMORY, "%s: no memory to read it", file->path);
    int status = wg__file_seek(file, file->bytes - bytes, error);
    if (status >= 0) status = wg__file_read(file, tail, bytes, error);
    const char *at = status >= 0 ? ending_find(tail, bytes) : NULL;
    if (at != NULL) {
        *end = (ending){ .at = file->bytes - bytes + (uint64_t)(at - tail),
                         .count = word2(at + 10), .bytes = word4(at + 12),
                         .begin = word4(at + 16) };
        status = ending_check(file, at, end, error);
    } else if (status >= 0) {
        status = fail_at(file, file->bytes, WG_EFORMAT, "the end of a zip's directory is missing",
                         error);
    }
    wg__release(allocator, tail, bytes);
    return status;
}

/* ---- the directory ---- */

/* Ends the name with a zero byte: it moves to the front of its entry, which has been read. */
static int name_take(const wg__file *file, wg__zip_member *member, char *entry, size_t length,
                     wg_error *error)
{
    memmove(entry, entry + ENTRY_BYTES, length);
    entry[length] = '\0';
    member->name = entry;
    if (length == 0 || strlen(entry) != length || wg__utf8_check(entry, length) != length)
        return fail_at(file, member->described, WG_EFORMAT,
                       "the name of a member is empty or no text", error);
    return WG_OK;
}

static int entry_read(const wg__file *file, wg__zip_member *member, char *entry, size_t left,
                      size_t *used, wg_error *error)
{
    if (left < ENTRY_BYTES || memcmp(entry, "PK\001\002", 4) != 0)
        return fail_at(file, member->described, WG_EFORMAT, "expected a member's entry", error);
    const size_t length = word2(entry + 28);
    *used = ENTRY_BYTES + length + word2(entry + 30) + word2(entry + 32);
    if (*used > left)
        return fail_at(file, member->described, WG_EFORMAT,
                       "an entry longer than the directory", error);
    const uint32_t flags = word2(entry + 8), method = word2(entry + 10);
    member->is_packed = method == METHOD_DEFLATED;
    member->checksum = word4(entry + 16);
    member->packed_bytes = word4(entry + 20);
    member->bytes = word4(entry + 24);
    member->begin = word4(entry + 42);
    WG_TRY(name_take(file, member, entry, length, error));
    if ((flags & FLAG_ENCRYPTED) != 0) return fail_member(file, member, "encrypted", error);
    if (method != METHOD_STORED && method != METHOD_DEFLATED)
        return fail_member(file, member, "neither stored nor deflated", error);
    if (member->packed_bytes == 0xFFFFFFFFu || member->bytes == 0xFFFFFFFFu ||
        member->begin == 0xFFFFFFFFu)
        return fail_at(file, member->described, WG_ELIMIT,
                       "members that need zip64 are not read", error);
    if (!member->is_packed && member->packed_bytes != member->bytes)
        return fail_member(file, member, "stored, but its two sizes differ", error);
    return WG_OK;
}

static int directory_read(wg__zip *zip, wg__file *file, const ending *end, wg_error *error)
{
    zip->text = wg__allocate(&zip->allocator, end->bytes);
    if (zip->text == NULL)
        return wg__fail(error, WG_EMEMORY, "%s: no memory for its directory", file->path);
    zip->text_bytes = end->bytes;
    zip->member =
        wg__allocate_zeroed(&zip->allocator, (size_t)end->count * sizeof *zip->member);
    if (zip->member == NULL)
        return wg__fail(error, WG_EMEMORY, "%s: no memory for its list", file->path);
    zip->member_count = end->count;
    WG_TRY(wg__file_seek(file, end->begin, error));
    WG_TRY(wg__file_read(file, zip->text, end->bytes, error));
    size_t at = 0;
    for (int64_t i = 0; i < zip->member_count; i++) {
        size_t used = 0;
        zip->member[i].described = end->begin + at;
        WG_TRY(entry_read(file, &zip->member[i], zip->text + at, end->bytes - at, &used, error));
        at += used;
    }
    if (at != end->bytes)
        return fail_at(file, end->begin + at, WG_EFORMAT, "more than its members in the directory",
                       error);
    return WG_OK;
}

/* ---- what lies where ---- */

/* The header before the member says the same, and its bytes end before the limit. */
static int local_check(wg__file *file, wg__zip_member *member, uint64_t limit, wg_error *error)
{
    char head[LOCAL_BYTES], name[128];
    if (member->begin > limit || limit - member->begin < LOCAL_BYTES)
        return fail_member(file, member, "it overlaps what follows it", error);
    WG_TRY(wg__file_seek(file, member->begin, error));
    WG_TRY(wg__file_read(file, head, sizeof head, error));
    const size_t length = word2(head + 26);
    const uint32_t method = member->is_packed ? METHOD_DEFLATED : METHOD_STORED;
    bool is_same = memcmp(head, "PK\003\004", 4) == 0 && word2(head + 8) == method &&
                   length == strlen(member->name);
    if ((word2(head + 6) & FLAG_SIZES_FOLLOW) == 0)
        is_same = is_same && word4(head + 14) == member->checksum;
    member->data = member->begin + LOCAL_BYTES + length + word2(head + 28);
    if (is_same && (member->data > limit || limit - member->data < member->packed_bytes))
        return fail_member(file, member, "it overlaps what follows it", error);
    for (size_t i = 0; is_same && i < length; i += sizeof name) {
        const size_t here = length - i < sizeof name ? length - i : sizeof name;
        WG_TRY(wg__file_read(file, name, here, error));
        is_same = memcmp(name, member->name + i, here) == 0;
    }
    if (!is_same)
        return fail_at(file, member->begin, WG_EFORMAT,
                       "a member's header differs from the directory", error);
    return WG_OK;
}

static int place_compare(int64_t x, int64_t y, const void *user)
{
    const wg__zip_member *member = user;
    if (member[x].begin != member[y].begin) return member[x].begin < member[y].begin ? -1 : 1;
    return x < y ? -1 : 1;
}

static int name_compare(int64_t x, int64_t y, const void *user)
{
    const wg__zip_member *member = user;
    const int order = strcmp(member[x].name, member[y].name);
    if (order != 0) return order;
    return x < y ? -1 : 1;
}

static int places_check(wg__zip *zip, wg__file *file, uint64_t end, int64_t *index,
                        wg_error *error)
{
    const int64_t count = zip->member_count;
    wg__order_rows(index, count);
    wg__order_sort(index, count, place_compare, zip->member);
    for (int64_t i = 0; i < count; i++) {
        const uint64_t limit = i + 1 < count ? zip->member[index[i + 1]].begin : end;
        WG_TRY(local_check(file, &zip->member[index[i]], limit, error));
    }
    wg__order_sort(index, count, name_compare, zip->member);
    for (int64_t i = 1; i < count; i++)
        if (strcmp(zip->member[index[i - 1]].name, zip->member[index[i]].name) == 0)
            return fail_member(file, &zip->member[index[i]], "there is one of that name", error);
    return WG_OK;
}

static int members_check(wg__zip *zip, wg__file *file, uint64_t end, wg_error *error)
{
    const size_t bytes = (size_t)zip->member_count * sizeof(int64_t);
    int64_t *index = wg__allocate(&zip->allocator, bytes);
    if (index == NULL)
        return wg__fail(error, WG_EMEMORY, "%s: no memory for its list", file->path);
    const int status = places_check(zip, file, end, index, error);
    wg__release(&zip->allocator, index, bytes);
    return status;
}

int wg__zip_read(wg__zip *zip, wg__file *file, const wg_allocator *allocator, wg_error *error)
{
    ending end = { 0 };
    *zip = (wg__zip){ .allocator = *allocator };
    int status = ending_read(file, allocator, &end, error);
    if (status >= 0) status = directory_read(zip, file, &end, error);
    if (status >= 0) status = members_check(zip, file, end.begin, error);
    if (status < 0) wg__zip_free(zip);
    return status;
}

void wg__zip_free(wg__zip *zip)
{
    wg__release(&zip->allocator, zip->member, (size_t)zip->member_count * sizeof *zip->member);
    wg__release(&zip->allocator, zip->text, zip->text_bytes);
    *zip = (wg__zip){ .allocator = zip->allocator };
}

/* ---- a member ---- */

static int member_fill(wg__stream *stream, const wg__zip_member *member, void *out,
                       wg_error *error)
{
    WG_TRY(wg__stream_read(stream, out, member->bytes, error));
    WG_TRY(wg__stream_end(stream, error));
    if (wg__checksum(out, member->bytes) == member->checksum) return WG_OK;
    return wg__fail(error, WG_EFORMAT, "%s: byte %llu: member \"%.80s\": its checksum is wrong",
                    wg__stream_path(stream), (unsigned long long)member->data, member->name);
}

int wg__zip_member_load(const wg__zip *zip, const wg__zip_member *member, const char *path,
                        void **out, wg_error *error)
{
    wg__stream *stream = NULL;
    void *block = NULL;
    WG_TRY(wg__stream_open_part(path, member->data, member->packed_bytes, member->is_packed,
                                &zip->allocator, &stream, error));
    int status = WG_OK;
    if (member->bytes > wg__stream_left_max(stream))
        status = wg__fail(error, WG_EFORMAT,
                          "%s: byte %llu: member \"%.80s\": %lu bytes do not come from %lu", path,
                          (unsigned long long)member->described, member->name,
                          (unsigned long)member->bytes, (unsigned long)member->packed_bytes);
    else if ((block = wg__allocate(&zip->allocator, member->bytes)) == NULL)
        status = wg__fail(error, WG_EMEMORY, "%s: member \"%.80s\": no memory for its bytes", path,
                          member->name);
    else
        status = member_fill(stream, member, block, error);
    wg__stream_close(stream);
    if (status < 0) wg__release(&zip->allocator, block, member->bytes);
    else *out = block;
    return status;
}

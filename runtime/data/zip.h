/* The directory of a zip archive, read and found to be sound: no two members share a byte or a
 * name, and each lies between the start of the file and the directory.                          */
#ifndef WG_RUNTIME_ZIP_H
#define WG_RUNTIME_ZIP_H

#include "runtime/data/file.h"

typedef struct wg__zip_member {
    char *name;
    bool is_packed; /* by deflate; else stored as it is */
    uint32_t checksum;
    uint32_t packed_bytes, bytes;
    uint64_t begin;     /* of its local header in the file */
    uint64_t data;      /* of its bytes */
    uint64_t described; /* its place in the directory */
} wg__zip_member;

typedef struct wg__zip {
    wg_allocator allocator;
    char *text; /* of the directory; names point into it */
    size_t text_bytes;
    wg__zip_member *member; /* in the order of the directory */
    int64_t member_count;
} wg__zip;

/* WG_EFORMAT, with the byte; WG_ELIMIT: zip64 is needed, or the archive is one part of several. */
int wg__zip_read(wg__zip *zip, wg__file *file, const wg_allocator *allocator, wg_error *error);
/* The bytes of a member, unpacked and equal to their checksum: a block of member->bytes. */
int wg__zip_member_load(const wg__zip *zip, const wg__zip_member *member, const char *path,
                        void **out, wg_error *error);
void wg__zip_free(wg__zip *zip);

#endif

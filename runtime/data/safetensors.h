/* The header of a safetensors file, read and found to be sound: every byte behind it belongs to
 * exactly one tensor.                                                                           */
#ifndef WG_RUNTIME_SAFETENSORS_H
#define WG_RUNTIME_SAFETENSORS_H

#include "runtime/data/element.h"

typedef struct wg__tensor_info {
    char *name;
    wg__element element;  /* WG__ELEMENT_NONE: of a kind that has no dtype here */
    uint32_t bits;        /* of an element */
    int32_t rank;         /* of the file; only the first WG_RANK_MAX extents are kept */
    int64_t dim[WG_RANK_MAX];
    uint64_t count;       /* of elements */
    uint64_t begin, end;  /* in the data */
    uint64_t described;   /* the byte of the file where its description starts */
} wg__tensor_info;

typedef struct wg__metadata { const char *key, *value; } wg__metadata;

typedef struct wg__safetensors {
    wg_allocator allocator;
    char *text; /* of the header; names and note point into it */
    size_t text_bytes;
    wg__tensor_info *tensor; /* in the order of their data */
    int64_t tensor_count, tensor_capacity;
    int64_t *by_name; /* indices of the tensors, sorted by name */
    uint64_t data_start; /* in the file */
    const char *note;    /* the text under "wengert" in __metadata__; NULL: none */
    wg__metadata *metadata; /* all others */
    int64_t metadata_count, metadata_capacity;
} wg__safetensors;

int wg__safetensors_read(wg__safetensors *all, wg__file *file, const wg_allocator *allocator,
                         wg_error *error);
/* Index of the tensor whose name these bytes are; -1: there is none. */
int64_t wg__safetensors_find(const wg__safetensors *all, const char *name, size_t bytes);
void wg__safetensors_free(wg__safetensors *all);

#endif

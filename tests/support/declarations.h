/* Reads the public headers and lists what they declare, so that rules about them can be tests. */
#ifndef WG_TEST_DECLARATIONS_H
#define WG_TEST_DECLARATIONS_H

#include <stdbool.h>

typedef enum declaration_kind {
    FUNCTION,  /* type: what it returns */
    CALLBACK,  /* a function type, or a field that points to a function */
    STRUCT,
    OPAQUE,    /* a struct named without fields */
    PARAMETER, /* of a function or callback */
    FIELD,     /* of a struct */
    WRAPPER    /* a macro of the form wg_x(...) WG_HERE(wg_x(...)) */
} declaration_kind;

typedef struct declaration {
    declaration_kind kind;
    const char *header;
    char owner[64]; /* of a parameter or field: whose; of a callback in a struct: the struct */
    char type[96];  /* "const wg_view *" */
    char name[64];
    bool is_last; /* parameter or field of its owner */
} declaration;

/* The text of a header as it stands in the tree, until the next call. */
char *header_text(const char *path);
/* All declarations of all headers, read once; the tests run in the root of the repository. */
int declarations(const declaration **list);
/* Finds by kind and name; NULL if there is none. */
const declaration *declaration_find(declaration_kind kind, const char *name);

#endif

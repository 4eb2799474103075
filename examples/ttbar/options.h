/* The command line. */
#ifndef TTBAR_OPTIONS_H
#define TTBAR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct options {
    const char *data, *report;
    const char *grid;   /* the file of a search; NULL: none */
    const char *points; /* what it tries */
    int64_t repeats;    /* of each point */
    int64_t epochs;
    int threads; /* 0: one a core */
    uint64_t seed;
    bool is_quiet, wants_help;
} options;

/* 0, or -1 after it has said on standard error what it does not understand. */
int options_read(int count, char **argument, options *out);
void options_help(void);

#endif

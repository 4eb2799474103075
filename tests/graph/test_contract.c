/* The comments of ops.h against the rows of ops.def: what a caller is told is what is tested. */
#include "ops/internal.h"
#include "support/declarations.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The comment behind a declaration on its line or, if there is none, the one that ends above it. */
static void comment_of(const char *text, const char *op, char *out, size_t capacity)
{
    char declared[80];
    snprintf(declared, sizeof declared, "\nwg_var wg_%s(", op);
    const char *line = strstr(text, declared);
    check_msg(line != NULL, "%s is not declared in ops.h", op);
    const char *start = strstr(line, "/*");
    if (start == NULL || start > line + 1 + strcspn(line + 1, "\n"))
        for (start = line; strncmp(start, "/*", 2) != 0; start--) check(start > text);
    const char *end = strstr(start, "*/");
    check_msg(end > line || end + 2 == line, "wg_%s has no comment", op);
    const size_t length = (size_t)(end - start);
    check(length < capacity);
    memcpy(out, start, length);
    out[length] = '\0';
}

/* "... ; 1.5 ulp; ..." is 1.5; exactly rounded, 0, if it says nothing. */
static double stated_ulp(const char *comment)
{
    const char *unit = strstr(comment, " ulp");
    if (unit == NULL) return 0;
    while (unit > comment && strchr("0123456789.", unit[-1]) != NULL) unit--;
    return atof(unit);
}

Test(contract, every_elementwise_op_states_the_error_of_its_row)
{
    const char *text = header_text("graph/include/wengert/ops.h");
    int stated_count = 0;
    for (int op = 1; op < WG__OP_COUNT; op++) {
        const wg__op *row = &wg__op_table[op];
        if (row->low >= row->high) continue; /* has no domain: not a function of numbers */
        char comment[2000];
        comment_of(text, row->name, comment, sizeof comment);
        const double stated = stated_ulp(comment);
        check_msg(stated == row->ulp, "wg_%s states %g ulp, its row %g", row->name, stated,
                  row->ulp);
        stated_count += stated > 0;
    }
    check(stated_count > 10);
}

/* Which columns of a CSV file are x, and which are t. */
#ifndef WG_RUNTIME_CSV_CHOOSE_H
#define WG_RUNTIME_CSV_CHOOSE_H

#include "runtime/data/csv_table.h"

/* Fills use, x_count and t_count of a table whose column_count is known, from the names in its
 * first record, at which head stands. WG_ENAME, WG_EFORMAT, WG_EINVALID. */
int wg__csv_choose(wg__csv_table *table, const wg__csv *head, const wg_csv_options *options,
                   wg_error *error);

#endif

/* Names are looked up in the head one by one, in the order they were given. */
#include "runtime/data/csv_choose.h"

#include <string.h>

typedef struct choice {
    wg__csv_table *table;
    const wg__csv *head;
    wg_error *error;
} choice;

/* Whether the column of that index, whose head is field, goes by this name. */
static bool column_is(const wg__csv_table *table, const wg__csv_field *field, int64_t index,
                      const char *name, size_t bytes)
{
    char number[24];
    if (!table->without_header) return wg__csv_equal(field, name, bytes);
    wg__text text = wg__text_of(number, sizeof number);
    wg__text_add(&text, "%lld", (long long)index);
    return text.length == bytes && memcmp(number, name, bytes) == 0;
}

static int column_find(const choice *c, const char *name, size_t bytes, int64_t *out)
{
    wg__csv csv = *c->head;
    wg__csv_field field;
    int64_t found = -1;
    for (int64_t i = 0; i < c->table->column_count; i++) {
        WG_TRY(wg__csv_next(&csv, &field, c->error));
        if (!column_is(c->table, &field, i, name, bytes)) continue;
        if (found >= 0) return wg__csv_fail(&csv, &field, c->error, "heads two columns");
        found = i;
    }
    if (found < 0)
        return wg__fail(c->error, WG_ENAME, "%s: no column is called \"%.*s\"", c->table->path,
                        bytes < 80 ? (int)bytes : 80, name);
    *out = found;
    return WG_OK;
}

/* Gives the named columns their indices. */
static int names_choose(const choice *c, const char *names, bool is_target, int64_t *count)
{
    for (const char *name = names; *name != '\0';) {
        int64_t column = 0;
        name += strspn(name, " ");
        size_t bytes = strcspn(name, ",");
        const char *next = name[bytes] == ',' ? name + bytes + 1 : name + bytes;
        while (bytes > 0 && name[bytes - 1] == ' ') bytes--;
        WG_TRY(column_find(c, name, bytes, &column));
        wg__csv_use *use = &c->table->use[column];
        if (use->x >= 0 || use->t >= 0)
            return wg__fail(c->error, WG_ENAME, "%s: column \"%.*s\" is chosen twice",
                            c->table->path, bytes < 80 ? (int)bytes : 80, name);
        *(is_target ? &use->t : &use->x) = (*count)++;
        name = next;
    }
    return WG_OK;
}

int wg__csv_choose(wg__csv_table *table, const wg__csv *head, const wg_csv_options *options,
                   wg_error *error)
{
    const choice c = { table, head, error };
    for (int64_t i = 0; i < table->column_count; i++) table->use[i] = (wg__csv_use){ -1, -1 };
    if (options->x != NULL) WG_TRY(names_choose(&c, options->x, false, &table->x_count));
    wg__csv_use *last = &table->use[table->column_count - 1];
    if (options->t != NULL) {
        WG_TRY(names_choose(&c, options->t, true, &table->t_count));
    } else if (last->x < 0) {
        last->t = table->t_count++;
    }
    for (int64_t i = 0; i < table->column_count && options->x == NULL; i++)
        if (table->use[i].t < 0) table->use[i].x = table->x_count++;
    if (table->labels != NULL && table->t_count != 1)
        return wg__fail(error, WG_EINVALID, "%s: labels are one column t, not %lld", table->path,
                        (long long)table->t_count);
    if (table->x_count + table->t_count == 0)
        return wg__fail(error, WG_EINVALID, "%s: the options choose no column", table->path);
    return WG_OK;
}

/* Errors stick: the first of a recording is kept with its text, what comes later is its
 * consequence.
 *
 * The text is "path: op: reason (file:line)". Of an error found while recording, the place is the
 * user's outermost call, which is known only when that call returns: until then the text stands
 * without it. */
#include "graph/tape.h"
#include <stdio.h>
#include <string.h>

static const char *basename_of(const char *file)
{
    const char *name = file;
    for (const char *c = file; *c != '\0'; c++)
        if (*c == '/' || *c == '\\') name = c + 1;
    return name;
}

void wg__text_place(wg__text *text, const wg__place *place)
{
    if (place->file == NULL) return;
    wg__text_add(text, " (%s:%d)", basename_of(place->file), (int)place->line);
}

/* Writes the message from the text and the place, if there is one. */
static void message_write(wg_tape *tape, const wg__place *place)
{
    wg__text text = wg__text_of(tape->error.message, sizeof tape->error.message);
    wg__text_add(&text, "%s", tape->what);
    wg__text_place(&text, place);
    tape->error_has_place = place->file != NULL;
}

static int error_keep(wg_tape *tape, int status, const char *op, uint32_t node,
                      const char *format, va_list list)
{
    WG_ASSERT(status < 0);
    if (tape->error.status < 0) return tape->error.status;
    const wg__place waiting = { .scope = tape->scope_now };
    const wg__place *place = node != WG__NONE           ? &tape->place[node]
                             : tape->inherited != NULL ? tape->inherited
                                                       : &waiting;

    char reason[300];
    vsnprintf(reason, sizeof reason, format, list);
    /* Without memory a tape may lack even its root. */
    const char *path = tape->scope_count > 0 ? tape->scope[place->scope].path : "";
    const bool is_told = strncmp(reason, path, strlen(path)) == 0;   /* also of the root, "" */
    wg__text text = wg__text_of(tape->what, sizeof tape->what);
    if (!is_told) wg__text_add(&text, "%s: ", path);
    if (op != NULL) wg__text_add(&text, "%s: ", op);
    wg__text_add(&text, "%s", reason);

    tape->error.status = status;
    tape->error_depth = tape->location_depth;
    message_write(tape, place);
    return status;
}

int wg__tape_refuse(wg_tape *tape, int status, const char *op, uint32_t node, const char *format,
                    ...)
{
    va_list list;
    va_start(list, format);
    status = error_keep(tape, status, op, node, format, list);
    va_end(list);
    return status;
}

int wg__tape_fail(wg_tape *tape, int status, uint32_t node, const char *format, ...)
{
    const char *op = node == WG__NONE ? NULL : wg__op_table[tape->record[node].op].name;
    va_list list;
    va_start(list, format);
    status = error_keep(tape, status, op, node, format, list);
    va_end(list);
    return status;
}

int wg__tape_refuse_at(wg_tape *tape, int status, const char *op, uint32_t node,
                       const char *reason)
{
    return wg__tape_refuse(tape, status, op, node, "%s", reason);
}

int wg__tape_no_memory(wg_tape *tape)
{
    return wg__tape_refuse(tape, WG_EMEMORY, NULL, WG__NONE, "no memory after %lld values",
                           (long long)tape->count);
}

void wg__tape_place_error(wg_tape *tape, const wg__place *place)
{
    if (tape->error.status < 0 && !tape->error_has_place &&
        tape->location_depth <= tape->error_depth)
        message_write(tape, place);
}

int wg_tape_status(const wg_tape *tape)
{
    return tape == NULL ? WG_EMEMORY : tape->error.status;
}

const char *wg_tape_message(const wg_tape *tape)
{
    return tape == NULL ? "" : tape->error.message;
}

const char *wg_explain(int status, const wg_tape *tape, const wg_error *error)
{
    if (status >= 0) return wg_status_text(WG_OK);
    if (error != NULL && error->status == status && error->message[0] != '\0')
        return error->message;
    if (tape != NULL && tape->error.status == status && tape->error.message[0] != '\0')
        return tape->error.message;
    return wg_status_text(status);
}

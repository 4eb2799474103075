/* Parameters into a safetensors file, byte for byte as the reference implementation would write
 * the same tensors and the same note: sorted by dtype, then by name, the header filled up with
 * spaces to a multiple of 8. The note under __metadata__ tells what the format has no place for:
 * the seed, and which of the tensors are trained. So a resumed run continues as if it had never
 * stopped. The texts of the params stand beside it.                                             */
#include "graph/internal.h"
#include "runtime/data/element.h"
#include "runtime/data/json.h"
#include "runtime/data/order.h"

#include <string.h>
#include <wengert/data.h>

enum { LENGTH_BYTES = 8, HEADER_ALIGNMENT = 8 };

/* The header is written twice: once to nowhere, which counts its bytes, and once to the file. */
typedef struct header_sink {
    wg__save *save; /* NULL: nowhere */
    uint64_t bytes;
    wg_error *error;
    int status;
} header_sink;

static void sink_add(header_sink *sink, const char *text)
{
    const size_t bytes = strlen(text);
    sink->bytes += bytes;
    if (sink->save != NULL && sink->status >= 0)
        sink->status = wg__save_write(sink->save, text, bytes, sink->error);
}

static void sink_add_number(header_sink *sink, uint64_t value)
{
    char text[24];
    wg__text number = wg__text_of(text, sizeof text);
    wg__text_add(&number, "%llu", (unsigned long long)value);
    sink_add(sink, text);
}

/* The reference sorts by a list of dtypes that is nearly, but not quite, one of their sizes. */
static int dtype_rank(wg_dtype dtype)
{
    static const wg_dtype order[] = { WG_I64, WG_F64, WG_F32, WG_I32, WG_U8, WG_BOOL };
    int rank = 0;
    while (order[rank] != dtype) rank++;
    return rank;
}

static const char *dtype_name(wg_dtype dtype)
{
    static const char *const name[] = { "I64", "F64", "F32", "I32", "U8", "BOOL" };
    return name[dtype_rank(dtype)];
}

static int entry_compare(int64_t x, int64_t y, const void *user)
{
    wg__entry *const *entry = user;
    const int rank_x = dtype_rank(entry[x]->type.dtype);
    const int rank_y = dtype_rank(entry[y]->type.dtype);
    if (rank_x != rank_y) return rank_x - rank_y;
    return strcmp(entry[x]->path, entry[y]->path);
}

/* A text as JSON has it: quotes, backslashes and control characters escaped. */
static void sink_add_text(header_sink *sink, const char *text)
{
    sink_add(sink, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        char piece[8];
        wg__text out = wg__text_of(piece, sizeof piece);
        const unsigned char code = (unsigned char)*c;
        if (code == '"' || code == '\\') wg__text_add(&out, "\\%c", *c);
        else if (code < ' ') wg__text_add(&out, "\\u%04x", (unsigned)code);
        else wg__text_add(&out, "%c", *c);
        sink_add(sink, piece);
    }
    sink_add(sink, "\"");
}

static void metadata_write(header_sink *sink, const wg_params *params)
{
    const char *separator = "";
    sink_add(sink, "{\"__metadata__\":{\"wengert\":\"seed=");
    sink_add_number(sink, params->seed);
    sink_add(sink, " trained=");
    for (int64_t i = 0; i < params->count; i++) {
        if (!params->entry[i]->is_trained) continue;
        sink_add(sink, separator);
        sink_add(sink, params->entry[i]->path);
        separator = ",";
    }
    sink_add(sink, "\"");
    for (int64_t i = 0; i < params->text_count; i++) {
        sink_add(sink, ",");
        sink_add_text(sink, params->text[i].key);
        sink_add(sink, ":");
        sink_add_text(sink, params->text[i].text);
    }
    sink_add(sink, "}");
}

/* Paths consist of characters that JSON leaves as they are. */
static void entry_write(header_sink *sink, const wg__entry *entry, uint64_t *offset)
{
    sink_add(sink, ",\"");
    sink_add(sink, entry->path);
    sink_add(sink, "\":{\"dtype\":\"");
    sink_add(sink, dtype_name(entry->type.dtype));
    sink_add(sink, "\",\"shape\":[");
    for (int32_t i = 0; i < entry->type.shape.rank; i++) {
        if (i > 0) sink_add(sink, ",");
        sink_add_number(sink, (uint64_t)entry->type.shape.dim[i]);
    }
    sink_add(sink, "],\"data_offsets\":[");
    sink_add_number(sink, *offset);
    sink_add(sink, ",");
    *offset += (uint64_t)wg__shape_count(&entry->type.shape) * wg_dtype_bytes(entry->type.dtype);
    sink_add_number(sink, *offset);
    sink_add(sink, "]}");
}

static void header_write(header_sink *sink, const wg_params *params, const int64_t *order)
{
    uint64_t offset = 0;
    metadata_write(sink, params);
    for (int64_t i = 0; i < params->count; i++)
        entry_write(sink, params->entry[order[i]], &offset);
    sink_add(sink, "}");
    while (sink->bytes % HEADER_ALIGNMENT != 0) sink_add(sink, " ");
}

static int contents_write(wg__save *save, const wg_params *params, const int64_t *order,
                          wg_error *error)
{
    header_sink count = { .error = error };
    header_write(&count, params, order);
    unsigned char length[LENGTH_BYTES];
    for (int i = 0; i < LENGTH_BYTES; i++) length[i] = (unsigned char)(count.bytes >> (8 * i));
    WG_TRY(wg__save_write(save, length, sizeof length, error));
    header_sink sink = { .save = save, .error = error };
    header_write(&sink, params, order);
    WG_TRY(sink.status);
    for (int64_t i = 0; i < params->count; i++) {
        const wg__entry *entry = params->entry[order[i]];
        WG_TRY(wg__element_write(save, entry->type.dtype, wg__shape_count(&entry->type.shape),
                                 entry->data, error));
    }
    return WG_OK;
}

/* The header is UTF-8, and so are the texts in it. */
static int texts_check(const wg_params *params, const char *path, wg_error *error)
{
    for (int64_t i = 0; i < params->text_count; i++) {
        const char *text = params->text[i].text;
        if (wg__utf8_check(text, strlen(text)) == strlen(text)) continue;
        return wg__fail(error, WG_EFORMAT, "%s: the text under %s is not valid UTF-8", path,
                        params->text[i].key);
    }
    return WG_OK;
}

static int file_write(const wg_params *params, const char *path, const int64_t *order,
                      wg_error *error)
{
    wg__save save;
    WG_TRY(texts_check(params, path, error));
    WG_TRY(wg__save_open(&save, path, &params->allocator, error));
    return wg__save_close(&save, contents_write(&save, params, order, error), error);
}

int wg_params_save(const wg_params *params, const char *path, wg_error *error)
{
    if (params == NULL || path == NULL)
        return wg__fail(error, WG_EINVALID, "save: params and a path are needed, not NULL");
    /* Reading counts its readers: who saves is one of them, and changes nothing. */
    wg_params *read = (wg_params *)params;
    if (wg__params_lock(read, false) < 0)
        return wg__fail(error, WG_EBUSY, "%s: the params are being written", path);
    const size_t bytes = (size_t)params->count * sizeof(int64_t);
    int64_t *order = wg__allocate(&params->allocator, bytes);
    int status = WG_EMEMORY;
    if (order == NULL) {
        (void)wg__fail(error, status, "%s: no memory for its header", path);
    } else {
        wg__order_rows(order, params->count);
        wg__order_sort(order, params->count, entry_compare, params->entry);
        status = file_write(params, path, order, error);
    }
    wg__release(&params->allocator, order, bytes);
    wg__params_unlock(read);
    return status;
}

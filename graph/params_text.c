/* Texts that are saved with parameters: a configuration, where the data came from. Few and short,
 * so a list is enough. */
#include "graph/internal.h"
#include <string.h>

static wg__text_item *item_find(const wg_params *params, const char *key)
{
    for (int64_t i = 0; i < params->text_count; i++)
        if (strcmp(params->text[i].key, key) == 0) return &params->text[i];
    return NULL;
}

static char *text_copy(const wg_params *params, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = wg__allocate(&params->allocator, bytes);
    if (copy != NULL) memcpy(copy, text, bytes);
    return copy;
}

static void text_free(const wg_params *params, char *text)
{
    if (text != NULL) wg__release(&params->allocator, text, strlen(text) + 1);
}

static void item_remove(wg_params *params, wg__text_item *item)
{
    text_free(params, item->key);
    text_free(params, item->text);
    const int64_t index = item - params->text;
    memmove(item, item + 1, (size_t)(params->text_count - index - 1) * sizeof *item);
    params->text_count--;
}

/* On failure what was there before is there still. */
int wg__params_text_set(wg_params *params, const char *key, const char *text)
{
    wg__text_item *item = item_find(params, key);
    if (text == NULL) {
        if (item != NULL) item_remove(params, item);
        return WG_OK;
    }
    wg__text_item added = { .key = item == NULL ? text_copy(params, key) : NULL,
                            .text = text_copy(params, text) };
    const bool has_room = wg__grow(&params->allocator, (void **)&params->text,
                                   &params->text_capacity, params->text_count + 1,
                                   sizeof *params->text) >= 0;
    if (added.text == NULL || (item == NULL && added.key == NULL) || !has_room) {
        text_free(params, added.key);
        text_free(params, added.text);
        return WG_EMEMORY;
    }
    item = item_find(params, key);
    if (item == NULL) {
        params->text[params->text_count++] = added;
        return WG_OK;
    }
    text_free(params, item->text);
    item->text = added.text;
    return WG_OK;
}

void wg__params_text_free(wg_params *params)
{
    while (params->text_count > 0) item_remove(params, &params->text[params->text_count - 1]);
    wg__release(&params->allocator, params->text,
                (size_t)params->text_capacity * sizeof *params->text);
}

int wg_params_set_text(wg_params *params, const char *key, const char *text)
{
    if (params == NULL) return WG_EINVALID;
    if (!wg__name_is_valid(key, true) || strcmp(key, "wengert") == 0) return WG_ENAME;
    WG_TRY(wg__params_lock(params, true));
    const int status = wg__params_text_set(params, key, text);
    wg__params_unlock(params);
    return status;
}

const char *wg_params_text(const wg_params *params, const char *key)
{
    if (params == NULL || key == NULL) return NULL;
    const wg__text_item *item = item_find(params, key);
    return item == NULL ? NULL : item->text;
}

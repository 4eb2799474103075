/* A training in a file of parameters. Its tensors are the model as training would give it now; what
 * else is needed to go on lies beside them, below a name that no scope of a model has:
 *
 *   .train/history   f64 [epochs, 8]  the epochs so far
 *   .train/course    i64 [4]          what the order of the steps depends on
 *   .train/place     f64 [6]          steps of the epoch behind them, sums of its batches so far
 *   .train/last/...                   parameters and state after the last step, if they are not
 *                                     those of the best epoch
 *
 * The place in the data is the number of epochs and of steps, since the order of each epoch is a
 * function of its number. */
#include "runtime/train/checkpoint.h"

#include "graph/internal.h"
#include "runtime/data/system.h"

#include <math.h>
#include <string.h>

#define OWN ".train/"
#define LAST OWN "last/"
enum { COURSE_COUNT = 4, EPOCH_COUNT = 8, PLACE_COUNT = 6, PATH_BYTES = 4096 };

/* ---- parameters between their names ---- */

/* Copies the entries below `from` to those below `to`; with `from` empty, all that are not ours. */
static int entries_copy(const wg_params *source, const char *from, const char *to,
                        wg_params *target)
{
    char path[PATH_BYTES];
    const size_t prefix = strlen(from);
    for (int64_t i = 0; i < source->count; i++) {
        const wg__entry *entry = source->entry[i];
        const bool is_own = strncmp(entry->path, OWN, sizeof OWN - 1) == 0;
        if (prefix == 0 ? is_own : strncmp(entry->path, from, prefix) != 0) continue;
        wg__text text = wg__text_of(path, sizeof path);
        wg__text_add(&text, "%s%s", to, entry->path + prefix);
        const wg_view view = wg_view_of(entry->data, entry->type.dtype,
                                        wg__shape_public(&entry->type.shape));
        WG_TRY(wg_params_set(target, path, view));
        wg__params_entry(target, path)->is_trained = entry->is_trained;
    }
    return WG_OK;
}

static wg_params *params_like(const wg_params *params)
{
    return wg_params_create(&(wg_params_options){
        .allocator = &params->allocator, .seed = params->seed, .dtype = params->dtype });
}

/* ---- history and course ---- */

static void epoch_pack(const wg_epoch *epoch, double out[EPOCH_COUNT])
{
    const double value[EPOCH_COUNT] = {
        (double)epoch->index,     (double)epoch->step,      epoch->loss, epoch->metric,
        epoch->validation_loss, epoch->validation_metric, epoch->rate, epoch->seconds
    };
    memcpy(out, value, sizeof value);
}

static wg_epoch epoch_unpack(const double value[EPOCH_COUNT])
{
    return (wg_epoch){ .index = (int64_t)value[0],
                       .step = (int64_t)value[1],
                       .loss = value[2],
                       .metric = value[3],
                       .validation_loss = value[4],
                       .validation_metric = value[5],
                       .rate = value[6],
                       .seconds = value[7] };
}

static int history_set(const wg_history *history, wg_params *file)
{
    const size_t bytes = (size_t)history->count * EPOCH_COUNT * sizeof(double);
    double *value = wg__allocate(&file->allocator, bytes);
    if (value == NULL) return WG_EMEMORY;
    for (int64_t i = 0; i < history->count; i++)
        epoch_pack(&history->epoch[i], value + i * EPOCH_COUNT);
    const wg_shape shape = WG_SHAPE(history->count, EPOCH_COUNT);
    const int status = wg_params_set(file, OWN "history", wg_f64(value, shape));
    wg__release(&file->allocator, value, bytes);
    return status;
}

static void course_pack(const wg__course *course, int64_t out[COURSE_COUNT])
{
    const int64_t value[COURSE_COUNT] = { course->batch_size, course->rows,
                                          (int64_t)course->seed, course->keep_last };
    memcpy(out, value, sizeof value);
}

static void place_pack(const wg__step_place *place, double out[PLACE_COUNT])
{
    const double value[PLACE_COUNT] = {
        (double)place->steps, place->sums.loss,   place->sums.metric,
        place->sums.weight,   place->first_loss, place->seconds,
    };
    memcpy(out, value, sizeof value);
}

static wg__step_place place_unpack(const double value[PLACE_COUNT])
{
    return (wg__step_place){ .steps = (int64_t)value[0],
                        .sums = { value[1], value[2], value[3] },
                        .first_loss = value[4],
                        .seconds = value[5] };
}

static int notes_set(const wg__checkpoint *point, wg_params *file)
{
    int64_t course[COURSE_COUNT];
    double place[PLACE_COUNT];
    course_pack(&point->course, course);
    place_pack(point->place, place);
    WG_TRY(history_set(point->history, file));
    WG_TRY(wg_params_set(file, OWN "course", wg_i64(course, WG_SHAPE(COURSE_COUNT))));
    WG_TRY(wg_params_set(file, OWN "place", wg_f64(place, WG_SHAPE(PLACE_COUNT))));
    wg__params_entry(file, OWN "history")->is_trained = false;
    wg__params_entry(file, OWN "course")->is_trained = false;
    wg__params_entry(file, OWN "place")->is_trained = false;
    return WG_OK;
}

/* ---- saving ---- */

/* Whether the parameters as they are now are what training would give. */
static bool is_model(const wg__checkpoint *point)
{
    const wg_history *history = point->history;
    const bool is_last_best = history->best == history->count - 1 && point->place->steps == 0;
    return point->course.keep_last || history->best < 0 || is_last_best;
}

static int file_fill(const wg__checkpoint *point, wg_params *file)
{
    const bool is_now = is_model(point);
    WG_TRY(entries_copy(is_now ? point->params : point->best, "", "", file));
    if (!is_now) WG_TRY(entries_copy(point->params, "", LAST, file));
    for (int64_t i = 0; i < point->params->text_count; i++) {
        const wg__text_item *text = &point->params->text[i];
        WG_TRY(wg__params_text_set(file, text->key, text->text));
    }
    return notes_set(point, file);
}

int wg__checkpoint_save(const wg__checkpoint *point, wg_error *error)
{
    wg_params *file = params_like(point->params);
    const int filled = file == NULL ? WG_EMEMORY : file_fill(point, file);
    int status = filled;
    if (filled < 0)
        (void)wg__fail(error, filled, "%s: the training cannot be put together: %s", point->path,
                       wg_status_text(filled));
    else status = wg_params_save(file, point->path, error);
    wg_params_free(file);
    return status;
}

/* ---- going on ---- */

/* The tensor of this name, dtype and last extent, of a rank; NULL: the file has none such. */
static const wg__entry *note_find(const wg_params *file, const char *path, wg_dtype dtype,
                                  int32_t rank, int64_t extent)
{
    const wg__entry *entry = wg__params_entry(file, path);
    if (entry == NULL || entry->type.dtype != dtype || entry->type.shape.rank != rank) return NULL;
    return entry->type.shape.dim[rank - 1] == extent ? entry : NULL;
}

static int course_check(const wg__checkpoint *point, const int64_t *saved, wg_error *error)
{
    static const char *const name[COURSE_COUNT] = { "batch_size", "rows of training data", "seed",
                                                    "keep_last" };
    int64_t asked[COURSE_COUNT];
    course_pack(&point->course, asked);
    for (int i = 0; i < COURSE_COUNT; i++)
        if (asked[i] != saved[i])
            return wg__fail(error, WG_EMISMATCH,
                            "%s: the training in this file had %s %lld, this one has %lld",
                            point->path, name[i], (long long)saved[i], (long long)asked[i]);
    return WG_OK;
}

/* Epochs count from 0, and steps are whole numbers that rise. */
static bool history_is_sound(const wg__entry *entry)
{
    const double *value = entry->data;
    double before = 0;
    for (int64_t i = 0; i < entry->type.shape.dim[0]; i++, value += EPOCH_COUNT) {
        if (value[0] != (double)i || !(value[1] >= before && value[1] < 0x1p53)) return false;
        before = value[1];
    }
    return true;
}

/* At most so many steps that batches of the rows make. */
static bool place_is_sound(const wg__entry *entry, const int64_t *course)
{
    const double steps = *(const double *)entry->data;
    return steps >= 0 && steps <= (double)(course[1] / course[0]) && steps == floor(steps);
}

static int history_fill(const wg__entry *entry, wg_history *history)
{
    const double *value = entry->data;
    for (int64_t i = 0; i < entry->type.shape.dim[0]; i++, value += EPOCH_COUNT) {
        const wg_epoch epoch = epoch_unpack(value);
        const int status = wg__history_add(history, &epoch);
        if (status >= 0) continue;
        history->count = 0;
        history->best = -1;
        return status;
    }
    return WG_OK;
}

/* Model and last state apart; what can fail comes before params changes. */
static int file_spread(const wg__checkpoint *point, const wg_params *file, wg_params *model,
                       wg_params *last)
{
    WG_TRY(entries_copy(file, "", "", model));
    WG_TRY(entries_copy(file, LAST, "", last));
    if (!point->course.keep_last) WG_TRY(wg_params_copy(model, "*", point->best));
    return wg_params_copy(last->count > 0 ? last : model, "*", point->params);
}

static int file_take(const wg__checkpoint *point, wg_params *file, wg_error *error)
{
    const wg__entry *course = note_find(file, OWN "course", WG_I64, 1, COURSE_COUNT);
    const wg__entry *history = note_find(file, OWN "history", WG_F64, 2, EPOCH_COUNT);
    const wg__entry *place = note_find(file, OWN "place", WG_F64, 1, PLACE_COUNT);
    const bool is_whole = course != NULL && history != NULL && place != NULL;
    if (!is_whole || !history_is_sound(history))
        return wg__fail(error, WG_EFORMAT,
                        "%s: parameters, but no training that could go on, are in this file",
                        point->path);
    WG_TRY(course_check(point, course->data, error));
    if (!place_is_sound(place, course->data))
        return wg__fail(error, WG_EFORMAT, "%s: an epoch has not so many steps", point->path);
    wg_params *model = params_like(file);
    wg_params *last = params_like(file);
    int status = model == NULL || last == NULL ? WG_EMEMORY : history_fill(history, point->history);
    if (status >= 0) status = file_spread(point, file, model, last);
    wg_params_free(model);
    wg_params_free(last);
    if (status < 0)
        return wg__fail(error, status, "%s: the training cannot go on: %s", point->path,
                        wg_status_text(status));
    point->params->seed = file->seed;
    *point->place = place_unpack(place->data);
    return WG_OK;
}

int wg__checkpoint_load(const wg__checkpoint *point, wg_error *error)
{
    if (!wg__system_is_there(point->path)) return WG_OK;
    wg_params *file = params_like(point->params);
    if (file == NULL)
        return wg__fail(error, WG_EMEMORY, "%s: no memory for the training in it", point->path);
    int status = wg_params_load(file, point->path, "*", error);
    if (status >= 0) status = file_take(point, file, error);
    wg_params_free(file);
    return status;
}

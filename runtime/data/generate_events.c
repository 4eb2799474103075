/* Made collisions: a pair of top quarks, each of which decays to a W and a b, one W to a lepton and
 * a neutrino, the other to two quarks; seen as four jets, a lepton and what is missing. The laws of
 * motion are exact, how often what happens is simple: a toy, but one whose truth is known. As the
 * sets of points, it is a recording over the library's own random numbers.
 *
 * Candidates are made in lots of a fixed size, and those that a detector would keep are taken in
 * their order, so the first events of a larger set are those of a smaller one. */
#include "runtime/data/dataset.h"
#include "runtime/data/generate.h"

#include <math.h>
#include <string.h>
#include <wengert/nn.h>

enum {
    LOT = 4096,              /* candidates at a time; some 28 of 100 are kept */
    JETS = 4,                /* b of the hadronic top, b of the leptonic one, two of the W */
    JET_NUMBERS = 5,         /* px, py, pz, E, tag */
    LEPTON_AT = JETS * JET_NUMBERS, MISSING_AT = LEPTON_AT + 3, KEPT_AT = MISSING_AT + 2,
    NUMBERS = KEPT_AT + 1    /* of a candidate */
};
static const double pi = 3.14159265358979323846;
/* GeV, as all here: masses and widths of top and W, the mass of b. */
static const double top_mass = 172.5, top_width = 1.4, w_mass = 80.4, w_width = 2.1, b_mass = 4.7;

/* All are f64 [LOT]. */
typedef struct momentum { wg_var e, x, y, z; } momentum;
typedef struct direction { wg_var x, y, z; } direction;

/* ---- draws ---- */

static wg_var uniform(wg_scope scope, const char *name)
{
    return wg_uniform(scope, name, WG_F64, WG_SHAPE(LOT));
}

static wg_var normal(wg_scope scope, const char *name)
{
    return wg_normal(scope, name, WG_F64, WG_SHAPE(LOT));
}

static wg_var exponential(wg_scope scope, const char *name)
{
    return wg_neg(wg_log1p(wg_neg(uniform(scope, name))));
}

/* A resonance (Breit & Wigner 1936), cut 15 GeV off its middle. */
static wg_var resonance(wg_scope scope, const char *name, double mass, double width)
{
    const double turn = atan(30 / width) / pi; /* a quarter would be all of it */
    const wg_var share = wg_shift(wg_scale(uniform(scope, name), 2 * turn), -turn);
    return wg_shift(wg_scale(wg_tan(wg_scale(share, pi)), width / 2), mass);
}

static direction anywhere(wg_scope scope, const char *name)
{
    scope = wg_scope_in(scope, name);
    const wg_var up = wg_shift(wg_scale(uniform(scope, "up"), 2), -1);
    const wg_var turn = wg_scale(uniform(scope, "turn"), 2 * pi);
    const wg_var across = wg_safe_sqrt(wg_sub(wg_number(up, 1), wg_square(up)));
    return (direction){ wg_mul(across, wg_cos(turn)), wg_mul(across, wg_sin(turn)), up };
}

/* ---- motion ---- */

static wg_var product(wg_var ax, wg_var ay, wg_var az, direction b)
{
    return wg_add(wg_add(wg_mul(ax, b.x), wg_mul(ay, b.y)), wg_mul(az, b.z));
}

static wg_var length(wg_var x, wg_var y)
{
    return wg_sqrt(wg_add(wg_square(x), wg_square(y)));
}

static momentum along(direction d, wg_var size, wg_var mass)
{
    return (momentum){ length(size, mass), wg_mul(size, d.x), wg_mul(size, d.y),
                       wg_mul(size, d.z) };
}

static direction opposite(direction d)
{
    return (direction){ wg_neg(d.x), wg_neg(d.y), wg_neg(d.z) };
}

/* What moves as p in the frame where the parent, of that mass, rests, where the parent moves so. */
static momentum moved(momentum p, momentum parent, wg_var mass)
{
    const direction way = { parent.x, parent.y, parent.z };
    const wg_var both = product(p.x, p.y, p.z, way);
    const wg_var e = wg_div(wg_add(wg_mul(parent.e, p.e), both), mass);
    const wg_var share = wg_div(wg_add(p.e, e), wg_add(parent.e, mass));
    return (momentum){ e, wg_add(p.x, wg_mul(share, parent.x)),
                       wg_add(p.y, wg_mul(share, parent.y)), wg_add(p.z, wg_mul(share, parent.z)) };
}

/* How fast two masses fly apart that a third decays to. */
static wg_var decay_size(wg_var mass, wg_var first, wg_var second)
{
    const wg_var all = wg_sub(wg_square(mass), wg_square(wg_add(first, second)));
    const wg_var off = wg_sub(wg_square(mass), wg_square(wg_sub(first, second)));
    return wg_div(wg_sqrt(wg_mul(all, off)), wg_scale(mass, 2));
}

/* ---- what happens ---- */

/* The cosine between the lepton, or the lower quark, and the way of the W, where it rests: 0.69 of
 * 3/4 (1 - c^2) and 0.31 of 3/8 (1 - c)^2 (Kane, Ladinsky & Yuan 1992), each by its inverse. */
static wg_var w_cosine(wg_scope scope)
{
    const wg_var u = uniform(scope, "cosine");
    const wg_var even = wg_scale(
        wg_sin(wg_scale(wg_asin(wg_shift(wg_scale(u, 2), -1)), 1.0 / 3)), 2);
    const wg_var left = wg_shift(wg_scale(wg_pow(wg_sub(wg_number(u, 1), u),
                                                 wg_number(u, 1.0 / 3)), -2), 1);
    const wg_var kind = uniform(scope, "kind");
    return wg_select(wg_lt(kind, wg_number(kind, 0.69)), even, left);
}

/* A direction at that cosine to another, turned about it by chance. */
static direction beside(wg_scope scope, direction axis, wg_var cosine)
{
    const direction any = anywhere(scope, "turned");
    const wg_var part = product(any.x, any.y, any.z, axis);
    const direction off = { wg_sub(any.x, wg_mul(part, axis.x)),
                            wg_sub(any.y, wg_mul(part, axis.y)),
                            wg_sub(any.z, wg_mul(part, axis.z)) };
    const wg_var size = wg_sqrt(product(off.x, off.y, off.z, off));
    const wg_var sine = wg_safe_sqrt(wg_sub(wg_number(cosine, 1), wg_square(cosine)));
    const wg_var scale = wg_div(sine, size);
    return (direction){ wg_add(wg_mul(cosine, axis.x), wg_mul(scale, off.x)),
                        wg_add(wg_mul(cosine, axis.y), wg_mul(scale, off.y)),
                        wg_add(wg_mul(cosine, axis.z), wg_mul(scale, off.z)) };
}

typedef struct decay { momentum b, first, second; } decay;

/* A top of that momentum: b, then what its W becomes, massless: the lepton or lower quark first. */
static decay top_decay(wg_scope scope, momentum top, wg_var mass)
{
    const wg_var of_w = resonance(scope, "w", w_mass, w_width);
    const wg_var of_b = wg_full_like(mass, b_mass), none = wg_full_like(mass, 0);
    const direction way = anywhere(scope, "way");
    const wg_var size = decay_size(mass, of_w, of_b);
    const momentum w = along(way, size, of_w);
    const direction first = beside(scope, way, w_cosine(scope));
    const wg_var half = wg_scale(of_w, 0.5);
    const momentum one = moved(along(first, half, none), w, of_w);
    const momentum other = moved(along(opposite(first), half, none), w, of_w);
    const momentum b = along(opposite(way), size, of_b);
    return (decay){ moved(b, top, mass), moved(one, top, mass), moved(other, top, mass) };
}

/* Both tops, the hadronic one first: 0.25 of an exponential above their masses, with some push
 * across the beam and much along it. */
static void tops(wg_scope scope, decay out[2])
{
    const wg_var mass[2] = { resonance(scope, "mass_1", top_mass, top_width),
                             resonance(scope, "mass_2", top_mass, top_width) };
    const wg_var both = wg_add(mass[0], mass[1]);
    const wg_var whole =
        wg_mul(both, wg_shift(wg_scale(exponential(scope, "excess"), 0.25), 1));
    const wg_var push = wg_scale(exponential(scope, "push"), 35);
    const wg_var turn = wg_scale(uniform(scope, "turn"), 2 * pi);
    const wg_var across = length(whole, push), rapidity = normal(scope, "rapidity");
    const momentum pair = { wg_mul(across, wg_cosh(rapidity)), wg_mul(push, wg_cos(turn)),
                            wg_mul(push, wg_sin(turn)), wg_mul(across, wg_sinh(rapidity)) };
    const direction way = anywhere(scope, "production");
    const wg_var size = decay_size(whole, mass[0], mass[1]);
    for (int i = 0; i < 2; i++) {
        const momentum top = along(i == 0 ? way : opposite(way), size, mass[i]);
        out[i] = top_decay(wg_scope_in(scope, i == 0 ? "hadronic" : "leptonic"),
                           moved(top, pair, whole), mass[i]);
    }
}

/* ---- what is seen ---- */

/* The momentum times a factor near 1, with a mass of that share of what lies across the beam. */
static momentum seen(momentum p, wg_var factor, double mass)
{
    const momentum q = { p.e, wg_mul(p.x, factor), wg_mul(p.y, factor), wg_mul(p.z, factor) };
    const wg_var across = length(q.x, q.y);
    const wg_var whole = length(across, q.z);
    return (momentum){ length(whole, wg_scale(across, mass)), q.x, q.y, q.z };
}

/* Of a jet: noise, statistics and constant part of a calorimeter, and noise added to it. */
static wg_var jet_factor(wg_scope scope, momentum quark, double noise)
{
    const wg_var across = length(quark.x, quark.y);
    const wg_var hum = wg_square(wg_scale(wg_reciprocal(across), 4));
    const wg_var few = wg_scale(wg_reciprocal(across), 0.75 * 0.75);
    const wg_var spread = wg_sqrt(wg_shift(wg_add(hum, few), 0.04 * 0.04 + noise * noise));
    return wg_shift(wg_mul(spread, normal(scope, "smear")), 1);
}

/* Whether it is hard and central enough to be seen. */
static wg_var is_seen(momentum p)
{
    const wg_var across = length(p.x, p.y);
    const wg_var forward = wg_abs(wg_asinh(wg_div(p.z, across)));
    return wg_and(wg_gt(across, wg_number(across, 25)), wg_lt(forward, wg_number(forward, 2.5)));
}

/* Whether two are apart, by 0.4 in angle and pseudorapidity. */
static wg_var are_apart(momentum a, momentum b)
{
    const wg_var turn = wg_atan2(wg_sub(wg_mul(a.x, b.y), wg_mul(a.y, b.x)),
                                 wg_add(wg_mul(a.x, b.x), wg_mul(a.y, b.y)));
    const wg_var forward = wg_sub(wg_asinh(wg_div(a.z, length(a.x, a.y))),
                                  wg_asinh(wg_div(b.z, length(b.x, b.y))));
    const wg_var distance = length(turn, forward);
    return wg_gt(distance, wg_number(distance, 0.4));
}

static wg_var tag(wg_scope scope, wg_var chance)
{
    return wg_cast(wg_lt(uniform(scope, "tag"), chance), WG_F64);
}

/* The chance of a jet to be tagged: 0.7 of a b, 0.12 of the charm that every other W has, else
 * 0.008. */
static wg_var tag_chance(wg_scope scope, wg_var like, int jet)
{
    const wg_var light = wg_full_like(like, 0.008);
    if (jet < 2) return wg_full_like(like, 0.7);
    if (jet == 2) return light;
    const wg_var charm = uniform(scope, "charm");
    return wg_select(wg_lt(charm, wg_number(charm, 0.5)), wg_full_like(like, 0.12), light);
}

/* A lot of candidates: jets, lepton, what is missing, and whether it is kept [LOT, NUMBERS]. */
static wg_var lot_record(wg_scope scope, double noise)
{
    decay top[2];
    wg_var number[NUMBERS];
    tops(scope, top);
    const momentum quark[JETS] = { top[0].b, top[1].b, top[0].first, top[0].second };
    const wg_var trust = wg_shift(wg_scale(normal(scope, "lepton"), 0.02), 1);
    momentum object[JETS + 1] = { [JETS] = seen(top[1].first, trust, 0) };
    wg_var missing_x = wg_add(top[1].second.x, wg_scale(normal(scope, "missing_x"), 12));
    wg_var missing_y = wg_add(top[1].second.y, wg_scale(normal(scope, "missing_y"), 12));
    for (int i = 0; i < JETS; i++) {
        const wg_scope own = wg_scope_nth(scope, "jet", i);
        const momentum jet = seen(quark[i], jet_factor(own, quark[i], noise), 0.12);
        missing_x = wg_sub(missing_x, wg_sub(jet.x, quark[i].x));
        missing_y = wg_sub(missing_y, wg_sub(jet.y, quark[i].y));
        const wg_var is_tagged = tag(own, tag_chance(own, jet.e, i));
        const wg_var own_number[JET_NUMBERS] = { jet.x, jet.y, jet.z, jet.e, is_tagged };
        memcpy(&number[i * JET_NUMBERS], own_number, sizeof own_number);
        object[i] = jet;
    }
    wg_var is_kept = is_seen(object[0]);
    for (int i = 1; i <= JETS; i++) {
        is_kept = wg_and(is_kept, is_seen(object[i]));
        for (int j = 0; j < i; j++) is_kept = wg_and(is_kept, are_apart(object[i], object[j]));
    }
    const wg_var rest[NUMBERS - LEPTON_AT] = { object[JETS].x, object[JETS].y, object[JETS].z,
                                               missing_x, missing_y, wg_cast(is_kept, WG_F64) };
    memcpy(&number[LEPTON_AT], rest, sizeof rest);
    return wg_cast(wg_stack(NUMBERS, number, 1), WG_F32);
}

/* ---- the set ---- */

typedef struct columns { float *jets, *lepton, *met; uint8_t *truth; } columns;

/* The jets of a candidate by falling momentum across the beam, and where its partons went. */
static void event_take(const float number[NUMBERS], int64_t row, const columns *to)
{
    int order[JETS] = { 0, 1, 2, 3 };
    uint8_t *place = to->truth + row * JETS;
    float across[JETS];
    for (int i = 0; i < JETS; i++) {
        const float *jet = number + i * JET_NUMBERS;
        across[i] = jet[0] * jet[0] + jet[1] * jet[1];
        for (int k = i; k > 0 && across[order[k]] > across[order[k - 1]]; k--) {
            const int kept = order[k];
            order[k] = order[k - 1];
            order[k - 1] = kept;
        }
    }
    for (int i = 0; i < JETS; i++) {
        memcpy(to->jets + (row * JETS + i) * JET_NUMBERS, number + order[i] * JET_NUMBERS,
               JET_NUMBERS * sizeof *number);
        place[order[i]] = (uint8_t)i;
    }
    if (place[2] > place[3]) { /* the two of the W are alike: the harder one is the first */
        const uint8_t kept = place[2];
        place[2] = place[3];
        place[3] = kept;
    }
    memcpy(to->lepton + row * 3, number + LEPTON_AT, 3 * sizeof *number);
    memcpy(to->met + row * 2, number + MISSING_AT, 2 * sizeof *number);
}

/* The candidates of one lot that are kept, behind the *done events so far. */
static int lot_take(wg_runtime *runtime, wg_tape *tape, uint64_t seed, double noise, int64_t count,
                    int64_t *done, const columns *to)
{
    wg_view view;
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = seed));
    if (params == NULL) return WG_EMEMORY;
    (void)wg_tape_reset(tape);
    const wg_var lot = lot_record(wg_scope_root(tape, params, WG_EVALUATION), noise);
    const int status = wg_peek(runtime, lot, &view);
    for (int64_t i = 0; i < LOT && *done < count && status >= 0; i++) {
        const float *number = (const float *)view.data + i * NUMBERS;
        if (number[KEPT_AT] != 0) event_take(number, (*done)++, to);
    }
    (void)wg_tape_reset(tape);
    wg_params_free(params);
    return status;
}

static int columns_add(wg_dataset *data, int64_t count, columns *out)
{
    void *memory[4];
    WG_TRY(wg__dataset_reserve(data, "jets", WG_F32, WG_SHAPE(count, JETS, JET_NUMBERS),
                               &memory[0]));
    WG_TRY(wg__dataset_reserve(data, "lepton", WG_F32, WG_SHAPE(count, 3), &memory[1]));
    WG_TRY(wg__dataset_reserve(data, "met", WG_F32, WG_SHAPE(count, 2), &memory[2]));
    WG_TRY(wg__dataset_reserve(data, "truth", WG_U8, WG_SHAPE(count, JETS), &memory[3]));
    *out = (columns){ memory[0], memory[1], memory[2], memory[3] };
    return WG_OK;
}

int wg__generate_events(wg_runtime *runtime, wg_tape *tape, wg_dataset *data, int64_t count,
                        double noise, uint64_t seed)
{
    columns to;
    int64_t done = 0;
    WG_TRY(columns_add(data, count, &to));
    for (uint64_t lot = 0; done < count; lot++) {
        unsigned char bytes[8]; /* spelled out, so that the seed does not depend on the host */
        for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(lot >> (8 * i));
        WG_TRY(lot_take(runtime, tape, wg__hash64(bytes, sizeof bytes, seed), noise, count, &done,
                        &to));
    }
    return WG_OK;
}

/* The interpreter of runs for one float type: run.c includes this with TYPE, ELEMENT and LANES (the
 * type) defined. a and b hold values, m truths.            */

#define WORD(name) WG__GLUE(TYPE, _##name)
#define OF(name)   WG__GLUE(name##_, TYPE)
#define EACH       UNROLL for (int j = 0; j < vectors; j++)

/* Vector j of the cells of the step at hand, and the one vector that stands for all. */
#define CELL(k, T) ((const T *)at[step->cell[k]])
#define LOAD(k, place)                                                                             \
    (is_part ? WORD(load_part)(CELL(k, ELEMENT) + (place), count)                                  \
             : WORD(load)(CELL(k, ELEMENT) + (place)))
#define Y(j) LOAD(0, i + (j) * LANES)
#define Z(j) LOAD(1, i + (j) * LANES)
#define K    LOAD(0, 0)
#define L    LOAD(1, 0)
#define TRUTH(j)                                                                                   \
    (is_part ? WORD(m_load_part)(CELL(0, uint8_t) + i, count)                                      \
             : WORD(m_load)(CELL(0, uint8_t) + i + (j) * LANES))

/* One op in each form that its operands may have. */
#define ONE(name, value)                                                                           \
    case WG__CODE(name, A): EACH { const WORD(v) x = a[j]; a[j] = value; } break;                  \
    case WG__CODE(name, Y): EACH { const WORD(v) x = Y(j); a[j] = value; } break;                  \
    case WG__CODE(name, K): EACH { const WORD(v) x = K; a[j] = value; } break;
#define TWO_FORM(name, form, target, left, right, value)                                           \
    case WG__CODE(name, form):                                                                     \
        EACH { const WORD(v) x = left, y = right; target[j] = value; }                             \
        break;
#define TWO(name, target, value)                                                                   \
    TWO_FORM(name, AA, target, a[j], a[j], value)                                                  \
    TWO_FORM(name, AB, target, a[j], b[j], value)                                                  \
    TWO_FORM(name, BA, target, b[j], a[j], value)                                                  \
    TWO_FORM(name, AY, target, a[j], Y(j), value)                                                  \
    TWO_FORM(name, YA, target, Y(j), a[j], value)                                                  \
    TWO_FORM(name, YZ, target, Y(j), Z(j), value)                                                  \
    TWO_FORM(name, AK, target, a[j], K, value)                                                     \
    TWO_FORM(name, KA, target, K, a[j], value)                                                     \
    TWO_FORM(name, KZ, target, K, Z(j), value)                                                     \
    TWO_FORM(name, YL, target, Y(j), L, value)                                                     \
    TWO_FORM(name, KL, target, K, L, value)
#define SELECT_FORM(form, x, y)                                                                    \
    case WG__CODE(select, form): EACH a[j] = WORD(select)(m[j], x, y); break;

#define SHORT(name, ulp, value) (WG__IS_SHORT(WG__OP_##name, ulp) ? (value) : x)
#define MAP1(name, dx, value, low, high, ulp)     ONE(name, SHORT(name, ulp, value))
#define MAP2(name, dx, dy, value, low, high, ulp) TWO(name, a, SHORT(name, ulp, value))
#define ALL1 MAP1
#define ALL2 MAP2
#define LIN1 MAP1
#define LIN2 MAP2
#define TEST2(name, value)                        TWO(name, m, value)
#define BITS1(name, value)
#define BITS2(name, value)
#define PRIM(name, class, inputs, infer, vjp, eval)
#define LEAF(name)
#define MARK(name)

/* All steps on `vectors` vectors from element i on; if is_part, on one of which `count` lanes are.
 * Returns the lesser of `failed` and the first op of which a value is not finite though it must be;
 * -1 is none.                                                                                    */
WG__WORD int64_t OF(steps)(const int vectors, const bool is_part, int64_t i, int64_t count,
                           const wg__run_step *step, void *const *at, int64_t failed)
{
    WORD(v) a[VECTORS], b[VECTORS];
    WORD(m) m[VECTORS];
    EACH a[j] = b[j] = WORD(set)(0);
    EACH m[j] = WORD(lt)(a[j], b[j]);
    for (;; step++) {
        switch (step->code) {
        case WG__RUN_END: return failed;
        case WG__RUN_LOAD: EACH a[j] = Y(j); break;
        case WG__RUN_LOAD_ALIKE: EACH a[j] = K; break;
        case WG__RUN_LOAD_TRUTH: EACH m[j] = TRUTH(j); break;
        case WG__RUN_COPY: EACH b[j] = a[j]; break;
        case WG__RUN_BACK: EACH a[j] = b[j]; break;
        case WG__RUN_STORE:
            if (is_part) WORD(store_part)((ELEMENT *)at[step->cell[0]] + i, a[0], count);
            else EACH WORD(store)((ELEMENT *)at[step->cell[0]] + i + j * LANES, a[j]);
            break;
        case WG__RUN_STORE_TRUTH:
            if (is_part) WORD(m_store_part)(m[0], (uint8_t *)at[step->cell[0]] + i, count);
            else EACH WORD(m_store)(m[j], (uint8_t *)at[step->cell[0]] + i + j * LANES);
            break;
        case WG__RUN_FINITE: {
            const uint32_t all = (1u << (is_part ? count : LANES)) - 1u;
            uint32_t lanes = all;
            EACH lanes &= WORD(m_bits)(WORD(lt)(WORD(abs)(a[j]), WORD(set)((ELEMENT)INFINITY)));
            if (lanes != all && (failed < 0 || step->origin < failed)) failed = step->origin;
            break;
        }
#include "ops/ops.def"
        SELECT_FORM(AB, a[j], b[j])
        SELECT_FORM(BA, b[j], a[j])
        SELECT_FORM(AY, a[j], Y(j))
        SELECT_FORM(YA, Y(j), a[j])
        SELECT_FORM(YZ, Y(j), Z(j))
        SELECT_FORM(AK, a[j], K)
        SELECT_FORM(KA, K, a[j])
        SELECT_FORM(KZ, K, Z(j))
        SELECT_FORM(YL, Y(j), L)
        SELECT_FORM(KL, K, L)
        case WG__CODE(not, A): EACH m[j] = WORD(m_not)(m[j]); break;
        case WG__CODE(and, AY): EACH m[j] = WORD(m_and)(m[j], TRUTH(j)); break;
        case WG__CODE(or, AY): EACH m[j] = WORD(m_or)(m[j], TRUTH(j)); break;
        default: WG_ASSERT(false);
        }
    }
}

static int64_t OF(run)(int64_t n, const wg__run_step *step, void *const *at)
{
    int64_t i = 0, failed = -1;
    for (; i + VECTORS * LANES <= n; i += VECTORS * LANES)
        failed = OF(steps)(VECTORS, false, i, LANES, step, at, failed);
    for (; i + LANES <= n; i += LANES)
        failed = OF(steps)(1, false, i, LANES, step, at, failed);
    return i == n ? failed : OF(steps)(1, true, i, n - i, step, at, failed);
}

#undef WORD
#undef OF
#undef EACH
#undef CELL
#undef LOAD
#undef Y
#undef Z
#undef K
#undef L
#undef TRUTH
#undef ONE
#undef TWO_FORM
#undef TWO
#undef SHORT
#undef SELECT_FORM

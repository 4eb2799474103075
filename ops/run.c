/* The steps of a run: operands are taken from the register they are in, else from their cell.
 *
 * The invariant: a value that is still to be read lies in a cell or in a register. Before register
 * a or m gets another value, the one in it is saved if it must be: a to b where b is free and the
 * value is read soon, else to a cell. A result that is stored goes to its cell at once, so that
 * memory is written in the order of the ops, and what lies where a load does is written after all
 * reads of that.                                                                                 */
#include "ops/run.h"

enum { NONE = -1 };

static void emit(wg__run *r, int32_t code, int32_t y, int32_t z)
{
    wg__assembly *assembly = r->assembly;
    assembly->step[assembly->step_count++] = (wg__run_step){
        .code = code, .origin = r->origin, .cell = { y, z } };
}

static bool must_stay(const wg__run *r, int32_t value)
{
    return value >= 0 && r->assembly->uses[value] > 0 && !r->assembly->is_in_memory[value];
}

static void store(wg__run *r, int32_t code, int32_t value)
{
    emit(r, code, value, NONE);
    r->assembly->is_in_memory[value] = true;
}

/* A register is for what one of the next ops reads; what waits longer would be in the way. */
static bool is_read_soon(const wg__run *r, int32_t value)
{
    enum { SOON = 4 };
    for (int64_t i = 0; i < r->next_count && i < SOON; i++)
        for (int32_t k = 0; k < r->next[i].in_count; k++)
            if (r->next[i].in[k] == value) return true;
    return false;
}

/* Before a changes. b_is_read: b is an operand of the next step. */
static void a_save(wg__run *r, bool b_is_read)
{
    if (!must_stay(r, r->a) || r->b == r->a) return;
    if (b_is_read || must_stay(r, r->b) || !is_read_soon(r, r->a)) {
        store(r, WG__RUN_STORE, r->a);
    } else {
        emit(r, WG__RUN_COPY, NONE, NONE);
        r->b = r->a;
    }
}

static void m_save(wg__run *r)
{
    if (must_stay(r, r->m)) store(r, WG__RUN_STORE_TRUTH, r->m);
}

static void a_load(wg__run *r, int32_t value)
{
    WG_ASSERT(r->assembly->is_in_memory[value]);
    emit(r, WG__RUN_LOAD, value, NONE);
    r->a = value;
}

static void a_bring(wg__run *r, int32_t value)
{
    if (r->a == value) return;
    a_save(r, r->b == value);
    if (r->b == value) emit(r, WG__RUN_BACK, NONE, NONE);
    else a_load(r, value);
    r->a = value;
}

static void m_bring(wg__run *r, int32_t value)
{
    if (r->m == value) return;
    m_save(r);
    WG_ASSERT(r->assembly->is_in_memory[value]);
    emit(r, WG__RUN_LOAD_TRUTH, value, NONE);
    r->m = value;
}

/* ---- one op ---- */

static void one(wg__run *r, const wg__tile_op *op)
{
    const int32_t x = op->in[0];
    if (r->a == x || r->b == x) {
        a_bring(r, x);
        a_save(r, false);
        emit(r, WG__CODE_OF(op->op, WG__FORM_A), NONE, NONE);
    } else {
        a_save(r, false);
        emit(r, WG__CODE_OF(op->op, WG__FORM_Y), x, NONE);
    }
}

/* Of two operands. keeps_a: the result goes elsewhere. */
static void two(wg__run *r, wg__op_id op, int32_t x, int32_t y, bool keeps_a)
{
    if (x == y) {
        a_bring(r, x);
        if (!keeps_a) a_save(r, false);
        if (op != WG__OP_select) emit(r, WG__CODE_OF(op, WG__FORM_AA), NONE, NONE);
        return;
    }
    if (r->a != x && r->a != y) {
        const bool b_is_read = r->b == x || r->b == y;
        if (!keeps_a || b_is_read) a_save(r, b_is_read);
        if (!b_is_read) {
            WG_ASSERT(r->assembly->is_in_memory[x] && r->assembly->is_in_memory[y]);
            emit(r, WG__CODE_OF(op, WG__FORM_YZ), x, y);
            return;
        }
        a_load(r, r->b == x ? y : x);
    }
    const bool a_is_x = r->a == x;
    const int32_t other = a_is_x ? y : x;
    const bool is_in_b = r->b == other;
    if (!keeps_a) a_save(r, is_in_b);
    if (is_in_b) {
        emit(r, WG__CODE_OF(op, a_is_x ? WG__FORM_AB : WG__FORM_BA), NONE, NONE);
    } else {
        WG_ASSERT(r->assembly->is_in_memory[other]);
        emit(r, WG__CODE_OF(op, a_is_x ? WG__FORM_AY : WG__FORM_YA), other, NONE);
    }
}

/* Of truths. */
static void logic(wg__run *r, const wg__tile_op *op)
{
    const int32_t x = op->in[0], y = op->in[op->in_count - 1];
    if (r->m != x && r->m != y) m_bring(r, x);
    m_save(r);
    if (op->op == WG__OP_not) {
        emit(r, WG__CODE(not, A), NONE, NONE);
    } else if (x != y) {
        const int32_t other = r->m == x ? y : x;
        WG_ASSERT(r->assembly->is_in_memory[other]);
        emit(r, WG__CODE_OF(op->op, WG__FORM_AY), other, NONE);
    }
}

bool wg__run_takes(const wg__kernels *kernels, wg_dtype dtype, const wg__tile_op *op)
{
    if (kernels->run->run[dtype] == NULL || op->joint != WG__JOINT_NONE) return false;
    const bool is_logic = op->op == WG__OP_not || op->op == WG__OP_and || op->op == WG__OP_or;
    if (is_logic && op->from == WG_BOOL) return true;
    const bool is_short = WG__IS_SHORT(op->op, wg__op_table[op->op].ulp);
    return is_short && op->from == dtype && kernels->map->map[op->op][dtype] != NULL;
}

static void op_add(wg__run *r, const wg__tile_op *op, int32_t value)
{
    for (int32_t i = 0; i < op->in_count; i++) r->assembly->uses[op->in[i]]--;
    if (op->from == WG_BOOL) {
        logic(r, op);
    } else if (op->op == WG__OP_select) {
        m_bring(r, op->in[0]);
        two(r, op->op, op->in[1], op->in[2], false);
    } else if (op->in_count == 2) {
        const bool is_test = op->to == WG_BOOL;
        if (is_test) m_save(r);
        two(r, op->op, op->in[0], op->in[1], is_test);
    } else {
        one(r, op);
    }
    if (op->to == WG_BOOL) r->m = value;
    else r->a = value;
    if (op->micro.finite != NULL) emit(r, WG__RUN_FINITE, NONE, NONE);
    if (op->store >= 0) store(r, op->to == WG_BOOL ? WG__RUN_STORE_TRUTH : WG__RUN_STORE, value);
}

static void run_close(wg__run *r)
{
    m_save(r);
    if (must_stay(r, r->a)) store(r, WG__RUN_STORE, r->a);
    if (must_stay(r, r->b)) {
        emit(r, WG__RUN_BACK, NONE, NONE);
        store(r, WG__RUN_STORE, r->b);
    }
    emit(r, WG__RUN_END, NONE, NONE);
}

void wg__run_write(wg__run *r, const wg__tile_op *op, int64_t count, int32_t value, int64_t origin)
{
    r->a = r->b = r->m = NONE;
    for (int64_t i = 0; i < count; i++) {
        if (op[i].is_done) continue;
        r->origin = (int32_t)(origin + i);
        r->next = &op[i + 1];
        r->next_count = count - i - 1;
        op_add(r, &op[i], value + (int32_t)i);
    }
    run_close(r);
}

void wg__run_step_settle(wg__run_step *step, bool y_is_alike, bool z_is_alike)
{
    /* By form: with y alike, with z, with both. */
    static const uint8_t forms[WG__FORM_COUNT][3] = {
        [WG__FORM_Y] = { WG__FORM_K, WG__FORM_Y, WG__FORM_K },
        [WG__FORM_AY] = { WG__FORM_AK, WG__FORM_AY, WG__FORM_AK },
        [WG__FORM_YA] = { WG__FORM_KA, WG__FORM_YA, WG__FORM_KA },
        [WG__FORM_YZ] = { WG__FORM_KZ, WG__FORM_YL, WG__FORM_KL },
    };
    if (!y_is_alike && !z_is_alike) return;
    if (step->code == WG__RUN_LOAD && y_is_alike) step->code = WG__RUN_LOAD_ALIKE;
    if (step->code < WG__RUN_OPS) return;
    const int32_t form = (step->code - WG__RUN_OPS) % WG__FORM_COUNT;
    const int32_t alike = forms[form][y_is_alike + 2 * z_is_alike - 1];
    if (alike != WG__FORM_A) step->code += alike - form;
}

/* Records are canonical: what was recorded decides every byte, and nothing else does. */
#include "graph/internal.h"
#include "support/test.h"

#include <string.h>
#include <wengert/ops.h>

static wg_var record_something(wg_tape *tape, const float *data)
{
    wg_var x = wg_input(tape, "x", wg_f32(data, WG_SHAPE(2, 3)));
    wg_var part[5];
    for (int i = 0; i < 5; i++) part[i] = wg_add(x, wg_number(x, i));
    wg_var y = wg_concat(5, part, 0);
    y = wg_slice(y, 0, 1, 7, 2);
    return wg_sum(wg_mul(y, y), WG_ALL);
}

Test(record, equal_recordings_have_equal_bytes)
{
    const float data[2][6] = { { 1, 2, 3, 4, 5, 6 }, { 0 } };
    wg_tape *tape[2] = { wg_tape_create(NULL), wg_tape_create(NULL) };
    wg_var noise = wg_exp(wg_full(tape[1], WG_F64, WG_SHAPE(7), 2));
    check(noise.tape == tape[1]);
    wg_tape_reset(tape[1]);
    for (int i = 0; i < 2; i++) {
        wg_var y = record_something(tape[i], data[i]);
        wg_var x = wg_column(wg_scope_root(tape[i], NULL, WG_TRAINING), "x");
        check(wg__var_check(wg_grad(y, x)) == WG_OK);
    }
    check_equal_i(tape[0]->count, tape[1]->count);
    check_bytes(tape[0]->record, tape[1]->record, (size_t)tape[0]->count * sizeof(wg__record));
    check_equal_i(tape[0]->shapes.count, tape[1]->shapes.count);
    check_equal_i(tape[0]->lists.count, tape[1]->lists.count);
    check_equal_i(tape[0]->attributes.count, tape[1]->attributes.count);
    for (int i = 0; i < 2; i++) wg_tape_free(tape[i]);
}

Test(record, shapes_attributes_and_lists_are_shared)
{
    const float data[6] = { 0 };
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = wg_input(tape, NULL, wg_f32(data, WG_SHAPE(2, 3)));
    const wg_var four[4] = { x, x, x, x };
    wg_var y = wg_concat(4, four, 1), z = wg_concat(4, four, 1);
    check_equal_i(tape->lists.count, 1);
    check_equal_i(tape->record[y.index].in_count, WG__LIST);
    check(memcmp(&tape->record[y.index], &tape->record[z.index], sizeof(wg__record)) == 0);
    int32_t count;
    const uint32_t *in = wg__tape_inputs(tape, z.index, &count);
    check_equal_i(count, 4);
    for (int i = 0; i < 4; i++) check_equal_i(in[i], x.index);
    const int64_t *attribute = wg__tape_attribute(tape, z.index, &count);
    check_equal_i(count, 1);
    check_equal_i(attribute[0], 1);
    check_equal_i(wg__tape_type(tape, z.index).shape.dim[1], 12);
    check_equal_i(tape->shapes.count, 2);
    wg_tape_free(tape);
}

Test(record, equal_numbers_are_one_value_and_full_is_its_own)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = wg_full(tape, WG_F64, WG_SCALAR, 0.5);
    wg_var a = wg_number(x, 0.5), b = wg_number(x, 0.5), c = wg_number(x, -0.5);
    check_equal_i(a.index, b.index);
    check(a.index != c.index && a.index != x.index);
    check_equal_i(tape->constant_count, 2);
    check(wg_number(x, 0.0).index != wg_number(x, -0.0).index);
    wg_var y = wg_full(tape, WG_F64, WG_SCALAR, 0.5);
    check(y.index != x.index);
    check_equal_i(tape->constant_count, 4);
    wg_tape_free(tape);
}

Test(record, numbers_have_the_bits_of_their_dtype)
{
    wg_tape *tape = wg_tape_create(NULL);
    const struct { wg_dtype dtype; double value; int64_t bits; } known[] = {
        { WG_F32, 1, 0x3F800000 },         { WG_F64, 1, 0x3FF0000000000000 },
        { WG_I32, -1, 0xFFFFFFFF },        { WG_I64, -1, -1 },
        { WG_U8, 255, 255 },               { WG_BOOL, 1, 1 },
        { WG_F32, 0.1, 0x3DCCCCCD },       { WG_F32, 1e300, 0x7F800000 },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        wg_var x = wg_full(tape, known[i].dtype, WG_SCALAR, known[i].value);
        int32_t count;
        const int64_t id = wg__tape_attribute(tape, x.index, &count)[0];
        int64_t bits = 0;
        memcpy(&bits, tape->constant[id].data, tape->constant[id].bytes);
        check_equal_i(tape->constant[id].bytes, wg_dtype_bytes(known[i].dtype));
        check_equal_i(bits, known[i].bits);
    }
    wg_tape_free(tape);
}

Test(record, scalars_are_inputs_and_no_part_of_the_program)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var rate = wg_scalar(tape, "rate", WG_F32, 0.25);
    check_equal_i(tape->record[rate.index].op, WG__OP_input);
    check_equal_i(tape->constant_count, 0);
    check(tape->input[0].is_scalar);
    for (int i = 0; i < 100; i++) check(wg_scalar(tape, NULL, WG_F64, i).tape == tape);
    check(*(const float *)tape->input[0].view.data == 0.25f);
    wg_tape_free(tape);
}

Test(record, long_constants_are_slots_of_the_tapes_own_memory)
{
    enum { N = 1025 };
    float data[2 * N];
    for (int i = 0; i < 2 * N; i++) data[i] = (float)i;
    wg_view every_second = wg_f32(data, WG_SHAPE(N));
    every_second.stride[0] = 2;
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = wg_constant(tape, every_second);
    check_equal_i(tape->record[x.index].op, WG__OP_input);
    check(tape->input[0].is_constant && tape->input[0].name == NULL);
    const float *copy = tape->input[0].view.data;
    check(copy != data && copy[1024] == 2048.0f);
    every_second.shape.dim[0] = N - 1;
    x = wg_constant(tape, every_second);
    check_equal_i(tape->record[x.index].op, WG__OP_constant);
    check_equal_i(tape->constant[0].bytes, 4096);
    check(((const float *)tape->constant[0].data)[1023] == 2046.0f);
    wg_tape_free(tape);
}

Test(record, every_record_is_reported_once_in_order)
{
    wg_tape *tape = wg_tape_create(NULL);
    const float data[6] = { 0 };
    wg_var y = record_something(tape, data);
    for (uint32_t node = 0; node < tape->count; node++) {
        int32_t count;
        const uint32_t *in = wg__tape_inputs(tape, node, &count);
        for (int32_t i = 0; i < count; i++) check(in[i] < node);
    }
    check_equal_i(y.index, tape->count - 1);
    wg_tape_free(tape);
}

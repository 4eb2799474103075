/* Types of results, and what is said where there is none. Each case is a line: the op, its inputs,
 * its attributes and the wanted type as text; then the type of the result or the complaint.      */
#include "ops/internal.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

typedef struct infer_case {
    const char *op, *in, *wanted;
    int32_t attribute_count;
    int64_t attribute[5];
    int status;
    const char *out;
} infer_case;

static wg__op_id op_named(const char *name)
{
    for (int op = 1; op < WG__OP_COUNT; op++)
        if (strcmp(wg__op_table[op].name, name) == 0) return (wg__op_id)op;
    test_fail(TEST_PLACE(name, NULL), "no such op");
}

/* Reads "f32[3, 4]" and moves on to the next. */
static wg__type read_type(const char **text)
{
    wg__type type = { .dtype = WG_F32 };
    const char *name = *text;
    const char *bracket = strchr(name, '[');
    check_msg(bracket != NULL, "no type: %s", name);
    for (wg_dtype dtype = WG_F32; dtype <= WG_BOOL; dtype++) {
        const size_t length = strlen(wg_dtype_name(dtype));
        if (length == (size_t)(bracket - name) && strncmp(name, wg_dtype_name(dtype), length) == 0)
            type.dtype = dtype;
    }
    const char *at = bracket + 1;
    while (*at != ']') {
        char *end;
        type.shape.dim[type.shape.rank++] = strtoll(at, &end, 10);
        check_msg(end != at, "no extent: %s", at);
        at = end + strspn(end, ", ");
    }
    *text = at + 1 + strspn(at + 1, " ");
    return type;
}

static void run_case(const infer_case *c)
{
    wg__type in[8], wanted = { .dtype = WG_F32 }, out;
    char message[200] = "", found[200];
    wg__text why = wg__text_of(message, sizeof message);
    wg__request request = { .op = op_named(c->op),
                            .attribute = c->attribute,
                            .attribute_count = c->attribute_count };
    for (const char *at = c->in; *at != '\0';) in[request.in_count++] = read_type(&at);
    if (c->wanted != NULL) {
        const char *at = c->wanted;
        wanted = read_type(&at);
        request.wanted = &wanted;
    }
    const int status = wg__infer(&request, in, &out, &why);
    check_msg(status == c->status, "%s %s: %s, %s", c->op, c->in, wg_status_name(status), message);
    if (status < 0) {
        check_text(message, c->out);
        return;
    }
    check_text(message, "");
    wg__text text = wg__text_of(found, sizeof found);
    wg__text_add(&text, "%s", wg_dtype_name(out.dtype));
    wg__text_shape(&text, &out.shape);
    check_text(found, c->out);
}

#define RUN(cases)                                                                                 \
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++) run_case(&(cases)[i])
#define NO_ATTRIBUTE NULL, 0, { 0 }

static const infer_case elementwise[] = {
    { "add", "f32[3, 4] f32[3, 4]", NO_ATTRIBUTE, WG_OK, "f32[3, 4]" },
    { "add", "u8[] u8[]", NO_ATTRIBUTE, WG_OK, "u8[]" },
    { "add", "i64[0, 2] i64[0, 2]", NO_ATTRIBUTE, WG_OK, "i64[0, 2]" },
    { "add", "f32[3] f32[4]", NO_ATTRIBUTE, WG_ESHAPE, "[3] and [4] differ" },
    { "add", "f32[3] f32[3, 1]", NO_ATTRIBUTE, WG_ESHAPE, "[3] and [3, 1] differ" },
    { "add", "f32[3] f64[3]", NO_ATTRIBUTE, WG_EDTYPE, "f32 and f64 differ" },
    { "add", "bool[3] bool[3]", NO_ATTRIBUTE, WG_EDTYPE, "numbers expected, not bool" },
    { "mul", "i32[2] i32[2]", NO_ATTRIBUTE, WG_OK, "i32[2]" },
    { "div", "i32[2] i32[2]", NO_ATTRIBUTE, WG_EDTYPE, "f32 or f64 expected, not i32" },
    { "exp", "i64[2]", NO_ATTRIBUTE, WG_EDTYPE, "f32 or f64 expected, not i64" },
    { "exp", "f64[2, 1]", NO_ATTRIBUTE, WG_OK, "f64[2, 1]" },
    { "eq", "bool[2] bool[2]", NO_ATTRIBUTE, WG_OK, "bool[2]" },
    { "lt", "f64[2] f64[2]", NO_ATTRIBUTE, WG_OK, "bool[2]" },
    { "lt", "f64[2] i64[2]", NO_ATTRIBUTE, WG_EDTYPE, "f64 and i64 differ" },
    { "le", "u8[2] u8[3]", NO_ATTRIBUTE, WG_ESHAPE, "[2] and [3] differ" },
    { "and", "bool[2] bool[2]", NO_ATTRIBUTE, WG_OK, "bool[2]" },
    { "or", "i32[2] i32[2]", NO_ATTRIBUTE, WG_OK, "i32[2]" },
    { "not", "f32[2]", NO_ATTRIBUTE, WG_EDTYPE, "integers or bool expected, not f32" },
    { "bits_right", "u8[2]", NULL, 1, { 9 }, WG_OK, "u8[2]" },
    { "bits_right", "i32[2]", NULL, 1, { -1 }, WG_EINVALID, "cannot shift by -1" },
    { "bits_right", "bool[2]", NULL, 1, { 1 }, WG_EDTYPE, "integers expected, not bool" },
    { "polygamma", "f32[2]", NULL, 1, { -1 }, WG_OK, "f32[2]" },
    { "polygamma", "f32[2]", NULL, 1, { -2 }, WG_EINVALID, "order -2 is not within -1 and 100" },
    { "polygamma", "i32[2]", NULL, 1, { 0 }, WG_EDTYPE, "f32 or f64 expected, not i32" },
    { "select", "bool[2] f32[2] f32[2]", NO_ATTRIBUTE, WG_OK, "f32[2]" },
    { "select", "bool[2] bool[2] bool[2]", NO_ATTRIBUTE, WG_OK, "bool[2]" },
    { "select", "u8[2] f32[2] f32[2]", NO_ATTRIBUTE, WG_EDTYPE,
      "the condition must be bool, not u8" },
    { "select", "bool[2] f32[2] f64[2]", NO_ATTRIBUTE, WG_EDTYPE, "f32 and f64 differ" },
    { "select", "bool[] f32[2] f32[2]", NO_ATTRIBUTE, WG_ESHAPE, "[] and [2] differ" },
    { "cast", "bool[2]", "f64[]", 0, { 0 }, WG_OK, "f64[2]" },
    { "bitcast", "f32[2]", "i32[]", 0, { 0 }, WG_OK, "i32[2]" },
    { "bitcast", "f32[2]", "i64[]", 0, { 0 }, WG_EDTYPE, "the bits of f32 are no i64" },
    { "bitcast", "u8[2]", "bool[]", 0, { 0 }, WG_EDTYPE, "the bits of u8 are no bool" },
    { "stop_gradient", "f32[2]", NO_ATTRIBUTE, WG_OK, "f32[2]" },
};

Test(infer, elementwise_ops_want_equal_types) { RUN(elementwise); }

/* Every elementwise row refuses every dtype it has no kernel for, and unequal inputs. */
Test(infer, every_row_refuses_unequal_inputs)
{
    for (int op = 1; op < WG__OP_COUNT; op++) {
        const wg__op *row = &wg__op_table[op];
        if (row->in_count != 2 || (row->class != WG__CLASS_MAP && row->class != WG__CLASS_LINEAR))
            continue;
        const wg_dtype dtype = row->high > row->low ? WG_F64 : WG_I32;
        const wg__type in[2] = { { .dtype = dtype, .shape = { .rank = 1, .dim = { 2 } } },
                                 { .dtype = dtype, .shape = { .rank = 1, .dim = { 3 } } } };
        char message[100];
        wg__text why = wg__text_of(message, sizeof message);
        wg__type out = { .dtype = WG_U8 };
        const wg__request request = { .op = (wg__op_id)op, .in_count = 2 };
        check_status(wg__infer(&request, in, &out, &why), WG_ESHAPE);
        check_text(message, "[2] and [3] differ");
        check(out.dtype == WG_U8);   /* untouched */
    }
}

static const infer_case movements[] = {
    { "reshape", "f32[2, 3]", "f32[3, 1, 2]", 0, { 0 }, WG_OK, "f32[3, 1, 2]" },
    { "reshape", "f32[]", "f32[1]", 0, { 0 }, WG_OK, "f32[1]" },
    { "reshape", "f32[0, 3]", "f32[7, 0]", 0, { 0 }, WG_OK, "f32[7, 0]" },
    { "reshape", "f32[2, 3]", "f32[4]", 0, { 0 }, WG_ESHAPE, "[2, 3] does not fill [4]" },
    { "reshape", "f32[2, 3]", "f32[-2, -3]", 0, { 0 }, WG_ESHAPE, "[2, 3] does not fill [-2, -3]" },
    { "permute", "f32[2, 3, 4]", NULL, 3, { 2, 0, 1 }, WG_OK, "f32[4, 2, 3]" },
    { "permute", "f32[]", NULL, 0, { 0 }, WG_OK, "f32[]" },
    { "permute", "f32[2, 3]", NULL, 1, { 0 }, WG_EAXIS, "2 axes expected, 1 given" },
    { "permute", "f32[2, 3]", NULL, 2, { 0, 2 }, WG_EAXIS, "axis 2 of [2, 3]" },
    { "permute", "f32[2, 3]", NULL, 2, { 1, 1 }, WG_EAXIS, "axis 1 is named twice" },
    { "broadcast", "f32[3]", "f32[2, 3]", 0, { 0 }, WG_OK, "f32[2, 3]" },
    { "broadcast", "f32[2, 1]", "f32[2, 0]", 0, { 0 }, WG_OK, "f32[2, 0]" },
    { "broadcast", "f32[]", "f32[]", 0, { 0 }, WG_OK, "f32[]" },
    { "broadcast", "f32[3]", "f32[4]", 0, { 0 }, WG_ESHAPE, "[3] does not stretch to [4]" },
    { "broadcast", "f32[3]", "f32[1]", 0, { 0 }, WG_ESHAPE, "[3] does not stretch to [1]" },
    { "broadcast", "f32[2, 3]", "f32[3]", 0, { 0 }, WG_ESHAPE, "[2, 3] does not stretch to [3]" },
    { "slice", "f32[5, 2]", NULL, 4, { 0, 1, 5, 2 }, WG_OK, "f32[2, 2]" },
    { "slice", "f32[5, 2]", NULL, 4, { 0, 4, -1, -1 }, WG_OK, "f32[5, 2]" },
    { "slice", "f32[5, 2]", NULL, 4, { 0, 3, 0, -2 }, WG_OK, "f32[2, 2]" },
    { "slice", "f32[5]", NULL, 4, { 0, 5, 5, 1 }, WG_OK, "f32[0]" },
    { "slice", "f32[0]", NULL, 4, { 0, -1, -1, -1 }, WG_OK, "f32[0]" },
    { "slice", "f32[5]", NULL, 4, { 0, 0, 5, INT64_MAX }, WG_OK, "f32[1]" },
    { "slice", "f32[5]", NULL, 4, { 0, 0, 6, 1 }, WG_EINVALID, "0:6:1 leaves axis 0 of [5]" },
    { "slice", "f32[5]", NULL, 4, { 0, 3, 2, 1 }, WG_EINVALID, "3:2:1 leaves axis 0 of [5]" },
    { "slice", "f32[5]", NULL, 4, { 0, 5, 0, -1 }, WG_EINVALID, "5:0:-1 leaves axis 0 of [5]" },
    { "slice", "f32[5]", NULL, 4, { 0, 0, 5, 0 }, WG_EINVALID, "0:5:0 leaves axis 0 of [5]" },
    { "slice", "f32[5]", NULL, 4, { 1, 0, 5, 1 }, WG_EAXIS, "axis 1 of [5]" },
    { "pad", "f32[3, 2]", NULL, 5, { 0, 1, 2, 3, 0 }, WG_OK, "f32[12, 2]" },
    { "pad", "f32[0, 2]", NULL, 5, { 0, 1, 2, 3, 0 }, WG_OK, "f32[3, 2]" },
    { "pad", "f32[3]", NULL, 5, { 0, -1, 0, 0, 0 }, WG_EINVALID, "cannot pad by -1" },
    { "pad", "f32[3]", NULL, 5, { 0, INT64_MAX, 0, 0, 0 }, WG_ELIMIT, "[3] grows too large" },
    { "pad", "f32[3]", NULL, 5, { 0, 0, 0, INT64_MAX, 0 }, WG_ELIMIT, "[3] grows too large" },
    { "pad", "f32[3]", NULL, 5, { 1, 0, 0, 0, 0 }, WG_EAXIS, "axis 1 of [3]" },
    { "concat", "f32[3, 2]", NULL, 1, { 0 }, WG_OK, "f32[3, 2]" },
    { "concat", "f32[3, 2] f32[0, 2] f32[4, 2]", NULL, 1, { 0 }, WG_OK, "f32[7, 2]" },
    { "concat", "f32[3, 2] f32[3, 5]", NULL, 1, { 1 }, WG_OK, "f32[3, 7]" },
    { "concat", "", NULL, 1, { 0 }, WG_EINVALID, "nothing to join" },
    { "concat", "f32[3, 2] f32[3, 3]", NULL, 1, { 0 }, WG_ESHAPE,
      "[3, 2] and [3, 3] do not join along axis 0" },
    { "concat", "f32[3] f32[3, 1]", NULL, 1, { 0 }, WG_ESHAPE,
      "[3] and [3, 1] do not join along axis 0" },
    { "concat", "f32[3] i32[3]", NULL, 1, { 0 }, WG_EDTYPE, "f32 and i32 differ" },
    { "concat", "u8[9223372036854775807, 0] u8[1, 0]", NULL, 1, { 0 }, WG_ELIMIT,
      "axis 0 grows too large" },
    { "concat", "f32[] f32[]", NULL, 1, { 0 }, WG_EAXIS, "axis 0 of []" },
};

Test(infer, movements_check_extents_and_axes) { RUN(movements); }

static const infer_case reductions[] = {
    { "sum", "f32[2, 3, 4]", NULL, 1, { 5 }, WG_OK, "f32[3]" },
    { "sum", "f32[2, 3]", NULL, 1, { 0 }, WG_OK, "f32[2, 3]" },
    { "sum", "i32[2, 0]", NULL, 1, { 3 }, WG_OK, "i32[]" },
    { "sum", "f32[2, 3]", NULL, 1, { 4 }, WG_EAXIS, "[2, 3] lacks one of the axes" },
    { "sum", "bool[2]", NULL, 1, { 1 }, WG_EDTYPE, "numbers expected, not bool" },
    { "max", "f32[2, 3]", NULL, 1, { 2 }, WG_OK, "f32[2]" },
    { "max", "f32[2, 0]", NULL, 1, { 2 }, WG_ESHAPE, "[2, 0] has no elements to choose from" },
    { "min", "f32[0, 3]", NULL, 1, { 1 }, WG_ESHAPE, "[0, 3] has no elements to choose from" },
    { "min", "f32[0, 3]", NULL, 1, { 2 }, WG_OK, "f32[0]" },
    { "argmax", "f64[2, 3]", NULL, 1, { 1 }, WG_OK, "i32[2]" },
    { "argmax", "f64[2, 0]", NULL, 1, { 1 }, WG_ESHAPE, "[2, 0] has no elements to choose from" },
    { "argmax", "f64[2]", NULL, 1, { 1 }, WG_EAXIS, "axis 1 of [2]" },
    { "argmax", "bool[2]", NULL, 1, { 0 }, WG_EDTYPE, "numbers expected, not bool" },
    { "argmax", "u8[3000000000]", NULL, 1, { 0 }, WG_ELIMIT,
      "[3000000000] has more elements than i32 can number" },
    { "matmul", "f32[3, 4] f32[4, 5]", NO_ATTRIBUTE, WG_OK, "f32[3, 5]" },
    { "matmul", "f64[7, 3, 0] f64[7, 0, 5]", NO_ATTRIBUTE, WG_OK, "f64[7, 3, 5]" },
    { "matmul", "f32[3, 4] f32[5, 6]", NO_ATTRIBUTE, WG_ESHAPE, "[3, 4] x [5, 6]: 4 is not 5" },
    { "matmul", "f32[2, 3, 4] f32[3, 4, 5]", NO_ATTRIBUTE, WG_ESHAPE,
      "[2, 3, 4] x [3, 4, 5]: leading axes differ" },
    { "matmul", "f32[3, 4] f32[1, 4, 5]", NO_ATTRIBUTE, WG_ESHAPE,
      "[3, 4] x [1, 4, 5]: leading axes differ" },
    { "matmul", "f32[4] f32[4, 5]", NO_ATTRIBUTE, WG_ESHAPE, "[4] x [4, 5]: two axes are needed" },
    { "matmul", "i32[3, 4] i32[4, 5]", NO_ATTRIBUTE, WG_EDTYPE, "f32 or f64 expected, not i32" },
    { "matmul", "f32[3, 4] f64[4, 5]", NO_ATTRIBUTE, WG_EDTYPE, "f32 and f64 differ" },
};

Test(infer, reductions_and_products_check_axes_and_extents) { RUN(reductions); }

static const infer_case indexing[] = {
    { "gather", "f32[5, 2] i32[3, 4]", NULL, 1, { 0 }, WG_OK, "f32[3, 4, 2]" },
    { "gather", "bool[5, 2] i64[]", NULL, 1, { 1 }, WG_OK, "bool[5]" },
    { "gather", "f32[5] f32[3]", NULL, 1, { 0 }, WG_EDTYPE,
      "the index must be i32 or i64, not f32" },
    { "gather", "f32[] i32[3]", NULL, 1, { 0 }, WG_EAXIS, "axis 0 of []" },
    { "gather", "f32[1, 1, 1, 1, 1, 1, 1] i32[1, 1, 1, 1, 1, 1, 1]", NULL, 1, { 0 }, WG_ELIMIT,
      "[1, 1, 1, 1, 1, 1, 1] by [1, 1, 1, 1, 1, 1, 1] has too many axes" },
    { "scatter_add", "f32[5, 2] i32[3] f32[3, 2]", NULL, 1, { 0 }, WG_OK, "f32[5, 2]" },
    { "scatter_add", "f32[5, 2] i32[3] f32[3, 1]", NULL, 1, { 0 }, WG_ESHAPE,
      "the update must be [3, 2], not [3, 1]" },
    { "scatter_add", "f32[5] i32[3] f64[3]", NULL, 1, { 0 }, WG_EDTYPE, "f32 and f64 differ" },
    { "scatter_add", "bool[5] i32[3] bool[3]", NULL, 1, { 0 }, WG_EDTYPE,
      "numbers expected, not bool" },
    { "iota", "", "i64[7]", 0, { 0 }, WG_OK, "i64[7]" },
    { "iota", "", "bool[7]", 0, { 0 }, WG_EDTYPE, "numbers expected, not bool" },
    { "iota", "", "f32[-1]", 0, { 0 }, WG_ESHAPE, "[-1] is no shape" },
    { "random_bits", "i64[]", "i32[2, 3]", 1, { 1 }, WG_OK, "i32[2, 3]" },
    { "random_bits", "i64[1]", "i32[2]", 1, { 1 }, WG_ESHAPE,
      "the draw must be a scalar i64, not i64 [1]" },
    { "random_bits", "i32[]", "i32[2]", 1, { 1 }, WG_EDTYPE,
      "the draw must be a scalar i64, not i32 []" },
};

Test(infer, indexing_and_sources_check_their_inputs) { RUN(indexing); }

/* A product of extents that no int64_t holds is refused whatever the op. */
Test(infer, too_many_elements_are_refused)
{
    static const infer_case cases[] = {
        { "broadcast", "f32[1, 4294967296]", "f32[4294967296, 4294967296]", 0, { 0 }, WG_ELIMIT,
          "[4294967296, 4294967296] has too many elements" },
        { "matmul", "f32[4294967296, 0] f32[0, 4294967296]", NO_ATTRIBUTE, WG_ELIMIT,
          "[4294967296, 4294967296] has too many elements" },
    };
    RUN(cases);
}

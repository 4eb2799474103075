/* One chain for one float type: chain.c includes this with TYPE, ELEMENT, LANES (the type) and
 * ACTION, STEP(r, a, x) (its name, one step from the vector r at elements a and x) defined. */

#define WORD(name) WG__GLUE(TYPE, _##name)
#define OF(name)   WG__GLUE(WG__GLUE(name##_, ACTION), WG__GLUE(_, TYPE))
#define LOAD(from) ((last) == LANES ? WORD(load)(from) : WORD(load_part)(from, last))

/* `vectors` (a constant of the caller) vectors of columns from j on, of which each has `last`
 * lanes: as many chains wait for one another as there are vectors.                               */
WG__WORD void OF(strip)(const int vectors, const int64_t last, const wg__chain *c, int64_t j)
{
    const ELEMENT *a = c->a, *x = (const ELEMENT *)c->x + j, *before = c->before;
    ELEMENT *out = (ELEMENT *)c->out + j;
    WORD(v) r[VECTORS_TOGETHER];
    const bool is_first = before == NULL;
    const ELEMENT *start = is_first ? x : before + j;
    UNROLL for (int v = 0; v < vectors; v++) {
        r[v] = LOAD(start + v * LANES);
        if (is_first) WORD(store_part)(out + v * LANES, r[v], last);
    }
    for (int64_t i = is_first; i < c->length; i++) {
        const int64_t x_at = i * c->x_row, a_at = i * c->a_row + j, out_at = i * c->out_row;
        (void)a_at;
        UNROLL for (int v = 0; v < vectors; v++) {
            r[v] = STEP(r[v], a + a_at + v * LANES, x + x_at + v * LANES);
            if (last == LANES) WORD(store)(out + out_at + v * LANES, r[v]);
            else WORD(store_part)(out + out_at + v * LANES, r[v], last);
        }
    }
    (void)a;
}

static void OF(chain)(const wg__chain *c)
{
    const int64_t count = c->count;
    int64_t j = 0;
    if (c->length == 0) return;
    for (; j + VECTORS_TOGETHER * LANES <= count; j += VECTORS_TOGETHER * LANES)
        OF(strip)(VECTORS_TOGETHER, LANES, c, j);
    for (; j + LANES <= count; j += LANES) OF(strip)(1, LANES, c, j);
    if (j < count) OF(strip)(1, count - j, c, j);
}

#undef LOAD
#undef WORD
#undef OF
#undef ACTION
#undef STEP

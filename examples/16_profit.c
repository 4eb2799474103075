/* The metric is not the loss: how much of each product to order for a day, before the demand is
 * known? What is judged is money, the profit that is missed per product, and a network may be
 * trained for it, or for the squared error as usual. The usual one orders the mean demand; money
 * says more where a piece earns more than it costs, and less where it does not.
 *
 * The data are made, so the best possible order is known too: the demand that is not exceeded with
 * probability (price - cost) / price (Edgeworth 1888).                                           */
#include <stdio.h>
#include <wengert/wengert.h>

enum { ROWS = 3000, FEATURES = 4, PARTS = 3 };
static const double spread = 0.5; /* of the logarithm of the demand */

/* ---- data ---- */

typedef struct made { wg_var x, price, cost, demand, ideal; } made;

/* Weather, day of the week, price and cost; the demand falls with the price and is log-normal. */
static made make(wg_scope scope)
{
    const wg_shape column = WG_SHAPE(ROWS, 1);
    wg_var weather = wg_normal(scope, "weather", WG_F32, column);
    wg_var day = wg_floor(wg_scale(wg_uniform(scope, "day", WG_F32, column), 7));
    wg_var price = wg_shift(wg_scale(wg_uniform(scope, "price", WG_F32, column), 4), 2);
    wg_var margin = wg_shift(wg_scale(wg_uniform(scope, "margin", WG_F32, column), 0.8), 0.1);
    wg_var cost = wg_mul(price, wg_shift(wg_neg(margin), 1));
    wg_var week = wg_slice(wg_cyclic(day, 7), 1, 0, 1, 1);
    wg_var level = wg_add(wg_scale(week, 0.5), wg_scale(wg_tanh(weather), 0.4));
    level = wg_sub(wg_shift(level, 2.5), wg_scale(price, 0.2));
    wg_var luck = wg_scale(wg_normal(scope, "luck", WG_F32, column), spread);
    wg_var quantile = wg_erf_inv(wg_shift(wg_scale(margin, 2), -1)); /* over sqrt(2) */
    return (made){
        .x = wg_concat(FEATURES, (const wg_var[]){ weather, day, price, cost }, 1),
        .price = price, .cost = cost, .demand = wg_exp(wg_add(level, luck)),
        .ideal = wg_exp(wg_add(level, wg_scale(quantile, spread * 1.4142135623730951))),
    };
}

static int column_add(wg_runtime *runtime, wg_dataset *data, const char *name, wg_var x)
{
    wg_view view;
    const int status = wg_peek(runtime, x, &view);
    return status < 0 ? status : wg_dataset_add(data, name, view);
}

static int make_data(wg_runtime *runtime, wg_dataset *data)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 16));
    const made all = make(wg_scope_root(tape, params, WG_EVALUATION));
    int status = column_add(runtime, data, "x", all.x);
    if (status >= 0) status = column_add(runtime, data, "price", all.price);
    if (status >= 0) status = column_add(runtime, data, "cost", all.cost);
    if (status >= 0) status = column_add(runtime, data, "demand", all.demand);
    if (status >= 0) status = column_add(runtime, data, "ideal", all.ideal);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, tape, NULL));
    wg_params_free(params);
    wg_tape_free(tape);
    return status;
}

/* ---- models ---- */

/* The profit of knowing the demand, minus that of what was ordered. */
static wg_var missed(wg_scope scope, wg_var order)
{
    wg_var price = wg_column(scope, "price"), cost = wg_column(scope, "cost");
    wg_var demand = wg_column(scope, "demand");
    wg_var profit = wg_sub(wg_mul(price, wg_minimum(order, demand)), wg_mul(cost, order));
    return wg_sub(wg_mul(wg_sub(price, cost), demand), profit);
}

static wg_var network(wg_scope scope)
{
    const wg_dense_options options = { .activation = wg_tanh };
    wg_var x = wg_standardize(scope, "input", wg_column(scope, "x"));
    x = wg_dense(scope, "hidden_1", x, 24, &options);
    x = wg_dense(scope, "hidden_2", x, 24, &options);
    return wg_scale(wg_softplus(wg_dense(scope, "order", x, 1, NULL)), 10);
}

typedef struct aim { const char *name; bool is_money, is_ideal; } aim;

/* The loss is the one or the other; the metric is money in any case. */
static wg_var objective(wg_scope scope, void *user)
{
    const aim *chosen = user;
    wg_var order = chosen->is_ideal ? wg_column(scope, "ideal") : network(scope);
    wg_var money = missed(scope, order);
    wg_note(scope, "profit", wg_neg(money));
    return chosen->is_money ? money : wg_squared_error(order, wg_column(scope, "demand"));
}

/* Trains, but for the ideal, and prints both on the test data; *money: what is missed. */
static int judge(wg_runtime *runtime, aim chosen, wg_dataset *const part[PARTS], double *money,
                 wg_error *error)
{
    double square, metric;
    const wg_model model = { .objective = objective, .metric_note = "profit", .user = &chosen };
    const wg_train_options options = { .optimizer = wg_adam(5e-3, NULL), .epochs = 20,
                                       .batch_size = 50 };
    wg_params *params = wg_params_create(NULL);
    wg_view x;
    int status = wg_dataset_find(part[0], "x", &x);
    if (status >= 0) status = wg_standardize_fit(params, "input", x, error);
    if (status >= 0 && !chosen.is_ideal)
        status = wg_train(runtime, &model, params, part[0], part[1], &options, NULL, error);
    chosen.is_money = false;
    if (status >= 0)
        status = wg_evaluate(runtime, &model, params, part[2], &square, &metric, error);
    if (status >= 0) printf("%-14s %13.2f %14.3f\n", chosen.name, square, -metric);
    if (status >= 0) *money = -metric;
    wg_params_free(params);
    return status;
}

int main(void)
{
    static const aim aims[3] = {
        { "squared error", false, false }, { "money", true, false }, { "the ideal", true, true },
    };
    double money[3] = { 0 };
    wg_error error = { 0 };
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_dataset *all = wg_dataset_create(NULL), *part[PARTS] = { NULL, NULL, NULL };
    int status = make_data(runtime, all);
    if (status >= 0)
        status = wg_dataset_split(all, PARTS, (const double[PARTS]){ 0.6, 0.2, 0.2 }, NULL, part,
                                  &error);
    if (status >= 0) printf("trained for    squared error  missed profit\n");
    for (int i = 0; i < 3 && status >= 0; i++)
        status = judge(runtime, aims[i], part, &money[i], &error);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, NULL, &error));
    for (int i = 0; i < PARTS; i++) wg_dataset_free(part[i]);
    wg_dataset_free(all);
    wg_runtime_free(runtime);
    return status < 0 || !(money[1] < money[0] && money[1] < 1.1 * money[2]);
}

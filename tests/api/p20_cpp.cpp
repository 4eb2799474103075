// The same header from C++20: designated options through WG_OPTIONS, shapes from size_t,
// lambdas as callbacks.
#include <wengert/wengert.h>
#include <cstdio>
#include <memory>
#include <vector>

struct release {
    void operator()(wg_tape *t) const { wg_tape_free(t); }
    void operator()(wg_runtime *r) const { wg_runtime_free(r); }
    void operator()(wg_params *p) const { wg_params_free(p); }
};
template <class T> using owned = std::unique_ptr<T, release>;
inline wg_var operator*(wg_var x, wg_var y) { return wg_mul(x, y); }

int main()
{
    owned<wg_runtime> runtime(wg_runtime_create(nullptr));
    owned<wg_tape> tape(wg_tape_create(nullptr));
    owned<wg_params> params(wg_params_create(nullptr));
    std::vector<float> points(64 * 26);
    std::size_t rows = 64;
    wg_scope scope = wg_scope_root(tape.get(), params.get(), WG_TRAINING);
    wg_var x = wg_batch(tape.get(), "x", wg_f32(points.data(), WG_SHAPE(rows, 26)));
    wg_dense_options silu{};
    silu.activation = [](wg_var v) { return v * wg_sigmoid(v); };
    wg_var y = wg_dense(scope, "hidden", x, 64, &silu);
    y = wg_dense(scope, "out", y, 1, WG_OPTIONS(wg_dense_options, .activation = wg_tanh));
    wg_optimizer adam = wg_adam(1e-3, nullptr);
    wg_var loss = wg_mean(wg_square(y), WG_ALL);
    wg_minimize(&adam, scope, loss);
    double value = 0;
    if (wg_item(runtime.get(), loss, &value) < 0) std::puts(wg_tape_message(tape.get()));
}

"""The cases in JAX: jitted, and steps also as 20 of them in one scan.

python3 jax_cases.py [--json FILE] [--filter TEXT] [--seconds S]
"""
import os

import clock

OPTIONS = clock.arguments(__doc__)
clock.pin()
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "")
    + " --xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax import lax  # noqa: E402

import cases  # noqa: E402

CLOCK = clock.Clock(OPTIONS)
RANDOM = np.random.default_rng(0)


def normal(*shape):
    return jnp.asarray(RANDOM.standard_normal(shape, dtype=np.float32))


def labels(count, batch):
    return jnp.asarray(RANDOM.integers(0, count, batch), jnp.int32)


def measure(name, variant, function, inputs, steps=1):
    """A jitted function of inputs that stay as they are."""
    last = {}

    def make():
        whole = jax.jit(function)

        def run():
            last["out"] = whole(*inputs)

        return run

    CLOCK.measure(name, variant, make, lambda: jax.block_until_ready(last["out"]), steps)


# ---- training steps ----


def weights_of(widths):
    pairs = zip(widths[:-1], widths[1:])
    return [(normal(i, o) / np.float32(np.sqrt(i)), jnp.zeros(o)) for i, o in pairs]


def network(weights, x, activation=jax.nn.relu):
    for w, b in weights[:-1]:
        x = activation(x @ w + b)
    return x @ weights[-1][0] + weights[-1][1]


def cross_entropy(logits, t):
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), t[:, None], 1).mean()


def adam(loss):
    def step(state, *batch):
        weights, mean, square, count = state
        value, gradients = jax.value_and_grad(loss)(weights, *batch)
        count = count + 1
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradients)
        square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, square, gradients)
        first, second = 1 - 0.9**count, 1 - 0.999**count

        def moved(w, m, v):
            return w - cases.RATE * (m / first) / (jnp.sqrt(v / second) + 1e-8)

        return (jax.tree.map(moved, weights, mean, square), mean, square, count), value

    return step


def measure_step(name, variant, loss, weights, batch, steps=1):
    """The state is given away and taken back, as a training loop does."""
    now = {}

    def make():
        step = adam(loss)
        many = step
        if steps > 1:

            def many(state, *data):
                return lax.scan(lambda s, _: step(s, *data), state, None, length=steps)

        whole = jax.jit(many, donate_argnums=0)
        zeros = jax.tree.map(jnp.zeros_like, weights)
        copies = jax.tree.map(jnp.copy, weights)
        now["state"] = (copies, zeros, jax.tree.map(jnp.zeros_like, weights), jnp.zeros(()))

        def run():
            now["state"], now["loss"] = whole(now["state"], *batch)

        return run

    CLOCK.measure(name, variant, make, lambda: jax.block_until_ready(now["loss"]), steps)


def steps():
    for widths, batch in cases.STEPS:
        name = cases.step_name(widths, batch)
        data = normal(batch, widths[0]), labels(widths[-1], batch)

        def loss(weights, x, t):
            return cross_entropy(network(weights, x), t)

        measure_step(name, "jax jit", loss, weights_of(widths), data)
        measure_step(name, "jax scan of 20", loss, weights_of(widths), data, steps=20)


def convolutional():
    def loss(weights, x, t):
        for w, b in weights[:2]:
            x = lax.conv_general_dilated(
                x, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
            window = (1, 2, 2, 1)
            x = lax.reduce_window(jax.nn.relu(x + b), -jnp.inf, lax.max, window, window, "VALID")
        return cross_entropy(network(weights[2:], x.reshape(64, 256)), t)

    kernels = [(normal(*s) / np.float32(5), jnp.zeros(s[-1])) for s in ((5, 5, 1, 8), (5, 5, 8, 16))]
    data = normal(64, 28, 28, 1), labels(10, 64)
    measure_step("step_lenet_b64", "jax jit", loss, kernels + weights_of((256, 128, 10)), data)


# ---- elementwise ----

FORMS = {
    "cheap": lambda x: x + (jax.nn.relu(x * 1.25 + 0.5) * 0.75 + 0.25),
    "hardswish": lambda x: x * jnp.clip(x + 3, 0, 6) / 6,
    "snake": lambda x: x + jnp.sin(x) ** 2,
    "gelu": lambda x: x * (0.5 * jax.scipy.special.erfc(x * -0.70710678118654752)),
    "mish": lambda x: x * jnp.tanh(jax.nn.softplus(x)),
}


def pair_of(form):
    def pair(x, g):
        y, pull = jax.vjp(form, x)
        return y, pull(g)[0]

    return pair


def activations():
    for name in cases.ACTIVATIONS:
        for size, count in cases.SIZES.items():
            x = jnp.asarray(RANDOM.random((2, count), np.float32) * 2 - 1)
            measure(f"{name}_{size}", "jax jit", pair_of(FORMS[name]), (x[0], x[1]))


def chain():
    def form(y):
        for _ in range(cases.CHAIN // 4):
            y = jnp.tanh(y * 0.75 + 0.25) - 0.25
        return y

    measure("chain_100_fwd_bwd", "jax jit", pair_of(form), (normal(16), jnp.ones(16)))


# ---- products and rows ----


def products():
    for name, (m, k, n) in cases.GEMMS.items():
        measure(name, "jax jit", lambda x, y: x @ y, (normal(m, k), normal(k, n)))


def rows():
    n = cases.ROWS
    x, g, t = normal(n, n), normal(n, n), labels(n, n)

    def norm(z, gain, bias):
        mean = z.mean(1, keepdims=True)
        variance = jnp.square(z - mean).mean(1, keepdims=True)
        return (z - mean) * lax.rsqrt(variance + 1e-5) * gain + bias

    def norm_pair(z, gain, bias, g):
        y, pull = jax.vjp(norm, z, gain, bias)
        return y, pull(g)

    entropy = jax.value_and_grad(lambda z: cross_entropy(z, t))
    measure("cross_entropy_1024x1024", "jax jit", entropy, (x,))
    measure("layer_norm_1024x1024", "jax jit", norm_pair, (x, jnp.ones(n), jnp.zeros(n), g))


# ---- higher orders ----


def higher():
    widths = (26, 64, 64, 1)
    weights, direction = weights_of(widths), weights_of(widths)
    x, y = normal(64, 26), normal(64, 1)

    def loss(w):
        return jnp.square(network(w, x, jnp.tanh) - y).mean()

    def product(w, v):
        return jax.jvp(jax.grad(loss), (w,), (v,))[1]

    measure("hvp_26_64_64_1_b64", "jax jit", product, (weights, direction))
    pinn()
    samples()


def pinn():
    points = jnp.asarray(RANDOM.random((256, 2), np.float32))
    along_t = jnp.tile(jnp.array([1.0, 0.0]), (256, 1))
    along_x = jnp.tile(jnp.array([0.0, 1.0]), (256, 1))

    def residual(w):
        def u(z):
            return network(w, z, jnp.tanh)

        slope = jax.jvp(u, (points,), (along_t,))[1]

        def slope_x(z):
            return jax.jvp(u, (z,), (along_x,))[1]

        bend = jax.jvp(slope_x, (points,), (along_x,))[1]
        return jnp.square(slope - 0.1 * bend).mean()

    measure("pinn_2_32_32_1_n256", "jax jit", jax.grad(residual), (weights_of((2, 32, 32, 1)),))


def samples():
    def loss(w, x, t):
        return cross_entropy(network(w, x[None]), t[None])

    mapped = jax.vmap(jax.grad(loss), (None, 0, 0))
    data = weights_of((26, 64, 64, 10)), normal(64, 26), labels(10, 64)
    measure("per_sample_26_64_64_10_b64", "jax jit", mapped, data)


print(f"jax {jax.__version__}, one thread")
for group in (steps, convolutional, products, activations, chain, rows, higher):
    group()
CLOCK.write()

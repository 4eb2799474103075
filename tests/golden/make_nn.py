"""Goldens of the composites in graph/nn: values and three derivatives at 50 digits. Writes nn.h
beside itself.

    python3 make_nn.py        needs mpmath

A derivative is accepted only if two independent ways agree to 40 digits: mpmath's numerical
differentiation at 400 digits, and series arithmetic (jet.py).
"""
import os
import mpmath
from mpmath import mp, mpf, diff, nstr
import jet
from jet import Jet, exp, log, sin, cos, tan, atan, tanh, erf_share

POINTS = [-700, -100, -40, -30, -20, -8, -3, -1, -0.5, -1e-4, 0, 1e-4, 0.5, 1, 3, 8, 20, 30, 40,
          100]
SIDES = [x for x in POINTS if x != 0]
NEAR = [x for x in POINTS if abs(x) < 40]


def softplus(x):
    return log(1 + exp(x))


def sigmoid(x):
    return 1 / (1 + exp(-x))


def gelu_tanh(x):
    return x * sigmoid(2 * jet.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x * x * x))


def selu(x):
    scale, alpha = mpf("1.0507009873554804934193349852946"), mpf("1.6732632423543772848170429916717")
    return scale * alpha * (exp(x) - 1) if x <= 0 else scale * x


# Name: function, points. Where two pieces meet no point lies: what holds there is a choice, which
# the tests state themselves.
ACTIVATIONS = {
    "softplus": (softplus, POINTS),
    "sigmoid": (sigmoid, POINTS),
    "log_sigmoid": (lambda x: -softplus(-x), POINTS),
    "silu": (lambda x: x * sigmoid(x), POINTS),
    "mish": (lambda x: x * tanh(softplus(x)), POINTS),
    "gelu": (lambda x: x * erf_share(x), NEAR),  # beyond, 0 in double
    "gelu_tanh": (gelu_tanh, [x for x in POINTS if -15 < x < 40]),
    "softsign": (lambda x: x / (1 + abs(x)), SIDES + [0.99, 1.01, -1e6, 1e6]),
    "tanhshrink": (lambda x: x - tanh(x), POINTS + [1e-8, 0.1, 0.7, 0.999, 1.001, -2]),
    "snake": (lambda x: x + sin(x) * sin(x), NEAR),
    "elu": (lambda x: exp(x) - 1 if x <= 0 else x, SIDES),
    "selu": (selu, SIDES),
}

WHOLE = [-40, -8, -3, -1.5, -1, -0.5, -1e-4, 1e-9, 1e-4, 0.25, 0.5, 1, 1.5, 3, 8, 40]
UNIT = [-0.999999, -0.9, -0.5, -1e-4, 1e-9, 1e-4, 0.3, 0.5, 0.75, 0.9, 0.999999]
FORMULAS = {
    "tan": (tan, WHOLE + [1.5707963267948966, 1e5]),
    "asin": (lambda x: atan(x / jet.sqrt(1 - x * x)), UNIT),
    "acos": (lambda x: 2 * atan(jet.sqrt((1 - x) / (1 + x))), UNIT),
    "atan": (atan, WHOLE + [1e5, 1e9]),
    "sinh": (lambda x: (exp(x) - exp(-x)) / 2, WHOLE + [300, 700]),
    "cosh": (lambda x: (exp(x) + exp(-x)) / 2, WHOLE + [300, 700]),
    "asinh": (lambda x: log(x + jet.sqrt(x * x + 1)), WHOLE + [1e5, 1e9, 1e100]),
    "acosh": (lambda x: log(x + jet.sqrt(x * x - 1)),
              [1 + 2 ** -40, 1.0001, 1.5, 2, 3, 40, 1e5, 1e9, 1e100]),
    "atanh": (lambda x: log((1 + x) / (1 - x)) / 2, UNIT),
}

SHARES = [1e-9, 1e-4, 0.1, 0.25, 0.5, 0.75, 0.9, 0.9999]
BOTH = [-30, -8, -3, -1.5, -1, -0.75, -0.5, -0.25, 0.25, 0.5, 0.75, 1, 1.5, 3, 8, 30]
SIGNED = BOTH + [-1e-4, 1e-4, 1e-9]
# Each as a function of one number, the rest of its arguments as tests/graph/test_loss.c has them.
LOSSES = {
    "log_cosh": (lambda x: log((exp(x) + exp(-x)) / 2), SIGNED),
    "poisson": (lambda x: exp(x) - mpf(2.5) * x, BOTH),
    "gaussian": (lambda x: (x + mpf(2.25) * exp(-x)) / 2, BOTH),
    "bernoulli": (lambda x: -mpf(0.25) * log(x) - mpf(0.75) * log(1 - x), SHARES),
    "focal": (lambda x: (1 - sigmoid(x)) ** 2 * softplus(-x), BOTH),
    "smoothed": (lambda x: mpf(0.875) * softplus(x) + mpf(0.125) * softplus(-x), BOTH),
    "divergence": (lambda x: mpf(0.25) * log(mpf(0.25)) + mpf(0.75) * log(mpf(0.75))
                   + mpf(0.25) * softplus(-x) + mpf(0.75) * softplus(x), BOTH),
    "cosine": (lambda x: 1 - (x + 2) / jet.sqrt(5 * (x * x + 1)), [0.4990234375] + BOTH),
}


def derivatives(f, point):
    """The value and three derivatives, checked."""
    mp.dps = 800  # a third difference at this step loses 180 digits, a tail of 1e-305 as many more
    x, step = mpf(point), mpf(10) ** -60
    series = f(Jet([x, mpf(1), mpf(0), mpf(0)]))
    values = [series.c[k] * mpmath.factorial(k) for k in range(4)]
    for order in range(1, 4):
        difference = diff(f, x, order, h=step)
        if abs(values[order]) < mpf(10) ** -500:  # a root, but for what the digits leave
            assert abs(difference) < step
            values[order] = mpf(0)
        error = abs(difference - values[order])
        is_root = values[order] == 0
        assert is_root or error <= abs(difference) * mpf(10) ** -40, (point, order, difference)
    return values


def rows(functions):
    for name, (f, points) in functions.items():
        for point in points:
            values = derivatives(f, point)
            yield name, point, [nstr(v, 20, min_fixed=0, max_fixed=0) for v in values]


def write_rows(out, name, functions):
    out.write("static const nn_golden %s[] = {\n" % name)
    for function, x, v in rows(functions):
        out.write('    { "%s", %r,\n      { %s,\n        %s } },\n'
                  % (function, float(x), ", ".join(v[:2]), ", ".join(v[2:])))
    out.write("};\n")


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nn.h")
    with open(path, "w") as out:
        out.write("/* Made by make_nn.py with mpmath: do not edit. */\n")
        out.write("typedef struct nn_golden { const char *name; double x, value[4]; } nn_golden;\n")
        write_rows(out, "nn_goldens", ACTIVATIONS)
        write_rows(out, "formula_goldens", FORMULAS)
        write_rows(out, "loss_goldens", LOSSES)


if __name__ == "__main__":
    main()

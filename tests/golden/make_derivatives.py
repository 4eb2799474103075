"""Derivatives of the elementwise rows of ops.def to the third order, at knots and in
tails. Writes derivatives.h beside itself.

    python3 make_derivatives.py        needs mpmath

Derivatives are written out by hand and each is accepted only if mpmath's numerical differentiation of
the value at 400 digits agrees to 30. Points are exact in f32. `scale` is the magnitude in which a result
is counted: the largest addend of the textbook formula, larger than the result near a root of it.
"""
import os
import struct
from mpmath import mp, mpf, exp, expm1, log, log1p, sqrt, sin, cos, tanh, erf, erfc, pi, diff

mp.dps = 400


def logistic(x):
    return 1 / (1 + exp(-x))


def logistic_sums(x):
    """Value and derivatives as sums of products of s = logistic(x), t = logistic(-x)."""
    s, t = logistic(x), logistic(-x)
    return [[s], [s * t], [s * t * t, -s * s * t], [s * t ** 3, -4 * s * s * t * t, s ** 3 * t]]


def tanh_sums(x):
    """tanh x = 2 logistic(2x) - 1, so derivative n is 2^(n + 1) times that of the logistic at 2x."""
    sums = logistic_sums(2 * x)
    return [[tanh(x)]] + [[2 ** (n + 1) * term for term in sums[n]] for n in (1, 2, 3)]


def gaussian_sums(x, factor, value):
    f = factor * 2 / sqrt(pi) * exp(-x * x)
    return [[value], [f], [-2 * x * f], [4 * x * x * f, -2 * f]]


def power_sums(x, power):
    terms, factor = [], mpf(1)
    for n in range(4):
        terms.append([factor * x ** (power - n)])
        factor *= power - n
    return terms


ROWS = {   # name: (value, sums of derivative 0 to 3, points)
    "exp": (exp, lambda x: [[exp(x)]] * 4, [-745, -700, -87, -1, -1e-4, 0, 1e-4, 1, 88, 700]),
    "expm1": (expm1, lambda x: [[expm1(x)]] + [[exp(x)]] * 3, [-50, -1, -1e-6, 0, 1e-6, 1, 80]),
    "log": (log, lambda x: [[log(x)], [1 / x], [-1 / x ** 2], [2 / x ** 3]],
            [1e-30, 0.25, 0.999, 1, 1.001, 7, 1e30]),
    "log1p": (log1p, lambda x: [[log1p(x)], [1 / (1 + x)], [-1 / (1 + x) ** 2], [2 / (1 + x) ** 3]],
              [-0.9990234375, -0.5, -1e-6, 0, 1e-6, 1, 1e30]),
    "sqrt": (sqrt, lambda x: power_sums(x, mpf(1) / 2), [1e-30, 0.5, 1, 2, 1e30]),
    "rsqrt": (lambda x: 1 / sqrt(x), lambda x: power_sums(x, -mpf(1) / 2), [1e-20, 0.5, 1, 2, 1e20]),
    "sin": (sin, lambda x: [[sin(x)], [cos(x)], [-sin(x)], [-cos(x)]], [-8.5, -1, 0, 1e-4, 1, 3, 1000]),
    "cos": (cos, lambda x: [[cos(x)], [-sin(x)], [-cos(x)], [sin(x)]], [-8.5, -1, 0, 1e-4, 1, 3, 1000]),
    "logistic": (logistic, logistic_sums,
                 [-700, -100, -80, -40, -20, -3, -1, -1e-4, 0, 1e-4, 1, 3, 20, 40, 80, 100, 700]),
    "tanh": (tanh, tanh_sums,
             [-350, -40, -20, -9, -3, -1, -1e-4, 0, 1e-4, 1, 3, 9, 20, 40, 350]),
    "erf": (erf, lambda x: gaussian_sums(x, 1, erf(x)),
            [-26, -9, -5, -3, -1, -1e-4, 0, 1e-4, 0.5, 1, 3, 5, 9, 26, 30]),
    "erfc": (erfc, lambda x: gaussian_sums(x, -1, erfc(x)),
             [-26, -9, -5, -3, -1, -1e-4, 0, 1e-4, 0.5, 1, 3, 5, 9, 26, 30]),
}
# logaddexp(x, 0) by its first input: softplus, whose derivatives are those of the logistic one lower.
SOFTPLUS_POINTS = ROWS["logistic"][2]


def as_f32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def softplus_sums(x):
    return [[log1p(exp(x))]] + logistic_sums(x)[:3]


def check(name, f, x, sums):
    for n in (1, 2, 3):
        step = mpf(10) ** -60 * (1 if x == 0 else min(1, abs(x)))
        numeric = diff(f, mpf(x), n, h=step)
        scale = max(abs(term) for term in sums[n])
        assert abs(numeric - sum(sums[n])) <= (scale or 1) * mpf(10) ** -30, (name, x, n)


def row(name, f, sums_of, point):
    x = as_f32(point)
    sums = sums_of(mpf(x))
    check(name, f, x, sums)
    value = [repr(float(sum(terms))) for terms in sums]
    scale = ["%.6g" % max(abs(term) for term in terms) for terms in sums]
    return ('    { "%s", %r,\n      { %s, %s,\n        %s, %s },\n      { %s } },\n'
            % (name, x, *value, ", ".join(scale)))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "derivatives.h"), "w") as out:
        out.write("/* Made by make_derivatives.py with mpmath: do not edit. */\n")
        out.write("typedef struct derivative_golden {\n    const char *name;\n"
                  "    double x, value[4], scale[4];\n} derivative_golden;\n")
        out.write("static const derivative_golden derivative_goldens[] = {\n")
        for name, (f, sums_of, points) in ROWS.items():
            for point in points:
                out.write(row(name, f, sums_of, point))
        for point in SOFTPLUS_POINTS:
            out.write(row("logaddexp", lambda x: log1p(exp(x)), softplus_sums, point))
        out.write("};\n")


main()

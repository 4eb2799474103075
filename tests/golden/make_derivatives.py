"""Derivatives of the elementwise rows of ops.def to the third order, at knots and in
tails. Writes derivatives.h beside itself.

    python3 make_derivatives.py        needs mpmath

Derivatives are written out by hand and each is accepted only if mpmath's numerical differentiation of
the value at 400 digits agrees to 40. Points are exact in f32. `path` says by which input each order is
taken. `scale` is the magnitude in which a result is counted: the largest addend of the textbook formula,
larger than the result near a root of it.
"""
import os
import struct
from mpmath import (atan2, cos, diff, erf, erfc, erfinv, exp, expm1, log, log1p, mp, mpf, pi, sin,
                    sqrt, tanh)

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


def erf_inv_sums(x):
    """With r' = sqrt(pi) / 2 exp(r r) the next are 2 r r'^2 and 2 r'^3 + 8 r^2 r'^3."""
    r = erfinv(x)
    slope = sqrt(pi) / 2 * exp(r * r)
    return [[r], [slope], [2 * r * slope ** 2], [2 * slope ** 3, 8 * r * r * slope ** 3]]


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
    "erf_inv": (erfinv, erf_inv_sums,
                [-0.96875, -0.5, -1e-4, 0, 1e-10, 0.1, 0.4999, 0.75, 0.90625, 0.96875]),
    "erfc": (erfc, lambda x: gaussian_sums(x, -1, erfc(x)),
             [-26, -9, -5, -3, -1, -1e-4, 0, 1e-4, 0.5, 1, 3, 5, 9, 26, 30]),
}


# ---- functions of two inputs: addends of the derivative by x a times and by y b times ----

def pow_sums(x, y, a, b):
    """Falling factorials of y are polynomials; log x to the b-th power comes with Leibniz' rule."""
    falling = [[1], [y], [y * (y - 1)], [y * (y - 1) * (y - 2)]][a]
    slope = [[0], [1], [2 * y, -1], [3 * y * y, -6 * y, 2]][a]
    curve = [0, 0, 2, 6 * y - 6][a]
    base, logarithm = x ** (y - a), log(x)
    if b == 0:
        return [base * term for term in falling]
    if b == 1:
        return [base * term * logarithm for term in falling] + [base * term for term in slope]
    terms = [base * term * logarithm ** b for term in falling]
    terms += [base * term * b * logarithm ** (b - 1) for term in slope]
    return terms + [base * curve * (1 if b == 2 else 3 * logarithm)]


def atan2_sums(x, y, a, b):
    """The angle of ordinate x and abscissa y."""
    s = x * x + y * y
    return {(0, 0): [atan2(x, y)], (1, 0): [y / s], (0, 1): [-x / s],
            (2, 0): [-2 * x * y / s ** 2], (1, 1): [x * x / s ** 2, -y * y / s ** 2],
            (0, 2): [2 * x * y / s ** 2],
            (3, 0): [6 * x * x * y / s ** 3, -2 * y ** 3 / s ** 3],
            (2, 1): [6 * x * y * y / s ** 3, -2 * x ** 3 / s ** 3],
            (1, 2): [2 * y ** 3 / s ** 3, -6 * x * x * y / s ** 3],
            (0, 3): [2 * x ** 3 / s ** 3, -6 * x * y * y / s ** 3]}[a, b]


def logaddexp_sums(x, y, a, b):
    """Beyond the first order x and y differ in sign alone."""
    if a + b == 0:
        return [log(exp(x) + exp(y))]
    if a + b == 1:
        return [logistic(x - y if a else y - x)]
    return [(-1) ** b * term for term in logistic_sums(x - y)[a + b - 1]]


def div_sums(x, y, a, b):
    factor = [1, -1, 2, -6][b]
    return [[factor * x / y ** (b + 1)], [factor / y ** (b + 1)], [mpf(0)], [mpf(0)]][a]


def mul_sums(x, y, a, b):
    return [[x * y, x, mpf(0), mpf(0)][b]] if a == 0 else [[y, mpf(1), mpf(0)][b] if a == 1 else mpf(0)]


ALL_PATHS = ("xxx", "yyy", "xyy", "yxx", "xxy", "yyx")
PAIRS = {   # name: (value, addends, paths, points)
    "pow": (lambda x, y: x ** y, pow_sums, ALL_PATHS,
            [(0.5, 3.5), (2, -1.75), (1.0009765625, 300), (0.25, 0.5), (1e-20, 1.5), (1e20, 0.75),
             (7, 0.0625), (3, 2.5), (1, 5)]),
    "atan2": (atan2, atan2_sums, ALL_PATHS,
              [(1, 1), (-0.5, 2), (3, -4), (1e-10, 1), (1, 1e-10), (1e15, 2e15), (-7, -0.001), (2, 0.5)]),
    "logaddexp": (lambda x, y: log(exp(x) + exp(y)), logaddexp_sums, ALL_PATHS,
                  [(1.5, -0.25), (30, -2), (-3, 4), (2, 2), (-60, 5)]),
    "div": (lambda x, y: x / y, div_sums, ALL_PATHS, [(3, 0.75), (-2, 7), (1e-10, 1e5)]),
    "mul": (lambda x, y: x * y, mul_sums, ("xyx", "yxy"), [(3, 0.75), (-2, 7)]),
}
# logaddexp(x, 0) by its first input: softplus, whose derivatives are those of the logistic one lower.
SOFTPLUS_POINTS = ROWS["logistic"][2]


def as_f32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def check(name, numeric, terms, point):
    scale = max(abs(term) for term in terms)
    assert abs(numeric - sum(terms)) <= (scale or 1) * mpf(10) ** -40, (name, point)


def step_at(x):
    return mpf(10) ** -60 * (1 if x == 0 else min(1, abs(x)))


def row(name, path, point, sums):
    value = [repr(float(sum(terms))) for terms in sums]
    scale = ["%.6g" % max(abs(term) for term in terms) for terms in sums]
    return ('    { "%s", "%s", %r, %r,\n      { %s, %s,\n        %s, %s },\n      { %s } },\n'
            % (name, path, *point, *value, ", ".join(scale)))


def row_of_one(name, f, sums_of, x):
    x = as_f32(x)
    sums = sums_of(mpf(x))
    for n in (1, 2, 3):
        check(name, diff(f, mpf(x), n, h=step_at(x)), sums[n], x)
    return row(name, "xxx", (x, 0.0), sums)


def row_of_two(name, f, sums_of, path, point):
    x, y = as_f32(point[0]), as_f32(point[1])
    sums = []
    for n in range(4):
        a, b = path[:n].count("x"), path[:n].count("y")
        sums.append(sums_of(mpf(x), mpf(y), a, b))
        step = min(step_at(x), step_at(y))
        numeric = diff(f, (mpf(x), mpf(y)), (a, b), h=step) if n else f(mpf(x), mpf(y))
        check(name, numeric, sums[n], (path, x, y))
    return row(name, path, (x, y), sums)


def rows():
    for name, (f, sums_of, points) in ROWS.items():
        for point in points:
            yield row_of_one(name, f, sums_of, point)
    for point in SOFTPLUS_POINTS:
        yield row_of_one("logaddexp", lambda x: log1p(exp(x)), lambda x: [[log1p(exp(x))]] + logistic_sums(x)[:3], point)
    for name, (f, sums_of, paths, points) in PAIRS.items():
        for path in paths:
            for point in points:
                yield row_of_two(name, f, sums_of, path, point)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "derivatives.h"), "w") as out:
        out.write("/* Made by make_derivatives.py with mpmath: do not edit. */\n")
        out.write("typedef struct derivative_golden {\n    const char *name, *path;\n"
                  "    double x, y, value[4], scale[4];\n} derivative_golden;\n")
        out.write("static const derivative_golden derivative_goldens[] = {\n")
        out.writelines(rows())
        out.write("};\n")


main()

"""Goldens of the composites in graph/nn: values and three derivatives at 50 digits. Writes nn.h
beside itself.

    python3 make_nn.py        needs mpmath

A derivative is accepted only if two independent ways agree to 40 digits: mpmath's numerical
differentiation at 400 digits, and a Taylor coefficient from a contour integral (of GELU, whose
contour is slow, the formula with the normal density).
"""
import os
from mpmath import mp, mpf, mpc, exp, log, log1p, tanh, erfc, sqrt, diff, pi, factorial, nstr

POINTS = [-700, -100, -40, -30, -20, -8, -3, -1, -0.5, -1e-4, 0, 1e-4, 0.5, 1, 3, 8, 20, 30, 40,
          100]


def softplus(x):
    return log(1 + exp(x))


FUNCTIONS = {
    "softplus": softplus,
    "sigmoid": lambda x: 1 / (1 + exp(-x)),
    "mish": lambda x: x * tanh(softplus(x)),
    "gelu": lambda x: x * erfc(-x / sqrt(mpf(2))) / 2,
}


def by_contour(f, x, order, points=64):
    """Taylor coefficient by the trapezoid rule on a circle inside the nearest singularity."""
    radius = mpf(1) / 2
    total = mpc(0)
    for k in range(points):
        w = mp.expjpi(mpf(2 * k) / points)
        total += f(x + radius * w) * w ** (-order)
    return (total / points / radius ** order * factorial(order)).real


def gelu_derivative(x, order):
    density = exp(-x * x / 2) / sqrt(2 * pi)
    below = erfc(-x / sqrt(mpf(2))) / 2
    return [None, below + x * density, (2 - x * x) * density, (x ** 3 - 4 * x) * density][order]


def derivative(name, f, x, order):
    if order == 0:
        return f(x)
    first = diff(f, x, order, h=mpf(10) ** -60)
    if name == "gelu":
        second = gelu_derivative(x, order)
    else:
        second = by_contour(f, x, order, 256 if abs(x) >= 40 else 128)
    size = abs(f(x)) + abs(diff(f, x, 1, h=mpf(10) ** -60))
    # What is left at an inflection is noise; the formula of GELU has none.
    noise = 0 if name == "gelu" and second != 0 else size * mpf(10) ** -105
    if max(abs(first), abs(second)) < noise:
        return mpf(0)
    assert abs(first - second) <= abs(first) * mpf(10) ** -40, (x, order, first, second)
    return first


def rows():
    for name, f in FUNCTIONS.items():
        for point in POINTS:
            if name == "gelu" and abs(point) >= 40:
                continue  # zero in double
            mp.dps = 400
            x = mpf(point)
            values = [nstr(derivative(name, f, x, order), 20, min_fixed=0, max_fixed=0) for order in range(4)]
            yield name, point, values


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nn.h")
    with open(path, "w") as out:
        out.write("/* Made by make_nn.py with mpmath: do not edit. */\n")
        out.write("typedef struct nn_golden { const char *name; double x, value[4]; } nn_golden;\n")
        out.write("static const nn_golden nn_goldens[] = {\n")
        for name, x, v in rows():
            out.write('    { "%s", %r,\n      { %s,\n        %s } },\n'
                      % (name, float(x), ", ".join(v[:2]), ", ".join(v[2:])))
        out.write("};\n")


main()

"""Goldens of wg_minimize_lbfgs: the point after each step on the extended Rosenbrock function, at 50
digits. The direction is not the two loops of the library but the inverse Hessian written out as a
matrix (Nocedal & Wright 2006, eq. 7.19), built anew from the pairs at each step; the step's length is
that of Lewis & Overton 2013, alg. 2.6. Writes lbfgs.h beside itself.

    python3 make_lbfgs.py             needs mpmath
    python3 make_lbfgs.py --scipy     also minimizes with scipy's L-BFGS-B, which must end at the same
                                      point
"""
import os
import sys
from mpmath import mp, mpf, matrix, eye, sqrt, nstr

mp.dps = 50
COUNT, STEPS, MEMORY = 4, 24, 3
DESCENT, SLOPE = mpf(1e-4), mpf(0.9)  # the doubles of the library


def start():
    return matrix([mpf(-6) / 5 if i % 2 == 0 else mpf(1) for i in range(COUNT)])


def loss(x):
    return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(COUNT - 1))


def gradient(x):
    g = matrix(COUNT, 1)
    for i in range(COUNT - 1):
        off = x[i + 1] - x[i] ** 2
        g[i] += -400 * x[i] * off - 2 * (1 - x[i])
        g[i + 1] += 200 * off
    return g


def dot(x, y):
    return sum(a * b for a, b in zip(x, y))


def inverse_hessian(pairs):
    if not pairs:
        return eye(COUNT)
    s, y = pairs[-1]
    h = eye(COUNT) * (dot(s, y) / dot(y, y))
    for s, y in pairs:
        rho = 1 / dot(s, y)
        v = eye(COUNT) - rho * y * s.T
        h = v.T * h * v + rho * s * s.T
    return h


def search(x, direction, t):
    before, slope = loss(x), dot(gradient(x), direction)
    lower, upper = mpf(0), None
    while True:
        to = x + t * direction
        if loss(to) > before + DESCENT * t * slope:
            upper = t
        elif dot(gradient(to), direction) < SLOPE * slope:
            lower = t
        else:
            return to
        t = 2 * t if upper is None else (lower + upper) / 2


def steps():
    x, pairs = start(), []
    for _ in range(STEPS):
        g = gradient(x)
        length = sqrt(dot(g, g))
        t = 1 / length if not pairs and length > 1 else mpf(1)
        to = search(x, -(inverse_hessian(pairs) * g), t)
        pairs = (pairs + [(to - x, gradient(to) - g)])[-MEMORY:]
        x = to
        yield x


def compare():
    import numpy
    from scipy.optimize import minimize
    found = minimize(lambda x: float(loss([mpf(v) for v in x])), [float(v) for v in start()],
                     jac=lambda x: numpy.array([float(v) for v in gradient([mpf(v) for v in x])]),
                     method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-10})
    print("scipy ends at", found.x, "after", found.nit, "steps")


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lbfgs.h")
    lines = ["/* Made by make_lbfgs.py with mpmath: do not edit. */",
             "enum { LBFGS_COUNT = %d, LBFGS_STEPS = %d, LBFGS_MEMORY = %d };"
             % (COUNT, STEPS, MEMORY),
             "static const double lbfgs_point[LBFGS_STEPS][LBFGS_COUNT] = {"]
    for x in steps():
        text = [nstr(v, 20, min_fixed=-3, max_fixed=3) for v in x]
        lines.append("    { %s,\n      %s }," % (", ".join(text[:2]), ", ".join(text[2:])))
    lines.append("};")
    with open(path, "w") as out:
        out.write("\n".join(lines) + "\n")
    if "--scipy" in sys.argv:
        compare()


main()

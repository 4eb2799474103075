#!/usr/bin/env python3
"""Writes polynomials.h: the coefficients of the vector functions, smallest largest error (Remez).

Each polynomial minimises the largest error under a weight; its coefficients are rounded to the
format, and then moved by single units as long as that makes the error smaller.

    python3 ops/kernels/fit.py > ops/kernels/polynomials.h        needs mpmath
"""
import sys
from mpmath import mp, mpf

mp.dps = 60
GRID = 700
NEAR, SLOPE, MIDDLE = mpf(0.6875), mpf(0.375), mpf(0.4375)   # ERF_NEAR, ERFC_ ... of math.h


class Format:
    def __init__(self, name, element, bits, suffix):
        self.name, self.element, self.bits, self.suffix = name, element, bits, suffix

    def unit(self, x):
        """One unit in the last place of x (exponents never matter here)."""
        return mpf(2) ** (int(mp.floor(mp.log(abs(x), 2))) - self.bits + 1)

    def round(self, x):
        """x to the nearest number of the format."""
        return mp.nint(x / self.unit(x)) * self.unit(x)

    def text(self, x):
        """A hexadecimal literal of a number of the format."""
        mantissa, exponent = int(abs(x) * mpf(2) ** 200), -200
        shift = mantissa.bit_length() - 1
        fraction = (mantissa << 60) >> shift           # 1.fraction as 60 bits
        assert fraction << shift == mantissa << 60
        digits = "%015x" % (fraction - (1 << 60))
        digits = "." + digits.rstrip("0") if digits.strip("0") else ""
        return "%s0x1%sp%+d%s" % ("-" if x < 0 else "", digits, exponent + shift, self.suffix)


F32 = Format("f32", "float", 24, "f")
F64 = Format("f64", "double", 53, "")


def grid(low, high):
    """Points dense at the ends, where the extremes of the error crowd."""
    low, high = mpf(low), mpf(high)
    middle, half = (low + high) / 2, (high - low) / 2
    return [middle - half * mp.cos(mp.pi * i / (GRID - 1)) for i in range(GRID)]


def extremes(error, count):
    """Indices of `count` alternating extremes of the error over the grid, the largest ones."""
    runs = []
    for i, e in enumerate(error):
        if e == 0:
            continue
        if runs and (error[runs[-1]] > 0) == (e > 0):
            if abs(e) > abs(error[runs[-1]]):
                runs[-1] = i
        else:
            runs.append(i)
    while len(runs) > count:                           # drop the smaller end
        runs.pop(0 if abs(error[runs[0]]) < abs(error[runs[-1]]) else -1)
    return runs


def remez(x, target, weight, count):
    """Coefficients of the polynomial with the smallest max |weight (sum c_j x^j - target)|."""
    basis = [[xi ** j for j in range(count)] for xi in x]
    index = [round(i * (GRID - 1) / count) for i in range(count + 1)]
    best = None
    for _ in range(15):
        a, b = mp.matrix(count + 1, count + 1), mp.matrix(count + 1, 1)
        for row, i in enumerate(index):
            for column in range(count):
                a[row, column] = basis[i][column]
            a[row, count] = (-1) ** row / weight[i]
            b[row] = target[i]
        c = list(mp.lu_solve(a, b))[:count]
        error = [w * (sum(cj * bj for cj, bj in zip(c, row)) - t)
                 for w, row, t in zip(weight, basis, target)]
        largest = max(abs(e) for e in error)
        if best is None or largest < best[0]:
            best = (largest, c)
        found = extremes(error, count + 1)
        if len(found) < count + 1 or found == index:
            break
        index = found
    return best[1]


def settle(form, c, x, target, weight):
    """Moves rounded coefficients by units of their last place while the largest error shrinks."""
    error = [float(wi * (sum(cj * xi ** j for j, cj in enumerate(c)) - t))
             for xi, wi, t in zip(x, weight, target)]
    effect = [[float(form.unit(cj) * wi * xi ** j) for xi, wi in zip(x, weight)]
              for j, cj in enumerate(c)]
    largest, moved = max(map(abs, error)), True
    while moved:
        moved = False
        for j in range(len(c)):
            for sign in (1, -1):
                trial = [e + sign * d for e, d in zip(error, effect[j])]
                if max(map(abs, trial)) < largest * 0.999:
                    error, largest, moved = trial, max(map(abs, trial)), True
                    c[j] += sign * form.unit(c[j])
    return largest


def fit(form, name, what, function, weight, low, high, count):
    """Prints a table of `count` coefficients, ascending, with the weighted error after rounding."""
    x = grid(low, high)
    target, w = [function(xi) for xi in x], [weight(xi) for xi in x]
    c = [form.round(cj) for cj in remez(x, target, w, count)]
    left = mp.log(settle(form, c, x, target, w), 2)
    print("/* %s: error 2^%.1f */" % (what, left))
    print("static const %s %s_%s[] = {" % (form.element, form.name, name))
    for cj in c:
        print("    %s," % form.text(cj))
    print("};\n")
    print(form.name, name, count, "2^%.2f" % left, file=sys.stderr)


def erfcx(x):
    return mp.exp(x * x) * mp.erfc(x)


def erf_inv_slope(v):
    """erf_inv(x) / x where v^2 = -log(1 - x^2)."""
    x = mp.sqrt(-mp.expm1(-v * v))
    return mp.sqrt(mp.pi) / 2 if v == 0 else mp.erfinv(x) / x


def log_gamma_curve(z):
    """(log-gamma(2 + z) - (1 - gamma) z) / z^2"""
    if abs(z) < mpf(10) ** -12:
        return (mp.zeta(2) - 1) / 2
    return (mp.loggamma(2 + z).real - (1 - mp.euler) * z) / z ** 2


def gamma_table(form, count):
    """Log-gamma at 2, as exact beside log-gamma at 1, which is its value less log(1 + z)."""
    tiny = mpf(10) ** -20
    fit(form, "gamma_c", "(log-gamma(2 + z) - (1 - gamma) z) / z^2, relative to log-gamma(1 + z)",
        log_gamma_curve, lambda z: z * z / max(abs(mp.loggamma(1 + z).real), tiny),
        -mpf(1) / 2, mpf(1) / 2, count)


def tables(form, exp, log, sin, cos, erf, erfc, reach, atan, power, inverse):
    """All tables of one format; the counts are the fewest whose error hides behind the rounding."""
    one = lambda x: mpf(1)
    tiny = mpf(10) ** -14                              # no 0/0 at the end of a range

    half = mp.log(2) / 2 * mpf("1.003")                # n is rounded from an inexact product
    fit(form, "exp_c", "(exp(r) - 1 - r - r^2 / 2) / r^3, relative to exp(r) - 1",
        lambda r: (mp.exp(r) - 1 - r - r * r / 2) / r ** 3, lambda r: r * r, -half, half, exp)

    low, high = mp.sqrt(2) / 2 - 1 - mpf(2) ** -20, mp.sqrt(2) - 1 + mpf(2) ** -20
    if form is F32:
        fit(form, "log_c", "(log(1 + f) - f + f^2 / 2) / f^3, relative to log(1 + f)",
            lambda f: (mp.log(1 + f) - f + f * f / 2) / f ** 3, lambda f: f ** 3 / mp.log(1 + f),
            low, high, log)
    else:
        fit(form, "log_c", "(2 atanh(s) / s - 2) / s^2 in s^2, s = f / (2 + f), relative",
            lambda z: (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2) / z, lambda z: z / 2,
            tiny, (high / (2 + high)) ** 2, log)

    eighth = (mp.pi / 4 * mpf("1.0005")) ** 2
    fit(form, "sin_c", "(sin(r) / r - 1) / r^2 in r^2, relative to r",
        lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, lambda z: z, tiny, eighth, sin)
    fit(form, "cos_c", "(cos(r) - 1 + r^2 / 2) / r^4 in r^2, absolute",
        lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z ** 2, lambda z: z * z, tiny, eighth, cos)

    fit(form, "erf_c", "erf(x) / x - 1 in x^2 for x up to %s, relative to erf(x)" % float(NEAR),
        lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1, one, tiny, NEAR ** 2, erf)
    tail = lambda u: erfcx((1 / (u + MIDDLE) - 1) / SLOPE) / (u + MIDDLE)
    place = lambda x: 1 / (1 + SLOPE * x) - MIDDLE
    fit(form, "erfc_c", "exp(x^2) erfc(x) / t in t - %s, t = 1 / (1 + %s x), relative"
        % (float(MIDDLE), float(SLOPE)), tail, lambda u: 1 / tail(u),
        place(reach), place(NEAR), erfc)

    turn = (mp.tan(mp.pi / 8) * mpf("1.0005")) ** 2
    fit(form, "atan_c", "(atan(r) / r - 1) / r^2 in r^2, relative to r",
        lambda z: (mp.atan(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, lambda z: z, tiny, turn, atan)
    fit(form, "power_c", "((atanh(s) / s - 1) / s^2 - 1 / 3) / s^2 in s^2, relative to s",
        lambda z: ((mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z - mpf(1) / 3) / z,
        lambda z: z * z, mpf(10) ** -9, (high / (2 + high)) ** 2, power)
    fit(form, "erf_inv_c", "erf_inv(x) / x in sqrt(-log(1 - x^2)), relative",
        erf_inv_slope, lambda v: 1 / erf_inv_slope(v), mpf(10) ** -9, inverse[0], inverse[1])


if __name__ == "__main__":
    print("/* Written by fit.py: do not edit. Coefficients ascend. */\n"
          "#ifndef WG_OPS_KERNELS_POLYNOMIALS_H\n#define WG_OPS_KERNELS_POLYNOMIALS_H\n")
    tables(F32, exp=5, log=9, sin=4, cos=3, erf=6, erfc=9, reach=mpf("10.1"),
           atan=5, power=3, inverse=(4.1, 9))
    tables(F64, exp=10, log=7, sin=6, cos=6, erf=10, erfc=22, reach=mpf("27.3"),
           atan=12, power=8, inverse=(6.1, 8))
    gamma_table(F64, 20)
    print("#endif")

"""Goldens of the vector functions: values to 50 digits at knots, one unit either side of them, and
at random. Writes functions.h beside itself.

    python3 make_functions.py        needs mpmath

Each value is accepted only if a second formula, written here without mpmath's functions, agrees to 40
digits. A point is the bits of x, those of the nearest double to the value, and what is left of the value in
1/128 of that double's last place.
"""
import math
import os
import random
import struct
from mpmath import mp, mpf
from second import SECOND, agree

mp.dps = 50
LN2, HALF_PI = mp.log(2), mp.pi / 2


def bits(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def single(x):
    """The nearest float, as a double."""
    return struct.unpack("<f", struct.pack("<f", x))[0]


def single_next(x, step):
    """The float `step` patterns away from a float that is not zero."""
    pattern = struct.unpack("<i", struct.pack("<f", x))[0]
    return struct.unpack("<f", struct.pack("<i", pattern + step))[0]


def around(knot):
    """The doubles and the floats nearest to a knot, with both neighbours."""
    x = float(knot)
    points = [x, math.nextafter(x, math.inf), math.nextafter(x, -math.inf)]
    if 1e-37 < abs(x) < 1e38:
        points += [single_next(single(x), step) for step in (-1, 0, 1)]
    return points


def spread(source, count, low, high):
    """Uniform doubles and floats."""
    points = [source.uniform(low, high) for _ in range(count)]
    return points + [single(x) for x in points[:count // 2]]


def scales(source, count, low, high, signs=(1,)):
    """Numbers of all sizes, exponents of two between the bounds."""
    points = [source.choice(signs) * math.ldexp(source.uniform(1, 2), source.randint(low, high))
              for _ in range(count)]
    return points + [single(x) for x in points[:count // 2] if 1e-37 < abs(x) < 1e38]


def last_place(y):
    return mpf(2) ** (max(math.frexp(y)[1], -1021) - 53)


def knots(values):
    return [x for value in values for x in around(value)]


def halves(count):
    return [(k + mpf(1) / 2) * LN2 for k in range(-count, count)]


S = random.Random(20240229)
FUNCTIONS = {
    "exp": (mp.exp, knots(halves(9)) + knots([709.78, -708.39, 88.72, -87.33, -103.2]) +
            spread(S, 120, -745, 709.7) + spread(S, 100, -104, 88.7) +
            scales(S, 40, -60, 3, (1, -1))),
    "expm1": (mp.expm1, knots(halves(9)) + knots([709.78, 60, 88.72, -32, -64]) +
              spread(S, 100, -40, 709.7) + spread(S, 100, -2, 2) +
              scales(S, 80, -1060, 3, (1, -1))),
    "log": (mp.log, knots([mp.sqrt(mpf(2) ** k) for k in range(-9, 10) if k] + [1, 1e-38, 3e38]) +
            spread(S, 120, 0.4, 3) + scales(S, 160, -1073, 1023)),
    "log1p": (mp.log1p, knots([mp.sqrt(mpf(2) ** k) - 1 for k in range(-9, 10) if k]) +
              spread(S, 120, -0.999, 3) + scales(S, 80, -1060, -1, (1, -1)) +
              scales(S, 60, 0, 1023)),
    "rsqrt": (lambda x: 1 / mp.sqrt(x), spread(S, 60, 0.5, 4) + scales(S, 120, -1073, 1023)),
    "sin": (mp.sin, knots([k * HALF_PI / 2 for k in range(-9, 10) if k]) + spread(S, 80, -9, 9) +
            knots([2.0 ** 17, 2.0 ** 30, float.fromhex("0x1.6ac5b262ca1ffp849")]) +
            scales(S, 80, -40, 30, (1, -1)) + scales(S, 60, 17, 1023, (1, -1)) +
            scales(S, 60, 17, 120)),
    "cos": (mp.cos, knots([k * HALF_PI / 2 for k in range(-9, 10) if k]) + spread(S, 80, -9, 9) +
            knots([2.0 ** 17, 2.0 ** 30, float.fromhex("0x1.6ac5b262ca1ffp849")]) +
            scales(S, 80, -40, 30, (1, -1)) + scales(S, 60, 17, 1023, (1, -1)) +
            scales(S, 60, 17, 120)),
    "logistic": (lambda x: 1 / (1 + mp.exp(-x)), knots(halves(9)) + spread(S, 60, -740, 740) +
                 spread(S, 100, -103, 103) + spread(S, 100, -9, 9) +
                 scales(S, 30, -60, 0, (1, -1))),
    "tanh": (mp.tanh, knots(h / 2 for h in halves(9)) + knots([mp.atanh(mpf(1) / 2), 16, 32]) +
             spread(S, 160, -1, 1) + spread(S, 80, -20, 20) + scales(S, 60, -1060, 0, (1, -1))),
    "erf": (mp.erf, knots([0.6875, -0.6875, 5, 6, 1, 0.5]) + spread(S, 160, -1, 1) +
            spread(S, 120, -6, 6) + scales(S, 60, -1060, 0, (1, -1))),
    "erfc": (mp.erfc, knots([0.6875, -0.6875, 5, 6, 10, 26.5]) + spread(S, 160, -1, 3) +
             spread(S, 120, -6, 10) + spread(S, 80, 6, 27) + scales(S, 40, -60, 0, (1, -1))),
}


SUMS = [(x, 0.0) for x in spread(S, 60, -740, 40) + spread(S, 60, -100, 20) + spread(S, 40, -2, 2)]
SUMS += [(S.uniform(-9, 9), S.uniform(-9, 9)) for _ in range(80)]
SUMS += [(x, x + d) for x, d in zip(spread(S, 40, -9, 9), scales(S, 60, -60, 3, (1, -1)))]


# Pairs: names, first inputs (x of the row), second inputs.
POWERS = list(zip(spread(S, 60, 0, 4), spread(S, 60, -20, 20)))
POWERS += list(zip(scales(S, 60, -1000, 1000), spread(S, 60, -1, 1)))
POWERS += list(zip([1 + x for x in scales(S, 40, -20, -2, (1, -1))], spread(S, 40, -300, 300)))
POWERS += [(-x, float(n)) for x, n in zip(spread(S, 20, 0, 9), list(range(-15, 15)))]
ANGLES = list(zip(spread(S, 80, -1, 1), spread(S, 80, -1, 1)))
ANGLES += list(zip(scales(S, 80, -60, 60, (1, -1)), scales(S, 80, -60, 60, (1, -1))))
ANGLES += list(zip(scales(S, 40, -1020, 1020, (1, -1)), scales(S, 40, -1020, 1020, (1, -1))))
ANGLES += [(y, sign) for y in knots([1, mp.tan(mp.pi / 8), 1 / mp.tan(mp.pi / 8)])
           for sign in (1.0, -1.0)]


def rest_of(exact, y):
    return int(mp.nint((exact - mpf(y)) / last_place(y) * 128))


INVERSES = knots([0.5, -0.5, 0.0625, 0.9375, 1 - 2.0 ** -20]) + spread(S, 160, -1, 1)
INVERSES += [1 - x for x in scales(S, 80, -52, -2)] + scales(S, 60, -1060, -1, (1, -1))


def erf_inv(x):
    """Newton's method on mpmath's erf or, beyond a half, erfc."""
    rest, y = 1 - abs(x), mp.erfinv(mpf(float(abs(x)))) if abs(x) < 1 - mpf(2) ** -40 else mpf(5)
    for _ in range(60):
        error = mp.erf(y) - abs(x) if abs(x) < 0.5 else rest - mp.erfc(y)
        step = error * mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
        step /= 1 + step * y
        y -= step
        if abs(step) < y * mpf(10) ** -48:
            break
    return y if x >= 0 else -y


def sums():
    lines = ["static const golden_sum golden_logaddexp[] = {"]
    for x, y in SUMS:
        exact = max(mpf(x), mpf(y)) + mp.log1p(mp.exp(-abs(mpf(x) - mpf(y))))
        agree("logaddexp", exact, SECOND["logaddexp"](mpf(x), mpf(y)), (x, y))
        value = float(exact)
        lines.append("{0x%x,0x%x,0x%x,%d}," % (bits(x), bits(y), bits(value), rest_of(exact, value)))
    return lines + ["};"]


def pairs(name, function, points):
    lines = ["static const golden_sum golden_%s[] = {" % name]
    for x, y in points:
        exact = function(mpf(x), mpf(y))
        if exact == 0 or not 5e-324 < abs(exact) < 1.7e308:
            continue
        agree(name, exact, SECOND[name](mpf(x), mpf(y)), (x, y))
        value = float(exact)
        lines.append("{0x%x,0x%x,0x%x,%d}," % (bits(x), bits(y), bits(value), rest_of(exact, value)))
    return lines + ["};"]


def rows(name, function, points):
    lines = ["static const golden_point golden_%s[] = {" % name]
    for x in dict.fromkeys(points):
        exact = function(mpf(x))
        y = float(exact)
        if y == 0 or math.isinf(y):
            continue
        agree(name, exact, SECOND[name](mpf(x)), x)
        lines.append("{0x%x,0x%x,%d}," % (bits(x), bits(y), rest_of(exact, y)))
    return lines + ["};"]


if __name__ == "__main__":
    lines = ["/* Made by make_functions.py with mpmath: do not edit. */",
             "#include <stdint.h>",
             "typedef struct golden_point { uint64_t x, value; int8_t rest; } golden_point;",
             "typedef struct golden_sum { uint64_t x, y, value; int8_t rest; } golden_sum;"]
    for name, (function, points) in FUNCTIONS.items():
        lines += rows(name, function, points)
    lines += rows("erf_inv", erf_inv, INVERSES)
    lines += sums()
    lines += pairs("pow", mp.power, POWERS)
    lines += pairs("atan2", mp.atan2, ANGLES)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "functions.h")
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")

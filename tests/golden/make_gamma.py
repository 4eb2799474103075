"""Goldens of log-gamma and its derivatives: values to 50 digits on both sides of 0, near poles and
roots, and over the range. Writes gamma.h beside itself.

    python3 make_gamma.py        needs mpmath

Each value is accepted only if a second formula agrees to 40 digits: mpmath's functions, with the
reflection written out here, against the sum itself. `scale` is the magnitude in which an error is
counted: the largest addend, larger than the value near a root alone.
"""
import math
import os
import random
from fractions import Fraction
from mpmath import mp, mpf
from make_functions import around, bits, last_place, rest_of, single
from second import agree, log, pi

mp.dps = 50
ORDERS = (-1, 0, 1, 2, 3, 4, 7, 8, 20, 33, 100)


# ---- mpmath's functions, on the left by reflection ----

def on_the_right(order, x):
    if order < 0:
        return mp.loggamma(x).real
    if order == 0:
        return mp.psi(0, x)
    # mpmath's zeta has its digits behind the point, whatever the value.
    with mp.extradps(int(order * mp.log10(x + 1)) + 20):
        return (-1) ** (order + 1) * mp.factorial(order) * mp.zeta(order + 1, x)


def sum_of_both_sides(s, f):
    """sum over all whole k of (f + k)^-s, as zeta functions of 1 + f and 1 - f."""
    return f ** -s + mp.zeta(s, 1 + f) + (-1) ** s * mp.zeta(s, 1 - f)


def first(order, x):
    if x > 0:
        return on_the_right(order, x)
    f = x - mp.nint(x)
    if order < 0:
        return mp.log(mp.pi / abs(mp.sin(mp.pi * f))) - mp.loggamma(1 - x).real
    if order == 0:
        return mp.psi(0, 1 - x) - mp.pi * mp.cot(mp.pi * f)
    s = order + 1
    both = (-1) ** s * mp.factorial(order) * sum_of_both_sides(s, f)
    return both - (-1) ** s * on_the_right(order, 1 - x)


# ---- the sum, in plain arithmetic: terms up to 70 or more, then Euler's and Maclaurin's series ----

def bernoulli(count):
    """B_0, B_1 ... by Akiyama's and Tanigawa's table of fractions."""
    row, numbers = [], []
    for m in range(count):
        row.append(Fraction(1, m + 1))
        for j in range(m, 0, -1):
            row[j - 1] = j * (row[j - 1] - row[j])
        numbers.append(row[0])
    return numbers


B = bernoulli(91)


def series(order, x):
    """At large x, the logarithms and powers being written out."""
    s, total, rising, factorial = order + 1, mpf(1) / 2, mpf(max(order + 1, 1)), mpf(2)
    for j in range(1, 46):
        number = mpf(B[2 * j].numerator) / B[2 * j].denominator
        total += number / factorial * rising * x ** (1 - 2 * j)
        rising *= (s + 2 * j - 1) * (s + 2 * j)
        factorial *= (2 * j + 1) * (2 * j + 2)
    if order < 0:
        return (x - mpf(1) / 2) * log(x) - x + log(2 * pi()) / 2 + total - mpf(1) / 2
    if order == 0:
        return total / x - log(x)
    return total * x ** -s + x ** -order / order


def second(order, x):
    total, product = mpf(0), mpf(1)
    while x < 70 + order:
        if order < 0:
            product *= abs(x)
        else:
            total += x ** -(order + 1)
        x += 1
    total += series(order, x)
    if order < 0:
        return total - log(product)
    factorial = mpf(1)
    for i in range(2, order + 1):
        factorial *= i
    return (-1) ** (order + 1) * factorial * total


def scale(order, x, value):
    largest = abs(value)
    if order < 0 and x < 0:
        largest = max(largest, abs(mp.log(abs(x - mp.nint(x)))))
    if order == 0 and (x > 1 or x < 0):
        largest = max(largest, abs(mp.log(x)) if x > 1 else abs(mp.psi(0, 1 - x)))
    if order > 0 and order % 2 == 0 and x < 0:
        f = abs(x - mp.nint(x))
        largest = max(largest, mp.factorial(order) * mp.zeta(order + 1, 1 - f))
    return float(largest)


# ---- points ----

def points(order, source):
    count = 12 if order < 4 else 5
    xs = [source.uniform(0, 3) for _ in range(3 * count)]
    xs += [source.uniform(3, 60) for _ in range(2 * count)]
    xs += [-source.uniform(0, 6) for _ in range(2 * count)] + [-source.uniform(6, 60) for _ in range(count)]
    xs += [sign * math.ldexp(source.uniform(1, 2), -source.randint(2, 60))
           for sign in (1, -1) for _ in range(count)]
    xs += [-n + sign * math.ldexp(source.uniform(1, 2), -source.randint(3, 45))
           for n in (1, 2, 7) for sign in (1, -1) for _ in range(count // 3)]
    xs += [root + sign * math.ldexp(source.uniform(1, 2), -source.randint(3, 50))
           for root in (1, 2) for sign in (1, -1) for _ in range(count // 2)]
    xs += [math.ldexp(source.uniform(1, 2), source.randint(6, 30)) for _ in range(count)]
    for knot in (0.5, 1.5, 2.5, -0.5, 8 + 0.85 * (order + 1), 1.4616321449683622):
        xs += around(knot)
    if order < 0:
        xs += [-2.4570247382208006, -2.7476826467274127, 2.5599833278516383e305, 1e200]
    xs += [single(x) for x in xs[::2] if abs(x) < 1e38]
    return [x for x in dict.fromkeys(xs) if x > 0 or x != math.floor(x)]


def row(order, x):
    with mp.workdps(140):
        value, other = first(order, mpf(x)), second(order, mpf(x))
        if value == 0 or not 1e-300 < abs(value) < 1.79e308:
            return None
    agree("polygamma", value, other, (order, x))
    y = float(value)
    return "{%d,0x%x,0x%x,%d,%r}," % (order, bits(x), bits(y), rest_of(value, y), scale(order, mpf(x), value))


def main():
    source = random.Random(20261124)
    lines = ["/* Made by make_gamma.py with mpmath: do not edit. */",
             "#include <stdint.h>",
             "typedef struct golden_order {", "    int order;", "    uint64_t x, value;",
             "    int8_t rest;", "    double scale;", "} golden_order;",
             "static const golden_order golden_gamma[] = {"]
    for order in ORDERS:
        lines += [line for line in (row(order, x) for x in points(order, source)) if line]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gamma.h")
    with open(path, "w") as file:
        file.write("\n".join(lines + ["};"]) + "\n")


main()

"""Truncated Taylor series in mpmath numbers, to third order: the second, independent way to a
derivative. A function written with the names of this file takes numbers and jets alike.

Each rule is the recurrence that a differential equation of the function gives its coefficients
(Griewank & Walther 2008, table 13.2).
"""
import mpmath
from mpmath import mp, mpf

ORDERS = 4


class Jet:
    def __init__(self, c):
        self.c = list(c)

    def __add__(self, other):
        return Jet(a + b for a, b in zip(self.c, jet(other).c))

    def __neg__(self):
        return Jet(-a for a in self.c)

    def __sub__(self, other):
        return self + -jet(other)

    def __rsub__(self, other):
        return jet(other) + -self

    def __mul__(self, other):
        a, b = self.c, jet(other).c
        return Jet(sum(a[j] * b[k - j] for j in range(k + 1)) for k in range(ORDERS))

    def __truediv__(self, other):
        a, b, r = self.c, jet(other).c, []
        for k in range(ORDERS):
            r.append((a[k] - sum(r[j] * b[k - j] for j in range(k))) / b[0])
        return Jet(r)

    def __rtruediv__(self, other):
        return jet(other) / self

    def __pow__(self, n):
        r = jet(1)
        for _ in range(n):
            r = r * self
        return r

    def __lt__(self, other):
        return self.c[0] < other

    def __le__(self, other):
        return self.c[0] <= other

    def __abs__(self):
        return -self if self.c[0] < 0 else self

    __radd__ = __add__
    __rmul__ = __mul__


def jet(x):
    return x if isinstance(x, Jet) else Jet([mpf(x)] + [mpf(0)] * (ORDERS - 1))


def integral(start, slope, a):
    """start + the integral of slope(a) da, by k r_k = sum j a_j slope_(k - j)."""
    r = [start]
    for k in range(1, ORDERS):
        r.append(sum(j * a.c[j] * slope.c[k - j] for j in range(1, k + 1)) / k)
    return Jet(r)


def exp(a):
    if not isinstance(a, Jet):
        return mpmath.exp(a)
    r = [mpmath.exp(a.c[0])]
    for k in range(1, ORDERS):
        r.append(sum(j * a.c[j] * r[k - j] for j in range(1, k + 1)) / k)
    return Jet(r)


def log(a):
    return integral(mpmath.log(a.c[0]), 1 / a, a) if isinstance(a, Jet) else mpmath.log(a)


def sqrt(a):
    if not isinstance(a, Jet):
        return mpmath.sqrt(a)
    r = [mpmath.sqrt(a.c[0])]
    for k in range(1, ORDERS):
        r.append((a.c[k] - sum(r[j] * r[k - j] for j in range(1, k))) / (2 * r[0]))
    return Jet(r)


def sin(a):
    return circular(a)[0] if isinstance(a, Jet) else mpmath.sin(a)


def cos(a):
    return circular(a)[1] if isinstance(a, Jet) else mpmath.cos(a)


def circular(a):
    s, c = [mpmath.sin(a.c[0])], [mpmath.cos(a.c[0])]
    for k in range(1, ORDERS):
        s.append(sum(j * a.c[j] * c[k - j] for j in range(1, k + 1)) / k)
        c.append(-sum(j * a.c[j] * s[k - j] for j in range(1, k + 1)) / k)
    return Jet(s), Jet(c)


def erfc(a):
    if not isinstance(a, Jet):
        return mpmath.erfc(a)
    return integral(mpmath.erfc(a.c[0]), -2 / mpmath.sqrt(mp.pi) * exp(-a * a), a)


def atan(a):
    return integral(mpmath.atan(a.c[0]), 1 / (1 + a * a), a) if isinstance(a, Jet) else mpmath.atan(a)


def tanh(a):
    return 1 - 2 / (1 + exp(2 * a))


def tan(a):
    return sin(a) / cos(a)


def erf_share(a):
    """The share of a normal distribution below a."""
    return erfc(-a / mpmath.sqrt(mpf(2))) / 2

"""The functions of the table a second time: series and inverses in plain arithmetic, with mpmath for
long numbers alone. A golden is accepted only if both agree to 40 digits.
"""
from mpmath import mp, mpf

DIGITS = 40


def agree(name, first, second, point):
    """Ends the script if two values of a function differ within 40 digits."""
    assert abs(first - second) <= abs(first) * mpf(10) ** -DIGITS, (name, point, first, second)


def wide(function, digits=40):
    """Computes with so many digits more that cancellation in between does no harm."""
    def widened(*arguments):
        with mp.extradps(digits):
            return function(*arguments)
    return widened


def exp(x):
    """Taylor's series of x / 2^k, squared k times."""
    k = 40 + max(0, int(abs(x)).bit_length())
    x, term, total, n = x / mpf(2) ** k, mpf(1), mpf(1), 0
    while abs(term) > mpf(10) ** -(mp.dps + 20):
        n += 1
        term *= x / n
        total += term
    for _ in range(k):
        total *= total
    return total


def atanh(x):
    """x + x^3 / 3 + x^5 / 5 + ..."""
    square, term, total, n = x * x, x, x, 1
    while abs(term) > abs(total) * mpf(10) ** -(mp.dps + 5):
        n += 2
        term *= square
        total += term / n
    return total


def log(x):
    """x = 2^k m, m from 2/3 to 4/3: log m = 2 atanh((m - 1) / (m + 1)), and k log 2."""
    k = 0
    while x > mpf(4) / 3:
        x, k = x / 2, k + 1
    while x < mpf(2) / 3:
        x, k = x * 2, k - 1
    return 2 * atanh((x - 1) / (x + 1)) + (k * 2 * atanh(mpf(1) / 3) if k else 0)


def quarter_pi():
    """Machin: pi/4 = 4 atan(1/5) - atan(1/239)."""
    return 4 * atan(mpf(1) / 5) - atan(mpf(1) / 239)


def atan(x):
    """Of 0 <= x <= 1: halved four times, then x - x^3 / 3 + x^5 / 5 - ..."""
    for _ in range(4):
        x = x / (1 + (1 + x * x) ** mpf("0.5"))
    square, term, total, n = -x * x, x, x, 1
    while term and abs(term) > abs(total) * mpf(10) ** -(mp.dps + 5):
        n += 2
        term *= square
        total += term / n
    return 16 * total


PI = {}


def pi():
    """One for each precision."""
    if mp.prec not in PI:
        PI[mp.prec] = 4 * quarter_pi()
    return PI[mp.prec]


def sin(x):
    """Taylor's series of what is left of whole turns."""
    x -= 2 * pi() * int(x / (2 * pi()))
    term, total, n = x, x, 1
    while abs(term) > mpf(10) ** -(mp.dps + 5):
        term *= -x * x / ((n + 1) * (n + 2))
        n += 2
        total += term
    return total


def erf(x):
    """2 / sqrt(pi) exp(-x^2) (x + 2 x^3 / 3 + 4 x^5 / 15 + ...), without cancellation."""
    term, total, n = x, x, 0
    while term and abs(term) > abs(total) * mpf(10) ** -(mp.dps + 5):
        n += 1
        term *= 2 * x * x / (2 * n + 1)
        total += term
    return 2 / pi() ** mpf("0.5") * exp(-x * x) * total


def erf_inv(x):
    """Halley's rule on this erf, from below."""
    if x < 0:
        return -erf_inv(-x)
    y = mpf("0.886") * (-log(1 - x * x)) ** mpf("0.5") if x > mpf("0.1") else mpf("0.886") * x
    for _ in range(200):
        error = (erf(y) - x) * pi() ** mpf("0.5") / 2 * exp(y * y)
        step = error / (1 + error * y)
        y -= step
        if abs(step) <= abs(y) * mpf(10) ** -60:
            break
    return y


def power(x, y):
    value = exp(y * log(abs(x)))
    return -value if x < 0 and int(y) % 2 else value


def atan2(y, x):
    small, large = sorted([abs(x), abs(y)])
    angle = atan(small / large)
    if abs(y) > abs(x):
        angle = pi() / 2 - angle
    if x < 0:
        angle = pi() - angle
    return -angle if y < 0 else angle


SECOND = {
    "exp": wide(exp),
    "expm1": wide(lambda x: exp(x) - 1, 360),
    "log": wide(log),
    "log1p": wide(lambda x: log(1 + x), 360),
    "logaddexp": wide(lambda x, y: log(exp(x) + exp(y)), 360),
    "rsqrt": wide(lambda x: exp(-log(x) / 2)),
    "sin": wide(sin, 360),
    "cos": wide(lambda x: sin(x + pi() / 2), 360),
    "logistic": wide(lambda x: exp(x) / (1 + exp(x))),
    "tanh": wide(lambda x: (exp(2 * x) - 1) / (exp(2 * x) + 1), 360),
    "erf": wide(erf),
    "erfc": wide(lambda x: 1 - erf(x), 360),
    "erf_inv": wide(erf_inv),
    "pow": wide(power),
    "atan2": wide(atan2),
}

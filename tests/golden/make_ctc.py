"""Goldens of wg_ctc: the probability of a target, summed over every way of letters and blanks that
collapses to it, 40 digits. Writes ctc.h beside itself.

    python3 make_ctc.py        needs mpmath

Gradients by logits are differences at 60 digits.
"""
import itertools
import os
from mpmath import mp, mpf, exp, log, nstr

mp.dps = 60
T, C, S = 5, 4, 3


def wave(i):
    """Exact in double; the test has the same."""
    return mpf((i * 37) % 41) / 16 - mpf(5) / 4


# Target, places that count. The rest of the target is padding.
CASES = [([1, 2], 5), ([2, 2], 5), ([3], 4), ([], 5), ([1, 2, 3], 5), ([1, 1], 3), ([2, 3, 2], 3)]


def collapse(way):
    out, last = [], 0
    for letter in way:
        if letter != last and letter != 0:
            out.append(letter)
        last = letter
    return out


def cost(logits, target, count):
    share = []
    for t in range(count):
        row = [exp(x) for x in logits[t * C:(t + 1) * C]]
        share.append([x / sum(row) for x in row])
    total = mpf(0)
    for way in itertools.product(range(C), repeat=count):
        if collapse(way) == target:
            product = mpf(1)
            for t, letter in enumerate(way):
                product *= share[t][letter]
            total += product
    return -log(total)


def slopes(logits, target, count):
    step = mpf(10) ** -15
    out = []
    for i in range(T * C):
        high, low = list(logits), list(logits)
        high[i] += step
        low[i] -= step
        out.append((cost(high, target, count) - cost(low, target, count)) / (2 * step))
    return out


def rows(values):
    lines, line = [], ""
    for v in values:
        word = nstr(v, 18) + ", "
        if len(line) + len(word) > 90:
            lines.append(line.rstrip())
            line = ""
        line += word
    lines.append(line.rstrip(", "))
    return "\n      ".join(lines)


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ctc.h")
    with open(path, "w") as out:
        out.write("/* Made by make_ctc.py with mpmath: do not edit. */\n")
        out.write("typedef struct ctc_golden {\n    int target[%d], target_count, logit_count;\n" % S)
        out.write("    double value, by_logits[%d];\n} ctc_golden;\n" % (T * C))
        out.write("static const ctc_golden ctc_goldens[] = {\n")
        for case, (target, count) in enumerate(CASES):
            logits = [wave(100 * case + i) for i in range(T * C)]
            padded = target + [0] * (S - len(target))
            out.write("    { { %s }, %d, %d, %s,\n    { %s } },\n" % (
                ", ".join(map(str, padded)), len(target), count,
                nstr(cost(logits, target, count), 18),
                rows(slopes(logits, target, count))))
        out.write("};\n")


main()

"""Goldens of the recurrent layers: the textbook equations in loops over places, 40 digits. Writes
recurrent.h beside itself.

    python3 make_recurrent.py        needs mpmath

Two series of four places with three features, width two; all weights are a wave of their place.
Gradients are differences at 40 digits of the sum over the squares of all outputs.
"""
import os
from mpmath import mp, mpf, exp, tanh, nstr

mp.dps = 60
N, T, D, WIDTH = 2, 4, 3, 2


def wave(i):
    """Exact in double; the test has the same."""
    return mpf((i * 37) % 41) / 32 - mpf(5) / 8


def sigmoid(x):
    return 1 / (1 + exp(-x))


def wave_list(first, count):
    return [wave(first + i) for i in range(count)]


def parameters(gates):
    return {"input": wave_list(3, D * gates * WIDTH),
            "hidden": wave_list(101, WIDTH * gates * WIDTH),
            "bias": wave_list(203, gates * WIDTH),
            "hidden_bias": wave_list(307, WIDTH)}


X = wave_list(11, N * T * D)
HIDDEN = wave_list(401, N * WIDTH)
CELL = wave_list(503, N * WIDTH)


def product(row, weight, gates):
    columns = gates * WIDTH
    return [sum(r * weight[i * columns + j] for i, r in enumerate(row)) for j in range(columns)]


def split(gates):
    return [gates[i:i + WIDTH] for i in range(0, len(gates), WIDTH)]


def rnn(x, h, c, p):
    a = product(x, p["input"], 1)
    b = product(h, p["hidden"], 1)
    return [tanh(a[j] + b[j] + p["bias"][j]) for j in range(WIDTH)], c


def gru(x, h, c, p):
    a = split([u + v for u, v in zip(product(x, p["input"], 3), p["bias"])])
    b = split(product(h, p["hidden"], 3))
    out = []
    for j in range(WIDTH):
        r = sigmoid(a[0][j] + b[0][j])
        z = sigmoid(a[1][j] + b[1][j])
        m = tanh(a[2][j] + r * (b[2][j] + p["hidden_bias"][j]))
        out.append((1 - z) * m + z * h[j])
    return out, c


def lstm(x, h, c, p):
    a = product(x, p["input"], 4)
    b = product(h, p["hidden"], 4)
    i, f, m, o = split([u + v + w for u, v, w in zip(a, b, p["bias"])])
    cell = [sigmoid(f[j]) * c[j] + sigmoid(i[j]) * tanh(m[j]) for j in range(WIDTH)]
    return [sigmoid(o[j]) * tanh(cell[j]) for j in range(WIDTH)], cell


def run(step, p, x=X, hidden=HIDDEN, cell=CELL):
    out, last_h, last_c = [], [], []
    for n in range(N):
        h, c = hidden[n * WIDTH:(n + 1) * WIDTH], cell[n * WIDTH:(n + 1) * WIDTH]
        for t in range(T):
            at = (n * T + t) * D
            h, c = step(x[at:at + D], h, c, p)
            out += h
        last_h += h
        last_c += c
    return out, last_h, last_c


def loss(step, p, x=X, hidden=HIDDEN):
    return sum(y * y for y in run(step, p, x, hidden)[0])


def slopes(f, values):
    """Central differences: the error is about the square of the step."""
    step = mpf(10) ** -15
    out = []
    for i in range(len(values)):
        high, low = list(values), list(values)
        high[i] += step
        low[i] -= step
        out.append((f(high) - f(low)) / (2 * step))
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


def golden(name, step, gates):
    p = parameters(gates)
    out, hidden, cell = run(step, p)
    fields = [out, hidden, cell]
    fields.append(slopes(lambda v: loss(step, p, v), X))
    fields.append(slopes(lambda v: loss(step, p, X, v), HIDDEN))
    for key in ("input", "hidden", "bias", "hidden_bias"):
        fields.append(slopes(lambda v, key=key: loss(step, {**p, key: v}), p[key]))
    body = ",\n    ".join("{ " + rows(f) + " }" for f in fields)
    return '    { "%s", %d,\n    %s },\n' % (name, gates, body)


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recurrent.h")
    with open(path, "w") as out:
        out.write("/* Made by make_recurrent.py with mpmath: do not edit. */\n")
        out.write("typedef struct recurrent_golden {\n    const char *name;\n    int gates;\n")
        out.write("    double out[16], hidden[4], cell[4], by_x[24], by_state[4];\n")
        out.write("    double by_input[24], by_hidden[16], by_bias[8], by_hidden_bias[2];\n")
        out.write("} recurrent_golden;\n")
        out.write("static const recurrent_golden recurrent_goldens[] = {\n")
        for name, step, gates in (("rnn", rnn, 1), ("gru", gru, 3), ("lstm", lstm, 4)):
            out.write(golden(name, step, gates))
        out.write("};\n")


main()

"""Goldens of the optimisers in graph/nn: parameter and all state after each of six steps, at 50
digits, from the formulas as their sources print them. Writes optimizer.h beside itself.

    python3 make_optimizer.py             needs mpmath
    python3 make_optimizer.py --torch     also compares with PyTorch's optimisers, in f64

The parameter is a matrix of 3 rows and 2 columns; parameter and gradients are dyadic fractions, so
that a test can make them exactly.
"""
import os
import sys
from mpmath import mp, mpf, sqrt, nstr, matrix

mp.dps = 50
ROWS, COLUMNS, STEPS = 3, 2, 6
COUNT = ROWS * COLUMNS
RATE = mpf(1) / 8


def start():
    return [mpf((5 * i) % 7 - 3) / 4 for i in range(COUNT)]


def gradient(t):
    return [mpf((7 * t + 3 * i) % 5 - 2) + mpf(t) / 8 - mpf(i) / 16 for i in range(COUNT)]


def dot(x):
    return sum(v * v for v in x)


def sgd(momentum, nesterov, l2=0):
    p, u = start(), [mpf(0)] * COUNT
    for t in range(1, STEPS + 1):
        g = [a + l2 * b for a, b in zip(gradient(t), p)]
        u = [momentum * a + b for a, b in zip(u, g)]
        d = [momentum * a + b for a, b in zip(u, g)] if nesterov else u
        p = [a - RATE * b for a, b in zip(p, d)]
        yield {"p": p, "velocity": u} if momentum else {"p": p}


def adagrad():
    p, s = start(), [mpf(0)] * COUNT
    for t in range(1, STEPS + 1):
        g = gradient(t)
        s = [a + b * b for a, b in zip(s, g)]
        p = [a - RATE * b / (sqrt(c) + mpf(1e-10)) for a, b, c in zip(p, g, s)]
        yield {"p": p, "sum": s}


def rmsprop(keep):
    p, v = start(), [mpf(0)] * COUNT
    for t in range(1, STEPS + 1):
        g = gradient(t)
        v = [keep * a + (1 - keep) * b * b for a, b in zip(v, g)]
        p = [a - RATE * b / (sqrt(c) + mpf(1e-8)) for a, b, c in zip(p, g, v)]
        yield {"p": p, "square": v}


def moments(t, m, v, b1, b2):
    g = gradient(t)
    m = [b1 * a + (1 - b1) * b for a, b in zip(m, g)]
    v = [b2 * a + (1 - b2) * b * b for a, b in zip(v, g)]
    return g, m, v


def adam(decay=0, amsgrad=False, b1=mpf(0.9), b2=mpf(0.999), eps=mpf(1e-8)):
    p, m, v, top = start(), [mpf(0)] * COUNT, [mpf(0)] * COUNT, [mpf(0)] * COUNT
    for t in range(1, STEPS + 1):
        p = [a - RATE * decay * a for a in p]
        g, m, v = moments(t, m, v, b1, b2)
        top = [max(a, b) for a, b in zip(top, v)]
        used = top if amsgrad else v
        p = [a - RATE * (b / (1 - b1 ** t)) / (sqrt(c / (1 - b2 ** t)) + eps)
             for a, b, c in zip(p, m, used)]
        row = {"p": p, "mean": m, "square": v, "/power1": [b1 ** t], "/power2": [b2 ** t]}
        if amsgrad:
            row["largest"] = top
        yield row


def adamax(b1=mpf(0.9), b2=mpf(0.999), eps=mpf(1e-8)):
    p, m, u = start(), [mpf(0)] * COUNT, [mpf(0)] * COUNT
    for t in range(1, STEPS + 1):
        g = gradient(t)
        m = [b1 * a + (1 - b1) * b for a, b in zip(m, g)]
        u = [max(b2 * a, abs(b) + eps) for a, b in zip(u, g)]
        p = [a - RATE / (1 - b1 ** t) * b / c for a, b, c in zip(p, m, u)]
        yield {"p": p, "mean": m, "norm": u, "/power1": [b1 ** t]}


def nadam(b1=mpf(0.9), b2=mpf(0.999), eps=mpf(1e-8)):
    p, m, v, product = start(), [mpf(0)] * COUNT, [mpf(0)] * COUNT, mpf(1)
    for t in range(1, STEPS + 1):
        g, m, v = moments(t, m, v, b1, b2)
        now = b1 * (1 - (mpf(96) / 100) ** (mpf(t) / 250) / 2)
        ahead = b1 * (1 - (mpf(96) / 100) ** (mpf(t + 1) / 250) / 2)
        product *= now
        d = [(1 - now) * a / (1 - product) + ahead * b / (1 - product * ahead)
             for a, b in zip(g, m)]
        p = [a - RATE * b / (sqrt(c / (1 - b2 ** t)) + eps) for a, b, c in zip(p, d, v)]
        yield {"p": p, "mean": m, "square": v, "/product": [product], "/power2": [b2 ** t],
               "/fading": [(mpf(96) / 100) ** (mpf(t) / 250)]}


def lion(decay, b1=mpf(0.9), b2=mpf(0.99)):
    p, m = start(), [mpf(0)] * COUNT
    for t in range(1, STEPS + 1):
        g = gradient(t)
        c = [b1 * a + (1 - b1) * b for a, b in zip(m, g)]
        p = [a - RATE * (mp.sign(b) + decay * a) for a, b in zip(p, c)]
        m = [b2 * a + (1 - b2) * b for a, b in zip(m, g)]
        yield {"p": p, "mean": m}


def lamb(decay, b1=mpf(0.9), b2=mpf(0.999), eps=mpf(1e-6)):
    p, m, v = start(), [mpf(0)] * COUNT, [mpf(0)] * COUNT
    for t in range(1, STEPS + 1):
        g, m, v = moments(t, m, v, b1, b2)
        r = [(a / (1 - b1 ** t)) / (sqrt(b / (1 - b2 ** t)) + eps) for a, b in zip(m, v)]
        u = [a + decay * b for a, b in zip(r, p)]
        own, step = sqrt(dot(p)), sqrt(dot(u))
        ratio = own / step if own > 0 and step > 0 else mpf(1)
        p = [a - RATE * ratio * b for a, b in zip(p, u)]
        yield {"p": p, "mean": m, "square": v}


def orthogonal(x):
    x = matrix(COLUMNS, ROWS) + matrix([[x[i * COLUMNS + j] for i in range(ROWS)]
                                        for j in range(COLUMNS)])
    x = x / (mp.norm(x, 2) + mpf(1e-7))
    for _ in range(5):
        a = x * x.T
        x = mpf(3.4445) * x + (mpf(-4.7750) * a + mpf(2.0315) * (a * a)) * x
    return [x[j, i] for i in range(ROWS) for j in range(COLUMNS)]


def muon(decay):
    p, u = start(), [mpf(0)] * COUNT
    keep = mpf(0.95)
    for t in range(1, STEPS + 1):
        g = gradient(t)
        p = [a - RATE * decay * a for a in p]
        u = [keep * a + b for a, b in zip(u, g)]
        d = orthogonal([keep * a + b for a, b in zip(u, g)])
        p = [a - RATE * mpf(0.2) * sqrt(mpf(ROWS)) * b for a, b in zip(p, d)]
        yield {"p": p, "velocity": u}


TENTH = mpf(0.1)
TRACES = {
    "sgd": sgd(0, False),
    "momentum": sgd(mpf(0.9), False),
    "nesterov": sgd(mpf(0.9), True, mpf(0.25)),
    "adagrad": adagrad(),
    "rmsprop": rmsprop(mpf(0.9)),
    "adam": adam(),
    "amsgrad": adam(amsgrad=True, b2=mpf(0.5)),
    "adamw": adam(decay=TENTH),
    "adamax": adamax(),
    "nadam": nadam(),
    "lion": lion(TENTH),
    "lamb": lamb(TENTH),
    "muon": muon(TENTH),
}


def compare(name, steps):
    """The largest difference between a trace and PyTorch's optimiser of that name."""
    import torch
    torch.set_default_dtype(torch.float64)
    rate = float(RATE)
    makers = {
        "sgd": lambda p: torch.optim.SGD([p], rate),
        "momentum": lambda p: torch.optim.SGD([p], rate, momentum=0.9),
        "nesterov": lambda p: torch.optim.SGD([p], rate, momentum=0.9, nesterov=True,
                                              weight_decay=0.25),
        "adagrad": lambda p: torch.optim.Adagrad([p], rate),
        "rmsprop": lambda p: torch.optim.RMSprop([p], rate, alpha=0.9),
        "adam": lambda p: torch.optim.Adam([p], rate),
        "amsgrad": lambda p: torch.optim.Adam([p], rate, amsgrad=True, betas=(0.9, 0.5)),
        "adamw": lambda p: torch.optim.AdamW([p], rate, weight_decay=0.1),
        "adamax": lambda p: torch.optim.Adamax([p], rate),
        "nadam": lambda p: torch.optim.NAdam([p], rate),
    }
    if name not in makers:
        return None
    p = torch.tensor([float(v) for v in start()], dtype=torch.float64, requires_grad=True)
    optimizer = makers[name](p)
    worst = 0.0
    for t, step in enumerate(steps, 1):
        p.grad = torch.tensor([float(v) for v in gradient(t)], dtype=torch.float64)
        optimizer.step()
        worst = max(worst, max(abs(float(a) - b) for a, b in zip(step["p"], p.tolist())))
    return worst


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "optimizer.h")
    lines = ["/* Made by make_optimizer.py with mpmath: do not edit. */",
             "enum { TRACE_ROWS = %d, TRACE_COLUMNS = %d, TRACE_COUNT = %d, TRACE_STEPS = %d };"
             % (ROWS, COLUMNS, COUNT, STEPS),
             "/* state: below the parameter; with '/' first, below the optimiser; \"p\" itself. */",
             "typedef struct trace { const char *name, *state; int step, count;",
             "    double value[TRACE_COUNT]; } trace;",
             "static const trace traces[] = {"]
    for name, generator in TRACES.items():
        steps = list(generator)
        if "--torch" in sys.argv:
            print(name, compare(name, steps))
        for t, step in enumerate(steps, 1):
            for state, values in step.items():
                text = [nstr(v, 20, min_fixed=-3, max_fixed=3) for v in values]
                lines.append('    { "%s", "%s", %d, %d,' % (name, state, t, len(text)))
                for i in range(0, len(text), 3):
                    end = " } }," if i + 3 >= len(text) else ","
                    lines.append("      %s%s%s" % ("{ " if i == 0 else "  ",
                                                   ", ".join(text[i:i + 3]), end))
    lines.append("};")
    with open(path, "w") as out:
        out.write("\n".join(lines) + "\n")


main()

"""Goldens of the learning rate schedules: values at given steps, at 50 digits. Writes schedule.h
beside itself.

    python3 make_schedule.py             needs mpmath
    python3 make_schedule.py --torch     also compares with PyTorch's schedulers
"""
import os
import sys
from mpmath import mp, mpf, cos, pi, nstr, floor

mp.dps = 50
COUNT = 100
STEPS = [0, 1, 2, 9, 10, 29, 30, 31, 50, 77, 99, 100, 101, 1000]
RATE, LAST = mpf(0.1), mpf(0.001)


def share(t):
    return mpf(min(t, COUNT)) / COUNT


def between(first, last, s):
    return last + (first - last) * (1 + cos(pi * s)) / 2


def one_cycle(t):
    low, start = RATE / 25, mpf(0.3)
    s = share(t)
    return between(low, RATE, s / start) if s < start else between(RATE, low / 10000,
                                                                   (s - start) / (1 - start))


SCHEDULES = {
    "step": lambda t: RATE * mpf(0.5) ** int(floor(mpf(t) / 10)),
    "exponential": lambda t: RATE * mpf(0.97) ** t,
    "inverse": lambda t: RATE / (1 + mpf(0.25) * t),
    "linear": lambda t: LAST + (RATE - LAST) * (1 - share(t)),
    "polynomial": lambda t: LAST + (RATE - LAST) * (1 - share(t)) ** mpf(2.3),
    "root": lambda t: LAST + (RATE - LAST) * (1 - share(t)) ** mpf(0.5),
    "geometric": lambda t: RATE * (LAST / RATE) ** share(t),
    "cosine": lambda t: between(RATE, LAST, share(t)),
    "one_cycle": one_cycle,
    "warm_up": lambda t: mpf(min(t + 1, COUNT)) / COUNT,
}


def compare():
    """The largest relative difference from PyTorch over all steps, schedule by schedule."""
    import torch
    from torch.optim import lr_scheduler as s
    makers = {
        "step": lambda o: s.StepLR(o, 10, 0.5),
        "exponential": lambda o: s.ExponentialLR(o, 0.97),
        "cosine": lambda o: s.CosineAnnealingLR(o, COUNT, 0.001),
    }
    for name, make in makers.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], float(RATE))
        scheduler, worst = make(optimizer), 0.0
        for t in range(COUNT + 1):
            expected = float(SCHEDULES[name](t))
            worst = max(worst, abs(optimizer.param_groups[0]["lr"] / expected - 1))
            optimizer.step()
            scheduler.step()
        print(name, worst)


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "schedule.h")
    with open(path, "w") as out:
        out.write("/* Made by make_schedule.py with mpmath: do not edit. */\n")
        out.write("enum { SCHEDULE_COUNT = %d };\n" % COUNT)
        out.write("typedef struct rate_row { const char *name; int step; double rate; } rate_row;\n")
        out.write("static const rate_row rate_rows[] = {\n")
        for name, rate in SCHEDULES.items():
            for t in STEPS:
                out.write('    { "%s", %d, %s },\n' % (name, t, nstr(rate(t), 20)))
        out.write("};\n")
    if "--torch" in sys.argv:
        compare()


main()

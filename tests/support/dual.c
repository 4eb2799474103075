/* A function applied to x + N, where N holds all infinitesimal parts, is
 * f + f' N + f'' N N / 2 + f''' N N N / 6: N to the fourth is 0. */
#include "support/dual.h"

#include <math.h>

dual dual_number(long double x)
{
    return (dual){ { x } };
}

dual dual_add(dual x, dual y)
{
    for (int s = 0; s < DUAL_PARTS; s++) x.c[s] += y.c[s];
    return x;
}

dual dual_scale(dual x, long double factor)
{
    for (int s = 0; s < DUAL_PARTS; s++) x.c[s] *= factor;
    return x;
}

dual dual_mul(dual x, dual y)
{
    dual r = { { 0 } };
    for (int s = 0; s < DUAL_PARTS; s++)
        for (int t = 0; t < DUAL_PARTS; t++)
            if ((s & t) == 0) r.c[s | t] += x.c[s] * y.c[t];
    return r;
}

dual dual_apply(dual x, const long double f[4])
{
    dual n = x;
    n.c[0] = 0;
    const dual square = dual_mul(n, n);
    const dual cube = dual_mul(square, n);
    dual r = dual_number(f[0]);
    r = dual_add(r, dual_scale(n, f[1]));
    r = dual_add(r, dual_scale(square, f[2] / 2));
    return dual_add(r, dual_scale(cube, f[3] / 6));
}

dual dual_reciprocal(dual x)
{
    const long double r = 1 / x.c[0];
    return dual_apply(x, (long double[]){ r, -r * r, 2 * r * r * r, -6 * r * r * r * r });
}

dual dual_exp(dual x)
{
    const long double e = expl(x.c[0]);
    return dual_apply(x, (long double[]){ e, e, e, e });
}

dual dual_expm1(dual x)
{
    const long double e = expl(x.c[0]);
    return dual_apply(x, (long double[]){ expm1l(x.c[0]), e, e, e });
}

dual dual_log(dual x)
{
    const long double r = 1 / x.c[0];
    return dual_apply(x, (long double[]){ logl(x.c[0]), r, -r * r, 2 * r * r * r });
}

dual dual_log1p(dual x)
{
    const long double r = 1 / (1 + x.c[0]);
    return dual_apply(x, (long double[]){ log1pl(x.c[0]), r, -r * r, 2 * r * r * r });
}

dual dual_sqrt(dual x)
{
    const long double s = sqrtl(x.c[0]), r = 1 / x.c[0];
    return dual_apply(x, (long double[]){ s, s * r / 2, -s * r * r / 4, 3 * s * r * r * r / 8 });
}

dual dual_sin(dual x)
{
    const long double s = sinl(x.c[0]), c = cosl(x.c[0]);
    return dual_apply(x, (long double[]){ s, c, -s, -c });
}

dual dual_cos(dual x)
{
    const long double s = sinl(x.c[0]), c = cosl(x.c[0]);
    return dual_apply(x, (long double[]){ c, -s, -c, s });
}

dual dual_tanh(dual x)
{
    const long double t = tanhl(x.c[0]), d = 1 - t * t;
    return dual_apply(x, (long double[]){ t, d, -2 * t * d, (6 * t * t - 2) * d });
}

dual dual_logistic(dual x)
{
    const long double s = 1 / (1 + expl(-x.c[0])), d = s * (1 - s);
    return dual_apply(x, (long double[]){ s, d, d * (1 - 2 * s), d * (1 - 6 * d) });
}

dual dual_softplus(dual x)
{
    const long double at = x.c[0], s = 1 / (1 + expl(-at)), d = s * (1 - s);
    const long double value = (at > 0 ? at : 0) + log1pl(expl(-fabsl(at)));
    return dual_apply(x, (long double[]){ value, s, d, d * (1 - 2 * s) });
}

dual dual_erf(dual x)
{
    const long double at = x.c[0];
    const long double e = 1.128379167095512573896158903121545172L * expl(-at * at);
    return dual_apply(x, (long double[]){ erfl(at), e, -2 * at * e, (4 * at * at - 2) * e });
}

/* The root of erf(y) = x by Newton's steps from 0; erf bends towards 0, so none goes beyond it. */
dual dual_erf_inv(dual x)
{
    const long double half_root_pi = 0.886226925452758013649083741670572591L;
    long double y = 0;
    for (int i = 0; i < 20; i++) y -= (erfl(y) - x.c[0]) * half_root_pi * expl(y * y);
    const long double d = half_root_pi * expl(y * y);
    return dual_apply(x, (long double[]){ y, d, 2 * y * d * d,
                                          (2 + 8 * y * y) * d * d * d });
}

/* Steps up to where six terms of the asymptotic series are exact to long double (DLMF 5.5.2,
 * 5.11.2), and those of its derivatives. */
dual dual_log_gamma(dual x)
{
    static const long double bernoulli[6] = { 1 / 6.0L, -1 / 30.0L, 1 / 42.0L, -1 / 30.0L,
                                              5 / 66.0L, -691 / 2730.0L };
    long double at = x.c[0], f[4] = { lgammal(at), 0, 0, 0 };
    for (; at < 40; at++) {
        f[1] -= 1 / at;
        f[2] += 1 / (at * at);
        f[3] -= 2 / (at * at * at);
    }
    f[1] += logl(at) - 1 / (2 * at);
    f[2] += 1 / at + 1 / (2 * at * at);
    f[3] -= 1 / (at * at) + 1 / (at * at * at);
    long double power = 1;
    for (int k = 1; k <= 6; k++) {
        power *= at * at;
        f[1] -= bernoulli[k - 1] / (2 * k * power);
        f[2] += bernoulli[k - 1] / (power * at);
        f[3] -= bernoulli[k - 1] * (2 * k + 1) / (power * at * at);
    }
    return dual_apply(x, f);
}

dual dual_atan(dual x)
{
    const long double at = x.c[0], r = 1 / (1 + at * at);
    return dual_apply(x, (long double[]){ atanl(at), r, -2 * at * r * r,
                                          (6 * at * at - 2) * r * r * r });
}

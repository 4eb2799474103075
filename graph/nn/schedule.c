/* Learning rates as functions of the step. A schedule is part of what a training computes, so its
 * bits must not depend on a C library: powers are products and square roots, and a cosine is a
 * polynomial of products and sums, all of which IEEE 754 rounds in one way. */
#include <wengert/nn.h>
#include <math.h>

/* ---- functions ---- */

/* x^n by squares. */
static double power_whole(double x, int64_t n)
{
    double result = 1;
    for (; n > 0; n >>= 1, x *= x)
        if (n & 1) result *= x;
    return result;
}

/* x^p for x from 0 to 1 and p 0 or more: the whole part by squares, the bits of the rest by square
 * roots; 60 of them reach below the last bit of the result. */
static double power(double x, double p)
{
    const double whole = p < 0x1p62 ? floor(p) : 0x1p62;
    double rest = p - whole;
    double result = power_whole(x, (int64_t)whole);
    double root = x;
    for (int i = 0; i < 60 && rest > 0; i++) {
        root = sqrt(root);
        rest *= 2;
        if (rest < 1) continue;
        rest -= 1;
        result *= root;
    }
    return result;
}

/* sin(pi x / 2) for x from 0 to 1: 11 terms of the series, the first one left out is below
 * 2^-60. */
static double quarter_sine(double x)
{
    const double angle = 1.57079632679489661923 * x;
    const double square = angle * angle;
    double sum = 1;
    for (int k = 21; k > 1; k -= 2) sum = 1 - square * sum / (double)(k * (k - 1));
    return angle * sum;
}

/* (count - step) / count, within 0 and 1. */
static double left_of(int64_t step, int64_t count)
{
    if (count <= 0 || step >= count) return 0;
    return step <= 0 ? 1 : (double)(count - step) / (double)count;
}

/* Along half a cosine, of which this share is left. (1 + cos(pi (1 - left))) / 2 is written as a
 * square, which does not cancel at its end. */
static double between(double first, double last, double left)
{
    const double sine = quarter_sine(left);
    return last + (first - last) * (sine * sine);
}

/* ---- schedules ---- */

double wg_rate_step(int64_t step, double rate, double factor, int64_t every)
{
    return rate * power_whole(factor, step / (every < 1 ? 1 : every));
}

double wg_rate_exponential(int64_t step, double rate, double factor)
{
    return rate * power_whole(factor, step);
}

double wg_rate_inverse(int64_t step, double rate, double decay)
{
    return rate / (1 + decay * (double)(step < 0 ? 0 : step));
}

double wg_rate_polynomial(int64_t step, int64_t count, double rate, double last, double exponent)
{
    const double left = power(left_of(step, count), exponent > 0 ? exponent : 0);
    return last + (rate - last) * left;
}

double wg_rate_geometric(int64_t step, int64_t count, double rate, double last)
{
    if (!(rate > 0 && last > 0)) return rate;
    const double left = left_of(step, count);
    return rate < last ? last * power(rate / last, left) : rate * power(last / rate, 1 - left);
}

double wg_rate_cosine(int64_t step, int64_t count, double rate, double last)
{
    return between(rate, last, left_of(step, count));
}

double wg_rate_one_cycle(int64_t step, int64_t count, double rate)
{
    const double falling = 0.7, low = rate / 25, left = left_of(step, count);
    if (left > falling) return between(low, rate, (left - falling) / (1 - falling));
    return between(rate, low / 1e4, left / falling);
}

double wg_rate_warm_up(int64_t step, int64_t count)
{
    const int64_t done = step < 0 ? 1 : step + 1;
    return done >= count ? 1 : (double)done / (double)count;
}

double wg_rate_plateau(int64_t count, const double *metric, double rate, double factor,
                       int64_t patience)
{
    double best = -INFINITY;
    int64_t since = 0;
    for (int64_t i = 0; metric && i < count; i++) {
        since = metric[i] > best ? 0 : since + 1;
        if (metric[i] > best) best = metric[i];
        if (since < (patience < 1 ? 1 : patience)) continue;
        rate *= factor;
        since = 0;
    }
    return rate;
}

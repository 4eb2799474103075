/* Numbers with three infinitesimal parts: c[S] is the coefficient of the product of the parts in
 * the set S (bit 0, 1, 2), of which each has the square 0. Carried through a function, c[1] is its
 * derivative along the first direction, c[3] a second, c[7] a third mixed derivative: forward mode,
 * written for itself, with the functions of the C library and the derivatives of the textbook.
 * source  Fike & Alonso 2011 (hyper-dual numbers)                                                */
#ifndef WG_TEST_DUAL_H
#define WG_TEST_DUAL_H

enum { DUAL_PARTS = 8 };
typedef struct dual { long double c[DUAL_PARTS]; } dual;

dual dual_number(long double x);
dual dual_add(dual x, dual y);
dual dual_mul(dual x, dual y);
dual dual_scale(dual x, long double factor);
/* A function of one variable by its value and first three derivatives at x.c[0]. */
dual dual_apply(dual x, const long double f[4]);

/* At x.c[0] where they are smooth. */
dual dual_reciprocal(dual x);
dual dual_exp(dual x);
dual dual_expm1(dual x);
dual dual_log(dual x);
dual dual_log1p(dual x);
dual dual_sqrt(dual x);
dual dual_sin(dual x);
dual dual_cos(dual x);
dual dual_tanh(dual x);
dual dual_logistic(dual x);
dual dual_softplus(dual x);
dual dual_erf(dual x);
dual dual_erf_inv(dual x);
dual dual_log_gamma(dual x);    /* x.c[0] > 0 */
dual dual_atan(dual x);

#endif

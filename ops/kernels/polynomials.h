/* Written by fit.py: do not edit. Coefficients ascend. */
#ifndef WG_OPS_KERNELS_POLYNOMIALS_H
#define WG_OPS_KERNELS_POLYNOMIALS_H

/* (exp(r) - 1 - r - r^2 / 2) / r^3, relative to exp(r) - 1: error 2^-30.9 */
static const float f32_exp_c[] = {
    0x1.555556p-3f,
    0x1.5554fp-5f,
    0x1.11105ap-7f,
    0x1.6d42bp-10f,
    0x1.a18b78p-13f,
};

/* (log(1 + f) - f + f^2 / 2) / f^3, relative to log(1 + f): error 2^-29.9 */
static const float f32_log_c[] = {
    0x1.555548p-2f,
    -0x1.000008p-2f,
    0x1.99a4acp-3f,
    -0x1.555c26p-3f,
    0x1.233744p-3f,
    -0x1.fc21f4p-4f,
    0x1.e6f07ap-4f,
    -0x1.de3c88p-4f,
    0x1.145806p-4f,
};

/* (sin(r) / r - 1) / r^2 in r^2, relative to r: error 2^-30.4 */
static const float f32_sin_c[] = {
    -0x1.555556p-3f,
    0x1.11111ep-7f,
    -0x1.a00f8cp-13f,
    0x1.6cd732p-19f,
};

/* (cos(r) - 1 + r^2 / 2) / r^4 in r^2, absolute: error 2^-32.9 */
static const float f32_cos_c[] = {
    0x1.55554ap-5f,
    -0x1.6c0c62p-10f,
    0x1.9a00ep-16f,
};

/* erf(x) / x - 1 in x^2 for x up to 0.6875, relative to erf(x): error 2^-28.9 */
static const float f32_erf_c[] = {
    0x1.06eba8p-3f,
    -0x1.812742p-2f,
    0x1.ce2d02p-4f,
    -0x1.b7dde6p-6f,
    0x1.5138cp-8f,
    -0x1.6fd6d6p-11f,
};

/* exp(x^2) erfc(x) / t in t - 0.4375, t = 1 / (1 + 0.375 x), relative: error 2^-25.6 */
static const float f32_erfc_c[] = {
    0x1.7283ap-2f,
    0x1.13d364p-1f,
    0x1.47b154p-1f,
    0x1.2512d2p-1f,
    0x1.50e3f2p-2f,
    0x1.3e4006p-5f,
    -0x1.defdb2p-4f,
    -0x1.15a362p-4f,
    0x1.ad3a04p-5f,
};

/* (atan(r) / r - 1) / r^2 in r^2, relative to r: error 2^-29.9 */
static const float f32_atan_c[] = {
    -0x1.55554ap-2f,
    0x1.9991aep-3f,
    -0x1.23b626p-3f,
    0x1.b1fa22p-4f,
    -0x1.f22b24p-5f,
};

/* ((atanh(s) / s - 1) / s^2 - 1 / 3) / s^2 in s^2, relative to s: error 2^-36.8 */
static const float f32_power_c[] = {
    0x1.999ap-3f,
    0x1.24529p-3f,
    0x1.df9cccp-4f,
};

/* erf_inv(x) / x in sqrt(-log(1 - x^2)), relative: error 2^-12.5 */
static const float f32_erf_inv_c[] = {
    0x1.c5d3p-1f,
    -0x1.a3b4fp-8f,
    0x1.1b79p-2f,
    -0x1.db91f4p-4f,
    0x1.37d64ap-3f,
    -0x1.5cc5f2p-4f,
    0x1.685eeap-6f,
    -0x1.61357ap-9f,
    0x1.0818d2p-13f,
};

/* (exp(r) - 1 - r - r^2 / 2) / r^3, relative to exp(r) - 1: error 2^-61.5 */
static const double f64_exp_c[] = {
    0x1.5555555555559p-3,
    0x1.5555555555559p-5,
    0x1.111111110f63bp-7,
    0x1.6c16c16c1499ep-10,
    0x1.a01a01b01c416p-13,
    0x1.a01a01afa5e6dp-16,
    0x1.71ddf7b1a93a9p-19,
    0x1.27e4c7307de6bp-22,
    0x1.af5ffcb07fc22p-26,
    0x1.1f93aad248475p-29,
};

/* (2 atanh(s) / s - 2) / s^2 in s^2, s = f / (2 + f), relative: error 2^-59.4 */
static const double f64_log_c[] = {
    0x1.5555555555592p-1,
    0x1.999999997fdd4p-2,
    0x1.24924941f1321p-2,
    0x1.c71c52094e9c3p-3,
    0x1.74663eec11522p-3,
    0x1.39a1ba49fc73bp-3,
    0x1.2f05686399383p-3,
};

/* (sin(r) / r - 1) / r^2 in r^2, relative to r: error 2^-57.7 */
static const double f64_sin_c[] = {
    -0x1.5555555555549p-3,
    0x1.111111110f867p-7,
    -0x1.a01a019c0e4bcp-13,
    0x1.71de3574ba7c1p-19,
    -0x1.ae5e63cdccbdp-26,
    0x1.5d9246eaba2bcp-33,
};

/* (cos(r) - 1 + r^2 / 2) / r^4 in r^2, absolute: error 2^-62.3 */
static const double f64_cos_c[] = {
    0x1.555555555554cp-5,
    -0x1.6c16c16c15179p-10,
    0x1.a01a019caef32p-16,
    -0x1.27e4f807d5e46p-22,
    0x1.1ee9ea6c812d6p-29,
    -0x1.8fadd04532346p-37,
};

/* erf(x) / x - 1 in x^2 for x up to 0.6875, relative to erf(x): error 2^-55.7 */
static const double f64_erf_c[] = {
    0x1.06eba8214db68p-3,
    -0x1.812746b037986p-2,
    0x1.ce2f21a03c194p-4,
    -0x1.b82ce30fb5b12p-6,
    0x1.565bcc7240b46p-8,
    -0x1.c02d8d35593eap-11,
    0x1.f99d460e9c718p-14,
    -0x1.f444afe37b789p-17,
    0x1.b1c7c79dbb90bp-20,
    -0x1.1c36646e21d7cp-23,
};

/* exp(x^2) erfc(x) / t in t - 0.4375, t = 1 / (1 + 0.375 x), relative: error 2^-55.1 */
static const double f64_erfc_c[] = {
    0x1.72839f8e66de5p-2,
    0x1.13d364db8778fp-1,
    0x1.47b17697e6cf8p-1,
    0x1.25128ba27bff3p-1,
    0x1.50cfe54372522p-2,
    0x1.3f7d4213da20dp-5,
    -0x1.d6bfcb52bafc2p-4,
    -0x1.29977a98b91b2p-4,
    0x1.28a3026a96a82p-5,
    0x1.ab70002076f62p-5,
    -0x1.f1e922eccfa93p-7,
    -0x1.2f359df6cb2d7p-5,
    0x1.816340049481ap-7,
    0x1.c4aecc555e821p-6,
    -0x1.cf0e6db4f6a38p-7,
    -0x1.4cd97473b4e25p-6,
    0x1.29cb33c94e17ep-6,
    0x1.9a61abe9efa96p-7,
    -0x1.46202a663b545p-6,
    -0x1.0c84b439920b7p-8,
    0x1.b174dc93cafe3p-7,
    -0x1.2cad62610481cp-10,
};

/* (atan(r) / r - 1) / r^2 in r^2, relative to r: error 2^-60.4 */
static const double f64_atan_c[] = {
    -0x1.5555555555554p-2,
    0x1.999999999964fp-3,
    -0x1.2492492475996p-3,
    0x1.c71c71b75b54p-4,
    -0x1.745d14bba5106p-4,
    0x1.3b136e506cffcp-4,
    -0x1.110c74630550cp-4,
    0x1.e17218033662ep-5,
    -0x1.ab7df3f76ea57p-5,
    0x1.70ee948e242cep-5,
    -0x1.1239ac2c87467p-5,
    0x1.f1ec96a07de67p-7,
};

/* ((atanh(s) / s - 1) / s^2 - 1 / 3) / s^2 in s^2, relative to s: error 2^-69.4 */
static const double f64_power_c[] = {
    0x1.9999999999996p-3,
    0x1.2492492493023p-3,
    0x1.c71c71c58085p-4,
    0x1.745d183244828p-4,
    0x1.3b1362b9e15e4p-4,
    0x1.1120b50bc8d68p-4,
    0x1.de3388c30d2cp-5,
    0x1.eb105621b632dp-5,
};

/* erf_inv(x) / x in sqrt(-log(1 - x^2)), relative: error 2^-9.5 */
static const double f64_erf_inv_c[] = {
    0x1.c51deb6c9ff9dp-1,
    0x1.f889c9818c474p-6,
    0x1.c3d1716026077p-4,
    0x1.51db09ca8ea61p-3,
    -0x1.38c16ad62f60ep-4,
    0x1.bd250832d64a8p-7,
    -0x1.11f2eeb22a204p-10,
    0x1.b36d57f65f9a7p-16,
};

/* (log-gamma(2 + z) - (1 - gamma) z) / z^2, relative to log-gamma(1 + z): error 2^-57.7 */
static const double f64_gamma_c[] = {
    0x1.4a34cc4a60fa6p-2,
    -0x1.13e001a557605p-4,
    0x1.51322ac7d84adp-6,
    -0x1.e404fc218f547p-8,
    0x1.7add6eadb3565p-9,
    -0x1.38ac5c2c07893p-10,
    0x1.0b36af886d1bdp-11,
    -0x1.d3fd4c6bfc9e6p-13,
    0x1.a127af68a3073p-14,
    -0x1.78de5df4da222p-15,
    0x1.580e20758fe71p-16,
    -0x1.3cbc60459cb28p-17,
    0x1.258d1bab8b80cp-18,
    -0x1.11b48f8b335b3p-19,
    0x1.013eaf49745b5p-20,
    -0x1.e2bff69ad8cbdp-22,
    0x1.b21eda41a3717p-23,
    -0x1.a477cab3faa2fp-24,
    0x1.153a127a1e582p-24,
    -0x1.f2220c09e932bp-26,
};

#endif

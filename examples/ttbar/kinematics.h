/* Four-vectors in GeV, and what is made of them. */
#ifndef TTBAR_KINEMATICS_H
#define TTBAR_KINEMATICS_H

#include <stdbool.h>

typedef struct vector { double x, y, z, e; } vector;

vector vector_add(vector a, vector b);
double vector_mass(vector a);   /* 0 if rounding or resolution makes its square negative */
double vector_across(vector a); /* transverse momentum */

/* The two neutrinos that make a W of the lepton and the missing transverse momentum. Where no
 * real one does, both are the one with the real part; returns whether they are real.            */
bool neutrino_solve(vector lepton, double missing_x, double missing_y, vector neutrino[2]);

#endif

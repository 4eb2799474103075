/* The only physics here is that mass is what is left of energy when momentum is taken away, and
 * that a W boson weighs 80.4 GeV.                                                               */
#include "kinematics.h"

#include <math.h>

static const double mass_w = 80.4;

vector vector_add(vector a, vector b)
{
    return (vector){ a.x + b.x, a.y + b.y, a.z + b.z, a.e + b.e };
}

double vector_mass(vector a)
{
    const double square = a.e * a.e - a.x * a.x - a.y * a.y - a.z * a.z;
    return square > 0.0 ? sqrt(square) : 0.0;
}

double vector_across(vector a)
{
    return sqrt(a.x * a.x + a.y * a.y);
}

/* (lepton + neutrino)^2 = mass_w^2, both massless, is a quadratic equation for the neutrino's z. */
bool neutrino_solve(vector lepton, double missing_x, double missing_y, vector neutrino[2])
{
    const double across = lepton.x * lepton.x + lepton.y * lepton.y;
    const double missing = missing_x * missing_x + missing_y * missing_y;
    const double a = mass_w * mass_w / 2.0 + lepton.x * missing_x + lepton.y * missing_y;
    const double square = a * a - across * missing;
    const double root = square > 0.0 ? sqrt(square) : 0.0;
    for (int i = 0; i < 2; i++) {
        const double z = (a * lepton.z + (i == 0 ? root : -root) * lepton.e) / across;
        neutrino[i] = (vector){ missing_x, missing_y, z, sqrt(missing + z * z) };
    }
    return square > 0.0;
}

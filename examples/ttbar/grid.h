/* Which architecture? The number of layers and the width of the first are searched by the
 * efficiency on validation data.                                                                */
#ifndef TTBAR_GRID_H
#define TTBAR_GRID_H

#include "network.h"
#include "options.h"

/* Tries all points, each as often as chosen, and prints them, the best first; then trains the best
 * once more and looks at the test events, once. The page shows the heat map.                    */
int grid_run(wg_runtime *runtime, const options *chosen, wg_dataset *const part[PARTS],
             wg_error *error);

#endif

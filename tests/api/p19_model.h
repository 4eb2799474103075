/* All that a trainer sees of the model: which network and which columns stay in its own file. */
#ifndef P19_MODEL_H
#define P19_MODEL_H
#include <wengert/wengert.h>
const wg_model *jet_tagger(void);
#endif

/* Wengert: record, differentiate, plan and run tensor programs. All of the public API. */
#ifndef WENGERT_H
#define WENGERT_H

#include <wengert/core.h>
#include <wengert/graph.h>
#include <wengert/metrics.h>
#include <wengert/ops.h>
#include <wengert/nn.h>
#include <wengert/runtime.h>
#include <wengert/data.h>
#include <wengert/train.h>
#include <wengert/report.h>
#include <wengert/unsupervised.h>

#endif

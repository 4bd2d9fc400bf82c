// How fast a model in a folder answers, in this process.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/engine/engine.hpp"
#include "mlopsctl/eval/latency.hpp"
#include "mlopsctl/eval/load.hpp"
#include "mlopsctl/eval/local_target.hpp"
#include "mlopsctl/tokenizer/tokenizer.hpp"

namespace mlopsctl {

// A request joins those that run: in a closed loop when one of plan.concurrency has ended, in an
// open one when it is due and, with a limit, there is room; waiting is told as `queue`. The engine
// takes it at its next step. Every request gets its output tokens whatever the model says. Throws
// Error{usage} for requests longer than the model can.
LatencyRun measure_engine(Engine& engine, const Tokenizer& tokenizer, const LoadPlan& plan,
                          Progress& progress);

// Opens the model as open_local does and measures it; the fingerprint names model and machine.
LatencyRun measure_model(const LocalOptions& options, const LoadPlan& plan, Progress& progress);

}  // namespace mlopsctl

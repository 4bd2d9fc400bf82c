// How fast a model in a folder answers, in this process.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/engine/engine.hpp"
#include "mlopsctl/eval/latency.hpp"
#include "mlopsctl/eval/load.hpp"
#include "mlopsctl/eval/local_target.hpp"
#include "mlopsctl/tokenizer/tokenizer.hpp"

namespace mlopsctl {

// The engine takes up to plan.concurrency (0: 64) requests at a time and the next ones when all of
// these are done; an open loop's requests wait for it, which is told as `queue`. Every request gets
// its output tokens whatever the model says. Throws Error{usage} for requests longer than the model
// can.
LatencyRun measure_engine(Engine& engine, const Tokenizer& tokenizer, const LoadPlan& plan,
                          Progress& progress);

// Opens the model as open_local does and measures it; the fingerprint names model and machine.
LatencyRun measure_model(const LocalOptions& options, const LoadPlan& plan, Progress& progress);

}  // namespace mlopsctl

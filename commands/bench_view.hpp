// A measurement of latency as a report.
#pragma once

#include "mlopsctl/context.hpp"
#include "mlopsctl/eval/latency.hpp"
#include "mlopsctl/ui/report.hpp"

#include <span>
#include <string>

namespace mlopsctl::commands {

Report bench_view(Context& context, const std::string& schema, const LatencyRun& run,
                  std::span<const Slo> slos);

}  // namespace mlopsctl::commands

// {{ namespace }} and the like in queries, as Flagger has them.
#pragma once

#include "mlopsctl/deploy/analysis.hpp"

#include <map>
#include <string>
#include <string_view>

namespace mlopsctl {

// {{ namespace }} {{ target }} {{ service }} {{ ingress }} {{ route }} {{ interval }}
// {{ variables.x }}. Throws Error{config} for an unknown name (the near one is suggested) and for
// braces that are not closed. `interval` as PromQL has it: "1m".
std::string fill_query(std::string_view query, const AnalysisSubject& subject,
                       const std::string& interval,
                       const std::map<std::string, std::string>& variables);

// "90s", "1m", "500ms": a duration of PromQL.
std::string promql_duration(Milliseconds time);

}  // namespace mlopsctl

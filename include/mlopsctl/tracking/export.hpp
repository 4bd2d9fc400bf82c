// Runs as documents that other programs read. Streams: memory does not grow with the points.
#pragma once

#include "mlopsctl/tracking/run_store.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace mlopsctl {

enum class ExportFormat {
  json,        // one object {"schema":"mlopsctl.run.export/1","runs":[…]} with every point
  jsonl,       // one object a line, each with "type": run, param, tag, metric, artifact, input
  csv,         // one row a run: attributes, params.*, metrics.* (latest)
  csv_points,  // one row a point: run_id,key,step,time,value
};

using WriteBytes = std::function<void(std::string_view)>;

// Times are RFC 3339 for runs and milliseconds for points; NaN and infinities are the strings
// "NaN", "Infinity", "-Infinity" in JSON and bare words in CSV.
void export_runs(const RunStore& store, std::span<const std::string> run_ids, ExportFormat format,
                 const WriteBytes& write);

}  // namespace mlopsctl

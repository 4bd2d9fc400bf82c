#include "mlopsctl/drift/analysis.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "drift/analysis_parts.hpp"
#include "drift/findings.hpp"
#include "drift/judge.hpp"

#include <fmt/format.h>

namespace mlopsctl::drift {

namespace {

void check_shapes(const DataSet& reference, const DataSet& current) {
  if (reference.matrix.has_value() != current.matrix.has_value()) {
    const DataSet& table = reference.matrix ? current : reference;
    throw Error(ErrorKind::usage, "a matrix cannot be compared with a table",
                fmt::format("{} is the table", quote(table.source)));
  }
  if (!reference.matrix) return;
  const std::uint64_t d1 = reference.matrix->columns(), d2 = current.matrix->columns();
  if (d1 != d2) {
    throw Error(ErrorKind::usage,
                fmt::format("{} has {} features, {} has {}", quote(reference.source), d1,
                            quote(current.source), d2),
                "matrices are compared feature by feature, by position: are both from the same "
                "model and layer?");
  }
}

}  // namespace

DriftResult analyse(const DataSet& reference, const DataSet& current,
                    const AnalysisOptions& options, ComputeBackend& backend, Progress& progress) {
  check_shapes(reference, current);
  const bool matrix = reference.matrix.has_value();
  const Settings settings = settings_of(options, matrix);
  if (!matrix && !options.data_set_tests.empty()) {
    throw Error(ErrorKind::usage,
                fmt::format("{} is a test of matrices", quote(options.data_set_tests.front())),
                "a table is tested column by column");
  }
  DriftResult result;
  result.reference_source = reference.source;
  result.current_source = current.source;
  result.reference_rows = reference.rows();
  result.current_rows = current.rows();
  result.checked_at = now();
  result.backend = matrix ? backend.name() : "cpu";
  find_traps(result, reference, current, options.time_column);
  if (matrix) {
    result.features =
        compare_matrices(*reference.matrix, *current.matrix, options, settings, backend, progress);
    result.data_set_tests = test_whole(*reference.matrix, *current.matrix, result.features, options,
                                       settings, backend, progress);
    find_unanswered(result);
  } else {
    find_schema_changes(result, reference, current, settings);
    result.features = compare_tables(reference, current, options, settings, progress);
  }
  find_changes(result, options, settings);
  judge(result, options, settings);
  return result;
}

}  // namespace mlopsctl::drift

#include "tracking/filter_columns.hpp"

namespace mlopsctl {

std::string_view column_of(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::latest:
      return "latest";
    case Aggregate::min:
      return "min";
    case Aggregate::max:
      return "max";
  }
  return "latest";
}

AttributeSql attribute_sql(std::string_view key) {
  if (key == "run_id") return {"r.id"};
  if (key == "run_name") return {"r.name"};
  if (key == "user_id") return {"r.user"};
  if (key == "status") {
    return {
        "CASE r.status WHEN 1 THEN 'RUNNING' WHEN 2 THEN 'SCHEDULED' WHEN 3 THEN 'FINISHED'"
        " WHEN 4 THEN 'FAILED' WHEN 5 THEN 'KILLED' ELSE '' END"};
  }
  if (key == "artifact_uri") {
    return {
        "CASE WHEN r.artifact_uri = '' THEN ? || '/' || r.experiment || '/' || r.id ||"
        " '/artifacts' ELSE r.artifact_uri END",
        false, 1, true};
  }
  if (key == "start_time") return {"r.start"};
  if (key == "end_time") return {"r.end", true};
  if (key == "duration") return {"(r.end - r.start)", true, 1000};
  if (key == "experiment_id") return {"CAST(r.experiment AS TEXT)"};
  if (key == "experiment_name") {
    return {"(SELECT e.name FROM experiments e WHERE e.id = r.experiment)"};
  }
  if (key == "lifecycle_stage")
    return {"CASE WHEN r.deleted IS NULL THEN 'active' ELSE 'deleted' END"};
  return {"r.exit_code", true};
}

}  // namespace mlopsctl

// The values of the run store. They follow MLflow's model (experiments, runs, params, metrics,
// tags), so that its protocol and its files map onto them without loss.
#pragma once

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/base/time.hpp"
#include "mlopsctl/platform/process.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// Numbers as in MLflow's RunStatus.
enum class RunStatus { running = 1, scheduled = 2, finished = 3, failed = 4, killed = 5 };
std::string_view to_string(RunStatus status);                      // "RUNNING"
std::optional<RunStatus> parse_run_status(std::string_view text);  // any case

enum class Lifecycle { active, deleted };
std::string_view to_string(Lifecycle lifecycle);  // "active"

enum class ViewType { active_only, deleted_only, all };

// Tags with a meaning, as MLflow spells them.
namespace tag_names {
inline constexpr std::string_view run_name = "mlflow.runName";
inline constexpr std::string_view parent = "mlflow.parentRunId";
inline constexpr std::string_view note = "mlflow.note.content";
inline constexpr std::string_view user = "mlflow.user";
inline constexpr std::string_view source_name = "mlflow.source.name";
inline constexpr std::string_view source_type = "mlflow.source.type";
inline constexpr std::string_view git_commit = "mlflow.source.git.commit";
inline constexpr std::string_view git_branch = "mlflow.source.git.branch";
inline constexpr std::string_view git_url = "mlflow.source.git.repoURL";
}  // namespace tag_names

struct Experiment {
  std::string id;  // decimal digits; "0" is "Default" and always exists
  std::string name;
  std::string artifact_location;  // a folder or a URI
  Lifecycle lifecycle = Lifecycle::active;
  Timestamp created;
  Timestamp updated;
  std::vector<KeyValue> tags;
  std::int64_t active_runs = 0;  // filled by listings
};

// One measurement of a series. NaN and infinities are legal and stored exactly.
struct Point {
  std::int64_t step = 0;
  Timestamp time;
  double value = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

// What a metric was measured on, where the client said so (MLflow 3): empty otherwise.
struct MetricContext {
  std::string model_id;
  std::string dataset_name;
  std::string dataset_digest;
  friend auto operator<=>(const MetricContext&, const MetricContext&) = default;
};

// Summary of a series. latest is the greatest by (step, time, value); min and max leave NaN out
// and are NaN where every point is NaN.
struct Metric {
  std::string key;
  MetricContext context;
  Point latest;
  double min = 0;
  double max = 0;
  std::int64_t min_step = 0;
  std::int64_t max_step = 0;
  std::int64_t count = 0;
};

struct Artifact {
  std::string path;  // relative to the run's artifact folder, '/' between parts
  std::uint64_t size = 0;
  std::string sha256;  // lower-case hexadecimal
  Timestamp added;
};

struct Dataset {
  std::string name, digest, source_type, source, schema, profile;
};
struct DatasetInput {
  Dataset dataset;
  std::vector<KeyValue> tags;  // MLflow keeps the context ("train") in mlflow.data.context
};

// Where the code came from, as older MLflow versions record it next to the tags.
struct RunSource {
  std::string type, name, version, entry_point;
};

struct Run {
  std::string id;
  std::string experiment_id;
  std::string experiment_name;
  std::string name;
  std::string user;
  RunStatus status = RunStatus::running;
  Lifecycle lifecycle = Lifecycle::active;
  Timestamp start;
  std::optional<Timestamp> end;
  std::optional<Timestamp> deleted;
  std::string artifact_uri;      // folder or URI
  std::optional<int> exit_code;  // of the command that run exec ran
  std::optional<int> signal;
  ProcessIdentity tracker;  // the mlopsctl that follows the run; pid 0 if none does
  ProcessIdentity child;    // the command itself; pid 0 if none was started
  RunSource source;
  std::vector<KeyValue> params;  // sorted by key
  std::vector<KeyValue> tags;    // sorted by key
  std::vector<Metric> metrics;   // sorted by key, one per key and context
};

// Limits; a longer text is refused with an error that names the key and the way out.
inline constexpr std::size_t max_key_bytes = 250;
inline constexpr std::size_t max_param_bytes = 1U << 20U;
inline constexpr std::size_t max_tag_bytes = 1U << 20U;
inline constexpr std::size_t max_name_bytes = 500;

}  // namespace mlopsctl

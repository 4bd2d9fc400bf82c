// The run store: one SQLite file, many readers, many writers. Every write is one BEGIN IMMEDIATE
// transaction; what a call has returned from is durable against a crash of this or any process.
#pragma once

#include "mlopsctl/tracking/model.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

struct NewRun {
  std::string id;             // empty: a new one is made
  std::string experiment_id;  // must exist and be active
  std::string name;           // empty: a readable one is made
  std::string user;
  std::optional<Timestamp> start;  // default: now
  RunStatus status = RunStatus::running;
  ProcessIdentity tracker;
  RunSource source;
  std::string artifact_uri;  // empty: below the experiment's location
  std::vector<KeyValue> params;
  std::vector<KeyValue> tags;
};

// Only what is set changes.
struct RunUpdate {
  std::optional<RunStatus> status;
  std::optional<Timestamp> end;
  std::optional<std::string> name;
  std::optional<int> exit_code;
  std::optional<int> signal;
  std::optional<ProcessIdentity> tracker;
  std::optional<ProcessIdentity> child;
};

struct MetricPoint {
  std::string key;
  Point point;
  MetricContext context;
};

// Written in one transaction: all of it or nothing.
struct LogBatch {
  std::vector<MetricPoint> metrics;
  std::vector<KeyValue> params;  // same value again: ignored; another value: Error{conflict}
  std::vector<KeyValue> tags;    // overwrite
};

struct RunQuery {
  std::string filter;                       // grammar: filter.hpp
  std::vector<std::string> experiment_ids;  // empty: all experiments
  std::vector<std::string> order_by;        // "metrics.loss DESC"; then start DESC, id
  ViewType view = ViewType::active_only;
  std::int64_t limit = 50;
  std::string page_token;  // from the page before; Error{usage} if it is not one
};

struct RunPage {
  std::vector<Run> runs;        // params, tags and metrics filled
  std::string next_page_token;  // empty at the end
};

struct StoreHealth {
  int schema_version = 0;
  std::int64_t experiments = 0, runs = 0, series = 0, points = 0;
  std::uint64_t file_bytes = 0, wal_bytes = 0;
  // Of PRAGMA quick_check, the foreign keys and the summaries; empty: healthy. With problems the
  // counts above are 0.
  std::vector<std::string> problems;
};

enum class OpenMode { read_only, read_write, create };

struct GcPlan {
  std::vector<Run> runs;                   // deleted before the cut-off
  std::vector<Experiment> experiments;     // deleted before the cut-off, with no runs left
  std::vector<std::string> logged_models;  // ids; deleted before the cut-off
  std::vector<std::string>
      orphan_folders;  // absolute; of runs and models that the store does not know
  std::uint64_t artifact_bytes = 0;
};

class StoreState;  // src/tracking/store_state.hpp

class RunStore {
 public:
  // `home` is the .mlopsctl folder; the file is home/runs.db, artifacts go to home/artifacts.
  // create makes what is missing. A store of an older schema is migrated under an exclusive lock;
  // one of a newer schema is Error{conflict}, a file that is no store Error{corrupt}, with the way
  // out. read_only changes nothing and also works in a folder that cannot be written.
  static RunStore open(const std::filesystem::path& home, OpenMode mode);
  RunStore(RunStore&&) noexcept;
  RunStore& operator=(RunStore&&) noexcept;
  ~RunStore();

  const std::filesystem::path& home() const;

  // Experiments ------------------------------------------------------------------------------
  // Error{conflict} if the name exists, also as a deleted one (the message says how to get it
  // back).
  Experiment create_experiment(const std::string& name, const std::string& artifact_location = {},
                               const std::vector<KeyValue>& tags = {});
  std::optional<Experiment> find_experiment(std::string_view name_or_id) const;
  Experiment experiment(std::string_view name_or_id) const;  // Error{not_found} with suggestions
  // The experiment of that name or id; a name that is not there yet becomes one. Race-free.
  Experiment ensure_experiment(const std::string& name);
  std::vector<Experiment> experiments(ViewType view) const;
  void rename_experiment(std::string_view name_or_id, const std::string& new_name);
  void delete_experiment(std::string_view name_or_id);   // and its active runs
  void restore_experiment(std::string_view name_or_id);  // and all of its runs
  void set_experiment_tag(std::string_view name_or_id, const KeyValue& tag);

  // Runs -------------------------------------------------------------------------------------
  Run create_run(const NewRun& run);
  // A full id, a unique prefix of at least 4 characters, a run name that is unique, "@last" or
  // "@last~2" (by start time among active runs). Error{not_found} or, if ambiguous, Error{usage}
  // listing the candidates.
  std::string resolve(std::string_view reference) const;
  Run run(std::string_view id) const;  // everything; Error{not_found}
  // Going back to RUNNING or SCHEDULED clears end, exit code and signal, unless they are given too.
  void update_run(std::string_view id, const RunUpdate& update);
  void log(std::string_view id, const LogBatch& batch);
  void remove_tag(std::string_view id, std::string_view key);  // Error{not_found}
  void delete_run(std::string_view id);
  void restore_run(std::string_view id);
  RunPage search(const RunQuery& query) const;
  std::int64_t count(const RunQuery& query) const;       // ignores limit and page
  std::vector<Run> children(std::string_view id) const;  // runs that name this one as parent
  std::vector<Run> running() const;                      // active runs with status RUNNING

  // Metrics ----------------------------------------------------------------------------------
  // In order (time, step, value) as MLflow returns it, or (step, time, value).
  enum class Order { by_time, by_step };
  void history(std::string_view id, std::string_view key, Order order,
               const std::function<void(const Point&)>& visit) const;
  // All series of a run, points by step.
  void all_points(std::string_view id,
                  const std::function<void(const Metric&, const Point&)>& visit) const;

  // Artifacts --------------------------------------------------------------------------------
  // Where the files of a run lie; it need not exist yet. Error{usage} if that is not a local
  // folder.
  std::filesystem::path artifact_folder(std::string_view id) const;
  // Copies a file or a folder into the run; `path` is the name inside the run ("" = the base name).
  // Parts "..", absolute names and control characters are Error{usage}.
  std::vector<Artifact> add_artifact(std::string_view id, const std::filesystem::path& source,
                                     const std::string& path);
  // Records a file that already lies in the artifact folder (stdout.log of run exec).
  Artifact record_artifact(std::string_view id, const std::string& path);
  std::vector<Artifact> artifacts(std::string_view id) const;

  // Datasets ---------------------------------------------------------------------------------
  void log_inputs(std::string_view id, const std::vector<DatasetInput>& inputs);
  std::vector<DatasetInput> inputs(std::string_view id) const;

  // Names, for completion: sorted, at most `limit`.
  enum class Names { run_ids, experiments, metric_keys, param_keys, tag_keys };
  struct Name {
    std::string value, description;
  };
  std::vector<Name> names(Names kind, std::string_view prefix, std::size_t limit) const;

  // Care -------------------------------------------------------------------------------------
  StoreHealth health(bool thorough) const;
  GcPlan plan_gc(Timestamp deleted_before) const;
  // Removes rows in one transaction, then folders, then gives the space back to the file system.
  // What has been restored since the plan was made stays. Folders that other programs chose (a
  // run's own artifact_uri) stay too. A crash leaves orphan folders at worst, which the next plan
  // finds.
  void apply_gc(const GcPlan& plan);

 private:
  friend class MetricWriter;
  friend class ModelStore;
  explicit RunStore(std::unique_ptr<StoreState> state);
  std::unique_ptr<StoreState> state_;
};

// Streams points of one run in large transactions. Keeps the interned series, so a point costs one
// insert. Not thread-safe.
class MetricWriter {
 public:
  MetricWriter(RunStore& store, std::string_view run_id);  // Error{conflict} if the run is deleted
  ~MetricWriter();                                         // what was not committed is gone
  MetricWriter(const MetricWriter&) = delete;
  MetricWriter& operator=(const MetricWriter&) = delete;

  void add(std::string_view key, const Point& point, const MetricContext& context = {});
  std::size_t pending() const;  // points added since the last commit

  // One transaction. `resume_key` and `resume_value`, if given, are stored with it: run exec keeps
  // the offset up to which it has read the metrics file, which makes reading it exactly-once.
  void commit(std::string_view resume_key = {}, std::int64_t resume_value = 0);
  std::int64_t resume_value(std::string_view resume_key) const;  // 0 if never stored

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl

// What the files that implement RunStore share: the connection and the small questions that all of
// them ask. Every function here runs inside the caller's transaction, if there is one.
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/sqlite.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace mlopsctl {

// A run as other tables know it.
struct RunRow {
  std::int64_t n = 0;
  std::string id;
  std::int64_t experiment = 0;
  bool deleted = false;
  std::string artifact_uri;  // '' is the default place
};

class StoreState {
 public:
  StoreState(std::filesystem::path home, OpenMode mode, Database database);
  ~StoreState();
  StoreState(const StoreState&) = delete;
  StoreState& operator=(const StoreState&) = delete;

  const std::filesystem::path& home() const { return home_; }
  OpenMode mode() const { return mode_; }
  Database& db() { return database_; }

  // Numbers of names in `keys`.
  std::optional<std::int64_t> find_key(std::string_view name);
  std::int64_t intern_key(std::string_view name);

  std::optional<RunRow> find_run(std::string_view id);
  RunRow run_row(std::string_view id);       // Error{not_found} with suggestions
  RunRow writable_run(std::string_view id);  // Error{conflict} if it is deleted
  Error unknown_run(std::string_view reference);

  std::optional<Experiment> find_experiment(std::string_view name_or_id);
  std::optional<Experiment> find_experiment_id(std::string_view id);
  Error unknown_experiment(std::string_view reference);
  Experiment experiment(std::string_view name_or_id);         // Error{not_found} with suggestions
  Experiment active_experiment(std::string_view name_or_id);  // Error{conflict} if it is deleted

  // Absolute folder, or URI.
  std::string artifact_uri(const RunRow& run) const;
  std::filesystem::path artifact_folder(const RunRow& run) const;  // Error{usage} if not local

 private:
  std::filesystem::path home_;
  OpenMode mode_;
  Database database_;
};

// A transaction of a store that was opened for writing; Error{usage} otherwise.
class StoreWrite {
 public:
  explicit StoreWrite(StoreState& state);
  void commit() { transaction_.commit(); }

 private:
  Transaction transaction_;
};

inline constexpr std::int64_t parent_key = 1;    // keys.id of mlflow.parentRunId, see schema.sql
inline constexpr std::int64_t run_name_key = 2;  // of mlflow.runName

}  // namespace mlopsctl

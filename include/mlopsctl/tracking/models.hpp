// Models in the run store: logged models (what a run has made) and the model registry (named models
// with numbered versions, stages and aliases). Semantics are MLflow's.
#pragma once

#include "mlopsctl/tracking/model.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// Numbers as in MLflow's LoggedModelStatus.
enum class LoggedModelStatus { pending = 1, ready = 2, failed = 3 };

struct LoggedModel {
  std::string id;  // "m-" and 32 hexadecimal digits
  std::string experiment_id;
  std::string name;
  std::string artifact_uri;  // folder or URI
  Timestamp created;
  Timestamp updated;
  Lifecycle lifecycle = Lifecycle::active;
  LoggedModelStatus status = LoggedModelStatus::pending;
  std::string status_message;
  std::string model_type;
  std::string source_run;        // run id, or empty
  std::vector<KeyValue> params;  // sorted by key
  std::vector<KeyValue> tags;    // sorted by key
  std::vector<Metric> metrics;  // logged with this model as context, by key; latest of each dataset
};

struct NewLoggedModel {
  std::string id;             // empty: a new one is made
  std::string experiment_id;  // must exist and be active
  std::string name;           // empty: a readable one is made
  std::string model_type;
  std::string source_run;
  std::string artifact_uri;  // empty: below the experiment's location
  std::vector<KeyValue> params;
  std::vector<KeyValue> tags;
};

// A run's use of a logged model.
struct ModelLink {
  std::string model_id;
  std::int64_t step = 0;
  friend bool operator==(const ModelLink&, const ModelLink&) = default;
};

// Numbers as in MLflow's ModelVersionStatus.
enum class VersionStatus { pending = 1, failed = 2, ready = 3 };

struct ModelVersion {
  std::string model;  // name of the registered model
  std::int64_t version = 0;
  Timestamp created;
  Timestamp updated;
  std::string description;
  std::string user;
  std::string stage;             // "None", "Staging", "Production", "Archived"
  std::string source;            // as given: a path, runs:/…, models:/…
  std::string storage_location;  // where the files are, once source has been resolved
  std::string run_id;
  std::string run_link;
  std::string logged_model;
  VersionStatus status = VersionStatus::ready;
  std::string status_message;
  std::vector<KeyValue> tags;        // sorted by key
  std::vector<std::string> aliases;  // sorted
};

struct NewModelVersion {
  std::string source;
  std::string storage_location;
  std::string run_id;
  std::string run_link;
  std::string logged_model;
  std::string description;
  std::string user;
  VersionStatus status = VersionStatus::ready;
  std::vector<KeyValue> tags;
};

struct Alias {
  std::string alias;
  std::int64_t version = 0;
  friend bool operator==(const Alias&, const Alias&) = default;
};

struct RegisteredModel {
  std::string name;
  std::string description;
  std::string user;
  Timestamp created;
  Timestamp updated;
  std::vector<KeyValue> tags;        // sorted by key
  std::vector<Alias> aliases;        // sorted by alias
  std::vector<ModelVersion> latest;  // the highest version of each stage that has one
};

// "production" → "Production"; Error{usage} for a stage that does not exist.
std::string canonical_stage(std::string_view stage);

// Every write is one transaction. Unknown things are Error{not_found}. The store must outlive this.
class ModelStore {
 public:
  explicit ModelStore(RunStore& store);

  // Logged models ------------------------------------------------------------------------------
  LoggedModel create_logged_model(const NewLoggedModel& model);
  LoggedModel logged_model(std::string_view id) const;  // not the deleted ones
  std::vector<LoggedModel> logged_models(
      const std::vector<std::string>& experiment_ids,
      ViewType view = ViewType::active_only) const;  // newest first
  void finish_logged_model(std::string_view id, LoggedModelStatus status,
                           const std::string& message = {});
  // The same value again is fine, another value is Error{conflict}.
  void log_model_params(std::string_view id, const std::vector<KeyValue>& params);
  void set_logged_model_tags(std::string_view id, const std::vector<KeyValue>& tags);
  void remove_logged_model_tag(std::string_view id, std::string_view key);
  void delete_logged_model(std::string_view id);  // softly; gc removes it

  void log_model_inputs(std::string_view run_id, const std::vector<ModelLink>& models);
  void log_model_outputs(std::string_view run_id, const std::vector<ModelLink>& models);
  std::vector<ModelLink> model_inputs(std::string_view run_id) const;
  std::vector<ModelLink> model_outputs(std::string_view run_id) const;

  // Registered models --------------------------------------------------------------------------
  // Error{conflict} if the name exists.
  RegisteredModel create_model(const std::string& name, const std::string& description = {},
                               const std::vector<KeyValue>& tags = {},
                               const std::string& user = {});
  std::optional<RegisteredModel> find_model(std::string_view name) const;
  RegisteredModel model(std::string_view name) const;
  std::vector<RegisteredModel> models() const;  // by name
  void rename_model(std::string_view name, const std::string& new_name);
  void describe_model(std::string_view name, const std::string& description);
  void delete_model(std::string_view name);  // with its versions, for good
  void set_model_tag(std::string_view name, const KeyValue& tag);
  void remove_model_tag(std::string_view name, std::string_view key);

  // Versions -----------------------------------------------------------------------------------
  // Numbers go up and are never used again, not even after the newest version was deleted.
  ModelVersion create_version(std::string_view model, const NewModelVersion& version);
  ModelVersion version(std::string_view model, std::int64_t version) const;
  std::vector<ModelVersion> versions(std::string_view model) const;  // newest first
  void describe_version(std::string_view model, std::int64_t version,
                        const std::string& description);
  // With `archive_existing`, other versions of the stage are archived; Error{usage} unless the
  // stage is Staging or Production.
  ModelVersion transition(std::string_view model, std::int64_t version, std::string_view stage,
                          bool archive_existing);
  // Softly: its texts and aliases are gone, its number stays taken.
  void delete_version(std::string_view model, std::int64_t version);
  void set_version_tag(std::string_view model, std::int64_t version, const KeyValue& tag);
  void remove_version_tag(std::string_view model, std::int64_t version, std::string_view key);

  // Aliases: letters, digits, '_' and '-'; "latest" and "v12" are reserved. An alias names one
  // version; setting it again moves it.
  void set_alias(std::string_view model, const std::string& alias, std::int64_t version);
  void remove_alias(std::string_view model, std::string_view alias);
  // "latest" is the newest version.
  ModelVersion version_by_alias(std::string_view model, std::string_view alias) const;

 private:
  StoreState* state_;
};

}  // namespace mlopsctl

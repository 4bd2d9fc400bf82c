// RunStore: the datasets that a run has used.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "tracking/limits.hpp"
#include "tracking/store_state.hpp"

namespace mlopsctl {

namespace {

// MLflow's limits.
void require_dataset(const DatasetInput& input) {
  const Dataset& dataset = input.dataset;
  require_name("dataset", dataset.name);
  require_name("dataset digest", dataset.digest);
  require_text("source type of a dataset", dataset.source_type, max_name_bytes);
  require_text("source of a dataset", dataset.source, 65'535);
  require_text("schema of a dataset", dataset.schema, 1'048'575);
  require_text("profile of a dataset", dataset.profile, 16'777'215);
  for (const KeyValue& tag : input.tags) {
    require_key("tag", tag.key);
    require_tag_value(tag.key, tag.value);
  }
}

// A dataset is known by its name and digest within an experiment; the first description stays.
std::int64_t intern_dataset(Database& db, std::int64_t experiment, const Dataset& dataset) {
  const auto known = db.value<std::int64_t>(
      "SELECT id FROM datasets WHERE experiment = ? AND name = ? AND digest = ?", experiment,
      dataset.name, dataset.digest);
  if (known) return *known;
  db.run(
      "INSERT INTO datasets(experiment, name, digest, source_type, source, schema, profile) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      experiment, dataset.name, dataset.digest, dataset.source_type, dataset.source, dataset.schema,
      dataset.profile);
  return db.last_insert_rowid();
}

}  // namespace

void RunStore::log_inputs(std::string_view id, const std::vector<DatasetInput>& inputs) {
  for (const DatasetInput& input : inputs) require_dataset(input);
  StoreWrite write(*state_);
  Database& db = state_->db();
  const RunRow run = state_->writable_run(id);
  for (const DatasetInput& input : inputs) {
    const std::int64_t dataset = intern_dataset(db, run.experiment, input.dataset);
    db.run("INSERT OR IGNORE INTO inputs VALUES (?, ?)", run.n, dataset);
    for (const KeyValue& tag : input.tags) {
      db.run("INSERT OR REPLACE INTO input_tags VALUES (?, ?, ?, ?)", run.n, dataset, tag.key,
             tag.value);
    }
  }
  write.commit();
}

std::vector<DatasetInput> RunStore::inputs(std::string_view id) const {
  Database& db = state_->db();
  Snapshot snapshot(db);
  const RunRow run = state_->run_row(id);
  auto rows = db.query(
      "SELECT d.id, d.name, d.digest, d.source_type, d.source, d.schema, d.profile "
      "FROM inputs i JOIN datasets d ON d.id = i.dataset WHERE i.run = ? ORDER BY d.name, d.id",
      run.n);
  std::vector<DatasetInput> inputs;
  while (rows.step()) {
    DatasetInput input{.dataset = {.name = rows.get<std::string>(1),
                                   .digest = rows.get<std::string>(2),
                                   .source_type = rows.get<std::string>(3),
                                   .source = rows.get<std::string>(4),
                                   .schema = rows.get<std::string>(5),
                                   .profile = rows.get<std::string>(6)},
                       .tags = {}};
    auto tags =
        db.query("SELECT key, value FROM input_tags WHERE run = ? AND dataset = ? ORDER BY key",
                 run.n, rows.get<std::int64_t>(0));
    while (tags.step()) input.tags.push_back({tags.get<std::string>(0), tags.get<std::string>(1)});
    inputs.push_back(std::move(input));
  }
  return inputs;
}

}  // namespace mlopsctl

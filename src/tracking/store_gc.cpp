// RunStore: garbage collection.
#include "mlopsctl/tracking/run_store.hpp"

#include "tracking/gc_folders.hpp"
#include "tracking/run_rows.hpp"
#include "tracking/store_state.hpp"

namespace mlopsctl {

namespace fs = std::filesystem;

namespace {

void remove_run(Database& db, std::int64_t run) {
  db.run("DELETE FROM points WHERE series IN (SELECT id FROM series WHERE run = ?)", run);
  db.run("DELETE FROM series WHERE run = ?", run);
  db.run("DELETE FROM runs WHERE n = ?", run);  // everything else goes with it
}

bool remove_experiment(Database& db, const std::string& id) {
  const auto empty = db.value<int>(
      "SELECT 1 FROM experiments e WHERE id = ? AND deleted IS NOT NULL "
      "AND NOT EXISTS (SELECT 1 FROM runs WHERE experiment = e.id)",
      id);
  if (!empty) return false;
  db.run("DELETE FROM logged_models WHERE experiment = ?", id);
  db.run("DELETE FROM experiments WHERE id = ?", id);
  return true;
}

}  // namespace

GcPlan RunStore::plan_gc(Timestamp deleted_before) const {
  Database& db = state_->db();
  Snapshot snapshot(db);
  GcPlan plan;
  plan.runs = read_runs(*state_, "WHERE r.deleted < ? ORDER BY r.start, r.n", deleted_before.ms);
  auto experiments = db.query(
      "SELECT id FROM experiments e WHERE deleted < ?1 AND NOT EXISTS (SELECT 1 FROM runs r "
      "WHERE r.experiment = e.id AND (r.deleted IS NULL OR r.deleted >= ?1)) ORDER BY id",
      deleted_before.ms);
  while (experiments.step()) {
    plan.experiments.push_back(*state_->find_experiment_id(experiments.get<std::string>(0)));
  }
  auto models =
      db.query("SELECT id FROM logged_models WHERE deleted < ? ORDER BY n", deleted_before.ms);
  while (models.step()) plan.logged_models.push_back(models.get<std::string>(0));
  plan.orphan_folders = find_orphan_folders(*state_);

  for (const Run& run : plan.runs) plan.artifact_bytes += folder_bytes(run_folder(*state_, run.id));
  for (const std::string& model : plan.logged_models) {
    plan.artifact_bytes += folder_bytes(logged_model_folder(*state_, model));
  }
  for (const std::string& folder : plan.orphan_folders) plan.artifact_bytes += folder_bytes(folder);
  return plan;
}

void RunStore::apply_gc(const GcPlan& plan) {
  Database& db = state_->db();
  std::vector<fs::path> folders;
  {
    StoreWrite write(*state_);
    for (const Run& planned : plan.runs) {
      const auto run = state_->find_run(planned.id);
      if (!run || !run->deleted) continue;
      folders.push_back(run_folder(*state_, planned.id));
      remove_run(db, run->n);
    }
    for (const std::string& id : plan.logged_models) {
      const fs::path folder = logged_model_folder(*state_, id);
      if (db.run("DELETE FROM logged_models WHERE id = ? AND deleted IS NOT NULL", id) == 1) {
        folders.push_back(folder);
      }
    }
    for (const Experiment& experiment : plan.experiments) {
      if (remove_experiment(db, experiment.id)) {
        folders.push_back(home() / "artifacts" / experiment.id);
      }
    }
    db.run(
        "DELETE FROM datasets WHERE NOT EXISTS (SELECT 1 FROM inputs WHERE dataset = datasets.id)");
    for (const std::string& folder : plan.orphan_folders) {
      if (is_orphan_folder(*state_, folder)) folders.emplace_back(folder);
    }
    write.commit();
  }
  for (const fs::path& folder : folders) remove_folder(*state_, folder);
  if (db.value<std::int64_t>("PRAGMA freelist_count").value_or(0) > 0) db.execute_script("VACUUM");
  db.checkpoint();
}

}  // namespace mlopsctl

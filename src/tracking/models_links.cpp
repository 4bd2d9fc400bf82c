// ModelStore: which logged models a run reads and makes.
#include "mlopsctl/tracking/models.hpp"

#include "tracking/limits.hpp"
#include "tracking/store_state.hpp"

namespace mlopsctl {

namespace {

constexpr int input = 0;
constexpr int output = 1;

void write_links(StoreState& state, std::string_view run_id, int direction,
                 const std::vector<ModelLink>& models) {
  for (const ModelLink& model : models) require_name("model", model.model_id);
  StoreWrite write(state);
  const RunRow run = state.writable_run(run_id);
  for (const ModelLink& model : models) {
    state.db().run("INSERT OR IGNORE INTO run_models VALUES (?, ?, ?, ?)", run.n, direction,
                   model.model_id, model.step);
  }
  write.commit();
}

std::vector<ModelLink> read_links(StoreState& state, std::string_view run_id, int direction) {
  Snapshot snapshot(state.db());
  const RunRow run = state.run_row(run_id);
  auto rows = state.db().query(
      "SELECT model, step FROM run_models WHERE run = ? AND output = ? ORDER BY step, model", run.n,
      direction);
  std::vector<ModelLink> models;
  while (rows.step()) models.push_back({rows.get<std::string>(0), rows.get<std::int64_t>(1)});
  return models;
}

}  // namespace

void ModelStore::log_model_inputs(std::string_view run_id, const std::vector<ModelLink>& models) {
  write_links(*state_, run_id, input, models);
}

void ModelStore::log_model_outputs(std::string_view run_id, const std::vector<ModelLink>& models) {
  write_links(*state_, run_id, output, models);
}

std::vector<ModelLink> ModelStore::model_inputs(std::string_view run_id) const {
  return read_links(*state_, run_id, input);
}

std::vector<ModelLink> ModelStore::model_outputs(std::string_view run_id) const {
  return read_links(*state_, run_id, output);
}

}  // namespace mlopsctl

#include "context/deploy_suggestions.hpp"

#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include <algorithm>
#include <optional>

namespace mlopsctl {

namespace {

namespace fs = std::filesystem;

std::string tag_of(const Run& run, std::string_view key) {
  const auto found = std::ranges::find(run.tags, key, &KeyValue::key);
  return found == run.tags.end() ? std::string() : found->value;
}

std::optional<std::string> app_of_plan(fs::path folder) {
  while (true) {
    if (fs::is_regular_file(folder / "deploy.yaml")) break;
    if (folder == folder.parent_path()) return std::nullopt;
    folder = folder.parent_path();
  }
  try {
    return read_plan(folder / "deploy.yaml").app;
  } catch (const Error&) {  // a mistake in it is for the command to tell
    return std::nullopt;
  }
}

void add(std::vector<Suggestion>& all, std::string value, std::string description) {
  const bool known = std::ranges::find(all, value, &Suggestion::value) != all.end();
  if (!known && !value.empty()) all.push_back({std::move(value), std::move(description)});
}

std::vector<Suggestion> keys() {
  std::vector<Suggestion> all;
  for (const PlanKeyDoc& key : plan_keys()) {
    // Sections have no value; items of lists are named by the user.
    const bool settable = !key.type.empty() && key.path.find("[]") == std::string::npos;
    if (settable) add(all, key.path + "=", key.text);
  }
  return all;
}

}  // namespace

std::vector<Suggestion> deploy_suggestions(Complete kind, const fs::path& here,
                                           const RunStore* store) {
  if (kind == Complete::plan_key) return keys();
  std::vector<Suggestion> all;
  const auto app = app_of_plan(here);
  if (kind == Complete::app && app) add(all, *app, "of deploy.yaml");
  if (store == nullptr) return all;
  constexpr std::int64_t most = 200;
  for (const Run& run :
       store->search({.filter = "tags.`deploy.check` IS NOT NULL", .limit = most}).runs) {
    const std::string of = tag_of(run, "deploy.check");
    if (kind == Complete::app) add(all, of, "deployed from here");
    const bool live = tag_of(run, "deploy.outcome") == "succeeded";
    if (kind == Complete::release && live && (!app || *app == of)) {
      add(all, tag_of(run, "deploy.release"), of + " " + tag_of(run, "deploy.tag"));
    }
  }
  return all;
}

}  // namespace mlopsctl

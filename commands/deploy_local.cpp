#include "commands/deploy_local.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

std::string tag_of(const Run& run, std::string_view key) {
  const auto found = std::ranges::find(run.tags, key, &KeyValue::key);
  return found == run.tags.end() ? std::string() : found->value;
}

}  // namespace

std::vector<LocalDeployment> local_deployments(Context& context, const std::string& app,
                                               std::int64_t limit) {
  std::vector<LocalDeployment> found;
  const auto home = context.home();
  if (!home || !fs::exists(*home / "runs.db")) return found;
  std::string quoted;
  for (const char c : app) {
    quoted += c;
    if (c == '\'') quoted += c;
  }
  const auto page =
      context.runs(StoreAccess::read)
          .search({.filter = fmt::format("tags.`deploy.check` = '{}'", quoted), .limit = limit});
  for (const Run& run : page.runs) {
    found.push_back({.run_id = run.id,
                     .app = app,
                     .outcome = tag_of(run, "deploy.outcome"),
                     .strategy = tag_of(run, "deploy.strategy"),
                     .image = tag_of(run, "deploy.image"),
                     .tag = tag_of(run, "deploy.tag"),
                     .release = tag_of(run, "deploy.release"),
                     .reason = tag_of(run, tag_names::note),
                     .started = run.start});
  }
  return found;
}

std::optional<LocalDeployment> last_local_deployment(Context& context, const std::string& app) {
  const auto found = local_deployments(context, app, 1);
  return found.empty() ? std::nullopt : std::optional(found.front());
}

}  // namespace mlopsctl::commands

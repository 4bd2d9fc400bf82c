#include "deploy/cluster/release_json.hpp"

#include "mlopsctl/base/error.hpp"

#include "deploy/cluster/fields.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlopsctl {

std::string_view to_string(ReleaseOutcome outcome) {
  switch (outcome) {
    case ReleaseOutcome::running:
      return "running";
    case ReleaseOutcome::succeeded:
      return "succeeded";
    case ReleaseOutcome::rolled_back:
      return "rolled-back";
    case ReleaseOutcome::aborted:
      return "aborted";
    case ReleaseOutcome::failed:
      break;
  }
  return "failed";
}

namespace deploy {
namespace {

void put(Json& into, const char* key, const std::string& text) {
  if (!text.empty()) into[key] = text;
}

void put(Json& into, const char* key, Timestamp time) {
  if (time.ms != 0) into[key] = to_rfc3339(time);
}

}  // namespace

Json release_value(const Release& release) {
  Json value{{"id", release.id},
             {"number", release.number},
             {"strategy", to_string(release.strategy)},
             {"outcome", to_string(release.outcome)},
             {"replicas", release.replicas}};
  put(value, "image", release.image);
  put(value, "tag", release.tag);
  put(value, "templateHash", release.template_hash);
  put(value, "podTemplate", release.pod_template_text);
  put(value, "deployment", release.deployment);
  if (!release.configs.empty()) value["configs"] = release.configs;
  put(value, "reason", release.reason);
  put(value, "restoredFrom", release.restored_from);
  put(value, "by", release.by);
  put(value, "startedAt", release.started);
  put(value, "finishedAt", release.finished);
  if (!release.origin.empty()) value["origin"] = release.origin;
  return value;
}

Release release_of(const Json& value, std::string_view what) {
  const Fields from(value, what);
  return {.id = from.text("id"),
          .number = from.integer("number"),
          .strategy = from.one_of("strategy", StrategyKind::canary),
          .outcome = from.one_of("outcome", ReleaseOutcome::failed),
          .image = from.text("image"),
          .tag = from.text("tag"),
          .template_hash = from.text("templateHash"),
          .pod_template_text = from.text("podTemplate"),
          .replicas = from.integer("replicas"),
          .deployment = from.text("deployment"),
          .configs = from.texts("configs"),
          .reason = from.text("reason"),
          .restored_from = from.text("restoredFrom"),
          .by = from.text("by"),
          .started = from.time("startedAt"),
          .finished = from.time("finishedAt"),
          .origin = from.texts("origin")};
}

std::string history_text(const std::vector<Release>& releases) {
  std::string text = "[";
  for (const auto& release : releases)
    text += fmt::format("{}\n{}", text.size() > 1 ? "," : "", dumped(release_value(release)));
  return text + "\n]\n";
}

std::vector<Release> parse_history(const std::string& text) {
  constexpr std::string_view what = "the history of releases";
  const Json value = parsed(text, what);
  if (!value.is_array())
    throw Error{ErrorKind::corrupt, fmt::format("{} is no list of releases", what)};
  std::vector<Release> releases;
  for (const auto& release : value) releases.push_back(release_of(release, what));
  return releases;
}

}  // namespace deploy
}  // namespace mlopsctl

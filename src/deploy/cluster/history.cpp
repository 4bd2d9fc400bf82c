#include "mlopsctl/base/error.hpp"
#include "mlopsctl/deploy/release.hpp"

#include "deploy/cluster/fields.hpp"
#include "deploy/cluster/lease.hpp"
#include "deploy/cluster/release_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace mlopsctl {
namespace {

constexpr const char* key = "releases.json";
// A ConfigMap holds 1 MiB of data; some room for the names.
constexpr std::size_t largest_history = 1'000'000;
constexpr int attempts = 6;

ObjectRef history_of(const std::string& app) {
  return {.kind = "configmap", .name = "mlopsctl-history-" + app, .selector = {}};
}

std::vector<Release> releases_in(const Json& config_map) {
  const std::string text = deploy::text_at(config_map, (std::string{"/data/"} + key).c_str());
  return text.empty() ? std::vector<Release>{} : deploy::parse_history(text);
}

// Replaces or appends; returns the release's number.
int put(std::vector<Release>& releases, Release release) {
  int last = 0;
  for (const auto& other : releases) last = std::max(last, other.number);
  const auto same = std::ranges::find(releases, release.id, &Release::id);
  if (release.number == 0) release.number = same != releases.end() ? same->number : last + 1;
  const int number = release.number;
  if (same != releases.end()) {
    *same = std::move(release);
  } else {
    releases.push_back(std::move(release));
  }
  return number;
}

// Those that must stay: what was just written and where a rollback could go.
std::vector<std::string> kept_always(const std::vector<Release>& releases,
                                     const std::string& written) {
  std::vector<std::string> ids{written};
  std::vector<std::string> hashes;
  for (auto release = releases.rbegin(); release != releases.rend() && hashes.size() < 2;
       ++release) {
    const bool other = std::ranges::find(hashes, release->template_hash) == hashes.end();
    if (release->outcome != ReleaseOutcome::succeeded || !other) continue;
    ids.push_back(release->id);
    hashes.push_back(release->template_hash);
  }
  return ids;
}

// Leaves out the oldest until number and size are right.
std::string trimmed(std::vector<Release> releases, const std::string& written, int keep) {
  const auto always = kept_always(releases, written);
  std::string text = deploy::history_text(releases);
  while (releases.size() > static_cast<std::size_t>(std::max(keep, 1)) ||
         text.size() > largest_history) {
    const auto oldest = std::ranges::find_if(releases, [&](const Release& release) {
      return std::ranges::find(always, release.id) == always.end();
    });
    if (oldest == releases.end()) break;
    releases.erase(oldest);
    text = deploy::history_text(releases);
  }
  if (text.size() <= largest_history) return text;
  throw Error{
      ErrorKind::config,
      fmt::format("the releases that a rollback needs do not fit into a ConfigMap: {} bytes",
                  text.size()),
      "move large texts of the pod template into ConfigMaps of their own"};
}

}  // namespace

ReleaseHistory::ReleaseHistory(Cluster& cluster, std::string app)
    : cluster_(&cluster), app_(std::move(app)) {}

std::vector<Release> ReleaseHistory::read() {
  const auto found = get_one(*cluster_, history_of(app_));
  return found ? releases_in(*found) : std::vector<Release>{};
}

int ReleaseHistory::write(const Release& release, int keep) {
  return write(std::span(&release, 1), keep);
}

int ReleaseHistory::write(std::span<const Release> releases, int keep) {
  for (int attempt = 1;; ++attempt) {
    const auto found = get_one(*cluster_, history_of(app_));
    auto known = found ? releases_in(*found) : std::vector<Release>{};
    const std::string before = deploy::history_text(known);
    int number = 0;
    for (const auto& release : releases) number = put(known, release);
    const std::string text = trimmed(std::move(known), releases.back().id, keep);
    if (found && text == before) return number;  // also after an unknown outcome
    try {
      if (found) {
        cluster_->patch(
            history_of(app_), PatchKind::merge,
            {{"metadata",
              {{"resourceVersion", deploy::text_at(*found, "/metadata/resourceVersion")}}},
             {"data", {{key, text}}}});
      } else {
        cluster_->create(
            {{"apiVersion", "v1"},
             {"kind", "ConfigMap"},
             {"metadata",
              {{"name", history_of(app_).name},
               {"labels", {{deploy::manager_label, "mlopsctl"}, {deploy::app_label, app_}}}}},
             {"data", {{key, text}}}});
      }
      return number;
    } catch (const ClusterError& error) {
      const bool again = error.outcome_unknown() || error.failure() == ClusterFailure::conflict ||
                         error.failure() == ClusterFailure::exists ||
                         error.failure() == ClusterFailure::not_found;
      if (!again || attempt == attempts) throw;
    }
  }
}

// A release that a rollback brought back stands where the restored one stood: going back twice goes
// back further, not to the version that was given up.
std::optional<Release> last_good(const std::vector<Release>& history,
                                 const std::string& current_template_hash) {
  const auto succeeded = [](const Release& release) {
    return release.outcome == ReleaseOutcome::succeeded;
  };
  std::size_t end = history.size();
  for (std::size_t i = history.size(); i-- > 0;) {
    if (!succeeded(history[i]) || history[i].template_hash != current_template_hash) continue;
    end = i;
    while (!history[end].restored_from.empty()) {
      const auto from = std::ranges::find(history, history[end].restored_from, &Release::id);
      const auto at = static_cast<std::size_t>(from - history.begin());
      if (at >= end) break;
      end = at;
    }
    break;
  }
  while (end-- > 0)
    if (succeeded(history[end]) && history[end].template_hash != current_template_hash)
      return history[end];
  return std::nullopt;
}

}  // namespace mlopsctl

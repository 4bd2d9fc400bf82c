// A release: one version of an app that was, is or was to be live, with all that is needed to bring
// it back. Kept in the cluster, the newest last, in the ConfigMap "mlopsctl-history-APP".
#pragma once

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/deploy/cluster.hpp"
#include "mlopsctl/deploy/plan.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mlopsctl {

enum class ReleaseOutcome { running, succeeded, rolled_back, aborted, failed };
std::string_view to_string(ReleaseOutcome outcome);

struct Release {
  std::string id;  // of the deployment that made it, globally unique
  int number = 0;  // 1, 2, … of the app
  StrategyKind strategy = StrategyKind::rolling;
  ReleaseOutcome outcome = ReleaseOutcome::running;
  std::string image;              // by digest where it could be had
  std::string tag;                // what the user asked for
  std::string template_hash;      // digest of the pod template without our own annotations
  std::string pod_template_text;  // JSON of spec.template, with references to the copies of its
                                  // ConfigMaps and Secrets
  int replicas = 0;
  std::string deployment;                      // that carries it: app, app-blue, …
  std::map<std::string, std::string> configs;  // "configmap/name" → name of its immutable copy
  std::string reason;                          // why it was rolled back or failed
  std::string restored_from;                   // id of the release that a rollback brought back
  std::string by;                              // user@host
  Timestamp started{}, finished{};
  std::map<std::string, std::string>
      origin;  // git.commit, model, model.digest, data.version, evaluation
};

class ReleaseHistory {
 public:
  ReleaseHistory(Cluster& cluster, std::string app);
  std::vector<Release> read();  // oldest first
  // Adds the release or replaces the one with its id; compare-and-swap, repeated when somebody else
  // wrote. Keeps the newest `keep`, fewer if they do not fit into a ConfigMap, and always the last
  // two different ones that succeeded. Returns its number: the given one, or for 0 the next.
  int write(const Release& release, int keep = 20);
  // Several in one write; the number is that of the last.
  int write(std::span<const Release> releases, int keep = 20);

 private:
  Cluster* cluster_;
  std::string app_;
};

// The newest that succeeded before `current`, whose pods are not those of `current`.
std::optional<Release> last_good(const std::vector<Release>& history,
                                 const std::string& current_template_hash);

// Copies every ConfigMap and Secret that the pod template needs to "NAME-HASH8" (immutable,
// labelled mlopsctl.dev/app) and makes the template refer to the copies; names of copies stay as
// they are. Throws Error{not_found} naming a missing one that is not optional. `configs` gets what
// was copied. Idempotent.
Json version_configs(Cluster& cluster, const std::string& app, const Json& pod_template,
                     std::map<std::string, std::string>& configs);
// Removes copies that no release of the history and no running Deployment needs.
void collect_configs(Cluster& cluster, const std::string& app, const std::vector<Release>& history);
// Digest (16 hex digits) of a pod template without what we and kubectl add to it, and without the
// labels named: those that only tell colours apart.
std::string template_hash(const Json& pod_template, std::span<const std::string> labels_apart = {});

}  // namespace mlopsctl

#include "commands/deploy_look.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

// "leases.coordination.k8s.io" and "Lease" are one kind.
std::string plain_kind(const std::string& kind) {
  std::string plain = to_lower(kind.substr(0, kind.find('.')));
  if (plain.ends_with('s')) plain.pop_back();
  return plain;
}

std::string text_at(const Json& object, const char* pointer) {
  const Json::json_pointer path(pointer);
  if (!object.contains(path)) return {};
  const Json& value = object.at(path);
  return value.is_string() ? value.get<std::string>() : std::string();
}

int number_at(const Json& object, const char* pointer) {
  const Json::json_pointer path(pointer);
  return object.contains(path) && object.at(path).is_number_integer() ? object.at(path).get<int>()
                                                                      : 0;
}

// Answers from objects that were read before: lease and history cost no call of their own.
class ReadBefore : public ForwardingCluster {
 public:
  ReadBefore(Cluster& inner, std::vector<Json> objects)
      : ForwardingCluster(inner), objects_(std::move(objects)) {}

  std::vector<Json> get(std::span<const ObjectRef> references) override {
    std::vector<Json> found;
    for (const ObjectRef& reference : references) {
      for (const Json& object : objects_) {
        if (plain_kind(text_at(object, "/kind")) == plain_kind(reference.kind) &&
            text_at(object, "/metadata/name") == reference.name) {
          found.push_back(object);
        }
      }
    }
    return found;
  }
  Json create(const Json&) override { throw only_read(); }
  Json patch(const ObjectRef&, PatchKind, const Json&) override { throw only_read(); }
  void remove(const ObjectRef&) override { throw only_read(); }
  std::vector<Json> apply(std::span<const Json>, bool) override { throw only_read(); }

  const std::vector<Json>& objects() const { return objects_; }

 private:
  static Error only_read() { return {ErrorKind::bug, "a look at an app changes nothing"}; }

  std::vector<Json> objects_;
};

std::vector<std::string> colours_of(const DeployPlan* plan) {
  const BlueGreenPlan colours = plan != nullptr ? plan->blue_green : BlueGreenPlan{};
  return {colours.blue, colours.green};
}

std::string service_of(const std::string& app, const DeployPlan* plan) {
  return plan == nullptr || plan->service.empty() ? app : plan->service;
}

std::vector<ObjectRef> wanted_objects(const std::string& app, const DeployPlan* plan) {
  const auto named = [](const char* kind, const std::string& name) {
    return ObjectRef{.kind = kind, .name = name, .selector = {}};
  };
  std::vector<ObjectRef> references{
      named("lease.coordination.k8s.io", "mlopsctl-" + app),
      named("configmap", "mlopsctl-history-" + app), named("service", service_of(app, plan)),
      named("deployment.apps", app), named("deployment.apps", app + "-canary")};
  for (const auto& colour : colours_of(plan)) {
    references.push_back(named("deployment.apps", app + "-" + colour));
  }
  return references;
}

// The container that serves: the plan's, the one named as the app, or the first.
std::string image_of(const Json& deployment, const std::string& app, const DeployPlan* plan) {
  const Json::json_pointer path("/spec/template/spec/containers");
  if (!deployment.contains(path) || !deployment.at(path).is_array()) return {};
  const std::string wanted = plan != nullptr && !plan->container.empty() ? plan->container : app;
  std::string first;
  for (const Json& container : deployment.at(path)) {
    std::string image = text_at(container, "/image");
    if (text_at(container, "/name") == wanted) return image;
    if (first.empty()) first = image;
  }
  return first;
}

bool selected(const Json& service, const Json& deployment) {
  const Json::json_pointer selector("/spec/selector"), labels("/spec/template/metadata/labels");
  if (!service.contains(selector) || !service.at(selector).is_object()) return false;
  if (!deployment.contains(labels)) return false;
  for (const auto& [key, value] : service.at(selector).items()) {
    const auto label = deployment.at(labels).find(key);
    if (label == deployment.at(labels).end() || *label != value) return false;
  }
  return true;
}

const Json* object_of(const std::vector<Json>& objects, const char* kind, const std::string& name) {
  for (const Json& object : objects) {
    if (text_at(object, "/kind") == kind && text_at(object, "/metadata/name") == name) {
      return &object;
    }
  }
  return nullptr;
}

void add_workloads(AppLook& look, const std::vector<Json>& objects, const DeployPlan* plan) {
  const Json* service = object_of(objects, "Service", service_of(look.app, plan));
  int ready_behind = 0;
  for (const Json& object : objects) {
    if (text_at(object, "/kind") != "Deployment") continue;
    WorkloadLook workload{
        .deployment = text_at(object, "/metadata/name"),
        .image = image_of(object, look.app, plan),
        .role = {},
        .pods = {number_at(object, "/status/readyReplicas"), number_at(object, "/spec/replicas")}};
    const bool behind = service != nullptr && selected(*service, object);
    if (behind) {
      workload.weight = workload.pods.ready;
      ready_behind += workload.pods.ready;
    }
    const bool canary = workload.deployment == look.app + "-canary";
    workload.role = canary                     ? "canary"
                    : behind                   ? "live"
                    : workload.pods.wanted > 0 ? "beside"
                                               : "idle";
    look.workloads.push_back(std::move(workload));
  }
  for (WorkloadLook& workload : look.workloads) {
    if (workload.weight < 0) continue;
    const bool none = ready_behind == 0;
    workload.weight = none ? -1 : (100 * workload.weight + ready_behind / 2) / ready_behind;
  }
}

// The Deployment that serves, but for a canary.
const WorkloadLook* live_workload(const AppLook& look) {
  const WorkloadLook* best = nullptr;
  for (const WorkloadLook& workload : look.workloads) {
    if (workload.role != "live") continue;
    if (best == nullptr || workload.pods.ready > best->pods.ready) best = &workload;
  }
  if (best != nullptr) return best;
  const auto named = std::ranges::find(look.workloads, look.app, &WorkloadLook::deployment);
  return named == look.workloads.end() ? nullptr : &*named;
}

std::string digest_in(const std::string& image) {
  const std::size_t at = image.find("sha256:");
  return at == image.npos ? std::string() : image.substr(at);
}

// Of an image that was not pinned: what its pods run.
std::string running_digest(Cluster& cluster, const Json& deployment, const std::string& image) {
  const Json::json_pointer labels("/spec/selector/matchLabels");
  if (!deployment.contains(labels) || !deployment.at(labels).is_object()) return {};
  std::vector<std::string> pairs;
  for (const auto& [key, value] : deployment.at(labels).items()) {
    if (value.is_string()) pairs.push_back(key + "=" + value.get<std::string>());
  }
  const std::vector<ObjectRef> pods{{.kind = "pods", .name = {}, .selector = join(pairs, ",")}};
  for (const Json& pod : cluster.get(pods)) {
    const Json::json_pointer statuses("/status/containerStatuses");
    if (!pod.contains(statuses) || !pod.at(statuses).is_array()) continue;
    for (const Json& status : pod.at(statuses)) {
      const bool ready = status.value("ready", false);
      std::string digest = digest_in(text_at(status, "/imageID"));
      const bool same = text_at(status, "/image").find(short_image(image)) != std::string::npos;
      if (ready && same && !digest.empty()) return digest;
    }
  }
  return {};
}

// The newest release with this image that succeeded, or is succeeding.
std::optional<Release> release_of_image(const std::vector<Release>& history,
                                        const std::string& image) {
  for (auto release = history.rbegin(); release != history.rend(); ++release) {
    if (release->image == image && release->outcome == ReleaseOutcome::succeeded) return *release;
  }
  return std::nullopt;
}

}  // namespace

AppLook look_at_app(Cluster& cluster, const std::string& app, const DeployPlan* plan) {
  AppLook look{.app = app, .cluster = cluster.describe()};
  ReadBefore read(cluster, cluster.get(wanted_objects(app, plan)));
  if (read.objects().empty()) {
    throw Error(ErrorKind::not_found,
                fmt::format("there is no app {} ({})", quote(app), look.cluster),
                "is it the right --namespace and --context? 'mlopsctl deploy render' makes "
                "manifests for a first one");
  }
  look.lease = read_lease(read, app);
  look.history = ReleaseHistory(read, app).read();
  add_workloads(look, read.objects(), plan);
  if (const WorkloadLook* live = live_workload(look)) {
    look.live_image = live->image;
    look.live_digest = digest_in(live->image);
    look.live = release_of_image(look.history, live->image);
    if (look.live_digest.empty()) {
      const Json* deployment = object_of(read.objects(), "Deployment", live->deployment);
      look.live_digest = running_digest(cluster, *deployment, live->image);
    }
  }
  return look;
}

bool is_unfinished(const AppLook& look) {
  return look.lease.state && look.lease.state->phase != Phase::done;
}

bool looks_dead(const LeaseView& lease, Timestamp now) {
  return !lease.held || lease.holder_ended || now - lease.renewed > lease.duration;
}

std::string holder_text(const LeaseView& lease, Timestamp now) {
  if (!lease.held) return "nobody holds the lock";
  const auto parts = split(lease.holder, ':');
  const std::string who = parts.size() < 2 ? lease.holder : parts[0] + ":" + parts[1];
  return fmt::format("held by {}, {} {}", who,
                     lease.holder_ended ? "whose process is gone, last renewed" : "renewed",
                     human_age(lease.renewed, now));
}

}  // namespace mlopsctl::commands

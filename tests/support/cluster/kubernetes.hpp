// A small Kubernetes in memory: the API server's rules, the controllers and a time that only moves
// when it is told to. What it does not implement it refuses, as Kubernetes would.
// README.md shows how tests use it.
#pragma once

#include "support/cluster/api_error.hpp"
#include "support/cluster/control_plane.hpp"
#include "support/cluster/selectors.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::testing {

struct KubernetesOptions {
  std::string name_space = "default";  // exists from the start
  Timestamp start{1'795'000'000'000};
  Timings timings;
  bool gateway_api = true, istio = true;  // whether their CRDs are installed
};

// RBAC: all of verbs × groups/resources; "*" is everything.
struct Rule {
  std::vector<std::string> verbs, groups, resources, names;
};

// Who asks.
struct Caller {
  std::string user = "admin";
  std::string manager = "kubectl";  // field manager
};

struct Place {
  const ResourceType* type = nullptr;
  std::string name_space, name;
  std::string subresource;  // "status", "scale", "log"
};

enum class PatchType { json, merge, strategic, apply };

struct WriteOptions {
  bool dry_run = false;
  bool force = false;  // of an apply
};

struct DeleteOptions {
  bool dry_run = false;
  std::string uid, resource_version;  // preconditions
};

struct ListOptions {
  std::string label_selector, field_selector;
};

class Kubernetes {
 public:
  explicit Kubernetes(KubernetesOptions options = {});

  const KubernetesOptions& options() const { return options_; }
  ControlPlane& plane() { return plane_; }
  const Store& store() const { return plane_.store; }
  Timestamp now() const { return plane_.now; }
  // Lets the time pass and runs the controllers when they have something to do.
  void advance(Milliseconds time);
  // Something happens at a time: somebody else edits, a node dies. Called between the controllers.
  void at_time(Timestamp time, std::function<void()> what);

  // ---- The API. All throw ApiError. ----
  Json get(const Caller& caller, const Place& place);
  std::vector<Object> list(const Caller& caller, const Place& place, const ListOptions& options);
  Json create(const Caller& caller, const Place& place, Json object,
              const WriteOptions& options = {});
  Json update(const Caller& caller, const Place& place, Json object,
              const WriteOptions& options = {});
  Json patch(const Caller& caller, const Place& place, PatchType kind, const Json& patch,
             const WriteOptions& options = {});
  Json remove(const Caller& caller, const Place& place, const DeleteOptions& options = {});
  std::string log(const Caller& caller, const Place& pod, const std::string& container,
                  bool previous, int lines);
  // Null where the kind is unknown or its CRD is not installed.
  const ResourceType* installed(const ResourceType* type) const;

  // ---- Rights ----
  // From now on the user may do only that. A user without rules may do everything.
  void restrict_user(const std::string& user, std::vector<Rule> rules);
  bool allows(const Caller& caller, const std::string& verb, std::string_view group,
              const std::string& resource, const std::string& name = {}) const;
  const std::vector<Rule>* rules_of(const std::string& user) const;

  // ---- Conveniences of tests, as the user admin in the namespace ----
  Json make(Json manifest);                                          // create
  Json object(std::string_view type_name, const std::string& name);  // null if there is none
  std::vector<Json> objects(std::string_view type_name, const std::string& selector = {});
  Json edit(std::string_view type_name, const std::string& name, const Json& merge_patch,
            const std::string& manager = "kubectl-edit");
  void destroy(std::string_view type_name, const std::string& name);
  // The readiness probes of the pods (by labels) fail until they are well again.
  void make_sick(const std::string& selector, const std::string& name_space = {});
  void make_well(const std::string& selector, const std::string& name_space = {});
  // Names of the pods that the Service has as ready endpoints.
  std::vector<std::string> ready_endpoints(const std::string& service);
  // Advances until the condition holds; false after `limit`.
  bool advance_until(const std::function<bool()>& holds,
                     Milliseconds limit = Milliseconds(600'000));

 private:
  void changed();
  void run_controllers();
  void authorize(const Caller& caller, const std::string& verb, const Place& place) const;
  void check_namespace(const Place& place, bool for_create) const;
  Object stored(const Place& place) const;
  Json store_new(const Caller& caller, const Place& place, Json object, const WriteOptions& options,
                 bool owned);
  Json store_changed(const Caller& caller, const Place& place, const Object& before, Json after,
                     const WriteOptions& options, bool owned);
  Json scale_of(const Place& place, const Json& object) const;
  Json patch_scale(const Caller& caller, const Place& place, const Object& before, Json scale,
                   const WriteOptions& options);
  Json apply(const Caller& caller, const Place& place, const Json& applied,
             const WriteOptions& options);

  KubernetesOptions options_;
  ControlPlane plane_;
  std::map<std::string, std::vector<Rule>> rules_;
  std::multimap<Timestamp, std::function<void()>> events_;
  std::optional<Timestamp> next_pass_;
  std::uint64_t seen_ = 0;  // version of the store after the last pass
};

}  // namespace mlopsctl::testing

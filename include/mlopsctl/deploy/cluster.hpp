// A Kubernetes namespace, as far as a deployment needs it. The real one is spoken to through
// kubectl (deploy/cluster/kubectl_cluster.cpp); tests have a simulated one in memory behind the
// same contract.
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/time.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mlopsctl {

using Json = nlohmann::json;

// An object by kind and name, or with an empty name all objects of that kind that the selector
// takes.
struct ObjectRef {
  std::string kind;      // as kubectl takes it, with group where needed: "deployment.apps",
                         // "httproutes.gateway.networking.k8s.io"
  std::string name;      // empty: a list
  std::string selector;  // "app=chat,version in (blue,green)"; of lists only
  friend bool operator==(const ObjectRef&, const ObjectRef&) = default;
};

// What a request came to, told from kubectl's last line of stderr (reference: kubectl 1.32).
enum class ClusterFailure {
  unreachable,  // refused, timed out, no such host: the outcome of a change is unknown, re-read
                // before trying again
  busy,  // TooManyRequests, InternalError, ServiceUnavailable, Timeout: may work the next time;
         // outcome unknown too
  unauthorized,  // no or wrong credentials
  forbidden,     // RBAC
  not_found,     // the object or the namespace
  no_such_kind,  // the server knows no such resource type
  exists,        // AlreadyExists
  conflict,      // somebody changed it since it was read, or a `test` of a JSON patch did not hold
  invalid,       // the server refuses the content
  other,
};

class ClusterError : public Error {
 public:
  ClusterError(ClusterFailure failure, const std::string& message, std::string hint = {});
  ClusterFailure failure() const { return failure_; }
  // True when the request may have been carried out all the same.
  bool outcome_unknown() const {
    return failure_ == ClusterFailure::unreachable || failure_ == ClusterFailure::busy;
  }

 private:
  ClusterFailure failure_;
};

enum class PatchKind { json, merge };

// A right, as `kubectl auth can-i` asks for it.
struct Right {
  std::string verb;      // get, list, create, patch, delete
  std::string resource;  // "deployments.apps", "pods/log"
  friend bool operator==(const Right&, const Right&) = default;
};

struct LogRequest {
  std::string pod, container;
  bool previous = false;  // of the container that ended before this one
  int lines = 50;
};

// Every call is one kubectl process unless said otherwise. All throw ClusterError; reads are
// repeated while unreachable or busy, within `request_budget` of the implementation; changes never.
class Cluster {
 public:
  virtual ~Cluster() = default;

  // The objects that exist, in the order of the references; absent names are left out. References
  // by name share one call, so do kinds with one selector.
  virtual std::vector<Json> get(std::span<const ObjectRef> references) = 0;

  // Returns the object as stored. Throws exists.
  virtual Json create(const Json& manifest) = 0;
  // Returns the object as stored; the patch is an array of operations (RFC 6902) or an object (RFC
  // 7396).
  virtual Json patch(const ObjectRef& object, PatchKind kind, const Json& patch) = 0;
  // Gone already is fine; does not wait until it is gone.
  virtual void remove(const ObjectRef& object) = 0;
  // Server-side apply with field manager "mlopsctl". Never forces. dry_run: the server checks,
  // nothing is stored.
  virtual std::vector<Json> apply(std::span<const Json> manifests, bool dry_run) = 0;

  virtual std::string logs(const LogRequest& request) = 0;
  // Those of the rights that are missing.
  virtual std::vector<Right> missing_rights(std::span<const Right> rights) = 0;

  virtual std::string name_space() const = 0;
  virtual std::string describe() const = 0;  // "context prod, namespace llm", for messages
  virtual std::uint64_t calls() const = 0;   // made so far
};

// Gives everything on to another cluster, which must outlive it: the base of those that change some
// of it.
class ForwardingCluster : public Cluster {
 public:
  explicit ForwardingCluster(Cluster& inner) : inner_(inner) {}

  std::vector<Json> get(std::span<const ObjectRef> references) override;
  Json create(const Json& manifest) override;
  Json patch(const ObjectRef& object, PatchKind kind, const Json& patch) override;
  void remove(const ObjectRef& object) override;
  std::vector<Json> apply(std::span<const Json> manifests, bool dry_run) override;
  std::string logs(const LogRequest& request) override;
  std::vector<Right> missing_rights(std::span<const Right> rights) override;
  std::string name_space() const override;
  std::string describe() const override;
  std::uint64_t calls() const override;

 protected:
  Cluster& inner_;
};

struct KubectlOptions {
  std::string program = "kubectl";              // looked up in PATH
  std::string context, name_space, kubeconfig;  // empty: kubectl's own choice
  Milliseconds request_timeout{10'000};
  Milliseconds request_budget{30'000};  // for repeating reads
  // Told once, with what kubectl said, when the first read gets no answer and is going to be
  // repeated.
  std::function<void(const std::string&)> no_answer_yet = {};
};
// Fixes context and namespace for as long as it lives, whatever `kubectl config` does meanwhile.
// Throws Error{unavailable} with what to install if there is no kubectl, Error{config} for a
// context that it does not know.
std::unique_ptr<Cluster> open_cluster(const KubectlOptions& options);

// How an object is referred to: "deployment.apps" and its name.
ObjectRef reference_to(const Json& object);
// Nothing if it does not exist.
std::optional<Json> get_one(Cluster& cluster, const ObjectRef& reference);

}  // namespace mlopsctl

#include "mlopsctl/deploy/cluster.hpp"

#include <nlohmann/json.hpp>

namespace mlopsctl {

std::vector<Json> ForwardingCluster::get(std::span<const ObjectRef> references) {
  return inner_.get(references);
}
Json ForwardingCluster::create(const Json& manifest) { return inner_.create(manifest); }
Json ForwardingCluster::patch(const ObjectRef& object, PatchKind kind, const Json& patch) {
  return inner_.patch(object, kind, patch);
}
void ForwardingCluster::remove(const ObjectRef& object) { inner_.remove(object); }
std::vector<Json> ForwardingCluster::apply(std::span<const Json> manifests, bool dry_run) {
  return inner_.apply(manifests, dry_run);
}
std::string ForwardingCluster::logs(const LogRequest& request) { return inner_.logs(request); }
std::vector<Right> ForwardingCluster::missing_rights(std::span<const Right> rights) {
  return inner_.missing_rights(rights);
}
std::string ForwardingCluster::name_space() const { return inner_.name_space(); }
std::string ForwardingCluster::describe() const { return inner_.describe(); }
std::uint64_t ForwardingCluster::calls() const { return inner_.calls(); }

}  // namespace mlopsctl

#include "mlopsctl/deploy/manifest_cluster.hpp"

#include "deploy/cluster/fields.hpp"
#include "deploy/cluster/object_order.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace mlopsctl {
namespace {

constexpr const char* name_space_of = "/metadata/namespace";

class ManifestCluster final : public Cluster {
 public:
  ManifestCluster(std::vector<Json> manifests, std::string name_space, std::string source)
      : objects_(std::move(manifests)),
        name_space_(std::move(name_space)),
        source_(std::move(source)) {
    for (const Json& object : objects_) {
      if (name_space_.empty()) name_space_ = deploy::text_at(object, name_space_of);
    }
    if (name_space_.empty()) name_space_ = "default";
    std::erase_if(objects_, [&](const Json& object) {
      const std::string other = deploy::text_at(object, name_space_of);
      return !other.empty() && other != name_space_;
    });
    objects_.push_back({{"apiVersion", "v1"},
                        {"kind", "Namespace"},
                        {"metadata", {{"name", name_space_}}},
                        {"status", {{"phase", "Active"}}}});
  }

  std::vector<Json> get(std::span<const ObjectRef> references) override {
    std::vector<Json> found;
    for (const ObjectRef& reference : references) {
      if (!reference.selector.empty()) continue;  // of pods and what else controllers make
      for (const Json& object : objects_) {
        const bool named =
            reference.name.empty() || reference.name == deploy::text_at(object, "/metadata/name");
        if (named && deploy::is_of_kind(object, reference.kind)) found.push_back(object);
      }
    }
    return found;
  }

  Json create(const Json& /*manifest*/) override { refuse(); }
  Json patch(const ObjectRef& /*object*/, PatchKind /*kind*/, const Json& /*patch*/) override {
    refuse();
  }
  void remove(const ObjectRef& /*object*/) override { refuse(); }
  std::vector<Json> apply(std::span<const Json> /*manifests*/, bool /*dry_run*/) override {
    refuse();
  }
  std::string logs(const LogRequest& /*request*/) override { return {}; }
  std::vector<Right> missing_rights(std::span<const Right> /*rights*/) override { return {}; }
  std::string name_space() const override { return name_space_; }
  std::string describe() const override {
    return fmt::format("none was asked; the manifests of {}, namespace {}", source_, name_space_);
  }
  std::uint64_t calls() const override { return 0; }

 private:
  [[noreturn]] void refuse() const {
    throw ClusterError(
        ClusterFailure::other,
        fmt::format("{} has manifests, not a cluster: nothing can be changed there", source_));
  }

  std::vector<Json> objects_;
  std::string name_space_, source_;
};

}  // namespace

std::unique_ptr<Cluster> manifest_cluster(std::vector<Json> manifests, std::string name_space,
                                          std::string source) {
  return std::make_unique<ManifestCluster>(std::move(manifests), std::move(name_space),
                                           std::move(source));
}

}  // namespace mlopsctl

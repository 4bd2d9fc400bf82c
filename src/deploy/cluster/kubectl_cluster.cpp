// Cluster by kubectl. Manifests and patches go through its standard input: a command line may hold
// 128 KiB and is there for all to see.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/process.hpp"

#include "deploy/cluster/fields.hpp"
#include "deploy/cluster/kubectl_config.hpp"
#include "deploy/cluster/kubectl_program.hpp"
#include "deploy/cluster/kubectl_rights.hpp"
#include "deploy/cluster/object_order.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace mlopsctl {
namespace {

using deploy::KubectlCall;

constexpr const char* manager = "--field-manager=mlopsctl";

std::string shown(const ObjectRef& object) {
  return fmt::format("{}/{}", object.kind, object.name);
}

class KubectlCluster final : public Cluster {
 public:
  explicit KubectlCluster(KubectlOptions options) : kubectl_(std::move(options)) {}

  std::vector<Json> get(std::span<const ObjectRef> references) override {
    std::vector<Json> found;
    for (const auto& call : calls_for(references)) {
      auto read = kubectl_.documents_repeated(call);
      std::ranges::move(read, std::back_inserter(found));
    }
    return deploy::in_order(std::move(found), references);
  }

  Json create(const Json& manifest) override {
    return only(kubectl_.documents_once(
        {.what = "creating " + shown(reference_to(manifest)),
         .arguments = {"create", "-f", "-", "--validate=false", manager, "-o", "json"},
         .input = deploy::dumped(manifest)}));
  }

  Json patch(const ObjectRef& object, PatchKind kind, const Json& patch) override {
    const bool json = kind == PatchKind::json;
    return only(kubectl_.documents_once(
        {.what = "changing " + shown(object),
         .arguments = {"patch", object.kind, object.name, json ? "--type=json" : "--type=merge",
                       "--patch-file=/dev/stdin", manager, "-o", "json"},
         .input = deploy::dumped(patch),
         .json_patch = json}));
  }

  void remove(const ObjectRef& object) override {
    kubectl_.once(
        {.what = "removing " + shown(object),
         .arguments = {"delete", object.kind, object.name, "--ignore-not-found", "--wait=false"}});
  }

  std::vector<Json> apply(std::span<const Json> manifests, bool dry_run) override {
    if (manifests.empty()) return {};
    KubectlCall call{.what = dry_run ? "checking the manifests" : "applying the manifests",
                     .arguments = {"apply", "--server-side", manager, "--validate=false", "-f", "-",
                                   "-o", "json"}};
    if (dry_run) call.arguments.emplace_back("--dry-run=server");
    Json list{{"apiVersion", "v1"}, {"kind", "List"}, {"items", Json::array()}};
    for (const auto& manifest : manifests) list["items"].push_back(manifest);
    call.input = deploy::dumped(list);
    return kubectl_.documents_once(call);
  }

  // Not repeated: logs are an extra, and a node that is gone stays gone for a while.
  std::string logs(const LogRequest& request) override {
    KubectlCall call{.what = "reading the logs of " + request.pod,
                     .arguments = {"logs", request.pod, fmt::format("--tail={}", request.lines),
                                   "--limit-bytes=262144"}};
    if (!request.container.empty()) call.arguments.push_back("--container=" + request.container);
    if (request.previous) call.arguments.emplace_back("--previous");
    return kubectl_.once(call);
  }

  std::vector<Right> missing_rights(std::span<const Right> rights) override {
    const auto ask = [&](const Json& question) {
      return kubectl_.documents_repeated(
          {.what = "asking for rights",
           .arguments = {"create", "-f", "-", "--validate=false", "-o", "json"},
           .input = deploy::dumped(question)});
    };
    const Json rules = only(ask(deploy::rules_review(name_space())));
    std::vector<Right> unclear;
    for (const auto& right : rights)
      if (!deploy::is_allowed(rules, right)) unclear.push_back(right);
    if (unclear.empty()) return {};
    // Rules may be incomplete where another authorizer than RBAC decides.
    const auto answers = ask(deploy::access_reviews(name_space(), unclear));
    std::vector<Right> missing;
    for (std::size_t i = 0; i < unclear.size(); ++i)
      if (i >= answers.size() || !deploy::is_allowed(answers[i])) missing.push_back(unclear[i]);
    return missing;
  }

  std::string name_space() const override { return kubectl_.options().name_space; }
  std::string describe() const override { return kubectl_.describe(); }
  std::uint64_t calls() const override { return kubectl_.calls(); }

 private:
  // One for all names, one for each selector.
  static std::vector<KubectlCall> calls_for(std::span<const ObjectRef> references) {
    KubectlCall named{.what = "reading", .arguments = {"get"}};
    std::vector<std::pair<std::string, std::string>> lists;  // selector, kinds
    for (const auto& reference : references) {
      if (!reference.name.empty()) {
        named.what += (named.arguments.size() == 1 ? " " : ", ") + shown(reference);
        named.arguments.push_back(shown(reference));
        continue;
      }
      const auto same =
          std::ranges::find(lists, reference.selector, &std::pair<std::string, std::string>::first);
      if (same == lists.end()) {
        lists.emplace_back(reference.selector, reference.kind);
      } else {
        same->second += "," + reference.kind;
      }
    }
    std::vector<KubectlCall> calls;
    if (named.arguments.size() > 1) calls.push_back(std::move(named));
    for (const auto& [selector, kinds] : lists) {
      KubectlCall call{.what = "reading " + kinds, .arguments = {"get", kinds}};
      if (!selector.empty()) call.arguments.push_back("--selector=" + selector);
      calls.push_back(std::move(call));
    }
    for (auto& call : calls)
      call.arguments.insert(call.arguments.end(), {"--ignore-not-found", "-o", "json"});
    return calls;
  }

  static Json only(std::vector<Json> documents) {
    if (documents.size() == 1) return std::move(documents.front());
    throw ClusterError(ClusterFailure::unreachable, "kubectl did not say what came of it");
  }

  deploy::KubectlProgram kubectl_;
};

}  // namespace

std::unique_ptr<Cluster> open_cluster(const KubectlOptions& options) {
  if (!find_program(options.program))
    throw Error{ErrorKind::unavailable, fmt::format("there is no '{}'", options.program),
                "install kubectl (Debian: apt install kubernetes-client) or name it with "
                "--kubectl"};
  return std::make_unique<KubectlCluster>(deploy::with_own_choice(options));
}

}  // namespace mlopsctl

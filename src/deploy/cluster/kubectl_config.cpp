#include "deploy/cluster/kubectl_config.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/process.hpp"

#include "deploy/cluster/fields.hpp"
#include "deploy/cluster/kubectl_errors.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace mlopsctl::deploy {
namespace {

constexpr const char* pod_namespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

// A pod without a kubeconfig is in the namespace of its service account.
std::string default_namespace() {
  std::error_code failed;
  if (!std::filesystem::exists(pod_namespace, failed)) return "default";
  return std::string{trim(read_file(pod_namespace))};
}

}  // namespace

KubectlOptions with_own_choice(KubectlOptions options) {
  if (!options.context.empty() && !options.name_space.empty()) return options;
  std::vector<std::string> argv{options.program, "config", "view", "--minify", "-o", "json"};
  if (!options.context.empty()) argv.push_back("--context=" + options.context);
  if (!options.kubeconfig.empty()) argv.push_back("--kubeconfig=" + options.kubeconfig);
  const auto result = run_process({.argv = argv,
                                   .extra_environment = kubectl_environment(),
                                   .directory = {},
                                   .input = {},
                                   .timeout = Milliseconds{20'000}});
  const Json view = Json::parse(result.ok() ? result.out : "", nullptr, false);
  if (view.is_object()) {
    if (options.context.empty()) options.context = text_at(view, "/current-context");
    if (options.name_space.empty())
      options.name_space = text_at(view, "/contexts/0/context/namespace");
  } else if (!options.context.empty()) {
    throw Error{ErrorKind::config,
                fmt::format("kubectl cannot use the context {}: {}", quote(options.context),
                            kubectl_problem(result.out, result.err, false).text),
                "'kubectl config get-contexts' lists those there are"};
  }
  if (options.name_space.empty()) options.name_space = default_namespace();
  return options;
}

Environment kubectl_environment() {
  if (std::getenv("GOGC") != nullptr) return {};
  return {{"GOGC", "400"}};
}

}  // namespace mlopsctl::deploy

// What the deploy commands share: which plan, which app, which cluster.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/deploy/cluster.hpp"
#include "mlopsctl/deploy/plan.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::commands {

// --namespace, --context, --kubeconfig.
std::vector<OptionSpec> cluster_options();
// --file, --set.
std::vector<OptionSpec> plan_options();
// [APP]: else the plan's.
PositionalSpec app_positional();

// --file, or deploy.yaml found upwards from --project or here; nothing if there is none.
std::optional<std::filesystem::path> plan_file(Context& context, const Arguments& arguments);
// The plan with --set, --image, --namespace and --context in it. Throws Error{not_found} with what
// to do if there is none.
DeployPlan plan_of(Context& context, const Arguments& arguments);

// What is looked at: an app by name or by plan, in a namespace.
struct AppPlace {
  std::string app;
  std::optional<DeployPlan> plan;  // if there is a file, and it is of this app
  KubectlOptions kubectl;
};
// Throws Error{usage} if no app is named and there is no plan.
AppPlace app_place(Context& context, const Arguments& arguments);

KubectlOptions kubectl_of(Context& context, const Arguments& arguments, const DeployPlan* plan);

}  // namespace mlopsctl::commands

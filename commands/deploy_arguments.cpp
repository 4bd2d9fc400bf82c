#include "commands/deploy_arguments.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

constexpr const char* plan_name = "deploy.yaml";

bool has_option(const Arguments& arguments, const char* name) {
  return arguments.options_.contains(name);
}

fs::path start_folder(Context& context) {
  const std::string& project = context.globals().project;
  return project.empty() ? fs::current_path() : fs::weakly_canonical(project);
}

}  // namespace

std::vector<OptionSpec> cluster_options() {
  return {{.name = "namespace",
           .value = "NAME",
           .help = "Namespace of the app",
           .default_text = "the plan's, else that of the context"},
          {.name = "context",
           .value = "NAME",
           .help = "Context of the kubeconfig",
           .default_text = "the plan's, else the current one"},
          {.name = "kubeconfig",
           .value = "FILE",
           .help = "How the cluster is reached",
           .complete = Complete::file,
           .default_text = "as kubectl finds it"}};
}

std::vector<OptionSpec> plan_options() {
  return {{.name = "file",
           .value = "FILE",
           .help = "The plan: deploy.yaml, or a Canary manifest of Flagger",
           .complete = Complete::file,
           .default_text = "deploy.yaml, here or above"},
          {.name = "set",
           .value = "KEY=VALUE",
           .help = "Change the plan, such as canary.stepWeight=20",
           .repeatable = true,
           .complete = Complete::plan_key}};
}

PositionalSpec app_positional() {
  return {.name = "APP",
          .help = "Name of the app, if it is not that of deploy.yaml",
          .least = 0,
          .complete = Complete::app};
}

std::optional<fs::path> plan_file(Context& context, const Arguments& arguments) {
  if (has_option(arguments, "file")) {
    if (const auto file = arguments.text("file")) return fs::path(*file);
  }
  fs::path folder = start_folder(context);
  while (true) {
    if (fs::is_regular_file(folder / plan_name)) return folder / plan_name;
    if (folder == folder.parent_path()) return std::nullopt;
    folder = folder.parent_path();
  }
}

DeployPlan plan_of(Context& context, const Arguments& arguments) {
  const auto file = plan_file(context, arguments);
  if (!file) {
    throw Error(
        ErrorKind::not_found,
        fmt::format("there is no {} in {} or above", plan_name, quoted_path(start_folder(context))),
        "'mlopsctl deploy init' writes one, --file names another");
  }
  DeployPlan plan = read_plan(*file);
  if (has_option(arguments, "set")) {
    for (const auto& assignment : arguments.list("set")) set_in_plan(plan, assignment);
  }
  if (has_option(arguments, "image")) plan.image = arguments.text_or("image", plan.image);
  if (has_option(arguments, "namespace")) {
    plan.name_space = arguments.text_or("namespace", plan.name_space);
    plan.context = arguments.text_or("context", plan.context);
  }
  return plan;
}

KubectlOptions kubectl_of(Context& context, const Arguments& arguments, const DeployPlan* plan) {
  KubectlOptions options;
  if (plan != nullptr) {
    options.context = plan->context;
    options.name_space = plan->name_space;
  }
  options.context = arguments.text_or("context", options.context);
  options.name_space = arguments.text_or("namespace", options.name_space);
  options.kubeconfig = arguments.text_or("kubeconfig", "");
  options.no_answer_yet = [&context, budget = options.request_budget](const std::string& why) {
    context.progress().note(fmt::format("{}; trying for {} more", why, human_duration(budget)));
  };
  return options;
}

AppPlace app_place(Context& context, const Arguments& arguments) {
  AppPlace place;
  const auto named = arguments.positional(0);
  if (plan_file(context, arguments)) {
    DeployPlan plan = plan_of(context, arguments);
    if (!named || *named == plan.app) place.plan = std::move(plan);
  }
  if (!named && !place.plan) {
    throw Error(ErrorKind::usage, "no app is named, and there is no deploy.yaml here or above",
                "name the app, or the plan with --file");
  }
  place.app = named ? *named : place.plan->app;
  place.kubectl = kubectl_of(context, arguments, place.plan ? &*place.plan : nullptr);
  return place;
}

}  // namespace mlopsctl::commands

// deploy init: a deploy.yaml to begin with.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/commands.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

constexpr const char* plan_name = "deploy.yaml";

StrategyKind strategy_of(const std::string& name) {
  for (const auto kind : {StrategyKind::rolling, StrategyKind::blue_green, StrategyKind::canary}) {
    if (to_string(kind) == name) return kind;
  }
  throw Error(ErrorKind::bug, fmt::format("there is no strategy {}", quote(name)));
}

// What a folder is called may serve as the name of its app.
std::string app_of(Context& context, const Arguments& arguments) {
  if (const auto given = arguments.positional(0)) return *given;
  const std::string& project = context.globals().project;
  const fs::path folder = project.empty() ? fs::current_path() : fs::weakly_canonical(project);
  std::string name = to_lower(folder.filename().string());
  for (char& c : name) {
    if (c == '_' || c == '.' || c == ' ') c = '-';
  }
  return name;
}

Report init(Context& context, const Arguments& arguments) {
  const std::string app = app_of(context, arguments);
  const std::string image = arguments.text_or("image", "");
  const std::string text =
      starting_plan(app, image, strategy_of(arguments.text_or("strategy", "blue-green")),
                    arguments.text_or("preset", "http"));
  Report report("deploy.init/1");
  const fs::path file = arguments.text_or("file", plan_name);
  if (file == "-") return report.document([text](const ByteSink& write) { write(text); });
  if (fs::exists(file) && !arguments.flag("force")) {
    throw Error(ErrorKind::conflict, fmt::format("{} exists already", quoted_path(file)),
                "--force writes it anew, --file - prints what would be written");
  }
  if (!context.globals().dry_run) write_file_atomically(file, text);
  report.field("app", "app", Cell(app));
  report.field("file", context.globals().dry_run ? "would write" : "wrote", Cell(file.string()));
  report.next("mlopsctl deploy render --lint");
  return report;
}

}  // namespace

CommandSpec deploy_init() {
  return {
      .path = "deploy init",
      .summary = "Write a commented deploy.yaml",
      .description =
          "Writes how an app is deployed on Kubernetes: strategy, checks, budgets, and the server "
          "that 'deploy render' makes manifests from. The comments say what the lines mean; "
          "'mlopsctl help deploy-file' lists every key. Flagger's Canary manifests need none of "
          "it: the deploy commands take them as they are.",
      .examples = {{"mlopsctl deploy init chat --image ghcr.io/acme/chat:1.4", "A blue-green one"},
                   {"mlopsctl deploy init chat --strategy canary --preset vllm",
                    "A canary of a vLLM server"},
                   {"mlopsctl deploy init --file -", "Look at it first"}},
      .options = {{.name = "image", .value = "IMAGE", .help = "What is deployed, with a version"},
                  {.name = "strategy",
                   .value = "NAME",
                   .help = "How a new version takes over",
                   .choices = {"rolling", "blue-green", "canary"},
                   .default_text = "blue-green"},
                  {.name = "preset",
                   .value = "NAME",
                   .help = "The server: any over HTTP, or vLLM",
                   .choices = {"http", "vllm"},
                   .default_text = "http"},
                  {.name = "file",
                   .value = "FILE",
                   .help = "Where to, - for standard output",
                   .complete = Complete::file,
                   .default_text = plan_name},
                  {.name = "force", .help = "Write over a file that is there"}},
      .positionals = {{.name = "APP",
                       .help = "Name of the app; default: the folder's",
                       .least = 0}},
      .run = init};
}

}  // namespace mlopsctl::commands

// A command is a value. The same spec feeds the parser, --help, the man page, completion and tests.
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/ui/report.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

class Context;

// What a value names, so that the shell can complete it.
enum class Complete {
  none,
  file,
  directory,
  run,
  experiment,
  metric,
  param,
  tag,
  column,
  config_key,
  program,
  stage,
  revision,     // of git
  remote,       // of .dvc/config
  data_target,  // a tracked file or folder, a .dvc file, a stage
  plot_template,
  baseline,  // a name in baselines/, or a file
  app,       // that was deployed from here, or of deploy.yaml
  release,   // of a deployment: its number
  plan_key,  // of deploy.yaml: "canary.stepWeight="
};

struct OptionSpec {
  std::string name;   // "limit": --limit
  std::string value;  // placeholder "N"; empty for a flag
  std::string help;   // one sentence, no full stop
  char letter = 0;    // -n
  bool repeatable = false;
  std::vector<std::string> choices;
  Complete complete = Complete::none;
  std::string default_text;  // shown in help
};

struct PositionalSpec {
  std::string name;  // "RUN"
  std::string help;
  std::size_t least = 1;
  bool many = false;
  Complete complete = Complete::none;
  std::vector<std::string> choices;
};

struct ExampleSpec {
  std::string command;
  std::string what;
};

// Values of one parsed command line, looked up by the names of the spec. Asking for a name that the
// spec does not have is Error{bug}.
class Arguments {
 public:
  bool flag(std::string_view option) const;
  std::optional<std::string> text(std::string_view option) const;
  std::string text_or(std::string_view option, std::string_view fallback) const;
  const std::vector<std::string>& list(std::string_view option) const;
  std::optional<std::int64_t> integer(std::string_view option) const;  // Error{usage}
  std::optional<double> number(std::string_view option) const;         // Error{usage}
  const std::vector<std::string>& positionals() const { return positionals_; }
  std::optional<std::string> positional(std::size_t index) const;

  // Filled by the parser.
  std::map<std::string, std::vector<std::string>, std::less<>> options_;
  std::vector<std::string> positionals_;
};

struct CommandSpec {
  std::string path;  // "run list"
  std::string summary;
  std::string description;  // paragraphs separated by blank lines
  std::vector<ExampleSpec> examples;
  std::vector<OptionSpec> options;
  std::vector<PositionalSpec> positionals;
  bool takes_command = false;  // everything after the first positional or "--" belongs to a program
  std::vector<ExitCode> exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::usage};
  std::vector<std::string> aliases;  // full paths: "run ls"
  Report (*run)(Context&, const Arguments&) = nullptr;
};

struct CommandGroup {
  std::string title;    // heading in the top-level help: "Track experiments"
  std::string noun;     // "run"; empty for commands of one word
  std::string summary;  // of the noun
  std::vector<CommandSpec> commands;
};

// Everything the program can do, in help order.
struct Registry {
  std::vector<CommandGroup> groups;

  const CommandSpec* find(std::string_view path) const;  // aliases too
  // Commands whose path starts with these words: under("run artifact") are add, list, get.
  std::vector<const CommandSpec*> under(std::string_view words) const;
  std::vector<const CommandSpec*> all() const;
};

// Options that every command takes.
const std::vector<OptionSpec>& global_options();
// The same beside the command's own options: a letter that the command uses is the command's.
std::vector<OptionSpec> global_options_beside(const CommandSpec& command);

}  // namespace mlopsctl

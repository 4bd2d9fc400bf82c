#include "commands/run_arguments.hpp"

#include "mlopsctl/tracking/exec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace mlopsctl::commands {

namespace {

constexpr std::size_t shown_id_length = 8;

}  // namespace

std::string run_argument(RunStore& store, const Arguments& arguments, std::size_t index) {
  if (const auto given = arguments.positional(index)) return store.resolve(*given);
  const char* id = std::getenv("MLOPSCTL_RUN_ID");
  if (id != nullptr && *id != '\0') return store.resolve(id);
  throw Error(ErrorKind::usage, "which run is meant?",
              "name one (an id, the start of an id, a name or @last), or set MLOPSCTL_RUN_ID");
}

std::vector<std::string> run_arguments(RunStore& store, const Arguments& arguments) {
  std::vector<std::string> ids;
  for (const auto& reference : arguments.positionals()) {
    const std::string id = store.resolve(reference);
    if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  }
  if (ids.empty()) ids.push_back(run_argument(store, arguments, 0));
  return ids;
}

std::string experiment_for_new_run(Context& context, RunStore& store, const Arguments& arguments) {
  const std::string name = arguments.text_or("experiment", context.config().text("experiment"));
  return store.ensure_experiment(name).id;
}

std::vector<KeyValue> key_values(const std::vector<std::string>& texts) {
  std::vector<KeyValue> pairs;
  for (const auto& text : texts) pairs.push_back(parse_key_value(text));
  return pairs;
}

Cell run_id_cell(const std::string& id) {
  return {Value(id), id.substr(0, shown_id_length), Style::cyan};
}

Cell status_cell(const Run& run) {
  const std::string name(to_string(run.status));
  if (run.lifecycle == Lifecycle::deleted) return {Value(name), name + " (deleted)", Style::dim};
  switch (run.status) {
    case RunStatus::finished:
      return {Value(name), name, Style::green};
    case RunStatus::failed:
    case RunStatus::killed:
      return {Value(name), name, Style::red};
    case RunStatus::scheduled:
      return {Value(name), name, Style::dim};
    case RunStatus::running:
      if (is_abandoned(run)) return {Value(name), name + " (gone)", Style::yellow};
      return {Value(name), name, Style::blue};
  }
  return {Value(name)};
}

Cell duration_cell(const Run& run, Timestamp now) {
  if (run.end) return {Value(*run.end - run.start)};
  if (run.status == RunStatus::running) return {Value(now - run.start)};
  return {};
}

Cell optional_cell(const std::optional<Timestamp>& time) {
  return time ? Cell(Value(*time)) : Cell();
}

PositionalSpec run_positional(bool many, std::size_t least) {
  return {.name = "RUN",
          .help = "A run: its id, the start of its id, its name, @last or @last~2",
          .least = least,
          .many = many,
          .complete = Complete::run};
}

OptionSpec experiment_option() {
  return {.name = "experiment",
          .value = "NAME",
          .help = "Experiment that the run belongs to; made if it does not exist",
          .complete = Complete::experiment,
          .default_text = "the setting 'experiment'"};
}

OptionSpec param_option() {
  return {.name = "param",
          .value = "KEY=VALUE",
          .help = "A parameter of the run; it cannot be changed later",
          .repeatable = true,
          .complete = Complete::param};
}

OptionSpec tag_option() {
  return {.name = "tag",
          .value = "KEY=VALUE",
          .help = "A tag of the run",
          .repeatable = true,
          .complete = Complete::tag};
}

}  // namespace mlopsctl::commands

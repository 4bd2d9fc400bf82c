// eval tasks: which tasks are there, are they in order, and what would they ask?
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/evaluate.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/commands.hpp"
#include "commands/eval_view.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

std::string metric_names(const eval::Task& task) {
  std::vector<std::string> names;
  for (const auto& metric : task.metrics) names.push_back(metric.name);
  return join(names, ", ");
}

// Each file on its own, so that one that is wrong does not hide the others.
struct Checked {
  eval::TaskSet tasks;
  std::vector<std::string> problems;
};
Checked checked(const std::vector<std::string>& paths, const std::vector<std::string>& only) {
  Checked out;
  try {
    out.tasks = eval::read_tasks(paths, only);
  } catch (const Error& error) {
    const bool one = paths.size() == 1 && !fs::is_directory(paths.front());
    if (one || error.kind() == ErrorKind::not_found) throw;
    for (const std::string& path : eval::task_files(paths)) {
      try {
        auto set = eval::read_tasks({path}, {});
        for (auto& task : set.tasks) {
          const bool known = std::ranges::any_of(
              out.tasks.tasks, [&](const eval::Task& other) { return other.name == task.name; });
          if (!known) out.tasks.tasks.push_back(std::move(task));
        }
        for (auto& group : set.groups) out.tasks.groups.push_back(std::move(group));
      } catch (const Error& problem) {
        out.problems.push_back(problem.hint().empty()
                                   ? std::string(problem.what())
                                   : fmt::format("{}; {}", problem.what(), problem.hint()));
      }
    }
    if (out.problems.empty()) out.problems.emplace_back(error.what());
  }
  std::erase_if(out.tasks.tasks, [&](const eval::Task& task) {
    try {
      eval::check_rows(task);
      return false;
    } catch (const Error& problem) {
      out.problems.emplace_back(problem.what());
      return true;
    }
  });
  return out;
}

Table task_table(const eval::TaskSet& tasks) {
  Table table{.key = "tasks", .heading = "Tasks", .when_empty = "no task is in order"};
  table.columns = {{.key = "task", .header = "TASK"},
                   {.key = "output_type", .header = "TYPE"},
                   {.key = "examples", .header = "EXAMPLES", .right = true},
                   {.key = "shots", .header = "SHOTS", .right = true},
                   {.key = "metrics", .header = "METRICS", .shrink = true},
                   {.key = "version", .header = "VERSION", .terminal = false},
                   {.key = "tags", .header = "TAGS", .terminal = false},
                   {.key = "file", .header = "FILE", .shrink = true},
                   {.key = "hash", .header = "HASH", .terminal = false}};
  for (const eval::Task& task : tasks.tasks) {
    table.add({Cell(task.name), Cell(to_string(task.type)), count_cell(task.examples),
               count_cell(task.shots), Cell(metric_names(task)), Cell(task.version),
               Cell(join(task.tags, ", ")), Cell(task.file), Cell(task.hash)});
  }
  return table;
}

Table group_table(const eval::TaskSet& tasks) {
  Table table{.key = "groups", .heading = "Groups"};
  table.columns = {{.key = "group", .header = "GROUP"}, {.key = "tasks", .header = "TASKS"}};
  for (const eval::TaskGroup& group : tasks.groups) {
    table.add({Cell(group.name), Cell(join(group.tasks, ", "))});
  }
  return table;
}

// As they are sent, with nothing added but where one ends.
std::string shown(const eval::PromptPreview& preview) {
  if (!preview.error.empty()) return fmt::format("--- {}: {}\n", preview.id, preview.error);
  std::string text;
  for (const auto& request : preview.requests) {
    text += fmt::format("--- example {}\n{}\n", printable(preview.id), request.front());
    for (std::size_t i = 1; i < request.size(); ++i) {
      text += fmt::format("--- continued by\n{}\n", request[i]);
    }
  }
  return text + fmt::format("--- right: {}\n", printable(preview.target));
}

Report tasks(Context&, const Arguments& arguments) {
  const Checked found = checked(arguments.positionals(), arguments.list("only"));
  Report report("eval.tasks/1");
  report.table(task_table(found.tasks));
  if (!found.tasks.groups.empty()) report.table(group_table(found.tasks));
  const std::int64_t show = arguments.integer("show").value_or(0);
  if (show < 0) throw Error(ErrorKind::usage, "--show needs a number from 0 on");
  if (show > 0) {
    std::string text;
    for (const eval::Task& task : found.tasks.tasks) {
      eval::EvaluateOptions options{.limit = static_cast<std::uint64_t>(show)};
      for (const auto& preview : eval::preview(task, options)) text += shown(preview);
    }
    report.text("prompts", text);
  }
  for (const eval::Task& task : found.tasks.tasks) {
    for (const std::string& warning : task.warnings) {
      report.finding(Severity::warning, fmt::format("{}: {}", quote(task.name), warning));
    }
  }
  for (const std::string& problem : found.problems) report.finding(Severity::bad, problem);
  if (!found.problems.empty()) report.verdict(ExitCode::partial);
  return report;
}

}  // namespace

CommandSpec eval_tasks() {
  CommandSpec spec{
      .path = "eval tasks",
      .summary = "List task files and check them, without a model",
      .description =
          "Reads task files with what they include and their data, and says what is wrong with "
          "file, line and key. --show prints the first prompts exactly as they are sent.\n\n"
          "Exits with 0 if all are in order, 5 if some of several are not.",
      .examples = {{"mlopsctl eval tasks tasks/", "What is there"},
                   {"mlopsctl eval tasks quiz.yaml --show 1", "The first prompt of a task"}},
      .options = {{.name = "only",
                   .value = "NAME",
                   .help = "Only tasks, groups or tags of this name or pattern",
                   .repeatable = true},
                  {.name = "show", .value = "N", .help = "Print the prompts of N examples a task"}},
      .positionals = {{.name = "PATH",
                       .help = "Task files, and folders of them",
                       .many = true,
                       .complete = Complete::file}},
      .run = tasks};
  spec.exit_codes.push_back(ExitCode::partial);
  return spec;
}

}  // namespace mlopsctl::commands

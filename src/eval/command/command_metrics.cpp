#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/command_target.hpp"
#include "mlopsctl/formats/jsonl.hpp"
#include "mlopsctl/platform/files.hpp"

#include "eval/command/command_process.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

constexpr std::size_t most_output = std::size_t{64} << 20U;

void put(std::vector<MetricValue>& metrics, std::string_view name, double value) {
  const auto known = std::ranges::find(metrics, name, &MetricValue::name);
  if (known != metrics.end()) {
    known->value = value;
  } else {
    metrics.push_back({.name = std::string(name), .value = value});
  }
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 200) return false;
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '/' || c == '@';
  };
  return std::ranges::all_of(text, is_part) && !(text[0] >= '0' && text[0] <= '9');
}

// "acc=0.5 f1=0.25", also with commas between.
void take_pairs(std::string_view line, std::vector<MetricValue>& metrics) {
  while (!line.empty()) {
    const auto end = std::min(line.find_first_of(" \t,;"), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    const auto equals = word.find('=');
    if (equals == std::string_view::npos || !is_name(word.substr(0, equals))) continue;
    if (const auto value = parse_number(word.substr(equals + 1)))
      put(metrics, word.substr(0, equals), *value);
  }
}

void take_json(std::string_view text, std::vector<MetricValue>& metrics) {
  MetricLineReader reader;
  const MetricLineSink sink{.line =
                                [&](const MetricLine& line) {
                                  for (const NamedValue& one : line.metrics)
                                    put(metrics, one.key, one.value);
                                },
                            .bad = [](std::uint64_t, const std::string&) {}};
  reader.feed(text, sink);
  reader.finish(sink);
}

// {…} over several lines as one.
std::string without_line_ends(std::string_view text) {
  std::string flat(text);
  std::ranges::replace_if(
      flat, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return flat;
}

// "evaluate.py" of "python evaluate.py --fast".
std::string name_of(const std::vector<std::string>& argv) {
  const auto file = std::find_if(argv.begin() + 1, argv.end(), [](const std::string& word) {
    std::error_code failed;
    return fs::is_regular_file(word, failed);
  });
  return fs::path(file == argv.end() ? argv.front() : *file).filename().string();
}

}  // namespace

std::vector<MetricValue> metrics_in(std::string_view output) {
  std::vector<MetricValue> metrics;
  const std::string_view all = trim(output);
  if (all.starts_with('{') && all.ends_with('}')) {
    take_json(without_line_ends(all), metrics);
    if (!metrics.empty()) return metrics;
  }
  for (std::size_t at = 0; at < output.size();) {
    const std::size_t end = std::min(output.find('\n', at), output.size());
    const std::string_view line = trim(output.substr(at, end - at));
    at = end + 1;
    if (line.starts_with('{')) {
      take_json(line, metrics);
    } else {
      take_pairs(line, metrics);
    }
  }
  return metrics;
}

EvalResult run_metrics_command(const CommandOptions& options, Progress& progress) {
  EvalResult result{.started = now().ms, .fingerprint = open_command(options)->fingerprint()};
  progress.start("running the command", 0, "");
  std::string output;
  CommandProcess process(options.argv);
  process.finish(options.timeout, [&](std::string_view line) {
    if (output.size() < most_output) output.append(line).append("\n");
    return true;
  });
  progress.finish();
  TaskResult task{.name = name_of(options.argv)};
  task.metrics = metrics_in(output);
  if (task.metrics.empty()) {
    throw Error(ErrorKind::usage,
                fmt::format("the command {} printed no metric",
                            quote(join(mask_arguments(options.argv), " "))),
                "it prints JSON such as {\"acc\": 0.5}, or lines such as acc=0.5; with --tasks it "
                "answers their requests instead");
  }
  result.tasks.push_back(std::move(task));
  result.finished = now().ms;
  return result;
}

}  // namespace mlopsctl

#include "commands/bench_sides.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/latency.hpp"
#include "mlopsctl/eval/side_by_side.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/platform/temporary_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace mlopsctl::commands {

namespace {

constexpr std::string_view output_mark = "{output}";
constexpr std::int64_t default_pairs = 10, default_requests = 5, default_model_requests = 30;
constexpr int looks = 3;

std::int64_t count_of(const Arguments& arguments, const char* name, std::int64_t fallback,
                      std::int64_t least) {
  const std::int64_t count = arguments.integer(name).value_or(fallback);
  if (count < least || count > 10'000) {
    throw Error(ErrorKind::usage, fmt::format("--{} needs a number from {} to 10000", name, least));
  }
  return count;
}

// 'bench run' of a model, by this program.
std::vector<std::string> bench_argv(const Arguments& arguments, const std::string& model,
                                    std::int64_t requests, const std::string& output) {
  std::vector<std::string> argv{executable_path(), "bench", "run", model};
  argv.insert(argv.end(),
              {"--output", output, "--no-record", "--requests", std::to_string(requests)});
  if (const auto more = arguments.text("bench-options")) {
    for (std::string& word : command_words(*more)) argv.push_back(std::move(word));
  }
  return argv;
}

std::vector<std::string> argv_of(const Arguments& arguments, const std::string& side) {
  if (!is_measurable(side)) return command_words(side);
  return bench_argv(arguments, side, count_of(arguments, "requests", default_requests, 1),
                    std::string(output_mark));
}

[[noreturn]] void fail(const std::string& name, const ProcessResult& result) {
  const std::string how = result.timed_out ? "took too long"
                          : result.signal  ? fmt::format("was ended by signal {}", *result.signal)
                                           : fmt::format("ended with {}", *result.exit_code);
  const auto lines = split(trim(result.err), '\n');
  throw Error(ErrorKind::unavailable, fmt::format("{} {}", quote(name), how),
              lines.empty() ? std::string() : shortened(printable(lines.back()), 200));
}

Milliseconds timeout_of(const Arguments& arguments) {
  return parse_duration(arguments.text_or("timeout", "10m"));
}

class Side {
 public:
  Side(std::string name, std::vector<std::string> argv, fs::path output, Milliseconds timeout)
      : name_(std::move(name)),
        argv_(std::move(argv)),
        output_(std::move(output)),
        timeout_(timeout) {
    for (std::string& word : argv_) {
      for (std::size_t at = 0; (at = word.find(output_mark, at)) != word.npos;) {
        word.replace(at, output_mark.size(), output_.string());
        at += output_.string().size();
        writes_ = true;
      }
    }
  }

  // The median of the requests that it wrote, else the time of the whole process; seconds.
  double measure() const {
    std::error_code absent;
    fs::remove(output_, absent);
    const auto start = std::chrono::steady_clock::now();
    const ProcessResult result = run_process({.argv = argv_, .timeout = timeout_});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (!result.ok()) fail(name_, result);
    if (!writes_) return took.count();
    return summarize(latency_values(read_latency(output_), LatencyMetric::e2e)).median / 1000;
  }

 private:
  std::string name_;
  std::vector<std::string> argv_;
  fs::path output_;
  Milliseconds timeout_;
  bool writes_ = false;
};

// Requests of a later measurement, after those that are there.
void append(LatencyRun& all, LatencyRun more) {
  if (all.requests.empty()) {
    all = std::move(more);
    return;
  }
  for (RequestTiming& request : more.requests) {
    for (double* time : {&request.due, &request.sent, &request.first, &request.last}) {
      *time += all.wall;
    }
    all.requests.push_back(std::move(request));
  }
  all.wall += more.wall;
  all.client_cpu += more.client_cpu;
  all.after = std::move(more.after);
}

// What the baseline was asked for, unless the options say otherwise.
void add_tokens(std::vector<std::string>& argv, const gate::Baseline* baseline) {
  if (baseline == nullptr || !baseline->latency) return;
  for (const auto& [key, option] : {std::pair{"input_tokens", "--input-tokens"},
                                    std::pair{"output_tokens", "--output-tokens"}}) {
    const auto known = baseline->latency->fingerprint.find(key);
    if (known == baseline->latency->fingerprint.end()) continue;
    if (std::ranges::find(argv, option) != argv.end()) continue;
    if (std::ranges::find(argv, "--prompts") != argv.end()) continue;
    argv.insert(argv.end(), {option, known->second});
  }
}

}  // namespace

bool is_measurable(const std::string& name) {
  return fs::is_directory(name) || name.starts_with("http://") || name.starts_with("https://");
}

gate::GateResult check_model(Context& context, const Arguments& arguments,
                             const gate::Baseline* baseline, gate::LatencyOptions options) {
  const std::string& model = arguments.positionals().front();
  const auto first = count_of(arguments, "requests", default_model_requests, gate::least_samples);
  const TemporaryFolder folder;
  const fs::path output = folder.path() / "run.json";
  options.alpha /= looks;
  LatencyRun run;
  gate::GateResult result;
  for (int look = 0; look < looks; ++look) {
    const auto missing = (first << look) - static_cast<std::int64_t>(run.requests.size());
    auto argv = bench_argv(arguments, model, missing, output.string());
    add_tokens(argv, baseline);
    context.progress().detail(fmt::format("measuring {} requests", missing));
    const ProcessResult measured = run_process({.argv = argv, .timeout = timeout_of(arguments)});
    if (!measured.ok()) fail(model, measured);
    append(run, read_latency(output));
    result = gate::check_latency(baseline, run, options);
    if (!gate::is_inconclusive(result)) break;
  }
  return result;
}

std::vector<OptionSpec> side_options() {
  return {{.name = "ab",
           .help = "Measure two models or programs in turns until it is clear whether the second "
                   "is slower: no baseline, and what disturbs the machine disturbs both"},
          {.name = "pairs",
           .value = "N",
           .help = "With --ab, measurements of each side before the first look; twice and four "
                   "times as many if they do not decide",
           .default_text = "10"},
          {.name = "requests",
           .value = "N",
           .help = "Requests of a model that is measured here; with --ab, of each measurement",
           .default_text = "30, and twice and four times as many if inconclusive; with --ab 5"},
          {.name = "bench-options",
           .value = "TEXT",
           .help = "Further options of 'bench run' for a model that is measured here"},
          {.name = "timeout",
           .value = "TIME",
           .help = "How long one measurement may take",
           .default_text = "10m"}};
}

std::vector<std::string> command_words(const std::string& line) {
  std::vector<std::string> words;
  bool in_word = false;
  char quoted = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool blank = c == ' ' || c == '\t' || c == '\n';
    if (quoted == 0 && blank) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quoted != 0 && c == quoted) {
      quoted = 0;
    } else if (quoted == 0 && (c == '\'' || c == '"')) {
      quoted = c;
    } else if (c == '\\' && quoted != '\'' && i + 1 < line.size()) {
      words.back() += line[++i];
    } else {
      words.back() += c;
    }
  }
  if (quoted != 0) {
    throw Error(ErrorKind::usage, fmt::format("a quote does not end in {}", quote(line)));
  }
  if (words.empty()) throw Error(ErrorKind::usage, "a side of --ab is empty");
  return words;
}

gate::GateResult check_sides(Context& context, const Arguments& arguments,
                             const gate::RatioRule& rule) {
  const auto& names = arguments.positionals();
  if (names.size() != 2) {
    throw Error(ErrorKind::usage, "--ab needs two models or command lines",
                "mlopsctl bench check --ab model-before model-after");
  }
  if (arguments.text("baseline") || !arguments.list("limit").empty()) {
    throw Error(ErrorKind::usage, "--ab excludes --baseline and --limit");
  }
  const auto pairs = count_of(arguments, "pairs", default_pairs, gate::least_samples);
  const Milliseconds timeout = timeout_of(arguments);
  const TemporaryFolder folder;
  std::vector<Side> sides;
  for (const std::string& name : names) {
    sides.emplace_back(name, argv_of(arguments, name),
                       folder.path() / fmt::format("{}.json", sides.size()), timeout);
  }
  // Most there can be; a decision ends it sooner.
  context.progress().start("measuring", 2 + 2 * std::uint64_t(pairs) * 4, "measurements");
  const auto measured = gate::measure_side_by_side(
      [&](bool second) {
        const double seconds = sides[second ? 1 : 0].measure();
        context.progress().advance(1);
        return seconds;
      },
      static_cast<std::uint32_t>(pairs), rule);
  context.progress().finish();
  gate::GateResult result = gate::judge_side_by_side(measured, rule);
  result.baseline = names[0];
  result.subject = names[1];
  result.facts = {{"looks", std::to_string(measured.looks)},
                  {"pairs", std::to_string(measured.first.size())}};
  return result;
}

}  // namespace mlopsctl::commands

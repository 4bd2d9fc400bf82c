// bench run and bench show: how fast a model or an endpoint answers.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/endpoint.hpp"
#include "mlopsctl/eval/model_latency.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tracking/run_store.hpp"
#include "mlopsctl/version.hpp"

#include "commands/bench_view.hpp"
#include "commands/check_record.hpp"
#include "commands/commands.hpp"
#include "commands/endpoint_options.hpp"
#include "commands/eval_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace mlopsctl::commands {

namespace {

constexpr const char* record_kind = "latency";

std::uint64_t count_of(const Arguments& arguments, const char* option, std::int64_t least,
                       std::uint64_t fallback) {
  const auto value = arguments.integer(option);
  if (!value) return fallback;
  if (*value >= least && *value <= 1'000'000'000) return static_cast<std::uint64_t>(*value);
  throw Error(ErrorKind::usage,
              fmt::format("--{} is a whole number from {} to 1000000000", option, least));
}

// With a duration alone it is the time that ends the measurement: more than can be sent in it.
std::uint64_t usual_requests(const LoadPlan& plan) {
  if (plan.duration.count() == 0) return plan.requests;
  constexpr double most = 100'000, most_each_second = 20'000;  // of one connection
  const double seconds = static_cast<double>(plan.duration.count()) / 1000;
  const double slots = static_cast<double>(std::max<std::size_t>(1, plan.concurrency));
  const double sent =
      plan.rate > 0 ? 1.5 * plan.rate * seconds : most_each_second * slots * seconds;
  return static_cast<std::uint64_t>(std::min(most, sent)) + 1;
}

LoadPlan plan_of(const Arguments& arguments) {
  LoadPlan plan;
  if (const auto file = arguments.text("prompts")) {
    if (arguments.text("input-tokens"))
      throw Error(ErrorKind::usage, "--prompts and --input-tokens exclude each other",
                  "prompts of a file have the length that they have");
    plan.prompts = read_prompts(*file);
  }
  plan.input_tokens = count_of(arguments, "input-tokens", 1, plan.input_tokens);
  plan.output_tokens = count_of(arguments, "output-tokens", 1, plan.output_tokens);
  if (const auto time = arguments.text("duration")) plan.duration = parse_duration(*time);
  plan.warmups = count_of(arguments, "warmup", 0, plan.warmups);
  plan.rate = arguments.number("rate").value_or(0);
  if (arguments.text("rate") && !(plan.rate > 0))
    throw Error(ErrorKind::usage, "--rate is a number of requests a second above 0",
                "leave it out for a closed loop");
  plan.burstiness = arguments.number("burstiness").value_or(1);
  plan.concurrency =
      static_cast<std::size_t>(count_of(arguments, "concurrency", 1, plan.rate > 0 ? 0 : 1));
  plan.requests = count_of(arguments, "requests", 1, usual_requests(plan));
  plan.seed = static_cast<std::uint64_t>(arguments.integer("seed").value_or(0));
  check_load(plan);
  return plan;
}

std::vector<Slo> slos_of(const Arguments& arguments) {
  std::vector<Slo> slos;
  for (const std::string& text : arguments.list("slo")) slos.push_back(parse_slo(text));
  return slos;
}

LatencyRun measure(Context& context, const Arguments& arguments, const LoadPlan& plan) {
  const std::string& target = arguments.positionals().front();
  LatencyRun run = is_endpoint_url(target)
                       ? measure_endpoint(endpoint_of(arguments, target), plan, context.progress())
                       : measure_model(local_options(arguments, target), plan, context.progress());
  run.fingerprint["version"] = version_info().version;
  run.fingerprint["seed"] = std::to_string(plan.seed);
  if (!plan.prompts.empty()) {
    run.fingerprint["prompts_sha256"] = digest_file(*arguments.text("prompts")).sha256;
  } else {
    run.fingerprint["input_tokens"] = std::to_string(plan.input_tokens);
  }
  run.fingerprint["output_tokens"] = std::to_string(plan.output_tokens);
  return run;
}

std::string name_of_target(const std::string& target, const LatencyRun& run) {
  const auto model = run.fingerprint.find("endpoint_model");
  if (model != run.fingerprint.end()) return model->second;
  return fs::path(target).lexically_normal().filename().string();
}

std::string record(Context& context, const Arguments& arguments, const LatencyRun& run) {
  RunStore* store = store_of_checks(context, arguments);
  if (store == nullptr) return {};
  const LatencyTotals totals = latency_totals(run);
  CheckRecord record{
      .kind = record_kind,
      .name = arguments.text_or("name", name_of_target(arguments.positionals().front(), run)),
      .experiment = arguments.text_or("experiment", "bench"),
      .checked_at = {run.started},
      .verdict = totals.failed > 0 ? "partial" : "done",
      .reason = fmt::format("{} requests, {}", run.requests.size(), run.load)};
  for (const auto& [key, value] : run.fingerprint) record.params.push_back({key, value});
  record.params.push_back({"load", run.load});
  const auto add = [&](auto& to, const std::string& key, double value) {
    if (!std::isnan(value)) to.emplace_back("bench/" + key, value);
  };
  for (const LatencyMetric metric : latency_metrics()) {
    const LatencySummary one = summarize(latency_values(run, metric));
    const std::string name = fmt::format("{}_ms", to_string(metric));
    add(record.totals, name + "/median", one.median);
    add(record.totals, name + "/mean", one.mean);
    add(record.totals, name + "/p90", one.p90);
    add(record.details, name + "/p99", one.p99);
    add(record.details, name + "/min", one.min);
  }
  add(record.totals, "requests_per_second", totals.requests_per_second);
  add(record.totals, "output_tokens_per_second", totals.output_tokens_per_second);
  add(record.totals, "failed", static_cast<double>(totals.failed));
  record.document = latency_json(run);
  return record_check(*store, record);
}

ExitCode code_of(const LatencyTotals& totals) {
  if (totals.completed == 0) return ExitCode::failed;
  return totals.failed > 0 ? ExitCode::partial : ExitCode::done;
}

Report run_bench(Context& context, const Arguments& arguments) {
  const LoadPlan plan = plan_of(arguments);
  const std::vector<Slo> slos = slos_of(arguments);
  const LatencyRun run = measure(context, arguments, plan);
  const auto output = arguments.text("output");
  const bool dry = context.globals().dry_run;
  if (output && !dry) write_file_atomically(*output, latency_json(run));
  const std::string id = record(context, arguments, run);
  Report report = bench_view(context, "bench.run/1", run, slos);
  if (!id.empty()) report.field("run_id", "run", Cell(id));
  if (output && !dry) report.field("output", "wrote", Cell(*output));
  const std::uint64_t sent = plan.warmups + run.requests.size();
  if (!plan.prompts.empty() && plan.prompts.size() < sent)
    report.finding(Severity::note, fmt::format("{} prompts were sent {} times: a server that keeps "
                                               "prefixes answers the repeated ones faster",
                                               plan.prompts.size(), sent));
  if (output && !dry)
    report.next(fmt::format("mlopsctl bench check {} --limit p90:e2e=1s", *output));
  return report.verdict(code_of(latency_totals(run)));
}

LatencyRun named_run(Context& context, const std::string& name) {
  std::error_code failed;
  const auto home = context.home();
  if (name == "-") return parse_latency(read_input(name), "standard input");
  if (fs::exists(name, failed) || !home || !fs::exists(*home / "runs.db", failed))
    return read_latency(name);
  RunStore& store = context.runs(StoreAccess::read);
  const std::string id = resolve_check(store, name, {record_kind});
  const fs::path file = store.artifact_folder(id) / (std::string(record_kind) + ".json");
  if (fs::exists(file, failed)) return read_latency(file);
  throw Error(ErrorKind::not_found, fmt::format("the run {} is no measurement", quote(name)),
              "'mlopsctl bench run' records some");
}

Report show(Context& context, const Arguments& arguments) {
  const std::vector<Slo> slos = slos_of(arguments);
  const LatencyRun run = named_run(context, arguments.positionals().front());
  return bench_view(context, "bench.show/1", run, slos);
}

OptionSpec slo_option() {
  return {.name = "slo",
          .value = "METRIC:MS",
          .help =
              "A promise that good requests keep: ttft:100, tpot:20, e2e:2000; goodput counts "
              "those that keep all",
          .repeatable = true};
}

std::vector<OptionSpec> run_options() {
  std::vector<OptionSpec> options{
      {.name = "requests",
       .value = "N",
       .help = "How many are measured",
       .letter = 'n',
       .default_text = "30; with --duration as many as there is time for"},
      {.name = "concurrency",
       .value = "N",
       .help = "Requests at once; with --rate at most so many",
       .letter = 'c',
       .default_text = "1; with --rate no limit"},
      {.name = "rate",
       .value = "N",
       .help = "Open loop: send N requests a second at random times, whatever the answers"},
      {.name = "burstiness",
       .value = "X",
       .help = "With --rate: shape of the gamma distribution of the gaps, below 1 is burstier",
       .default_text = "1, a Poisson process"},
      {.name = "duration", .value = "TIME", .help = "No request starts later than this"},
      {.name = "warmup",
       .value = "N",
       .help = "Requests before the clock starts",
       .default_text = "3"},
      {.name = "prompts",
       .value = "FILE",
       .help = "A prompt a line, as text or as JSON with 'prompt' or 'messages'",
       .complete = Complete::file},
      {.name = "input-tokens",
       .value = "N",
       .help = "Length of prompts that are made up, no two the same",
       .default_text = "128"},
      {.name = "output-tokens",
       .value = "N",
       .help = "Length of the answers, beyond the end of a text where that can be asked for",
       .default_text = "128"},
      slo_option(),
      {.name = "seed",
       .value = "N",
       .help = "Of prompts and arrivals: the same seed makes the same load",
       .default_text = "0"},
      {.name = "output",
       .value = "FILE",
       .help = "Write the records of all requests here, for 'bench check' and 'bench show'",
       .letter = 'o',
       .complete = Complete::file}};
  const auto add = [&](std::vector<OptionSpec> more) {
    for (auto& option : more) options.push_back(std::move(option));
  };
  add(model_options());
  add(endpoint_options());
  add(check_record_options("bench"));
  for (OptionSpec& option : options)
    if (option.name == "name") option.default_text = "the model's name";
  return options;
}

}  // namespace

CommandSpec bench_run() {
  CommandSpec spec{
      .path = "bench run",
      .summary = "Measure how fast a model or an endpoint answers",
      .description =
          "Sends requests and takes the time of every token: time to the first token (ttft), time "
          "per output token (tpot), gaps between tokens or chunks (gap), whole requests (e2e), and "
          "how long requests waited at the client (queue); throughput, and with --slo goodput. The "
          "report says how each is defined: other tools use the same names for other things.\n\n"
          "The target is a folder of Hugging Face, which runs here, or the URL of a server with "
          "OpenAI's API. Requests go in a closed loop, --concurrency at once, or with --rate at "
          "random times, which alone shows what users meet when the server falls behind. Failed "
          "requests are counted and left out of the times; none is sent again. The warm-ups are "
          "one "
          "request again and again: an endpoint whose answers differ at temperature 0 is told "
          "of.\n\n"
          "Percentiles are numpy's linear ones. A 99th percentile needs about 300 requests to be "
          "more than the slowest of them. --output keeps the records of all requests, from which "
          "'bench check' judges and 'bench show' shows. Where there is a run store, the "
          "measurement "
          "is recorded as a run. API keys come from the environment only.\n\n"
          "Exits with 0, with 5 if some requests failed, 1 if all did.",
      .examples =
          {{"mlopsctl bench run model -n 50 -o before.json", "A model in a folder"},
           {"mlopsctl bench run http://localhost:8000 --concurrency 8 --output-tokens 64",
            "vLLM on this machine, eight requests at once"},
           {"mlopsctl bench run https://api.example.com/v1 --model m --rate 5 --duration 2m "
            "--slo ttft:300 --slo tpot:50",
            "Five requests a second for two minutes, and how many users are well served"},
           {"mlopsctl bench check after.json --baseline before.json", "Is it slower than before?"}},
      .options = run_options(),
      .positionals = {{.name = "TARGET",
                       .help = "A model's folder, or http://HOST:PORT",
                       .complete = Complete::directory}},
      .run = run_bench};
  spec.exit_codes.push_back(ExitCode::partial);
  return spec;
}

CommandSpec bench_show() {
  return {.path = "bench show",
          .summary = "Show a measurement of 'bench run'",
          .description =
              "Computes everything again from the records of the requests, with other "
              "promises if --slo is given.",
          .examples = {{"mlopsctl bench show before.json", "As it was shown"},
                       {"mlopsctl bench show before.json --slo e2e:1500", "Goodput for a promise"},
                       {"mlopsctl bench show @last --json", "The last run, for a program"}},
          .options = {slo_option()},
          .positionals = {{.name = "RESULT",
                           .help = "A file of 'bench run', a run that was recorded, or - for "
                                   "standard input",
                           .complete = Complete::file}},
          .run = show};
}

}  // namespace mlopsctl::commands

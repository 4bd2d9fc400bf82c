// smoke: does a server answer as it should?
#include "mlopsctl/deploy/smoke.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/health.hpp"
#include "mlopsctl/formats/json_document.hpp"
#include "mlopsctl/platform/signals.hpp"

#include "commands/check_outputs.hpp"
#include "commands/commands.hpp"
#include "commands/deploy_arguments.hpp"
#include "commands/smoke_documents.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdlib>

namespace mlopsctl::commands {

namespace {

constexpr std::array<std::string_view, 7> outputs{
    "junit",       "github-summary", "report-url", "slack-webhook-env", "slack-webhook-file",
    "webhook-env", "webhook-file"};

struct Address {
  std::string origin, path;  // "http://host:8000", "/health?deep=1" or empty
};

bool is_url(const std::string& text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

Address split_url(const std::string& url) {
  const std::size_t host = url.find("://") + 3;
  const std::size_t path = url.find_first_of("/?", host);
  if (host == url.size() || path == host) {
    throw Error(ErrorKind::usage, fmt::format("{} names no server", quote(url)));
  }
  if (path == url.npos) return {url, ""};
  const std::string rest = url.substr(path);
  return {url.substr(0, path), rest == "/" ? "" : rest};
}

int count_of(const Arguments& arguments, const char* name, int fallback, int least, int most) {
  const std::int64_t value = arguments.integer(name).value_or(fallback);
  if (value >= least && value <= most) return static_cast<int>(value);
  throw Error(ErrorKind::usage,
              fmt::format("--{} is a whole number from {} to {}", name, least, most));
}

Milliseconds time_of(const Arguments& arguments, const char* name, Milliseconds fallback) {
  const auto text = arguments.text(name);
  const Milliseconds time = text ? parse_duration(*text) : fallback;
  if (!text || time.count() > 0) return time;
  throw Error(ErrorKind::usage, fmt::format("--{} is a time above 0, such as 500ms", name));
}

// What all checks of the command line have in common.
SmokeCheck common_check(const Arguments& arguments) {
  SmokeCheck check;
  check.attempts = count_of(arguments, "attempts", check.attempts, 1, 1000);
  check.timeout = time_of(arguments, "timeout", check.timeout);
  check.within = time_of(arguments, "within", check.within);
  for (const auto& text : arguments.list("header")) {
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == text.npos) {
      throw Error(ErrorKind::usage, fmt::format("--header is 'Name: value', not {}", quote(text)));
    }
    check.headers[text.substr(0, colon)] = trim(std::string_view(text).substr(colon + 1));
  }
  if (const auto name = arguments.text("api-key-env")) {
    const char* key = std::getenv(name->c_str());  // NOLINT(concurrency-mt-unsafe)
    if (key == nullptr || *key == '\0') {
      throw Error(ErrorKind::config,
                  fmt::format("the environment variable {} is not set", quote(*name)));
    }
    check.headers["Authorization"] = fmt::format("Bearer {}", key);
  }
  return check;
}

SmokeCheck page_check(const Arguments& arguments, SmokeCheck check, const std::string& path) {
  check.path = path.empty() ? "/" : path;
  check.name = check.path;
  check.status = count_of(arguments, "status", check.status, 100, 599);
  check.contains = arguments.text_or("contains", "");
  for (const auto& text : arguments.list("field")) {
    const std::size_t equals = text.find('=');
    const std::string path_text = text.substr(0, equals);
    JsonPath::parse(path_text);
    check.json[path_text] = equals == text.npos ? "" : text.substr(equals + 1);
  }
  return check;
}

SmokeCheck model_check(SmokeCheck check, const std::string& kind, const std::string& model) {
  check.name = kind;
  check.path = kind == "chat" ? "/v1/chat/completions" : "/v1/completions";
  check.completion_model = model;
  return check;
}

struct Work {
  std::string base;  // empty: of a pod
  std::vector<SmokeCheck> checks;
};

bool asks_for_a_page(const Arguments& arguments) {
  return arguments.text("status") || arguments.text("contains") || !arguments.list("field").empty();
}

void add_model_checks(const Arguments& arguments, const SmokeCheck& common,
                      std::vector<SmokeCheck>& checks) {
  for (const char* kind : {"completion", "chat"}) {
    if (const auto model = arguments.text(kind))
      checks.push_back(model_check(common, kind, *model));
  }
}

Work work_of_url(const Arguments& arguments, const std::string& url) {
  const Address address = split_url(url);
  const SmokeCheck common = common_check(arguments);
  Work work{.base = address.origin};
  const bool models = arguments.text("completion") || arguments.text("chat");
  if (models && !address.path.empty() && !asks_for_a_page(arguments)) {
    // The base of an API: http://host/llm/v1
    std::string prefix = address.path;
    while (prefix.ends_with('/')) prefix.pop_back();
    if (prefix.ends_with("/v1")) prefix.resize(prefix.size() - 3);
    work.base += prefix;
  } else if (!models || asks_for_a_page(arguments)) {
    work.checks.push_back(page_check(arguments, common, address.path));
  }
  add_model_checks(arguments, common, work.checks);
  return work;
}

Work work_of_plan(const Arguments& arguments, const DeployPlan& plan) {
  Work work{.base = plan.smoke_url, .checks = plan.smoke};
  const SmokeCheck common = common_check(arguments);
  if (work.checks.empty()) {
    work.checks.push_back(page_check(arguments, common, plan.server.ready_path));
  } else if (asks_for_a_page(arguments)) {
    throw Error(ErrorKind::usage, "--status, --field and --contains are for a URL",
                "the checks of a plan are in its file");
  }
  add_model_checks(arguments, common, work.checks);
  return work;
}

// A pod that gets traffic now.
std::string serving_pod(Cluster& cluster, const DeployPlan& plan) {
  const std::string service = plan.service.empty() ? plan.app : plan.service;
  const std::vector<ObjectRef> slices{{.kind = "endpointslices.discovery.k8s.io",
                                       .selector = "kubernetes.io/service-name=" + service}};
  const auto pods = serving_pods(cluster.get(slices));
  if (!pods.empty()) return pods.front();
  throw Error(
      ErrorKind::not_found,
      fmt::format("no pod is ready behind the service {} ({})", quote(service), cluster.describe()),
      "'mlopsctl deploy status' shows what is there");
}

std::vector<SmokeResult> run_in_pod(Context& context, const Arguments& arguments,
                                    const DeployPlan& plan, const Work& work, HttpClient& client,
                                    std::string& target) {
  KubectlOptions options = kubectl_of(context, arguments, &plan);
  const auto cluster = open_cluster(options);
  options.name_space = cluster->name_space();
  const std::string pod = serving_pod(*cluster, plan);
  target = fmt::format("pod {}", pod);
  const auto door = kubectl_pods(options)->open(pod, plan.port);
  return run_smoke(client, door->url(), work.checks);
}

Report smoke_report(Context& context, const SmokeRun& run) {
  const bool person = context.terminal().out_is_tty && !context.globals().json;
  Report report("smoke/1");
  report.field("target", "target", Cell(run.target));
  Table& table = report.table(Table{.key = "checks",
                                    .columns = {{"name", "CHECK"},
                                                {"passed", "RESULT"},
                                                {"status", "STATUS", true},
                                                {"took_ms", "TOOK", true},
                                                {"attempts", "ATTEMPTS", true},
                                                {.key = "url", .header = "URL", .terminal = false},
                                                {.key = "text", .header = "WHAT", .wrap = true}}});
  for (const SmokeResult& result : run.results) {
    table.add({Cell(result.name),
               Cell(Value(result.passed), result.passed ? "passed" : "failed",
                    result.passed ? Style::green : Style::red),
               result.status == 0 ? Cell() : Cell(Value(std::int64_t{result.status})),
               result.status == 0 ? Cell() : Cell(Value(result.took)),
               Cell(Value(std::int64_t{result.attempts})), Cell(result.url),
               person && result.passed ? Cell("") : Cell(result.text)});
  }
  if (run.results.empty()) return report.summary("nothing was checked");
  if (!all_passed(run.results)) report.verdict(ExitCode::bad_answer);
  return report.summary(all_passed(run.results) ? fmt::format("passed: {}", smoke_headline(run))
                                                : smoke_headline(run));
}

Report smoke_run(Context& context, const Arguments& arguments) {
  validate_check_outputs(arguments);
  const auto named = arguments.positional(0);
  std::optional<DeployPlan> plan;
  Work work;
  if (named && is_url(*named)) {
    work = work_of_url(arguments, *named);
  } else {
    plan = named ? read_plan(*named) : plan_of(context, arguments);
    work = work_of_plan(arguments, *plan);
    if (const auto url = arguments.text("url")) work.base = *url;
    if (!work.base.empty() && !is_url(work.base)) {
      throw Error(ErrorKind::usage,
                  fmt::format("{} is no http:// or https:// URL", quote(work.base)));
    }
  }
  catch_interrupts();
  SmokeRun run{.target = work.base, .at = context.now()};
  if (context.globals().dry_run) {
    for (const SmokeCheck& check : work.checks) {
      context.progress().note(fmt::format("would check {}{}", work.base, check.path));
    }
    return smoke_report(context, run);
  }
  const auto client = make_http_client();
  run.results = work.base.empty() ? run_in_pod(context, arguments, *plan, work, *client, run.target)
                                  : run_smoke(*client, work.base, work.checks);
  Report report = smoke_report(context, run);
  write_check_outputs(context, arguments, smoke_documents(run), !all_passed(run.results), report);
  const bool silent =
      context.globals().quiet && !context.globals().json && report.code() == ExitCode::done;
  if (silent) return Report("smoke/1").document([](const ByteSink&) {});
  return report;
}

std::vector<OptionSpec> smoke_options() {
  std::vector<OptionSpec> options{
      {.name = "status", .value = "CODE", .help = "Status that is wanted", .default_text = "200"},
      {.name = "field",
       .value = "PATH[=VALUE]",
       .help = "Field of the JSON answer that must be there, or have this value: "
               "data[0].id=chat",
       .repeatable = true},
      {.name = "contains", .value = "TEXT", .help = "Text that the answer must have"},
      {.name = "within", .value = "TIME", .help = "Longest time that each answer may take"},
      {.name = "completion",
       .value = "MODEL",
       .help = "Ask for an OpenAI completion and require text; auto takes the model listed first"},
      {.name = "chat", .value = "MODEL", .help = "The same with a chat completion"},
      {.name = "header",
       .value = "NAME:VALUE",
       .help = "Header to send, such as 'Host: chat.example.org'",
       .repeatable = true},
      {.name = "api-key-env",
       .value = "NAME",
       .help = "Environment variable with an API key to send as Authorization: Bearer"},
      {.name = "timeout",
       .value = "TIME",
       .help = "Longest wait for one answer",
       .default_text = "10s"},
      {.name = "attempts",
       .value = "N",
       .help = "Attempts of each check, a second apart",
       .default_text = "3"},
      {.name = "url",
       .value = "URL",
       .help = "Where the checks of a plan are sent",
       .default_text = "the plan's smoke.url, else a pod through kubectl port-forward"}};
  for (auto& option : plan_options()) options.push_back(std::move(option));
  for (auto& option : cluster_options()) options.push_back(std::move(option));
  for (auto& option :
       check_output_options({.junit = "Write JUnit XML, one test case a check"}, outputs)) {
    options.push_back(std::move(option));
  }
  return options;
}

}  // namespace

CommandSpec smoke() {
  CommandSpec spec{
      .path = "smoke",
      .summary = "Check that a server answers as it should",
      .description =
          "Sends HTTP requests and looks at status, JSON fields, text and time; --completion and "
          "--chat ask a language model for some text. A check that fails is repeated after a "
          "second, --attempts times in all; every check is done, whatever another came to.\n\n"
          "A URL is checked with the options given here. Without a URL the checks are those of "
          "deploy.yaml (smoke.checks, or its readiness path if it has none), sent to its smoke.url "
          "or, if it has none, to a pod that gets traffic now, through 'kubectl port-forward'.\n\n"
          "Exits with 0 if all checks passed and 3 if one did not, because the server cannot be "
          "reached, too. With --quiet it prints nothing when all is well.",
      .examples =
          {{"mlopsctl smoke https://chat.example.org/health --field status=ok --within 500ms",
            "Status 200, a field, and fast enough"},
           {"mlopsctl smoke http://localhost:8000 --chat auto",
            "Does the model say anything? The first that the server lists"},
           {"mlopsctl smoke", "The checks of deploy.yaml, on a pod that serves now"},
           {"mlopsctl smoke deploy.yaml --url https://staging.example.org --junit smoke.xml",
            "The same on another server, in CI"}},
      .options = smoke_options(),
      .positionals =
          {{.name = "TARGET", .help = "A URL, or a plan", .least = 0, .complete = Complete::file}},
      .run = smoke_run};
  spec.exit_codes = {ExitCode::done,       ExitCode::failed,  ExitCode::usage,
                     ExitCode::bad_answer, ExitCode::partial, ExitCode::interrupted};
  return spec;
}

}  // namespace mlopsctl::commands

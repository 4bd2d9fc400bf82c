// run exec, run reap.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/signals.hpp"
#include "mlopsctl/tracking/exec.hpp"

#include "commands/commands.hpp"
#include "commands/data_record.hpp"
#include "commands/run_arguments.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <csignal>
#include <cstring>

namespace mlopsctl::commands {

namespace {

ExecRequest request_of(Context& context, const Arguments& arguments) {
  ExecRequest request{.command = arguments.positionals(),
                      .name = arguments.text_or("name", ""),
                      .user = user_name(),
                      .params = key_values(arguments.list("param")),
                      .tags = key_values(arguments.list("tag")),
                      .seed = arguments.integer("seed")};
  request.scrape.pattern = arguments.text_or("scrape-pattern", "");
  request.scrape.enabled = arguments.flag("scrape") || !request.scrape.pattern.empty();
  request.scrape.every = arguments.integer("scrape-every").value_or(1);
  if (request.scrape.every < 1)
    throw Error(ErrorKind::usage, "--scrape-every needs a number from 1");
  const auto interval = arguments.text("sample-interval");
  request.sample_interval =
      interval ? parse_duration(*interval) : context.config().duration("run.sample-interval");
  request.packages = !arguments.flag("no-packages") && context.config().boolean("run.packages");
  request.git = !arguments.flag("no-git") && context.config().boolean("run.git");
  request.grace = context.config().duration("run.grace");
  return request;
}

// stdout belongs to the command that is run: what mlopsctl has to say goes to stderr.
void tell(Context& context, const ExecResult& result) {
  std::string text =
      fmt::format("run {} {}", result.run_id.substr(0, 8), to_lower(to_string(result.status)));
  if (result.exit_code && *result.exit_code != 0) {
    text += fmt::format(" with exit code {}", *result.exit_code);
  }
  if (result.signal)
    text += fmt::format(" by signal {} ({})", *result.signal, strsignal(*result.signal));
  text += fmt::format(" after {}, {} points", human_duration(result.duration), result.points);
  context.progress().note(text);
}

ExitCode verdict(const ExecResult& result) {
  if (result.interrupted_by == SIGINT) return ExitCode::interrupted;
  if (result.interrupted_by == SIGTERM) return ExitCode::terminated;
  return result.status == RunStatus::finished ? ExitCode::done : ExitCode::failed;
}

Report exec(Context& context, const Arguments& arguments) {
  ExecRequest request = request_of(context, arguments);
  Report report("run.exec/1");
  if (context.globals().dry_run) {
    report.field("command", "command", Cell(join(request.command, " ")));
    return report.summary("nothing was run");
  }
  RunStore& store = context.runs(StoreAccess::create);
  if (!arguments.flag("no-data") && context.config().boolean("run.data"))
    request.inputs = tracked_data(context);
  request.experiment_id = experiment_for_new_run(context, store, arguments);
  if (const auto parent = arguments.text("parent")) request.parent = store.resolve(*parent);
  const bool json = context.globals().json;
  request.show = [json](int stream, std::string_view bytes) {
    // With --json the document is alone on stdout, so the command's output moves over.
    write_fully(stream == 1 && !json ? STDOUT_FILENO : STDERR_FILENO, bytes,
                BrokenPipe::is_an_error);
  };
  if (context.globals().quiet && json) request.show = nullptr;
  // `run exec … | head`: the run goes on to its end without somebody watching.
  ignore_broken_pipes();
  catch_interrupts();
  const ExecResult result = execute(store, request, context.progress());
  tell(context, result);
  if (!json) report.document([](const ByteSink&) {});
  report.field("run_id", "run", run_id_cell(result.run_id));
  report.field("status", "status", Cell(to_string(result.status)));
  report.field("exit_code", "exit code",
               result.exit_code ? Cell(Value(std::int64_t{*result.exit_code})) : Cell());
  report.field("signal", "signal",
               result.signal ? Cell(Value(std::int64_t{*result.signal})) : Cell());
  report.field("duration_s", "duration", Cell(Value(result.duration)));
  report.field("points", "points", Cell(Value(static_cast<std::int64_t>(result.points))));
  report.field("bad_lines", "bad lines", Cell(Value(static_cast<std::int64_t>(result.bad_lines))));
  return report.verdict(verdict(result));
}

Report reap_runs(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::write);
  ReapRequest request{.dry_run = context.globals().dry_run};
  if (const auto age = arguments.text("older-than")) request.older_than = parse_duration(*age);
  Report report("run.reap/1");
  const auto reaped = reap(store, request, context.progress());
  Table& table = report.table(
      {.key = "runs",
       .columns = {{.key = "run_id", .header = "RUN"},
                   {.key = "name", .header = "NAME", .shrink = true},
                   {.key = "status", .header = "STATUS"},
                   {.key = "points_recovered", .header = "RECOVERED POINTS", .right = true},
                   {.key = "reason", .header = "REASON", .shrink = true}},
       .when_empty = "no abandoned runs"});
  for (const auto& one : reaped) {
    table.add({run_id_cell(one.run.id), Cell(one.run.name), Cell(to_string(one.status)),
               Cell(Value(static_cast<std::int64_t>(one.points))), Cell(one.reason)});
  }
  if (request.dry_run && !reaped.empty()) report.summary("nothing was changed");
  return report;
}

}  // namespace

CommandSpec run_exec() {
  return {
      .path = "run exec",
      .summary = "Run a command as a tracked run, without changing its code",
      .description =
          "Records the command line, folder, git commit with the changes and untracked files, "
          "Python "
          "version and packages, machine, GPU and driver, output, exit code, CPU, memory and GPU "
          "use over time, and in a DVC repository the digests of the data that it tracks. Secrets "
          "are masked.\n\n"
          "Metrics reach the run in four ways:\n"
          "  JSON lines written to the file named by MLOPSCTL_METRICS\n"
          "  'mlopsctl run log', which finds the run in MLOPSCTL_RUN_ID\n"
          "  import mlopsctl; mlopsctl.log(step=1, loss=0.5)     in Python; no package is needed\n"
          "  --scrape, which reads what the command prints\n\n"
          "--scrape understands the dictionaries that the Hugging Face Trainer prints, key=value "
          "and "
          "key: value pairs; --scrape-pattern takes a regular expression with named groups.\n\n"
          "The command writes its output to files of the run, so it goes on if mlopsctl itself is "
          "killed; 'run reap' then collects what it left. The exit code is 1 if the command "
          "failed, "
          "whatever its own code was; that one is in the run.",
      .examples =
          {{"mlopsctl run exec -- python train.py --lr 0.001", "Track a training"},
           {"mlopsctl run exec --experiment chatbot --seed 42 --param lr=0.001 -- python train.py",
            "With experiment, seed and a parameter"},
           {"mlopsctl run exec --scrape --scrape-every 10 -- python finetune.py",
            "Follow a Hugging Face Trainer that logs every 10 steps"},
           {"mlopsctl run exec --scrape-pattern 'ppl (?<ppl>\\S+)' -- ./train",
            "Read 'ppl 12.3' from the output"}},
      .options =
          {experiment_option(),
           {.name = "name", .value = "TEXT", .help = "Name of the run"},
           param_option(),
           tag_option(),
           {.name = "parent",
            .value = "RUN",
            .help = "Run that this one belongs to",
            .complete = Complete::run},
           {.name = "seed",
            .value = "N",
            .help = "Set the seed variables of Python and the common frameworks, and record them"},
           {.name = "scrape", .help = "Read metrics from what the command prints"},
           {.name = "scrape-pattern",
            .value = "REGEX",
            .help = "Read metrics with a regular expression (PCRE2) with named groups"},
           {.name = "scrape-every",
            .value = "N",
            .help = "Steps between two printed lines, where lines do not carry a step",
            .default_text = "1"},
           {.name = "sample-interval",
            .value = "TIME",
            .help = "Time between samples of CPU, memory and GPU; 0 takes none",
            .default_text = "the setting 'run.sample-interval', 5s"},
           {.name = "no-packages", .help = "Do not list Python packages"},
           {.name = "no-git", .help = "Do not record the git state"},
           {.name = "no-data", .help = "Do not record the digests of tracked data"}},
      .positionals = {{.name = "COMMAND",
                       .help = "The program and its arguments",
                       .many = true,
                       .complete = Complete::program}},
      .takes_command = true,
      .exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::interrupted,
                     ExitCode::terminated},
      .run = exec};
}

CommandSpec run_reap() {
  return {
      .path = "run reap",
      .summary = "Close runs whose process is gone",
      .description =
          "A run stays RUNNING when mlopsctl or the machine was killed. Reaping reads what its "
          "command had still written, keeps its output, and closes it as KILLED. Runs that are "
          "alive are never touched. A run of another machine, or one begun by 'run start', cannot "
          "be looked at from here: it is closed only with --older-than.",
      .examples = {{"mlopsctl run reap", "After a crash or a reboot"},
                   {"mlopsctl run reap --older-than 2d --dry-run", "What is stale?"}},
      .options = {{.name = "older-than",
                   .value = "AGE",
                   .help = "Close also runs that cannot be looked at and began this long ago"}},
      .run = reap_runs};
}

}  // namespace mlopsctl::commands

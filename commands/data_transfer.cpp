// data push, fetch, pull: objects between cache and remote.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/checkout.hpp"
#include "mlopsctl/data/import.hpp"
#include "mlopsctl/data/sync.hpp"

#include "commands/commands.hpp"
#include "commands/data_arguments.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

data::SyncScope scope_of(const Context& context, const Arguments& arguments) {
  data::SyncScope scope{.targets = arguments.positionals(),
                        .base = data_base(context),
                        .select = selection(arguments),
                        .branches = arguments.flag("all-branches"),
                        .tags = arguments.flag("all-tags"),
                        .commits = arguments.flag("all-commits"),
                        .run_cache = arguments.flag("run-cache"),
                        .remote = arguments.text_or("remote", "")};
  scope.transfer.jobs = jobs_of(arguments);
  if (const auto rate = arguments.text("bandwidth")) {
    scope.transfer.bandwidth = parse_bytes(*rate);
    if (scope.transfer.bandwidth == 0) throw Error(ErrorKind::usage, "--bandwidth must not be 0");
  }
  scope.transfer.dry_run = context.globals().dry_run;
  return scope;
}

Table items_table(std::string key, std::string heading,
                  const std::vector<data::TransferItem>& items) {
  Table table{.key = std::move(key),
              .heading = std::move(heading),
              .columns = {{.key = "path", .header = "PATH"}, {.key = "md5", .header = "OBJECT"}}};
  for (const auto& item : items) table.add({Cell(item.name), Cell(item.id.hex)});
  return table;
}

std::int64_t count(std::size_t number) { return static_cast<std::int64_t>(number); }

// What is the same for all three; the sentence at the end is theirs.
void fill(Report& report, const Context& context, const data::SyncResult& result,
          std::string_view verb) {
  const data::TransferResult& objects = result.objects;
  report.field("remotes", "remote", Cell(join(result.remotes, ", ")));
  report.field("moved", std::string(verb), Cell(Value(count(objects.moved.size()))));
  report.field("bytes", "size", Cell(Value(Bytes{objects.bytes})));
  report.field("already_there", "already there", Cell(Value(count(objects.already_there))));
  if (result.run_cache_files > 0)
    report.field("run_cache", "run cache", Cell(Value(count(result.run_cache_files))));
  if (context.globals().dry_run) report.table(items_table("objects", "To move", objects.moved));
  if (!objects.missing.empty()) report.table(items_table("missing", "Missing", objects.missing));
  if (!objects.blocked.empty())
    report.table(items_table("blocked", "Held back, because members are missing", objects.blocked));
  if (!objects.failed.empty()) {
    Table table{.key = "failed",
                .heading = "Failed",
                .columns = {{.key = "path", .header = "PATH"},
                            {.key = "md5", .header = "OBJECT"},
                            {.key = "reason", .header = "REASON", .wrap = true}}};
    for (const auto& one : objects.failed)
      table.add({Cell(one.item.name), Cell(one.item.id.hex), Cell(one.reason)});
    report.table(std::move(table));
  }
  for (const auto& path : result.skipped) {
    report.finding(Severity::warning,
                   fmt::format("'{}' is on a version-aware remote and was left alone", path));
  }
  if (!objects.complete()) report.verdict(ExitCode::partial);
}

// DVC's words, because scripts read them.
std::string sentence(const Context& context, const data::SyncResult& result,
                     std::string_view verb) {
  const data::TransferResult& objects = result.objects;
  const std::size_t bad = objects.missing.size() + objects.blocked.size() + objects.failed.size();
  const std::size_t moved = objects.moved.size();
  if (context.globals().dry_run) return fmt::format("{} files would be {}", moved, verb);
  if (bad > 0) return fmt::format("{} files {}, {} not: see the lists", moved, verb, bad);
  if (moved == 0 && result.run_cache_files == 0) return "Everything is up to date.";
  return fmt::format("{} file{} {}", moved, moved == 1 ? "" : "s", verb);
}

Report run_push(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  data::SyncScope scope = scope_of(context, arguments);
  scope.transfer.verify = arguments.flag("verify");
  return push(context, repository, scope, "data.push/1");
}

Report run_fetch(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const auto result =
      data::fetch_data(repository, scope_of(context, arguments), context.progress());
  Report report("data.fetch/1");
  fill(report, context, result, "fetched");
  return report.summary(sentence(context, result, "fetched"));
}

// Imports whose data were never fetched come from where they were imported from.
std::size_t fetch_imports(data::Repository& repository, const data::SyncScope& scope,
                          Progress& progress) {
  std::vector<data::SelectedOutput> waiting;
  for (auto& one : repository.select(scope.targets, scope.base, scope.select)) {
    const bool partial = one.output.import && !one.output.entry.id && one.output.entry.cache;
    if (partial && !one.output.entry.cloud_versioned) waiting.push_back(std::move(one));
  }
  if (waiting.empty()) return 0;
  if (!scope.transfer.dry_run)
    data::update_imports(repository, waiting, {.jobs = scope.transfer.jobs}, progress);
  return waiting.size();
}

Report run_pull(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const data::SyncScope scope = scope_of(context, arguments);
  const std::size_t imported = fetch_imports(repository, scope, context.progress());
  auto result = data::fetch_data(repository, scope, context.progress());
  const bool allow_missing = arguments.flag("allow-missing");
  Report report("data.pull/1");
  if (allow_missing) result.objects.missing.clear();
  fill(report, context, result, "fetched");
  if (imported > 0)
    report.field("imported", "imported", Cell(Value(static_cast<std::int64_t>(imported))));
  if (context.globals().dry_run) return report.summary(sentence(context, result, "fetched"));
  const auto selected = repository.select(scope.targets, scope.base, scope.select);
  const auto checked = data::checkout(repository, selected,
                                      {.force = arguments.flag("force"),
                                       .allow_missing = allow_missing,
                                       .everything = scope.targets.empty()},
                                      context.progress());
  using data::CheckedOut;
  Table changes{
      .key = "checkout",
      .columns = {{.key = "change", .header = "CHANGE"}, {.key = "path", .header = "PATH"}}};
  for (const auto& item : checked.items) {
    if (item.change == CheckedOut::unchanged) continue;
    if (item.change == CheckedOut::failed) {
      report.finding(Severity::bad, fmt::format("'{}': {}", item.path, item.reason));
      continue;
    }
    const char* letter = item.change == CheckedOut::added      ? "A"
                         : item.change == CheckedOut::modified ? "M"
                                                               : "D";
    changes.add({Cell(letter), Cell(shown_path(repository, context, item.path))});
  }
  report.table(std::move(changes));
  if (checked.count(CheckedOut::failed) > 0) report.verdict(ExitCode::partial);
  const std::size_t added = checked.count(CheckedOut::added);
  const std::size_t modified = checked.count(CheckedOut::modified);
  if (result.objects.complete() && (result.objects.moved.size() + added + modified > 0)) {
    return report.summary(fmt::format("{} files fetched, {} added, {} modified",
                                      result.objects.moved.size(), added, modified));
  }
  return report.summary(sentence(context, result, "fetched"));
}

std::vector<OptionSpec> transfer_options() {
  std::vector<OptionSpec> options = {
      {.name = "remote",
       .value = "NAME",
       .help = "Another remote than the configured one",
       .letter = 'r',
       .complete = Complete::remote},
      {.name = "jobs",
       .value = "N",
       .help = "Requests in flight",
       .letter = 'j',
       .default_text = "128 for S3, 8 for folders"},
      {.name = "bandwidth", .value = "RATE", .help = "Most bytes per second, e.g. 20MB"},
      {.name = "all-branches", .help = "What every local branch tracks, too", .letter = 'a'},
      {.name = "all-tags", .help = "What every tag tracks, too", .letter = 'T'},
      {.name = "all-commits", .help = "What every commit tracks, too", .letter = 'A'},
      {.name = "run-cache", .help = "The saved results of stages, too"}};
  for (auto& one : selection_options()) options.push_back(std::move(one));
  return options;
}

const std::vector<ExitCode> transfer_codes{ExitCode::done, ExitCode::failed, ExitCode::usage,
                                           ExitCode::partial};

}  // namespace

Report push(Context& context, data::Repository& repository, const data::SyncScope& scope,
            const std::string& schema) {
  const auto result = data::push_data(repository, scope, context.progress());
  Report report(schema);
  fill(report, context, result, "pushed");
  if (!result.objects.missing.empty()) report.next("mlopsctl data status --cloud");
  return report.summary(sentence(context, result, "pushed"));
}

CommandSpec data_push() {
  auto options = transfer_options();
  options.push_back({.name = "verify",
                     .help = "Afterwards look at the remote again: presence, sizes and digests"});
  return {.path = "data push",
          .summary = "Upload tracked data to the remote",
          .description =
              "Uploads what the remote lacks. Every file of a directory "
              "is looked at, even if the "
              "remote has the directory's list; the list goes last, and "
              "only when all files are "
              "there. What is neither in the cache nor on the remote is "
              "listed, and the exit code "
              "is 5. The server checks every object against the digest "
              "that names it.\n\n"
              "An upload that is broken off goes on where it stopped "
              "when it is called again.",
          .examples = {{"mlopsctl data push", "Everything to the default remote"},
                       {"mlopsctl data push --verify --remote backup data/train",
                        "One output to another remote, and look again"}},
          .options = std::move(options),
          .positionals = {targets_positional(0)},
          .exit_codes = transfer_codes,
          .run = run_push};
}

CommandSpec data_fetch() {
  return {
      .path = "data fetch",
      .summary = "Download tracked data from the remote into the cache",
      .description =
          "Downloads what the cache lacks and leaves the "
          "working tree alone. Every object is "
          "hashed on its way and taken only if it is what its "
          "name says. A large download "
          "that is broken off goes on where it stopped.",
      .examples = {{"mlopsctl data fetch --all-branches --jobs 256", "For work without network"},
                   {"mlopsctl data fetch --bandwidth 20MB", "Leave room for others"}},
      .options = transfer_options(),
      .positionals = {targets_positional(0)},
      .exit_codes = transfer_codes,
      .run = run_fetch};
}

CommandSpec data_pull() {
  auto options = transfer_options();
  options.push_back(
      {.name = "force", .help = "Overwrite changes that are recorded nowhere", .letter = 'f'});
  options.push_back({.name = "allow-missing", .help = "What the remote lacks is no failure"});
  return {.path = "data pull",
          .summary = "Download tracked data and put it into the working tree",
          .description =
              "The same as 'data fetch' and then 'data checkout'. What was imported with "
              "--no-download is fetched from where it was imported from.",
          .examples = {{"git pull && mlopsctl data pull", "What others pushed"},
                       {"mlopsctl data pull data/train", "One output"}},
          .options = std::move(options),
          .positionals = {targets_positional(0)},
          .exit_codes = transfer_codes,
          .run = run_pull};
}

}  // namespace mlopsctl::commands

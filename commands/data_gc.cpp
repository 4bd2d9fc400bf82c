// data gc: remove objects from the cache that nothing needs.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/gc.hpp"

#include "commands/commands.hpp"
#include "commands/data_arguments.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

constexpr std::string_view default_age = "1d";

data::GcScope scope_of(const Context& context, const Arguments& arguments) {
  data::GcScope scope;
  scope.branches = arguments.flag("all-branches");
  scope.tags = arguments.flag("all-tags");
  scope.commits = arguments.flag("all-commits");
  scope.revisions = arguments.list("rev");
  if (const auto count = arguments.integer("num")) {
    if (*count < 1) throw Error(ErrorKind::usage, "--num must be at least 1");
    if (scope.revisions.empty()) throw Error(ErrorKind::usage, "--num goes with --rev");
    scope.history = static_cast<std::size_t>(*count);
  }
  if (const auto date = arguments.text("date")) scope.since = parse_time(*date, context.now());
  for (const auto& project : arguments.list("projects")) scope.projects.emplace_back(project);
  const bool any = arguments.flag("workspace") || scope.branches || scope.tags || scope.commits ||
                   !scope.revisions.empty() || scope.since;
  if (!any) {
    throw Error(ErrorKind::usage, "what is to be kept? name at least one scope",
                "--workspace, --all-branches, --all-tags, --all-commits, --rev or --date; the "
                "working tree is always kept");
  }
  return scope;
}

Report run_gc(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const auto scope = scope_of(context, arguments);
  const auto age = parse_duration(arguments.text_or("older-than", default_age));
  const auto plan = data::plan_gc(repository, scope, context.now() - age);
  Report report("data.gc/1");
  Table remove{.key = "remove",
               .heading = "To remove",
               .columns = {{.key = "md5", .header = "OBJECT"},
                           {.key = "size", .header = "SIZE", .right = true},
                           {.key = "changed", .header = "STORED"}}};
  for (const auto& object : plan.remove) {
    remove.add({Cell(object.id.hex), Cell(Value(Bytes{object.size})),
                Cell(Value(Timestamp{object.changed_ms}))});
  }
  Table kept{.key = "kept",
             .heading = "Kept because of",
             .columns = {{.key = "reason", .header = "REASON"},
                         {.key = "objects", .header = "OBJECTS", .right = true}}};
  for (const auto& one : plan.kept) {
    kept.add({Cell(one.reason), Cell(Value(static_cast<std::int64_t>(one.objects)))});
  }
  report.table(std::move(remove));
  report.table(std::move(kept));
  report.field("objects", "objects", Cell(Value(static_cast<std::int64_t>(plan.remove.size()))));
  report.field("bytes", "size", Cell(Value(Bytes{plan.bytes})));
  if (plan.shallow && (scope.commits || scope.since || !scope.revisions.empty())) {
    report.finding(Severity::warning,
                   "this is a shallow clone: what its older commits need is not known here");
  }
  for (const auto& one : plan.unknown) {
    report.finding(Severity::warning,
                   fmt::format("'{}' (kept by {}): its list of files is not in the cache", one.path,
                               one.reason));
  }
  if (plan.remove.empty() && plan.leftovers.empty()) return report.summary("nothing to remove");
  if (context.globals().dry_run) return report.summary("nothing was removed");
  if (!plan.unknown.empty() && !arguments.flag("ignore-missing")) {
    throw Error(ErrorKind::conflict,
                fmt::format("it is not known which files '{}' needs, kept by {}",
                            plan.unknown.front().path, plan.unknown.front().reason),
                "'mlopsctl data fetch' gets the list; --ignore-missing removes files of it that "
                "nothing else keeps");
  }
  if (!context.confirmed(fmt::format("remove {} objects ({}) from '{}' for good?",
                                     plan.remove.size(), human_bytes(plan.bytes),
                                     repository.cache().folder().string()))) {
    return report.summary("nothing was removed");
  }
  data::apply_gc(repository, plan, context.progress());
  return report.summary(fmt::format("removed {} objects, {}; {} are kept", plan.remove.size(),
                                    human_bytes(plan.bytes), plan.kept_objects));
}

}  // namespace

CommandSpec data_gc() {
  return {
      .path = "data gc",
      .summary = "Remove objects from the cache that nothing needs",
      .description =
          "Keeps what the working tree needs and what the scopes name, and everything younger than "
          "--older-than. --dry-run lists what would go and why the rest stays. It asks, and needs "
          "--yes where nobody can be asked.\n\n"
          "Branches that only another clone has are not seen here. Where several repositories "
          "share a cache, name the others with --projects.",
      .examples = {{"mlopsctl data gc --all-branches --all-tags --dry-run", "What would go?"},
                   {"mlopsctl data gc --workspace --older-than 0s --yes",
                    "Keep only what is checked out"}},
      .options = {{.name = "workspace", .help = "Keep what the working tree needs", .letter = 'w'},
                  {.name = "all-branches", .help = "Also every local branch", .letter = 'a'},
                  {.name = "all-tags", .help = "Also every tag", .letter = 'T'},
                  {.name = "all-commits",
                   .help = "Also every commit that any reference reaches, stashes too",
                   .letter = 'A'},
                  {.name = "rev",
                   .value = "REV",
                   .help = "Also this revision",
                   .repeatable = true,
                   .complete = Complete::revision},
                  {.name = "num",
                   .value = "N",
                   .help = "With its parents, so many commits in all",
                   .default_text = "1"},
                  {.name = "date", .value = "TIME", .help = "Also commits since then"},
                  {.name = "projects",
                   .value = "DIR",
                   .help = "Also another repository that shares the cache",
                   .letter = 'p',
                   .repeatable = true,
                   .complete = Complete::directory},
                  {.name = "older-than",
                   .value = "AGE",
                   .help = "Keep what was stored or linked later than this",
                   .default_text = std::string(default_age)},
                  {.name = "ignore-missing",
                   .help = "Go on although the list of files of a kept folder is missing"}},
      .run = run_gc};
}

}  // namespace mlopsctl::commands

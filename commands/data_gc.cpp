// data gc: remove objects from cache and remote that nothing needs.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/gc.hpp"
#include "mlopsctl/data/sync.hpp"

#include "commands/commands.hpp"
#include "commands/data_arguments.hpp"

#include <fmt/format.h>

#include <set>

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

Table kept_table(std::string key, std::string heading, const std::vector<data::GcKept>& kept) {
  Table table{.key = std::move(key),
              .heading = std::move(heading),
              .columns = {{.key = "reason", .header = "REASON"},
                          {.key = "objects", .header = "OBJECTS", .right = true}}};
  for (const auto& one : kept) {
    table.add({Cell(one.reason), Cell(Value(static_cast<std::int64_t>(one.objects)))});
  }
  return table;
}

Table remove_table(std::string key, std::string heading) {
  return {.key = std::move(key),
          .heading = std::move(heading),
          .columns = {{.key = "md5", .header = "OBJECT"},
                      {.key = "size", .header = "SIZE", .right = true},
                      {.key = "changed", .header = "STORED"}}};
}

void show(Report& report, const data::GcPlan& plan) {
  Table remove = remove_table("remove", "To remove");
  for (const auto& object : plan.remove) {
    remove.add({Cell(object.id.hex), Cell(Value(Bytes{object.size})),
                Cell(Value(Timestamp{object.changed_ms}))});
  }
  report.table(std::move(remove));
  report.table(kept_table("kept", "Kept because of", plan.kept));
  report.field("objects", "objects", Cell(Value(static_cast<std::int64_t>(plan.remove.size()))));
  report.field("bytes", "size", Cell(Value(Bytes{plan.bytes})));
}

void show(Report& report, const data::RemoteGcPlan& plan, const std::string& name) {
  Table remove = remove_table("remote_remove", fmt::format("To remove from {}", quote(name)));
  for (const auto& object : plan.remove) {
    std::string id = object.key.starts_with("files/md5/") ? object.key.substr(10) : object.key;
    std::erase(id, '/');
    remove.add({Cell(std::move(id)), Cell(Value(Bytes{object.size})),
                object.modified ? Cell(Value(*object.modified)) : Cell()});
  }
  report.table(std::move(remove));
  report.table(
      kept_table("remote_kept", fmt::format("Kept on {} because of", quote(name)), plan.kept));
  report.field("remote", "remote", Cell(name));
  report.field("remote_objects", "objects there",
               Cell(Value(static_cast<std::int64_t>(plan.remove.size()))));
  report.field("remote_bytes", "size there", Cell(Value(Bytes{plan.bytes})));
}

void require_known(const std::vector<data::GcUnknown>& unknown, const Arguments& arguments) {
  if (unknown.empty() || arguments.flag("ignore-missing")) return;
  throw Error(ErrorKind::conflict,
              fmt::format("it is not known which files '{}' needs, kept by {}",
                          unknown.front().path, unknown.front().reason),
              "'mlopsctl data fetch' gets the list; --ignore-missing removes files of it that "
              "nothing else keeps");
}

// The remote's part, where --cloud asks for it.
struct Cloud {
  std::string name;
  std::unique_ptr<data::ObjectStore> store;
  data::RemoteGcPlan plan;

  bool asked() const { return store != nullptr; }
  bool removes() const { return !plan.remove.empty(); }
};

Cloud look_at_cloud(Context& context, data::Repository& repository, const data::GcScope& scope,
                    Timestamp younger_than, const Arguments& arguments) {
  Cloud cloud{.name = arguments.text_or("remote", ""), .store = nullptr, .plan = {}};
  if (!arguments.flag("cloud")) {
    if (!cloud.name.empty() && !arguments.flag("not-in-remote"))
      throw Error(ErrorKind::usage, "--remote goes with --cloud or --not-in-remote");
    return cloud;
  }
  cloud.store = data::open_remote(repository.config(), cloud.name);
  cloud.plan =
      data::plan_remote_gc(repository, *cloud.store, scope, younger_than, context.progress());
  return cloud;
}

// What the remote has need not stay here.
std::set<data::ObjectId> on_remote(Context& context, data::Repository& repository,
                                   const Arguments& arguments) {
  std::set<data::ObjectId> there;
  if (!arguments.flag("not-in-remote")) return there;
  if (arguments.flag("cloud"))
    throw Error(ErrorKind::usage, "--not-in-remote and --cloud exclude each other");
  std::string name = arguments.text_or("remote", "");
  const auto store = data::open_remote(repository.config(), name);
  std::vector<data::ObjectId> ids;
  for (auto& object : repository.cache().list()) ids.push_back(std::move(object.id));
  const auto present = data::present_objects(*store, ids, 0, context.progress());
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (present[i]) there.insert(ids[i]);
  return there;
}

std::string question(const std::string& cache, const data::GcPlan& plan, const Cloud& cloud) {
  std::string text = fmt::format("remove {} objects ({}) from '{}'", plan.remove.size(),
                                 human_bytes(plan.bytes), cache);
  if (cloud.asked())
    text += fmt::format(" and {} ({}) from {}", cloud.plan.remove.size(),
                        human_bytes(cloud.plan.bytes), cloud.store->url(""));
  return text + " for good?";
}

Report run_gc(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const auto scope = scope_of(context, arguments);
  const Timestamp younger_than =
      context.now() - parse_duration(arguments.text_or("older-than", default_age));
  const Cloud cloud = look_at_cloud(context, repository, scope, younger_than, arguments);
  const auto plan =
      data::plan_gc(repository, scope, younger_than, on_remote(context, repository, arguments));
  Report report("data.gc/1");
  show(report, plan);
  if (cloud.asked()) show(report, cloud.plan, cloud.name);
  if (plan.shallow && (scope.commits || scope.since || !scope.revisions.empty())) {
    report.finding(Severity::warning,
                   "this is a shallow clone: what its older commits need is not known here");
  }
  for (const auto& one : plan.unknown) {
    report.finding(Severity::warning,
                   fmt::format("'{}' (kept by {}): its list of files is not in the cache", one.path,
                               one.reason));
  }
  if (plan.remove.empty() && plan.leftovers.empty() && !cloud.removes())
    return report.summary("nothing to remove");
  if (context.globals().dry_run) return report.summary("nothing was removed");
  require_known(plan.unknown, arguments);
  if (!context.confirmed(question(repository.cache().folder().string(), plan, cloud)))
    return report.summary("nothing was removed");
  // The remote first: should it fail, everything is still here.
  std::string there;
  if (cloud.asked()) {
    const auto failed = data::apply_remote_gc(*cloud.store, cloud.plan, context.progress());
    for (const auto& one : failed)
      report.finding(Severity::bad,
                     fmt::format("{} stays: {}", cloud.store->url(one.key), one.reason));
    if (!failed.empty()) {
      report.verdict(ExitCode::partial);
      return report.summary("not everything could be removed from the remote; the cache was left");
    }
    there = fmt::format("; {} objects, {} from {}", cloud.plan.remove.size(),
                        human_bytes(cloud.plan.bytes), quote(cloud.name));
  }
  data::apply_gc(repository, plan, context.progress());
  return report.summary(fmt::format("removed {} objects, {}{}; {} are kept", plan.remove.size(),
                                    human_bytes(plan.bytes), there, plan.kept_objects));
}

}  // namespace

CommandSpec data_gc() {
  return {
      .path = "data gc",
      .summary = "Remove objects from the cache, and from the remote, that nothing needs",
      .description =
          "Keeps what the working tree needs and what the scopes name, and everything younger than "
          "--older-than. --dry-run lists what would go and why the rest stays. It asks, and needs "
          "--yes where nobody can be asked.\n\n"
          "With --cloud the same objects go from the remote, too, judged by the time of their "
          "upload: first the lists of folders, then files. Lists that the cache lacks are fetched "
          "to know what they need. Nobody should push meanwhile: what is on the remote already is "
          "not uploaded again, and may be what is being removed.\n\n"
          "Branches that only another clone has are not seen here. Where several repositories "
          "share a cache, name the others with --projects.",
      .examples = {{"mlopsctl data gc --all-branches --all-tags --dry-run", "What would go?"},
                   {"mlopsctl data gc --cloud --all-commits --older-than 30d --dry-run",
                    "What would go from cache and remote?"},
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
                  {.name = "cloud", .help = "Also remove from the remote", .letter = 'c'},
                  {.name = "not-in-remote",
                   .help = "Do not keep here what the remote has; 'data pull' brings it back"},
                  {.name = "remote",
                   .value = "NAME",
                   .help = "With --cloud or --not-in-remote: another remote than the usual one",
                   .letter = 'r'},
                  {.name = "older-than",
                   .value = "AGE",
                   .help = "Keep what was stored or linked later than this",
                   .default_text = std::string(default_age)},
                  {.name = "ignore-missing",
                   .help = "Go on although the list of files of a kept folder is missing"}},
      .exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::partial},
      .run = run_gc};
}

}  // namespace mlopsctl::commands

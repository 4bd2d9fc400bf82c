// data status, diff: as DVC prints them, because scripts read that.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/status.hpp"

#include "commands/commands.hpp"
#include "commands/data_arguments.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlopsctl::commands {

namespace {

using json = nlohmann::ordered_json;

class Shown {
 public:
  Shown(const data::Repository& repository, const Context& context)
      : repository_(repository), context_(context) {}
  std::string operator()(const std::string& path) const {
    return shown_path(repository_, context_, path);
  }

 private:
  const data::Repository& repository_;
  const Context& context_;
};

json list(const std::vector<std::string>& paths, const Shown& shown) {
  json items = json::array();
  for (const auto& path : paths) items.push_back(shown(path));
  return items;
}

json differences_json(const data::Differences& all, const Shown& shown) {
  json group = json::object();
  if (!all.added.empty()) group["added"] = list(all.added, shown);
  if (!all.deleted.empty()) group["deleted"] = list(all.deleted, shown);
  if (!all.modified.empty()) group["modified"] = list(all.modified, shown);
  if (!all.renamed.empty()) {
    for (const auto& one : all.renamed) {
      group["renamed"].push_back({{"old", shown(one.from)}, {"new", shown(one.to)}});
    }
  }
  if (!all.unknown.empty()) group["unknown"] = list(all.unknown, shown);
  return group;
}

struct StatusView {
  bool unchanged = false;
  bool untracked = false;
};

json status_json(const data::DataStatus& status, const StatusView& view, const Shown& shown) {
  json root{{"schema", "mlopsctl.data.status/1"}};
  if (!status.not_in_cache.empty()) root["not_in_cache"] = list(status.not_in_cache, shown);
  if (!status.committed.empty()) root["committed"] = differences_json(status.committed, shown);
  if (!status.uncommitted.empty()) {
    root["uncommitted"] = differences_json(status.uncommitted, shown);
  }
  if (view.untracked && !status.untracked.empty())
    root["untracked"] = list(status.untracked, shown);
  if (view.unchanged && !status.unchanged.empty())
    root["unchanged"] = list(status.unchanged, shown);
  return root;
}

void append_group(std::string& text, std::string_view title,
                  const std::vector<std::string_view>& hints, const std::string& lines) {
  if (lines.empty()) return;
  if (!text.empty()) text += '\n';
  text += fmt::format("{}:\n", title);
  for (const auto hint : hints) text += fmt::format("  ({})\n", hint);
  text += lines;
}

std::string lines_of(std::string_view label, const std::vector<std::string>& paths,
                     const Shown& shown) {
  std::string text;
  for (const auto& path : paths) text += fmt::format("        {}{}\n", label, shown(path));
  return text;
}

std::string difference_lines(const data::Differences& all, const Shown& shown) {
  std::string text = lines_of("added: ", all.added, shown);
  text += lines_of("deleted: ", all.deleted, shown);
  text += lines_of("modified: ", all.modified, shown);
  for (const auto& one : all.renamed) {
    text += fmt::format("        renamed: {} -> {}\n", shown(one.from), shown(one.to));
  }
  return text + lines_of("unknown: ", all.unknown, shown);
}

std::string status_text(const data::DataStatus& status, const StatusView& view,
                        const Shown& shown) {
  std::string text;
  append_group(text, "Not in cache", {"use \"mlopsctl data fetch <file>...\" to download files"},
               lines_of("", status.not_in_cache, shown));
  append_group(text, "DVC committed changes",
               {"git commit the corresponding dvc files to update the repo"},
               difference_lines(status.committed, shown));
  append_group(text, "DVC uncommitted changes",
               {"use \"mlopsctl data commit <file>...\" to track changes",
                "use \"mlopsctl data checkout <file>...\" to discard changes"},
               difference_lines(status.uncommitted, shown));
  if (view.untracked) {
    append_group(
        text, "Untracked files",
        {"use \"git add <file> ...\" or \"mlopsctl data add <file>...\" to commit to git or "
         "to dvc"},
        lines_of("", status.untracked, shown));
  }
  if (view.unchanged) {
    append_group(text, "DVC unchanged files", {}, lines_of("", status.unchanged, shown));
  }
  if (text.empty()) text = "No changes.\n";
  if (status.other_changes) {
    text += "(there are other changes not tracked by dvc, use \"git status\" to see)\n";
  }
  return text;
}

Report as_document(Report report, const Context& context, const json& root, std::string text) {
  if (context.globals().json) text = root.dump() + "\n";
  if (context.globals().quiet && !context.globals().json) text.clear();
  return report.document([text](const ByteSink& write) { write(text); });
}

Report run_status(Context& context, const Arguments& arguments) {
  if (arguments.flag("cloud")) return cloud_status(context, arguments);
  if (arguments.text("remote")) throw Error(ErrorKind::usage, "--remote goes with --cloud");
  data::Repository repository = open_repository(context);
  const auto selected =
      repository.select(arguments.positionals(), data_base(context), selection(arguments));
  const StatusView view{.unchanged = arguments.flag("unchanged"),
                        .untracked = arguments.flag("untracked-files")};
  const auto status = data::data_status(
      repository, selected, {.granular = arguments.flag("granular"), .untracked = view.untracked});
  const Shown shown(repository, context);
  Report report("data.status/1");
  if (arguments.flag("exit-code") && !status.clean()) report.verdict(ExitCode::bad_answer);
  return as_document(std::move(report), context, status_json(status, view, shown),
                     status_text(status, view, shown));
}

json entries_json(const std::vector<data::DiffEntry>& entries, bool hashes, const Shown& shown) {
  json items = json::array();
  for (const auto& one : entries) {
    json item;
    if (one.from.empty()) {
      item["path"] = shown(one.path);
    } else {
      item["path"] = {{"old", shown(one.from)}, {"new", shown(one.path)}};
    }
    if (hashes) {
      if (one.old_hash.empty()) {
        item["hash"] = one.hash;
      } else {
        item["hash"] = {{"old", one.old_hash}, {"new", one.hash}};
      }
    }
    items.push_back(std::move(item));
  }
  return items;
}

std::string diff_text(const data::DiffResult& diff, bool hashes, const Shown& shown) {
  constexpr std::size_t short_hash = 8;
  std::string text;
  const auto group = [&](std::string_view title, const std::vector<data::DiffEntry>& entries) {
    if (entries.empty()) return;
    if (!text.empty()) text += '\n';
    text += fmt::format("{}:\n", title);
    for (const auto& one : entries) {
      std::string hash;
      if (hashes) {
        hash = one.hash.substr(0, short_hash);
        if (!one.old_hash.empty()) hash = one.old_hash.substr(0, short_hash) + ".." + hash;
        hash =
            fmt::format("{:<{}}  ", hash, one.old_hash.empty() ? short_hash : 2 * short_hash + 2);
      }
      const std::string path = one.from.empty()
                                   ? shown(one.path)
                                   : fmt::format("{} -> {}", shown(one.from), shown(one.path));
      text += fmt::format("    {}{}\n", hash, path);
    }
  };
  group("Added", diff.added);
  group("Deleted", diff.deleted);
  group("Renamed", diff.renamed);
  group("Modified", diff.modified);
  group("Not in cache", diff.not_in_cache);
  if (text.empty()) return text;
  const auto files = [](const std::vector<data::DiffEntry>& entries) {
    return std::ranges::count_if(
        entries, [](const data::DiffEntry& one) { return !one.path.ends_with('/'); });
  };
  std::string summary;
  const auto count = [&](std::string_view word, const std::vector<data::DiffEntry>& entries) {
    if (const auto n = files(entries); n > 0) {
      summary += fmt::format("{}{} {}", summary.empty() ? "" : ", ", n, word);
    }
  };
  count("added", diff.added);
  count("deleted", diff.deleted);
  count("renamed", diff.renamed);
  count("modified", diff.modified);
  count("not in cache", diff.not_in_cache);
  if (!summary.empty()) text += fmt::format("\nfiles summary: {}\n", summary);
  return text;
}

Report run_diff(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const auto a = arguments.positional(0);
  std::vector<std::string> targets;
  for (const auto& target : arguments.list("targets")) {
    targets.push_back(repository.relative(target, data_base(context)));
  }
  const auto diff =
      data::data_diff(repository, a.value_or("HEAD"), arguments.positional(1), targets);
  const bool hashes = arguments.flag("show-hash");
  const Shown shown(repository, context);
  json root{{"schema", "mlopsctl.data.diff/1"}};
  if (!diff.empty() || !diff.not_in_cache.empty()) {
    root["added"] = entries_json(diff.added, hashes, shown);
    root["deleted"] = entries_json(diff.deleted, hashes, shown);
    root["modified"] = entries_json(diff.modified, hashes, shown);
    root["renamed"] = entries_json(diff.renamed, hashes, shown);
    // DVC leaves this list out between two revisions, unless something is in it.
    if (!arguments.positional(1) || !diff.not_in_cache.empty()) {
      root["not in cache"] = entries_json(diff.not_in_cache, hashes, shown);
    }
  }
  Report report("data.diff/1");
  if (arguments.flag("exit-code") && !diff.empty()) report.verdict(ExitCode::bad_answer);
  return as_document(std::move(report), context, root, diff_text(diff, hashes, shown));
}

}  // namespace

CommandSpec data_status() {
  std::vector<OptionSpec> options = selection_options();
  options.push_back({.name = "granular", .help = "List files inside folders"});
  options.push_back({.name = "unchanged", .help = "List what is unchanged, too"});
  options.push_back({.name = "untracked-files", .help = "List files that nothing tracks"});
  options.push_back({.name = "cloud", .help = "Compare cache and remote instead", .letter = 'c'});
  options.push_back({.name = "remote",
                     .value = "NAME",
                     .help = "With --cloud: another remote than the configured one",
                     .letter = 'r',
                     .complete = Complete::remote});
  options.push_back({.name = "exit-code", .help = "Exit with 3 if anything differs"});
  return {.path = "data status",
          .summary = "Show what differs: HEAD, .dvc files, working tree, cache",
          .description =
              "The same text and JSON as 'dvc data status', except that the JSON names its schema. "
              "What has not changed since the last look is not read: a folder of 100,000 files "
              "takes a fraction of a second.",
          .examples = {{"mlopsctl data status", "What is to be committed?"},
                       {"mlopsctl data status --granular --json", "File by file, for a script"}},
          .options = std::move(options),
          .positionals = {targets_positional(0)},
          .exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::bad_answer},
          .run = run_status};
}

CommandSpec data_diff() {
  return {.path = "data diff",
          .summary = "Compare tracked data between revisions, or with the working tree",
          .description =
              "The same text and JSON as 'dvc diff'. Without revisions: HEAD against the working "
              "tree; with one: that against the working tree.",
          .examples = {{"mlopsctl data diff", "What changed since the last commit?"},
                       {"mlopsctl data diff v1 v2 --show-hash", "Between two tags"}},
          .options = {{.name = "targets",
                       .value = "PATH",
                       .help = "Only this path",
                       .repeatable = true,
                       .complete = Complete::data_target},
                      {.name = "show-hash", .help = "Show digests"},
                      {.name = "exit-code", .help = "Exit with 3 if anything differs"}},
          .positionals =
              {{.name = "A", .help = "Old revision", .least = 0, .complete = Complete::revision},
               {.name = "B", .help = "New revision", .least = 0, .complete = Complete::revision}},
          .exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::bad_answer},
          .run = run_diff};
}

}  // namespace mlopsctl::commands

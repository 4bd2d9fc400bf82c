// data import-url, update: data from elsewhere, and what became of it there.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/import.hpp"

#include "commands/commands.hpp"
#include "commands/data_arguments.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

data::ImportMode mode_of(const Arguments& arguments, bool may_skip) {
  const bool remote = arguments.flag("to-remote");
  const bool look = arguments.flag("no-download");
  const bool write = may_skip && arguments.flag("no-exec");
  if (int{remote} + int{look} + int{write} > 1) {
    throw Error(ErrorKind::usage,
                may_skip ? "--to-remote, --no-download and --no-exec exclude each other"
                         : "--to-remote and --no-download exclude each other");
  }
  if (arguments.text("remote") && !remote)
    throw Error(ErrorKind::usage, "--remote goes with --to-remote");
  return remote  ? data::ImportMode::send_remote
         : look  ? data::ImportMode::look
         : write ? data::ImportMode::write
                 : data::ImportMode::download;
}

Report run_import_url(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  data::ImportOptions options{.url = arguments.positionals()[0],
                              .output = arguments.positional(1).value_or(""),
                              .base = data_base(context),
                              .mode = mode_of(arguments, true),
                              .force = arguments.flag("force"),
                              .remote = arguments.text_or("remote", ""),
                              .fs_config = {},
                              .jobs = jobs_of(arguments),
                              .annotations = {}};
  for (const auto& text : arguments.list("fs-config")) {
    const KeyValue option = parse_key_value(text);
    options.fs_config[option.key] = option.value;
  }
  Report report("data.import-url/1");
  if (context.globals().dry_run)
    return report.summary(fmt::format("would import {}", quote(options.url)));
  const auto result = data::import_url(repository, options, context.progress());
  report.table(outputs_table(repository, context, result.outputs));
  suggest_git_add(report, result.changed_files, result.staged);
  return report;
}

Report run_update(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const auto selected =
      repository.select(arguments.positionals(), data_base(context), selection(arguments));
  std::vector<data::SelectedOutput> imports;
  for (const auto& one : selected) {
    // Named ones must be imports; without names it is about those that are.
    if (one.output.import || !arguments.positionals().empty()) imports.push_back(one);
  }
  const data::UpdateOptions options{.mode = mode_of(arguments, false),
                                    .force = arguments.flag("force"),
                                    .remote = arguments.text_or("remote", ""),
                                    .jobs = jobs_of(arguments)};
  Report report("data.update/1");
  if (context.globals().dry_run)
    return report.summary(fmt::format("would look at {} imports", imports.size()));
  const auto result = data::update_imports(repository, imports, options, context.progress());
  Table table = outputs_table(repository, context, result.outputs);
  table.when_empty = "nothing was imported here";
  report.table(std::move(table));
  suggest_git_add(report, result.changed_files, result.staged);
  return report;
}

std::vector<OptionSpec> source_options() {
  return {{.name = "no-download",
           .help = "Only note what is there; 'data pull' or 'data update' fetches it later"},
          {.name = "to-remote", .help = "From there straight to the remote: nothing is kept here"},
          {.name = "remote",
           .value = "NAME",
           .help = "With --to-remote: another remote than the configured one",
           .letter = 'r'},
          jobs_option()};
}

}  // namespace

CommandSpec data_import_url() {
  auto options = source_options();
  options.push_back({.name = "no-exec", .help = "Write the .dvc and do not even look at the URL"});
  options.push_back({.name = "force", .help = "Replace an output that is there", .letter = 'f'});
  options.push_back({.name = "fs-config",
                     .value = "OPTION=VALUE",
                     .help = "An option of remotes, such as endpointurl, kept in the .dvc",
                     .repeatable = true});
  return {.path = "data import-url",
          .summary = "Version a file or folder from elsewhere, and remember where it came from",
          .description =
              "URL is s3://BUCKET/KEY or a prefix there, http(s)://..., remote://NAME/PATH, which "
              "has the options of a configured remote, or a path. The data are downloaded and "
              "versioned as with 'data add'; the .dvc also notes the ETag, size or digest at the "
              "source, so that 'data update' fetches again only what changed.\n\n"
              "Credentials are never written to a .dvc: use a remote or the environment.",
          .examples = {{"mlopsctl data import-url s3://public-data/train.csv", "An object"},
                       {"mlopsctl data import-url remote://raw/images data/images",
                        "A folder of a remote, under another name"},
                       {"mlopsctl data import-url --to-remote https://example.org/big.tar",
                        "Without room for it here"}},
          .options = std::move(options),
          .positionals = {{.name = "URL", .help = "What to import", .complete = Complete::file},
                          {.name = "OUT",
                           .help = "Where to; the URL's last name here if it is left out",
                           .least = 0,
                           .complete = Complete::file}},
          .run = run_import_url};
}

CommandSpec data_update() {
  auto options = source_options();
  options.push_back({.name = "force",
                     .help = "Give up changes of the working tree that are recorded nowhere",
                     .letter = 'f'});
  for (auto& one : selection_options()) options.push_back(std::move(one));
  return {.path = "data update",
          .summary = "Fetch imported data again where the source has changed",
          .description =
              "Compares what is at the source now with what the .dvc notes: by ETag on S3 and of "
              "web servers, by content for files of this machine. What changed is downloaded, "
              "versioned and noted; what did not is only put back if it is missing here.",
          .examples = {{"mlopsctl data update", "Every import"},
                       {"mlopsctl data update train.csv.dvc", "One of them"}},
          .options = std::move(options),
          .positionals = {targets_positional(0)},
          .run = run_update};
}

}  // namespace mlopsctl::commands

// data status --cloud: cache beside remote; data get-url: one file from anywhere.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/remote.hpp"
#include "mlopsctl/data/sync.hpp"

#include "commands/commands.hpp"
#include "commands/data_arguments.hpp"
#include "commands/remote_inputs.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace fs = std::filesystem;

namespace {

// DVC's words.
std::string_view word(const data::Presence& presence) {
  if (presence.local) return "new";  // the remote lacks it
  return presence.remote ? "deleted" : "missing";
}

Report run_get_url(Context& context, const Arguments& arguments) {
  const std::string& url = arguments.positionals()[0];
  std::string name = url.substr(url.find_last_of('/') + 1);
  name = name.substr(0, name.find_first_of("?#"));
  fs::path to = arguments.positional(1).value_or(name);
  if (fs::is_directory(to)) to /= name;
  if (to.empty() || to.filename().empty())
    throw Error(ErrorKind::usage, fmt::format("{} has no file name", quote(url)),
                "name the file after the URL");
  Report report("data.get-url/1");
  report.field("path", "path", Cell(to.string()));
  if (fs::exists(to) && !arguments.flag("force")) {
    throw Error(ErrorKind::conflict, fmt::format("'{}' is there already", to.string()),
                "overwrite it with --force");
  }
  if (context.globals().dry_run) return report.summary("nothing was downloaded");
  report.field("bytes", "size",
               Cell(Value(Bytes{data::download_url(url, to, remote_options(arguments))})));
  return report;
}

}  // namespace

Report cloud_status(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const data::SyncScope scope{.targets = arguments.positionals(),
                              .base = data_base(context),
                              .select = selection(arguments),
                              .remote = arguments.text_or("remote", "")};
  const auto differences = data::compare_data(repository, scope, context.progress());
  Report report("data.status.cloud/1");
  Table table{.key = "objects",
              .columns = {{.key = "state", .header = "STATE"},
                          {.key = "path", .header = "PATH"},
                          {.key = "md5", .header = "OBJECT", .terminal = false}}};
  bool to_push = false;
  bool to_fetch = false;
  for (const auto& one : differences) {
    table.add({Cell(word(one.presence)), Cell(shown_path(repository, context, one.path)),
               Cell(one.id.hex)});
    to_push = to_push || one.presence.local;
    to_fetch = to_fetch || one.presence.remote;
  }
  report.table(std::move(table));
  if (arguments.flag("exit-code") && !differences.empty()) report.verdict(ExitCode::bad_answer);
  if (to_push) report.next("mlopsctl data push");
  if (to_fetch) report.next("mlopsctl data fetch");
  return report.summary(differences.empty() ? "Cache and remote are in sync."
                                            : fmt::format("{} objects differ", differences.size()));
}

CommandSpec data_get_url() {
  return {.path = "data get-url",
          .summary = "Download one file by its URL",
          .description =
              "URL is s3://BUCKET/KEY, http(s)://..., file:///PATH or a path. The file is written "
              "whole or not at all, and checked where the server tells a digest. Nothing is "
              "tracked.",
          .examples = {{"mlopsctl data get-url s3://bucket/data.csv", "From S3"},
                       {"mlopsctl data get-url https://example.org/data.csv raw/data.csv",
                        "Into another file"}},
          .options = {{.name = "force", .help = "Overwrite a file that is there", .letter = 'f'},
                      {.name = "fs-config",
                       .value = "OPTION=VALUE",
                       .help = "An option of remotes, such as endpointurl",
                       .repeatable = true}},
          .positionals = {{.name = "URL", .help = "What to download"},
                          {.name = "PATH",
                           .help = "Where to; the URL's name here if it is left out",
                           .least = 0,
                           .complete = Complete::file}},
          .run = run_get_url};
}

}  // namespace mlopsctl::commands

#include "data/remote/import_target.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"

#include "data/discovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlopsctl::data {

namespace {

constexpr std::array<std::string_view, 5> secrets{"access_key_id", "secret_access_key",
                                                  "session_token", "sse_customer_key", "password"};

bool below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

// The last name in a URL: "s3://bucket/data/x.csv", "https://host/x.csv?version=3".
std::string name_of(const std::string& url) {
  std::string path = url;
  if (is_url(url)) {
    path = url.substr(url.find("://") + 3);
    if (url.starts_with("http")) path = path.substr(0, path.find_first_of("?#"));
    path = path.find('/') == std::string::npos ? "" : path.substr(path.find('/'));
  }
  while (path.ends_with('/')) path.pop_back();
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.empty() || name == "." || name == "..") {
    throw Error(ErrorKind::usage,
                fmt::format("{} has no name for a file", quote(mask_secrets(url))),
                "name the output after the URL");
  }
  return name;
}

}  // namespace

std::string stage_folder(const std::string& file) { return fs::path(file).parent_path().string(); }

std::string output_of(Repository& repository, const ImportOptions& options) {
  std::string output = options.output;
  std::error_code failed;
  if (output.empty()) {
    output = name_of(options.url);
  } else if (fs::is_directory(fs::absolute(options.base) / output, failed) && !options.force) {
    output = (fs::path(output) / name_of(options.url)).string();
  }
  return repository.relative(output, options.base);
}

std::string dep_path(Repository& repository, const ImportOptions& options,
                     const std::string& file) {
  if (is_url(options.url)) return options.url;
  const fs::path typed = options.url;
  const fs::path whole =
      (typed.is_absolute() ? typed : fs::absolute(options.base) / typed).lexically_normal();
  const fs::path from = (repository.root() / stage_folder(file)).lexically_normal();
  std::error_code failed;
  const fs::path real = fs::weakly_canonical(whole, failed);
  const std::string inside = real.lexically_relative(repository.root()).string();
  const bool ours = !inside.empty() && inside != ".." && !inside.starts_with("../");
  std::string path = typed.is_absolute() && !ours
                         ? whole.string()
                         : (ours ? real : whole)
                               .lexically_relative(from.has_filename() ? from : from.parent_path())
                               .generic_string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

void check_output(Repository& repository, const std::string& path, const ImportOptions& options,
                  bool may_exist) {
  if (path.empty() || is_dvc_file(path) || path == ".dvc" || path.starts_with(".dvc/") ||
      path == ".git" || path.starts_with(".git/")) {
    throw Error(ErrorKind::usage, fmt::format("'{}' cannot be an output", path),
                "name another one after the URL");
  }
  for (const auto& output : repository.outputs()) {
    const bool same = output.path == path;
    if (!same && !below(output.path, path) && !below(path, output.path)) continue;
    if (same && output.stage.empty() && options.force) continue;
    throw Error(ErrorKind::conflict,
                fmt::format("'{}' is tracked already by '{}'", output.path, output.address()),
                same && output.import ? "'mlopsctl data update' renews an import" : "");
  }
  std::error_code failed;
  if (fs::exists(repository.root() / (path + ".dvc"), failed) && !options.force) {
    throw Error(ErrorKind::conflict, fmt::format("'{}.dvc' exists", path),
                "replace it with --force");
  }
  if (const auto rule = repository.ignore().ignoring(path, false)) {
    throw Error(ErrorKind::conflict,
                fmt::format("'{}' is ignored by {}", path, quote(rule->origin)),
                "change .dvcignore, or name another output");
  }
  if (!may_exist && !options.force &&
      fs::exists(fs::symlink_status(repository.root() / path, failed))) {
    throw Error(ErrorKind::conflict, fmt::format("'{}' exists", path), "replace it with --force");
  }
}

void refuse_secrets(const RemoteOptions& fs_config) {
  for (const auto& [name, value] : fs_config) {
    if (std::ranges::find(secrets, name) == secrets.end()) continue;
    throw Error(ErrorKind::usage,
                fmt::format("{} would be written to a .dvc file, which git keeps", quote(name)),
                "configure a remote with it and import from remote://NAME/PATH");
  }
}

}  // namespace mlopsctl::data

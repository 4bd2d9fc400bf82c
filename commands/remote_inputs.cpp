#include "commands/remote_inputs.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace mlopsctl::commands {

namespace fs = std::filesystem;

namespace {

// The last part of the path, which says the format by its extension.
std::string file_name(const std::string& url) {
  const std::string path = url.starts_with("s3://") ? url : url.substr(0, url.find_first_of("?#"));
  const std::string name = path.substr(path.find_last_of('/') + 1);
  return name.empty() || name == "." || name == ".." ? "data" : name;
}

// The objects of s3://BUCKET/PATTERN, sorted.
std::vector<std::string> matching(const std::string& url, const data::RemoteOptions& options) {
  const std::size_t slash = url.find('/', 5);
  const std::size_t special = url.find_first_of("*?[", 5);
  if (special == url.npos) return {url};
  if (slash == url.npos || special < slash) {
    throw Error(ErrorKind::usage, fmt::format("{} has a pattern in its bucket", quote(url)),
                "name the bucket: s3://BUCKET/PATTERN");
  }
  const std::string bucket = url.substr(0, slash), pattern = url.substr(slash + 1);
  // A * stays below its /, as in the names of files.
  const auto depth = [](const std::string& key) { return std::ranges::count(key, '/'); };
  std::vector<std::string> urls;
  const auto store = data::open_store(bucket, options);
  store->for_each(pattern.substr(0, pattern.find_first_of("*?[")),
                  [&](const data::ObjectInfo& one) {
                    if (depth(one.key) == depth(pattern) && glob_match(pattern, one.key)) {
                      urls.push_back(bucket + '/' + one.key);
                    }
                  });
  if (urls.empty())
    throw Error(ErrorKind::not_found, fmt::format("nothing matches {}", quote(url)));
  return urls;
}

}  // namespace

data::RemoteOptions remote_options(const Arguments& arguments) {
  data::RemoteOptions options;
  for (const auto& text : arguments.list("fs-config")) {
    const KeyValue option = parse_key_value(text);
    options[option.key] = option.value;
  }
  return options;
}

RemoteInputs::RemoteInputs(data::RemoteOptions options, Progress& progress)
    : options_(std::move(options)), progress_(progress) {}

drift::LocalCopy RemoteInputs::downloaded(const std::string& url) {
  if (!folder_) folder_.emplace();
  // A folder each: two URLs may end in the same name.
  const fs::path to = folder_->path() / std::to_string(files_++) / file_name(url);
  progress_.start(fmt::format("downloading {}", mask_secrets(url)), 0, "bytes");
  data::download_url(url, to, options_, [&](std::uint64_t bytes) { progress_.advance(bytes); });
  progress_.finish();
  return {quote(mask_secrets(url)), to.string()};
}

const std::vector<drift::LocalCopy>& RemoteInputs::fetch(const std::string& url) {
  const auto known = fetched_.find(url);
  if (known != fetched_.end()) return known->second;
  const std::string scheme = to_lower(url.substr(0, url.find("://")));
  if (scheme != "s3" && scheme != "http" && scheme != "https") {
    throw Error(ErrorKind::usage, fmt::format("{} cannot be read", quote(mask_secrets(url))),
                "files, s3://, http:// and https:// can");
  }
  std::vector<drift::LocalCopy> copies;
  for (const auto& one : scheme == "s3" ? matching(url, options_) : std::vector{url}) {
    copies.push_back(downloaded(one));
  }
  return fetched_.emplace(url, std::move(copies)).first->second;
}

}  // namespace mlopsctl::commands

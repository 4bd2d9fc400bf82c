// From a URL and the options of a remote in .dvc/config to the store that it names.
#pragma once

#include "mlopsctl/data/object_store.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace mlopsctl::data {

// Option names as in .dvc/config, without the url itself: endpointurl, region, profile, …
using RemoteOptions = std::map<std::string, std::string>;

// url: "s3://bucket/prefix", "file:///path" or a path. Throws Error{config} for a scheme that is
// not known, and for options that cannot be; nothing is opened and no credentials are looked for
// before the first operation.
std::unique_ptr<ObjectStore> open_store(const std::string& url, const RemoteOptions& options = {});

// True for schemes that open_store knows, "s3" and "file", and for paths.
bool is_store_url(std::string_view url);

// The whole content of a file by its URL: s3://bucket/key, http(s)://…, file:///path, a path.
// `most` bytes at most (Error{io}).
std::string read_url(const std::string& url, const RemoteOptions& options = {},
                     std::uint64_t most = std::uint64_t{1} << 30U);
// The same into a file, written whole or not at all. Returns its size in bytes. `moved` is told of
// bytes as they arrive, also of those that arrive again.
std::uint64_t download_url(const std::string& url, const fs::path& to,
                           const RemoteOptions& options = {},
                           const std::function<void(std::uint64_t)>& moved = {});

}  // namespace mlopsctl::data

// From a source to a remote, without working tree and cache.
#pragma once

#include "mlopsctl/data/object_store.hpp"

#include "data/remote/source.hpp"

namespace mlopsctl::data {

// Every file once, several at a time, and the ".dir" last. What comes over the network passes
// through `staging`, a few files at a time. Returns what it is there.
PathDigest send_source(Source& source, bool folder, ObjectStore& remote, const fs::path& staging,
                       std::size_t jobs, Progress& progress);

}  // namespace mlopsctl::data

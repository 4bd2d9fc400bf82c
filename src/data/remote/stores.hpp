// Makers of stores that are not part of the contract.
#pragma once

#include "mlopsctl/data/config.hpp"
#include "mlopsctl/data/object_store.hpp"
#include "mlopsctl/data/remote.hpp"

#include "data/remote/s3_settings.hpp"

#include <memory>
#include <string>

namespace mlopsctl::data {

// A remote of the configuration: its URL, and its options with paths made absolute. Throws
// Error{config} for one that is not there, has no url, or is version-aware.
struct RemotePlace {
  std::string url;
  RemoteOptions options;
};
RemotePlace remote_place(const DataConfig& config, const std::string& name);

std::unique_ptr<ObjectStore> make_s3_store(S3Settings settings);

// A queue over a store whose operations block: `threads` of them at work at once.
std::unique_ptr<ObjectQueue> make_thread_queue(ObjectStore& store, const QueueOptions& options,
                                               std::size_t threads);

}  // namespace mlopsctl::data

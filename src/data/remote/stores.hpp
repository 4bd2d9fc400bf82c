// Makers of stores that are not part of the contract.
#pragma once

#include "mlopsctl/data/object_store.hpp"

#include "data/remote/s3_settings.hpp"

#include <memory>

namespace mlopsctl::data {

std::unique_ptr<ObjectStore> make_s3_store(S3Settings settings);

// A queue over a store whose operations block: `threads` of them at work at once.
std::unique_ptr<ObjectQueue> make_thread_queue(ObjectStore& store, const QueueOptions& options,
                                               std::size_t threads);

}  // namespace mlopsctl::data

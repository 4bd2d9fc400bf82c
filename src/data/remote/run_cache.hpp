// The results of stages, below runs/ of cache and remote.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/data/object_store.hpp"
#include "mlopsctl/data/transfer.hpp"

#include <filesystem>

namespace mlopsctl::data {

// How many files were moved, or would be. cache: the folder that holds runs/.
std::size_t push_run_cache(ObjectStore& remote, const fs::path& cache,
                           const TransferOptions& options, Progress& progress);
std::size_t fetch_run_cache(ObjectStore& remote, const fs::path& cache,
                            const TransferOptions& options, Progress& progress);

}  // namespace mlopsctl::data

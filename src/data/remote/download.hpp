// One object on its way into the cache: small ones through memory, large ones in parts that are
// fetched side by side into a file, hashed as far as they are complete.
#pragma once

#include "mlopsctl/data/cache.hpp"
#include "mlopsctl/data/object_store.hpp"

#include "data/remote/worker_pool.hpp"

#include <functional>
#include <memory>
#include <string>

namespace mlopsctl::data {

struct DownloadContext {
  ObjectQueue& queue;
  ObjectCache& cache;
  WorkerPool& workers;
};

// Ends with the size of the object, or why it is not in the cache: Error{not_found} if the remote
// does not have it, Error{corrupt} if it is not what its name says. The context must stay.
void download_object(DownloadContext& context, const ObjectId& id, Done<std::uint64_t> done);

// Bytes that one request asks for.
inline constexpr std::uint64_t download_part = std::uint64_t{16} << 20U;

}  // namespace mlopsctl::data

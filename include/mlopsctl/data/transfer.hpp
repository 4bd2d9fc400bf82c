// Moves objects between a cache and a remote: many at once, verified, the ".dir" of a directory
// last.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/data/cache.hpp"
#include "mlopsctl/data/object_store.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mlopsctl::data {

// One object and what must be on the remote before it: the members of a directory.
struct TransferItem {
  ObjectId id;
  std::string name;               // for people: "data/train/1.png"; may be empty
  std::vector<ObjectId> members;  // of a ".dir"; each must be an item, too
};

struct TransferOptions {
  std::size_t jobs = 0;         // requests in flight; 0: the store's choice
  std::uint64_t bandwidth = 0;  // bytes per second; 0: no limit
  bool verify = false;          // push: look at the remote again afterwards, sizes and digests
  bool dry_run = false;         // only say what would be moved
};

struct FailedItem {
  TransferItem item;
  std::string reason;
};

struct TransferResult {
  std::vector<TransferItem> moved;    // or, with dry_run, what would be
  std::vector<TransferItem> missing;  // push: neither here nor there; fetch: not there
  std::vector<TransferItem> blocked;  // push: a ".dir" that was held back, for members are missing
  std::vector<FailedItem> failed;
  std::size_t already_there = 0;
  std::uint64_t bytes = 0;  // moved

  bool complete() const { return missing.empty() && blocked.empty() && failed.empty(); }
};

// Items may repeat; each object moves once. Objects that are incomplete or damaged in the cache are
// failures, never uploaded. Throws Error only where nothing can go on: no access, no such bucket,
// Ctrl-C; what has arrived until then is kept.
TransferResult push_objects(ObjectStore& remote, ObjectCache& cache,
                            std::span<const TransferItem> items, const TransferOptions& options,
                            Progress& progress);
// Downloads what the cache lacks; every object is hashed on its way and taken into the cache only
// if it is what its name says. Broken downloads of large objects go on where they stopped.
TransferResult fetch_objects(ObjectStore& remote, ObjectCache& cache,
                             std::span<const TransferItem> items, const TransferOptions& options,
                             Progress& progress);

// Where each object is, in the order of `ids`: status -c.
struct Presence {
  bool local = false;
  bool remote = false;
};
std::vector<Presence> compare_objects(ObjectStore& remote, ObjectCache& cache,
                                      std::span<const ObjectId> ids, std::size_t jobs,
                                      Progress& progress);
// Only the remote side. Lists or asks one by one, whichever needs fewer requests.
std::vector<bool> present_objects(ObjectStore& remote, std::span<const ObjectId> ids,
                                  std::size_t jobs, Progress& progress);

}  // namespace mlopsctl::data

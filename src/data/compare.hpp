// Two states of tracked data, file by file.
#pragma once

#include "mlopsctl/data/status.hpp"

#include <map>
#include <optional>
#include <string>

namespace mlopsctl::data {

// One tracked thing at one time; files with their digests if they are wanted and known.
struct Item {
  ObjectId id;
  bool directory = false;
  std::optional<Tree> tree;
};
using Items = std::map<std::string, Item>;  // by path, relative to the root

struct Compared {
  Differences differences;
  std::vector<std::string> unchanged;
};

// Pairs of one added and one deleted thing with equal content are renames.
Compared compare(const Items& before, const Items& after, bool granular);

// Recorded outputs as items. Trees are read from the cache if asked for and there.
Items items_of(ObjectCache& cache, std::span<const TrackedOutput> outputs, bool trees);

}  // namespace mlopsctl::data

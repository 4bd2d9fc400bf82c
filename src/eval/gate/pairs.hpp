// The examples of a task on both sides, joined by id and prompt.
#pragma once

#include "mlopsctl/eval/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::gate {

struct Pair {
  const ExampleRecord* before;
  const ExampleRecord* now;
};

// Ids are those of examples; where a task has an id twice, the n-th is joined with the n-th.
struct Joined {
  std::vector<Pair> pairs;           // answered by both, in the baseline's order
  std::vector<std::string> missing;  // of the baseline only
  std::vector<std::string> added;    // of now only
  std::vector<std::string> changed;  // another prompt or target under the same id
  std::vector<std::string> failed;   // answered before, an error now: "id: error"
  std::uint64_t failed_before = 0;   // had an error in the baseline already: left out
  bool is_whole() const {
    return missing.empty() && added.empty() && changed.empty() && failed.empty();
  }
};
Joined join(const TaskResult& before, const TaskResult& now);

// Group numbers of the pairs for a clustered bootstrap; empty if no example has a group.
std::vector<std::uint32_t> groups_of(const std::vector<Pair>& pairs);

// The values of a metric on both sides; nothing unless every pair has it.
struct PairedValues {
  std::vector<double> before, now;
  bool is_binary() const;
};
std::optional<PairedValues> values_of(const std::vector<Pair>& pairs, const std::string& key);

}  // namespace mlopsctl::gate

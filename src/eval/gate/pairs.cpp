#include "eval/gate/pairs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

namespace mlopsctl::gate {

namespace {

// "id", and "id#2" for the second of that id.
class Names {
 public:
  std::string next(const std::string& id) {
    const std::uint32_t count = ++seen_[id];
    return count == 1 ? id : fmt::format("{}#{}", id, count);
  }

 private:
  std::unordered_map<std::string, std::uint32_t> seen_;
};

}  // namespace

Joined join(const TaskResult& before, const TaskResult& now) {
  std::unordered_map<std::string, const ExampleRecord*> left;
  std::vector<std::string> order;
  Names names_now;
  for (const ExampleRecord& example : now.examples) {
    order.push_back(names_now.next(example.id));
    left.emplace(order.back(), &example);
  }
  Joined joined;
  Names names_before;
  for (const ExampleRecord& example : before.examples) {
    const std::string name = names_before.next(example.id);
    const auto found = left.find(name);
    if (found == left.end()) {
      joined.missing.push_back(name);
      continue;
    }
    const ExampleRecord& other = *found->second;
    left.erase(found);
    if (example.prompt_hash != other.prompt_hash || example.target_hash != other.target_hash) {
      joined.changed.push_back(name);
    } else if (!example.error.empty()) {
      ++joined.failed_before;
    } else if (!other.error.empty()) {
      joined.failed.push_back(fmt::format("{}: {}", name, other.error));
    } else {
      joined.pairs.push_back({&example, &other});
    }
  }
  for (const std::string& name : order) {
    if (left.contains(name)) joined.added.push_back(name);
  }
  return joined;
}

std::vector<std::uint32_t> groups_of(const std::vector<Pair>& pairs) {
  if (std::ranges::all_of(pairs, [](const Pair& pair) { return pair.before->group.empty(); })) {
    return {};
  }
  std::map<std::string, std::uint32_t> known;
  std::vector<std::uint32_t> groups;
  std::uint32_t next = 0;
  for (const Pair& pair : pairs) {
    if (pair.before->group.empty()) {
      groups.push_back(next++);  // its own
      continue;
    }
    const auto [entry, is_new] = known.emplace(pair.before->group, next);
    if (is_new) ++next;
    groups.push_back(entry->second);
  }
  return groups;
}

std::optional<PairedValues> values_of(const std::vector<Pair>& pairs, const std::string& key) {
  PairedValues values;
  for (const Pair& pair : pairs) {
    const auto before = pair.before->metrics.find(key), now = pair.now->metrics.find(key);
    if (before == pair.before->metrics.end() || now == pair.now->metrics.end()) return std::nullopt;
    values.before.push_back(before->second);
    values.now.push_back(now->second);
  }
  if (values.before.empty()) return std::nullopt;
  return values;
}

bool PairedValues::is_binary() const {
  const auto is_outcome = [](double value) { return value == 0 || value == 1; };
  return std::ranges::all_of(before, is_outcome) && std::ranges::all_of(now, is_outcome);
}

}  // namespace mlopsctl::gate

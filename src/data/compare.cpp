#include "data/compare.hpp"

#include <algorithm>
#include <set>

namespace mlopsctl::data {

namespace {

std::string shown(const std::string& path, const Item& item) {
  return item.directory ? path + "/" : path;
}

// Everything there is to compare under one name: the output itself and, granular, its files.
using Leaves = std::map<std::string, std::string>;  // shown path: digest

void add_leaves(Leaves& leaves, const std::string& path, const Item& item) {
  leaves[shown(path, item)] = item.id.hex;
  if (!item.tree) return;
  for (const auto& entry : item.tree->entries) leaves[path + "/" + entry.path] = entry.md5;
}

void pair_renames(Differences& differences, const Leaves& before, const Leaves& after) {
  std::multimap<std::string, std::string> gone;  // digest: path
  for (const auto& path : differences.deleted) gone.emplace(before.at(path), path);
  std::set<std::string> from, to;
  for (const auto& path : differences.added) {
    const auto match = gone.find(after.at(path));
    if (match == gone.end()) continue;
    differences.renamed.push_back({match->second, path});
    from.insert(match->second);
    to.insert(path);
    gone.erase(match);
  }
  std::erase_if(differences.deleted, [&](const std::string& path) { return from.contains(path); });
  std::erase_if(differences.added, [&](const std::string& path) { return to.contains(path); });
}

}  // namespace

Compared compare(const Items& before, const Items& after, bool granular) {
  Compared result;
  Leaves old_leaves, new_leaves;
  std::set<std::string> unknown;
  for (const auto& [path, item] : before) {
    const auto other = after.find(path);
    if (granular && other != after.end() && item.id.hex == other->second.id.hex) {
      // Equal as a whole: both sides have the same files, whether or not they are known.
      Item both = item;
      if (!both.tree) both.tree = other->second.tree;
      add_leaves(old_leaves, path, both);
      add_leaves(new_leaves, path, both);
      continue;
    }
    const bool half_known = granular && other != after.end() && item.directory &&
                            other->second.directory &&
                            item.tree.has_value() != other->second.tree.has_value();
    if (half_known) unknown.insert(path);
    Item left = item;
    if (half_known || !granular) left.tree.reset();
    add_leaves(old_leaves, path, left);
  }
  for (const auto& [path, item] : after) {
    const auto other = before.find(path);
    if (granular && other != before.end() && item.id.hex == other->second.id.hex) continue;
    Item right = item;
    if (unknown.contains(path) || !granular) right.tree.reset();
    add_leaves(new_leaves, path, right);
  }
  for (const auto& [path, digest] : old_leaves) {
    const auto now = new_leaves.find(path);
    if (now == new_leaves.end()) {
      result.differences.deleted.push_back(path);
    } else if (now->second != digest) {
      result.differences.modified.push_back(path);
    } else {
      result.unchanged.push_back(path);
    }
  }
  for (const auto& [path, digest] : new_leaves) {
    if (!old_leaves.contains(path)) result.differences.added.push_back(path);
  }
  for (const auto& path : unknown) result.differences.unknown.push_back(path + "/");
  pair_renames(result.differences, old_leaves, new_leaves);
  return result;
}

Items items_of(ObjectCache& cache, std::span<const TrackedOutput> outputs, bool trees) {
  Items items;
  for (const auto& output : outputs) {
    if (!output.entry.id) continue;
    Item item{*output.entry.id, output.entry.id->is_directory(), {}};
    if (trees && item.directory && cache.has(item.id)) item.tree = cache.tree(item.id);
    items[output.path] = std::move(item);
  }
  return items;
}

}  // namespace mlopsctl::data

// ".dir" objects: what is in a directory, as DVC writes it. Pure.
#pragma once

#include "mlopsctl/data/object_id.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::data {

struct TreeEntry {
  std::string path;  // relative to the directory, '/' between names
  std::string md5;   // 32 hexadecimal digits
  friend bool operator==(const TreeEntry&, const TreeEntry&) = default;
};

// The files of a directory, sorted by path as bytes.
struct Tree {
  std::vector<TreeEntry> entries;

  const TreeEntry* find(std::string_view path) const;  // null if it is not there
};

// Exactly DVC's bytes: Python's json.dumps of the sorted list, ASCII only. Throws Error{conflict}
// for a path that is not UTF-8.
std::string tree_text(const Tree& tree);

// The id that DVC gives the directory: MD5 of tree_text and ".dir".
ObjectId tree_id(std::string_view tree_text, HashKind kind);

// Reads a ".dir" object; keys that are not known (older versions wrote "size") are skipped.
// Throws Error{corrupt}; paths that leave the directory ("..", absolute) are refused, too.
Tree parse_tree(std::string_view text);

}  // namespace mlopsctl::data

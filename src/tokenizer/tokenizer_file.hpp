// tokenizer.json and its neighbours, read by simdjson.
#pragma once

#include "tokenizer/json_tree.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::tokens {

struct VocabularyEntry {
  std::string_view token;
  std::int64_t id = 0;
};

struct MergeEntry {
  std::string_view left, right;
};

// The vocabulary and merges, which are large, as views that are valid as long as this object; the
// rest as a tree, in which they are null.
class TokenizerFile {
 public:
  // `name` is what messages call it. Throws Error{corrupt}.
  TokenizerFile(std::string_view json, const std::string& name);
  ~TokenizerFile();
  TokenizerFile(TokenizerFile&&) noexcept;

  const JsonTree& tree() const { return tree_; }
  const std::vector<VocabularyEntry>& vocabulary() const { return vocabulary_; }
  const std::vector<MergeEntry>& merges() const { return merges_; }

 private:
  struct Parsed;
  std::unique_ptr<Parsed> parsed_;
  JsonTree tree_;
  std::vector<VocabularyEntry> vocabulary_;
  std::vector<MergeEntry> merges_;
};

// Any JSON text. Throws Error{corrupt}.
JsonTree parse_json_tree(std::string_view json, const std::string& name);

}  // namespace mlopsctl::tokens

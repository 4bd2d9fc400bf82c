#include "tokenizer/tokenizer_file.hpp"

#include "mlopsctl/base/error.hpp"

#include <fmt/format.h>
#include <simdjson.h>

namespace mlopsctl::tokens {

namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

[[noreturn]] void damaged(const std::string& name, std::string_view what) {
  throw Error{ErrorKind::corrupt, fmt::format("{}: {}", name, what),
              "the file is damaged, or no Hugging Face tokenizer: get it again"};
}

// A copy of `from`, without the model's vocab and merges, which the caller reads where they are.
JsonTree copy(const element& from, bool skip_large) {
  JsonTree tree;
  switch (from.type()) {
    case element_type::OBJECT:
      tree.kind = JsonTree::Kind::object;
      for (const auto& [key, value] : simdjson::dom::object(from)) {
        if (skip_large && (key == "vocab" || key == "merges")) continue;
        tree.members.push_back({std::string(key), copy(value, skip_large)});
      }
      break;
    case element_type::ARRAY:
      tree.kind = JsonTree::Kind::list;
      for (const element& value : simdjson::dom::array(from)) {
        tree.items.push_back(copy(value, skip_large));
      }
      break;
    case element_type::STRING:
      tree.kind = JsonTree::Kind::text;
      tree.text = std::string_view(from);
      break;
    case element_type::BOOL:
      tree.kind = JsonTree::Kind::boolean;
      tree.boolean = bool(from);
      break;
    case element_type::INT64:
      tree.kind = JsonTree::Kind::integer;
      tree.integer = std::int64_t(from);
      break;
    case element_type::UINT64:  // above 2^63: no id, no length
    case element_type::DOUBLE:
      tree.kind = JsonTree::Kind::number;
      tree.number = double(from);
      break;
    case element_type::NULL_VALUE:
      break;
  }
  return tree;
}

element parse(simdjson::dom::parser& parser, const simdjson::padded_string& text,
              const std::string& name) {
  element root;
  if (const auto error = parser.parse(text).get(root); error != simdjson::SUCCESS) {
    damaged(name, fmt::format("no JSON: {}", simdjson::error_message(error)));
  }
  return root;
}

MergeEntry split_merge(std::string_view line, const std::string& name) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
    damaged(name, fmt::format("model.merges: '{}' is no pair of tokens", line));
  }
  return {line.substr(0, space), line.substr(space + 1)};
}

// "a b", which cannot hold tokens with spaces, or ["a", "b"], which newer writers make.
std::vector<MergeEntry> merges_of(const element& list, const std::string& name) {
  std::vector<MergeEntry> merges;
  simdjson::dom::array lines;
  if (list.get(lines) != simdjson::SUCCESS) damaged(name, "model.merges is no list");
  merges.reserve(lines.size());
  for (const element& line : lines) {
    std::string_view text;
    if (line.get(text) == simdjson::SUCCESS) {
      if (!text.starts_with("#version")) merges.push_back(split_merge(text, name));
      continue;
    }
    simdjson::dom::array pair;
    MergeEntry merge;
    if (line.get(pair) != simdjson::SUCCESS || pair.size() != 2 ||
        pair.at(0).get(merge.left) != simdjson::SUCCESS ||
        pair.at(1).get(merge.right) != simdjson::SUCCESS) {
      damaged(name, "model.merges has an element that is no pair of tokens");
    }
    merges.push_back(merge);
  }
  return merges;
}

std::vector<VocabularyEntry> vocabulary_of(const element& object, const std::string& name) {
  std::vector<VocabularyEntry> entries;
  simdjson::dom::object tokens;
  if (object.get(tokens) != simdjson::SUCCESS) return entries;  // a list: no BPE
  entries.reserve(tokens.size());
  for (const auto& [token, value] : tokens) {
    std::int64_t id = 0;
    if (value.get(id) != simdjson::SUCCESS) {
      damaged(name, fmt::format("model.vocab: '{}' has no integer as id", token));
    }
    entries.push_back({token, id});
  }
  return entries;
}

}  // namespace

struct TokenizerFile::Parsed {
  simdjson::dom::parser parser;
  simdjson::padded_string text;
};

TokenizerFile::TokenizerFile(std::string_view json, const std::string& name)
    : parsed_(std::make_unique<Parsed>()) {
  parsed_->text = simdjson::padded_string(json);
  const element root = parse(parsed_->parser, parsed_->text, name);
  tree_ = copy(root, true);
  element model;
  if (root["model"].get(model) != simdjson::SUCCESS) return;
  element found;
  if (model["vocab"].get(found) == simdjson::SUCCESS) vocabulary_ = vocabulary_of(found, name);
  if (model["merges"].get(found) == simdjson::SUCCESS) merges_ = merges_of(found, name);
}

TokenizerFile::~TokenizerFile() = default;
TokenizerFile::TokenizerFile(TokenizerFile&&) noexcept = default;

JsonTree parse_json_tree(std::string_view json, const std::string& name) {
  simdjson::dom::parser parser;
  const simdjson::padded_string text(json);
  return copy(parse(parser, text, name), false);
}

}  // namespace mlopsctl::tokens

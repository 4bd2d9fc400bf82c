#include "tokenizer/json_tree.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

namespace mlopsctl::tokens {

namespace {

const JsonTree nothing;

}  // namespace

const JsonTree* JsonTree::find(std::string_view key) const {
  const JsonTree* found = nullptr;
  for (const auto& [name, value] : members) {
    if (name == key) found = &value;  // of equal names the last, as everywhere
  }
  return found;
}

Node Node::at(std::string_view key) const {
  const JsonTree* found = tree_->find(key);
  return {found == nullptr ? nothing : *found, file_,
          path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key)};
}

std::vector<Node> Node::list(std::string_view key) const { return at(key).items(); }

std::vector<Node> Node::items() const {
  if (tree_->kind != JsonTree::Kind::list) corrupt("is no list");
  std::vector<Node> result;
  for (std::size_t i = 0; i < tree_->items.size(); ++i) {
    result.push_back({tree_->items[i], file_, fmt::format("{}[{}]", path_, i)});
  }
  return result;
}

std::string Node::text() const {
  if (tree_->kind != JsonTree::Kind::text) corrupt("is no string");
  return tree_->text;
}

std::int64_t Node::integer() const {
  if (tree_->kind != JsonTree::Kind::integer) corrupt("is no integer");
  return tree_->integer;
}

bool Node::flag(std::string_view key, bool otherwise) const {
  const Node node = at(key);
  if (node.is_null()) return otherwise;
  if (node.tree_->kind != JsonTree::Kind::boolean) node.corrupt("is neither true nor false");
  return node.tree_->boolean;
}

std::string Node::place() const { return path_.empty() ? "the file" : printable(path_); }

void Node::corrupt(const std::string& what) const {
  throw Error{ErrorKind::corrupt, fmt::format("{}: {} {}", file_, place(), what),
              "the file is damaged, or no Hugging Face tokenizer: get it again"};
}

void Node::unsupported(const std::string& what) const {
  throw Error{ErrorKind::usage, fmt::format("{}: {}: {} is not supported", file_, place(), what),
              "tokenizers of the GPT-2, Llama, Mistral and Qwen families are"};
}

}  // namespace mlopsctl::tokens

// A JSON value as plain data, and a view of it that knows where it is, for messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlopsctl::tokens {

struct JsonMember;

struct JsonTree {
  enum class Kind { null, boolean, integer, number, text, list, object };

  Kind kind = Kind::null;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string text;
  std::vector<JsonTree> items;
  std::vector<JsonMember> members;

  const JsonTree* find(std::string_view key) const;  // null if there is none, or this is no object
};

struct JsonMember {
  std::string name;
  JsonTree value;
};

// A value of a file. What is missing is a node that is_null(). Reading something as what it is not
// throws Error{corrupt} that names file and place.
class Node {
 public:
  Node(const JsonTree& tree, std::string file) : tree_(&tree), file_(std::move(file)) {}

  const JsonTree& tree() const { return *tree_; }
  bool is_null() const { return tree_->kind == JsonTree::Kind::null; }
  Node at(std::string_view key) const;
  std::vector<Node> list(std::string_view key) const;
  std::vector<Node> items() const;
  std::string text() const;
  std::string text(std::string_view key) const { return at(key).text(); }
  std::int64_t integer() const;
  bool flag(std::string_view key, bool otherwise) const;  // null, too, is `otherwise`

  [[noreturn]] void corrupt(const std::string& what) const;
  // Error{usage}: "'…/tokenizer.json': <what> is not supported", with the place.
  [[noreturn]] void unsupported(const std::string& what) const;

 private:
  Node(const JsonTree& tree, std::string file, std::string path)
      : tree_(&tree), file_(std::move(file)), path_(std::move(path)) {}
  std::string place() const;

  const JsonTree* tree_;
  std::string file_;
  std::string path_;
};

}  // namespace mlopsctl::tokens

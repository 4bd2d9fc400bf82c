// The "post_processor" of a tokenizer.json: special tokens around the text.
#pragma once

#include "mlopsctl/tokenizer/tokenizer.hpp"

#include "tokenizer/json_tree.hpp"

#include <vector>

namespace mlopsctl::tokens {

class PostProcessor {
 public:
  // Null: none. Throws Error{usage} naming what is not supported.
  explicit PostProcessor(const Node& node);

  std::vector<TokenId> apply(std::vector<TokenId> text, bool add_special) const;

 private:
  struct Item {
    bool is_text = false;
    std::vector<TokenId> ids{};
  };
  void add(const Node& node);
  void add_template(const Node& node);
  void add_pair(const Node& node);
  void once(const Node& node) const;

  std::vector<Item> items_;  // empty: nothing but the text
};

}  // namespace mlopsctl::tokens

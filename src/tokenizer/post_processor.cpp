#include "tokenizer/post_processor.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

namespace mlopsctl::tokens {

namespace {

TokenId id_of(const Node& node) {
  const std::int64_t id = node.integer();
  if (id < 0 || id > INT32_MAX) node.corrupt("is no token id");
  return static_cast<TokenId>(id);
}

}  // namespace

PostProcessor::PostProcessor(const Node& node) {
  if (!node.is_null()) add(node);
}

void PostProcessor::add(const Node& node) {
  const std::string type = node.text("type");
  if (type == "Sequence") {
    for (const Node& one : node.list("processors")) add(one);
  } else if (type == "TemplateProcessing") {
    add_template(node);
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    add_pair(node);
  } else if (type != "ByteLevel") {  // which moves offsets only
    node.unsupported(fmt::format("the post-processor {}", quote(type)));
  }
}

void PostProcessor::once(const Node& node) const {
  if (!items_.empty()) node.unsupported("a second template");
}

void PostProcessor::add_template(const Node& node) {
  once(node);
  const Node specials = node.at("special_tokens");
  for (const Node& piece : node.list("single")) {
    const Node special = piece.at("SpecialToken");
    if (special.is_null()) {
      const Node sequence = piece.at("Sequence");
      if (sequence.text("id") != "A") sequence.unsupported("a second text");
      items_.push_back({.is_text = true});
      continue;
    }
    Item item;
    for (const Node& id : specials.at(special.text("id")).list("ids"))
      item.ids.push_back(id_of(id));
    items_.push_back(std::move(item));
  }
}

// "cls" and "sep": a token, and its id, in front of the text and behind it.
void PostProcessor::add_pair(const Node& node) {
  once(node);
  const auto token = [&](const char* key) {
    const std::vector<Node> pair = node.list(key);
    if (pair.size() != 2) node.at(key).corrupt("is no pair of a token and its id");
    return Item{.ids = {id_of(pair[1])}};
  };
  items_ = {token("cls"), {.is_text = true}, token("sep")};
}

std::vector<TokenId> PostProcessor::apply(std::vector<TokenId> text, bool add_special) const {
  if (items_.empty()) return text;
  std::vector<TokenId> result;
  result.reserve(text.size() + items_.size());
  for (const Item& item : items_) {
    if (item.is_text) {
      result.insert(result.end(), text.begin(), text.end());
    } else if (add_special) {
      result.insert(result.end(), item.ids.begin(), item.ids.end());
    }
  }
  return result;
}

}  // namespace mlopsctl::tokens

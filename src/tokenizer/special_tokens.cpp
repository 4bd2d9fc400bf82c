#include "tokenizer/special_tokens.hpp"

#include "mlopsctl/platform/files.hpp"

#include "tokenizer/tokenizer_file.hpp"

#include <set>

namespace mlopsctl::tokens {

namespace {

JsonTree read_if_there(const fs::path& path) {
  if (!fs::exists(path)) return {};
  return parse_json_tree(read_file(path), quoted_path(path));
}

class Reader {
 public:
  explicit Reader(const fs::path& folder) : folder_(folder) {}

  SpecialTokens read() {
    const JsonTree config = read_if_there(folder_ / "tokenizer_config.json");
    read_roles(config);
    read_roles(read_if_there(folder_ / "special_tokens_map.json"));
    read_ids(read_if_there(folder_ / "config.json"));
    const fs::path own = folder_ / "chat_template.jinja";
    if (fs::exists(own)) {
      result_.chat_template = read_file(own);
    } else {
      read_template(config);
    }
    return std::move(result_);
  }

 private:
  // A string, {"content": …} or null, which says that there is none.
  void read_roles(const JsonTree& file) {
    for (const auto& [key, value] : file.members) {
      if (!key.ends_with("_token") || !mentioned_.insert(key).second) continue;
      const JsonTree* content =
          value.kind == JsonTree::Kind::object ? value.find("content") : &value;
      if (content != nullptr && content->kind == JsonTree::Kind::text) {
        result_.texts[key] = content->text;
      }
    }
  }

  std::optional<std::int64_t> id(const JsonTree& file, const char* role, const char* key) const {
    if (mentioned_.contains(role)) return std::nullopt;
    const JsonTree* found = file.find(key);
    if (found != nullptr && found->kind == JsonTree::Kind::list && !found->items.empty()) {
      found = &found->items.front();
    }
    if (found == nullptr || found->kind != JsonTree::Kind::integer) return std::nullopt;
    return found->integer;
  }

  void read_ids(const JsonTree& config) {
    result_.bos_id = id(config, "bos_token", "bos_token_id");
    result_.eos_id = id(config, "eos_token", "eos_token_id");
  }

  // One template, or a list of named ones, of which "default" is for plain conversations.
  void read_template(const JsonTree& config) {
    const JsonTree* found = config.find("chat_template");
    if (found == nullptr) return;
    if (found->kind == JsonTree::Kind::text) result_.chat_template = found->text;
    for (const JsonTree& named : found->items) {
      const JsonTree* name = named.find("name");
      const JsonTree* text = named.find("template");
      if (name != nullptr && name->text == "default" && text != nullptr) {
        result_.chat_template = text->text;
      }
    }
  }

  fs::path folder_;
  std::set<std::string> mentioned_;
  SpecialTokens result_;
};

}  // namespace

SpecialTokens read_special_tokens(const fs::path& folder) { return Reader(folder).read(); }

}  // namespace mlopsctl::tokens

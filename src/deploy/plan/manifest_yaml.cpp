// Manifests as people write them: what an object is comes first, lists stand at their key's column,
// nothing is folded.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/formats/yaml.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace mlopsctl {

namespace {

// Keys that come before the others, wherever they are; the others follow by the alphabet.
constexpr std::array first_keys{
    "apiVersion",     "kind",        "type",    "name",     "namespace", "metadata",
    "image",          "command",     "args",    "ports",    "path",      "port",
    "scaleTargetRef", "minReplicas", "httpGet", "replicas", "selector",  "strategy"};

// The same text to readers of YAML 1.1 and 1.2. Kubernetes reads 1.1, where yes, 010 and 12:30 are
// none.
bool is_plain(std::string_view text) {
  static constexpr std::array words{"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool begins = !text.empty() && (letter(text[0]) || digit(text[0]) || text[0] == '/' ||
                                        text.starts_with("--"));
  const bool characters = std::ranges::all_of(text, [&](char c) {
    return letter(c) || digit(c) || std::string_view("-_./:@=+").find(c) != std::string_view::npos;
  });
  if (!begins || !characters || text.back() == ':') return false;
  const bool number = text.find_first_not_of("0123456789abcdefABCDEFxXo._:+-") == text.npos &&
                      (digit(text[0]) || !letter(text[0]));
  return !number && std::ranges::find(words, to_lower(text)) == words.end();
}

std::string text_scalar(const std::string& text) {
  if (is_plain(text)) return text;
  const std::string written = yaml_scalar(text);
  return written.starts_with('"') ? written : Json(text).dump();
}

std::vector<std::string> ordered_keys(const Json& object) {
  std::vector<std::string> keys;
  for (const auto* key : first_keys) {
    if (object.contains(key)) keys.emplace_back(key);
  }
  for (const auto& [key, value] : object.items()) {
    if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
  }
  return keys;
}

class Emitter {
 public:
  std::string take() { return std::move(out_); }

  // The pen stands where the first key begins.
  void map(const Json& object, std::size_t indent) {
    bool first = true;
    for (const auto& key : ordered_keys(object)) {
      if (!first) out_.append(indent, ' ');
      first = false;
      out_ += text_scalar(key) + ":";
      after_key(object.at(key), indent);
    }
  }

 private:
  void after_key(const Json& value, std::size_t indent) {
    if (value.is_object() && !value.empty()) {
      out_ += '\n';
      out_.append(indent + 2, ' ');
      map(value, indent + 2);
    } else if (value.is_array() && !value.empty()) {
      out_ += '\n';
      list(value, indent);
    } else {
      out_ += ' ';
      scalar(value, indent);
    }
  }

  void list(const Json& values, std::size_t indent) {
    for (const Json& value : values) {
      out_.append(indent, ' ');
      out_ += "- ";
      if (value.is_object() && !value.empty()) {
        map(value, indent + 2);
      } else if (value.is_array() && !value.empty()) {
        nested(value);
      } else {
        scalar(value, indent);
      }
    }
  }

  // Lists in lists are rare enough for one line.
  void nested(const Json& value) { out_ += value.dump() + "\n"; }

  void scalar(const Json& value, std::size_t indent) {
    if (!value.is_string()) {
      out_ += value.dump() + "\n";
      return;
    }
    const auto& text = value.get_ref<const std::string&>();
    if (is_block(text)) {
      block(text, indent + 2);
    } else {
      out_ += text_scalar(text) + "\n";
    }
  }

  // Several lines that a literal block gives back as they are.
  static bool is_block(const std::string& text) {
    return text.size() > 1 && text.find('\n') < text.size() - 1 && text.front() != ' ' &&
           text.front() != '\n' && !text.ends_with("\n\n") &&
           std::ranges::none_of(text, [](char c) {
             return (static_cast<unsigned char>(c) < 0x20 && c != '\n') ||
                    static_cast<unsigned char>(c) >= 0x7f;
           });
  }

  void block(const std::string& text, std::size_t indent) {
    out_ += text.ends_with('\n') ? "|\n" : "|-\n";
    std::size_t begin = 0;
    while (begin < text.size()) {
      const auto end = std::min(text.find('\n', begin), text.size());
      if (end > begin) out_.append(indent, ' ');
      out_.append(text, begin, end - begin);
      out_ += '\n';
      begin = end + 1;
    }
  }

  std::string out_;
};

}  // namespace

std::string manifests_yaml(const std::vector<Json>& manifests) {
  std::string text;
  for (const Json& manifest : manifests) {
    if (!text.empty()) text += "---\n";
    Emitter emitter;
    emitter.map(manifest, 0);
    text += emitter.take();
  }
  return text;
}

}  // namespace mlopsctl

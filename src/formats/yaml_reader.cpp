// From libyaml's events to a tree.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/yaml_value.hpp"

#include "formats/yaml_number.hpp"

#include <fmt/format.h>
#include <yaml.h>

#include <memory>
#include <new>
#include <unordered_map>
#include <unordered_set>

namespace mlopsctl {

namespace {

constexpr std::size_t max_yaml_depth = 100;
constexpr std::size_t max_values = 1'000'000;
constexpr std::size_t scan_limit = 16;  // maps up to this size look for duplicates by scanning
constexpr std::string_view core = "tag:yaml.org,2002:";

[[noreturn]] void fail(std::size_t line, std::string_view what) {
  throw Error(ErrorKind::config, fmt::format("line {}: {}", line + 1, what));
}

// libyaml counts characters; this turns its marks into bytes. Marks come almost in order.
class ByteIndex {
 public:
  explicit ByteIndex(std::string_view text) : text_(text) {
    for (const char c : text) ascii_ = ascii_ && static_cast<unsigned char>(c) < 0x80;
  }
  std::size_t operator()(std::size_t character) {
    if (ascii_) return std::min(character, text_.size());
    if (character < character_) character_ = byte_ = 0;
    while (character_ < character && byte_ < text_.size()) {
      ++byte_;
      while (byte_ < text_.size() && (static_cast<unsigned char>(text_[byte_]) & 0xC0U) == 0x80U) {
        ++byte_;
      }
      ++character_;
    }
    return byte_;
  }

 private:
  std::string_view text_;
  bool ascii_ = true;
  std::size_t character_ = 0, byte_ = 0;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), bytes_(text) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Reader() { yaml_parser_delete(&parser_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  YamlValue read() {
    YamlValue root;
    next();  // stream start
    if (next()->type == YAML_STREAM_END_EVENT) return root;
    next();  // the document's first node
    root = node(0);
    next();  // document end
    if (next()->type != YAML_STREAM_END_EVENT) {
      fail(event_->start_mark.line, "a second document is not allowed here");
    }
    return root;
  }

 private:
  using Event = std::unique_ptr<yaml_event_t, void (*)(yaml_event_t*)>;

  yaml_event_t* next() {
    auto* event = new yaml_event_t;
    if (yaml_parser_parse(&parser_, event) == 0) {
      delete event;
      fail(parser_.problem_mark.line, parser_.problem != nullptr ? parser_.problem : "not YAML");
    }
    event_ = Event(event, [](yaml_event_t* one) {
      yaml_event_delete(one);
      delete one;
    });
    return event;
  }

  static std::string_view view(const yaml_char_t* text) {
    return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
  }

  YamlSpan span() {
    const auto& event = *event_;
    return {.begin = bytes_(event.start_mark.index),
            .end = bytes_(event.end_mark.index),
            .line = event.start_mark.line + 1,
            .column = event.start_mark.column + 1};
  }

  void count(std::size_t amount) {
    values_ += amount;
    if (values_ > max_values) fail(event_->start_mark.line, "too many values");
  }

  // The node whose first event is at hand; its last event is at hand afterwards.
  YamlValue node(std::size_t depth) {
    if (depth > max_yaml_depth) fail(event_->start_mark.line, "nested too deeply");
    count(1);
    switch (event_->type) {
      case YAML_ALIAS_EVENT:
        return alias();
      case YAML_SCALAR_EVENT: {
        const std::string anchor(view(event_->data.scalar.anchor));
        YamlValue value = scalar();
        if (!anchor.empty()) anchors_[anchor] = {value, 1};
        return value;
      }
      case YAML_SEQUENCE_START_EVENT:
        return list(depth);
      default:
        return map(depth);
    }
  }

  YamlValue alias() {
    const std::string name(view(event_->data.alias.anchor));
    const auto found = anchors_.find(name);
    if (found == anchors_.end()) {
      fail(event_->start_mark.line, fmt::format("there is no anchor {}", quote("&" + name)));
    }
    count(found->second.values);
    YamlValue value = found->second.value;
    value.span = span();
    return value;
  }

  YamlValue list(std::size_t depth) {
    const auto& start = event_->data.sequence_start;
    const std::string anchor(view(start.anchor));
    check_tag(view(start.tag), "seq");
    YamlValue value = YamlValue::empty_list();
    value.flow = start.style == YAML_FLOW_SEQUENCE_STYLE;
    value.span = span();
    const std::size_t before = values_;
    while (next()->type != YAML_SEQUENCE_END_EVENT) value.items.push_back(node(depth + 1));
    close(value, value.items.empty() ? nullptr : &value.items.back());
    if (!anchor.empty()) anchors_[anchor] = {value, values_ - before + 1};
    return value;
  }

  YamlValue map(std::size_t depth) {
    const auto& start = event_->data.mapping_start;
    const std::string anchor(view(start.anchor));
    check_tag(view(start.tag), "map");
    YamlValue value = YamlValue::empty_map();
    value.flow = start.style == YAML_FLOW_MAPPING_STYLE;
    value.span = span();
    const std::size_t before = values_;
    std::vector<YamlValue> merged;
    std::unordered_set<std::string> seen;
    while (next()->type != YAML_MAPPING_END_EVENT) {
      const std::size_t line = event_->start_mark.line;
      bool merge = false;
      YamlEntry entry = key(merge);
      next();
      entry.value = node(depth + 1);
      value.span.end = entry.value.span.end;
      if (merge) {
        add_merged(entry.value, merged, line);
        continue;
      }
      if (duplicate(value, entry, seen)) {
        fail(line, fmt::format("the key {} is there twice", quote(entry.key)));
      }
      value.entries.push_back(std::move(entry));
    }
    close(value, nullptr);
    if (!merged.empty()) apply_merged(value, merged);
    if (!anchor.empty()) anchors_[anchor] = {value, values_ - before + 1};
    return value;
  }

  // The end of a block collection is its last child's: libyaml's mark is at the next token.
  void close(YamlValue& value, const YamlValue* last) {
    if (value.flow) {
      value.span.end = bytes_(event_->end_mark.index);
    } else if (last != nullptr) {
      value.span.end = last->span.end;
    }
  }

  YamlEntry key(bool& merge) {
    const std::size_t line = event_->start_mark.line;
    YamlValue value;
    if (event_->type == YAML_SCALAR_EVENT) {
      const auto& data = event_->data.scalar;
      merge = data.plain_implicit != 0 && std::string_view(view(data.value)) == "<<";
    }
    value = node(max_yaml_depth);
    YamlEntry entry{.key = value.text, .key_kind = value.kind, .key_span = value.span, .value = {}};
    switch (value.kind) {
      case YamlKind::boolean:
        entry.key = value.boolean ? "true" : "false";
        break;
      case YamlKind::real:
        entry.key = std::string(text_.substr(value.span.begin, value.span.end - value.span.begin));
        break;
      case YamlKind::list:
      case YamlKind::map:
        fail(line, "a key must be plain text");
      default:
        break;
    }
    return entry;
  }

  static bool duplicate(const YamlValue& map, const YamlEntry& entry,
                        std::unordered_set<std::string>& seen) {
    const auto identity = [](const YamlEntry& one) {
      return std::to_string(static_cast<int>(one.key_kind)) + one.key;
    };
    if (map.entries.size() < scan_limit) {
      for (const auto& other : map.entries) {
        if (other.key_kind == entry.key_kind && other.key == entry.key) return true;
      }
      return false;
    }
    if (seen.empty()) {
      for (const auto& other : map.entries) seen.insert(identity(other));
    }
    return !seen.insert(identity(entry)).second;
  }

  static void add_merged(const YamlValue& value, std::vector<YamlValue>& merged, std::size_t line) {
    if (value.is_map()) {
      merged.push_back(value);
      return;
    }
    if (!value.is_list()) fail(line, "'<<' takes a map or a list of maps");
    for (const auto& item : value.items) {
      if (!item.is_map()) fail(line, "'<<' takes a map or a list of maps");
      merged.push_back(item);
    }
  }

  // Merged keys come first, as ruamel.yaml has them; the map's own values win, then the earlier
  // map.
  static void apply_merged(YamlValue& value, const std::vector<YamlValue>& merged) {
    std::vector<YamlEntry> own = std::move(value.entries);
    value.entries.clear();
    const auto put = [&](const YamlEntry& entry, bool replace) {
      for (auto& other : value.entries) {
        if (other.key_kind != entry.key_kind || other.key != entry.key) continue;
        if (replace) other = entry;
        return;
      }
      value.entries.push_back(entry);
    };
    for (const auto& map : merged) {
      for (const auto& entry : map.entries) put(entry, false);
    }
    for (const auto& entry : own) put(entry, true);
  }

  void check_tag(std::string_view tag, std::string_view expected) const {
    if (tag.empty() || tag == "!") return;
    if (tag.starts_with(core) && tag.substr(core.size()) == expected) return;
    if (tag == "tag:yaml.org,2002:omap" || tag == "tag:yaml.org,2002:set") return;
    fail(event_->start_mark.line, fmt::format("the tag {} is unknown", quote(tag)));
  }

  YamlValue scalar() {
    const auto& data = event_->data.scalar;
    std::string text(reinterpret_cast<const char*>(data.value), data.length);
    const std::string_view tag = view(data.tag);
    YamlMeaning meaning = YamlMeaning::text;
    if (data.plain_implicit != 0 && data.style == YAML_PLAIN_SCALAR_STYLE) {
      meaning = yaml_meaning(text);
    } else if (tag.starts_with(core)) {
      const std::string_view name = tag.substr(core.size());
      if (name == "int") meaning = YamlMeaning::integer;
      if (name == "float") meaning = YamlMeaning::real;
      if (name == "bool") meaning = YamlMeaning::boolean;
      if (name == "null") meaning = YamlMeaning::null;
    } else if (!tag.empty() && tag != "!") {
      fail(event_->start_mark.line, fmt::format("the tag {} is unknown", quote(tag)));
    }
    YamlValue value = meant(meaning, std::move(text));
    value.span = span();
    return value;
  }

  static YamlValue meant(YamlMeaning meaning, std::string text) {
    if (meaning == YamlMeaning::null) return {};
    if (meaning == YamlMeaning::boolean) return YamlValue::of_bool(to_lower(text) == "true");
    if (meaning == YamlMeaning::integer) {
      if (auto digits = yaml_integer(text)) {
        YamlValue value;
        value.kind = YamlKind::integer;
        value.text = std::move(*digits);
        return value;
      }
    }
    if (meaning == YamlMeaning::real) {
      if (const auto number = yaml_real(text)) return YamlValue::of_real(*number);
    }
    return YamlValue::of_text(std::move(text));
  }

  struct Anchored {
    YamlValue value;
    std::size_t values = 0;
  };

  std::string_view text_;
  ByteIndex bytes_;
  yaml_parser_t parser_{};
  Event event_{nullptr, [](yaml_event_t*) {}};
  std::unordered_map<std::string, Anchored> anchors_;
  std::size_t values_ = 0;
};

}  // namespace

YamlValue parse_yaml(std::string_view text) {
  if (!is_valid_utf8(text)) throw Error(ErrorKind::config, "line 1: this is not UTF-8 text");
  return Reader(text).read();
}

}  // namespace mlopsctl

#include "mlopsctl/formats/yaml.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>
#include <yaml.h>

#include <array>
#include <memory>

namespace mlopsctl {

namespace {

constexpr std::size_t max_depth = 32;

// Walks libyaml's events. A frame is one open mapping or sequence.
class ScalarReader {
 public:
  explicit ScalarReader(std::string_view text) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~ScalarReader() { yaml_parser_delete(&parser_); }
  ScalarReader(const ScalarReader&) = delete;
  ScalarReader& operator=(const ScalarReader&) = delete;

  std::vector<YamlScalar> read() {
    bool done = false;
    while (!done) {
      yaml_event_t event;
      if (yaml_parser_parse(&parser_, &event) == 0) {
        fail(parser_.problem_mark.line, parser_.problem != nullptr ? parser_.problem : "not YAML");
      }
      const std::unique_ptr<yaml_event_t, decltype(&yaml_event_delete)> owner(&event,
                                                                              yaml_event_delete);
      done = take(event);
    }
    return std::move(scalars_);
  }

 private:
  struct Frame {
    bool mapping = false;
    bool expects_value = false;
    std::string key;
    std::size_t key_column = 0;
    std::size_t index = 0;
  };

  [[noreturn]] static void fail(std::size_t line, std::string_view what) {
    throw Error(ErrorKind::config, fmt::format("line {}: {}", line + 1, what));
  }

  bool take(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        if (++documents_ > 1) fail(event.start_mark.line, "a second document is not allowed here");
        return false;
      case YAML_ALIAS_EVENT:
        fail(event.start_mark.line, "aliases are not allowed here");
      case YAML_MAPPING_START_EVENT:
      case YAML_SEQUENCE_START_EVENT:
        if (frames_.size() >= max_depth) fail(event.start_mark.line, "nested too deeply");
        begin_child(event.start_mark.line);
        frames_.push_back({.mapping = event.type == YAML_MAPPING_START_EVENT});
        return false;
      case YAML_MAPPING_END_EVENT:
      case YAML_SEQUENCE_END_EVENT:
        frames_.pop_back();
        end_child();
        return false;
      case YAML_SCALAR_EVENT:
        scalar(event);
        return false;
      case YAML_STREAM_END_EVENT:
        return true;
      default:
        return false;
    }
  }

  void scalar(const yaml_event_t& event) {
    std::string text(reinterpret_cast<const char*>(event.data.scalar.value),
                     event.data.scalar.length);
    if (!frames_.empty() && frames_.back().mapping && !frames_.back().expects_value) {
      frames_.back().key = std::move(text);
      frames_.back().key_column = event.start_mark.column;
      frames_.back().expects_value = true;
      return;
    }
    scalars_.push_back({.path = path(),
                        .value = std::move(text),
                        .line = event.start_mark.line + 1,
                        .begin = event.start_mark.index,
                        .end = event.end_mark.index,
                        .indent = frames_.empty() ? 0 : frames_.back().key_column});
    end_child();
  }

  void begin_child(std::size_t line) {
    if (!frames_.empty() && frames_.back().mapping && !frames_.back().expects_value) {
      fail(line, "a key must be plain text");
    }
  }

  void end_child() {
    if (frames_.empty()) return;
    if (frames_.back().mapping) frames_.back().expects_value = false;
    ++frames_.back().index;
  }

  std::string path() const {
    std::string result;
    for (const auto& frame : frames_) {
      if (!result.empty()) result += '.';
      result += frame.mapping ? frame.key : std::to_string(frame.index);
    }
    return result;
  }

  yaml_parser_t parser_{};
  std::vector<Frame> frames_;
  std::vector<YamlScalar> scalars_;
  int documents_ = 0;
};

}  // namespace

std::vector<YamlScalar> read_yaml_scalars(std::string_view text) {
  if (!is_valid_utf8(text)) throw Error(ErrorKind::config, "the file is not UTF-8 text");
  // libyaml counts marks in characters; spans are only bytes while the text is ASCII up to there.
  auto scalars = ScalarReader(text).read();
  std::size_t character = 0, byte = 0;
  const auto byte_of = [&](std::size_t wanted) {
    while (character < wanted && byte < text.size()) {
      ++byte;
      while (byte < text.size() && (static_cast<unsigned char>(text[byte]) & 0xC0U) == 0x80U)
        ++byte;
      ++character;
    }
    return byte;
  };
  for (auto& scalar : scalars) {
    scalar.begin = byte_of(scalar.begin);
    scalar.end = byte_of(scalar.end);
  }
  return scalars;
}

std::string yaml_scalar(std::string_view value) {
  constexpr std::array<std::string_view, 10> words{"true", "false", "yes",  "no", "on",
                                                   "off",  "null",  "none", "~",  "nan"};
  const std::string low = to_lower(value);
  bool plain = !value.empty() && !parse_number(value);
  for (const auto word : words) plain = plain && low != word;
  for (std::size_t i = 0; i < value.size() && plain; ++i) {
    const char c = value[i];
    const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '/' || c == '.' || (i > 0 && (c == '-' || c == '+'));
    plain = safe;
  }
  // 12:30 would be a sexagesimal integer to YAML 1.1; ':' is not in the safe set for that reason.
  if (plain) return std::string(value);
  if (parse_integer(value) && value[0] != '0' && value[0] != '+') return std::string(value);
  std::string result = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result + '"';
}

}  // namespace mlopsctl

// One JSON text, checked in full, and values in it by path. simdjson does the work.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mlopsctl {

// Where a value is in a JSON text.
//
//   name                 of the object; dots go on inside: response.text
//   [2], [-1]            of the list: the third, the last
//   [role=assistant]     of the list: the last object whose "role" is "assistant"
class JsonPath {
 public:
  // Throws Error{usage} naming the path.
  static JsonPath parse(std::string_view text);

  struct Match {
    std::string key, value;
  };
  using Step = std::variant<std::string, std::ptrdiff_t, Match>;
  const std::vector<Step>& steps() const { return steps_; }
  const std::string& text() const { return text_; }

 private:
  std::vector<Step> steps_;
  std::string text_;
};

// Reads one text after the other; an object belongs to one thread.
class JsonDocument {
 public:
  // Bytes that are to be readable (not meaningful) behind a text, or it is copied.
  static constexpr std::size_t padding = 64;

  JsonDocument();
  ~JsonDocument();
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;

  // What is wrong with the text, empty if it is JSON. NaN and infinities as Python writes them are
  // nulls. `readable`: bytes from the beginning of the text on that can be read.
  std::string parse(std::string_view text, std::size_t readable);
  std::string parse(std::string_view text) { return parse(text, text.size()); }

  bool is_object() const;
  // Names of the object, in order; empty if it is none.
  std::vector<std::string> keys() const;

  // The text at a path, until the next parse: a string as it is; of a list of parts ({"type":
  // "text", "text": …} or strings) the texts one after the other. Nothing for anything else.
  std::optional<std::string_view> text_at(const JsonPath& path);
  // A string as it is; a number or a boolean as JSON has it.
  std::optional<std::string_view> scalar_at(const JsonPath& path);
  std::optional<double> number_at(const JsonPath& path);
  // Whether there is anything but null.
  bool has(const JsonPath& path) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl

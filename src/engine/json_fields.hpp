// Typed fields of a JSON object that somebody else wrote, with errors that name file and field.
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::engine {

using Json = nlohmann::json;

// Throws Error{corrupt} for what is no JSON object, or is nested deeper than such files are.
inline Json parse_object(std::string_view text, std::string_view file) {
  bool deep = false;
  Json object = Json::parse(
      text.begin(), text.end(),
      [&](int depth, Json::parse_event_t, const Json&) {
        deep = deep || depth > 64;
        return !deep;
      },
      false);
  if (deep || !object.is_object())
    throw Error(ErrorKind::corrupt, fmt::format("{} is no JSON object", file),
                "copy the file again from where the model came");
  return object;
}

class JsonFields {
 public:
  JsonFields(const Json& object, std::string file) : object_(object), file_(std::move(file)) {}

  const std::string& file() const { return file_; }

  // The field; nothing if it is absent or null.
  const Json* find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  bool contains(const char* name) const { return object_.contains(name); }

  std::optional<std::string> text(const char* name) const {
    const Json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) wrong(name, "a text");
    return value->get<std::string>();
  }
  bool boolean(const char* name, bool otherwise) const {
    const Json* value = find(name);
    if (value == nullptr) return otherwise;
    if (!value->is_boolean()) wrong(name, "true or false");
    return value->get<bool>();
  }
  double number(const char* name, double otherwise) const {
    const Json* value = find(name);
    if (value == nullptr) return otherwise;
    if (!value->is_number()) wrong(name, "a number");
    return value->get<double>();
  }
  // From 1 to `most`.
  std::optional<std::uint32_t> count(const char* name, std::uint32_t most) const {
    const Json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() < 1 ||
        value->get<std::uint64_t>() > most)
      wrong(name, fmt::format("a whole number from 1 to {}", most));
    return value->get<std::uint32_t>();
  }
  std::uint32_t required_count(const char* name, std::uint32_t most) const {
    const std::optional<std::uint32_t> value = count(name, most);
    if (!value)
      throw Error(ErrorKind::corrupt, fmt::format("{} has no '{}'", file_, name),
                  "copy the file again from where the model came");
    return *value;
  }
  std::vector<std::string> texts(const char* name) const {
    std::vector<std::string> all;
    const Json* value = find(name);
    if (value == nullptr) return all;
    if (!value->is_array()) wrong(name, "a list of texts");
    for (const Json& item : *value) {
      if (!item.is_string()) wrong(name, "a list of texts");
      all.push_back(item.get<std::string>());
    }
    return all;
  }
  // Of an object within this one; nothing if it is absent or null.
  std::optional<JsonFields> object(const char* name) const {
    const Json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_object()) wrong(name, "an object");
    return JsonFields(*value, fmt::format("'{}' in {}", name, file_));
  }
  const Json& json() const { return object_; }

  [[noreturn]] void wrong(const char* name, std::string_view wanted) const {
    throw Error(ErrorKind::corrupt,
                fmt::format("'{}' in {} is not {}", printable(name), file_, wanted),
                "copy the file again from where the model came");
  }

 private:
  const Json& object_;
  std::string file_;
};

}  // namespace mlopsctl::engine

// How the fields of results are taken from JSON, with errors that name file and key.
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace mlopsctl::eval {

using Json = nlohmann::ordered_json;

class FieldReader {
 public:
  FieldReader(const Json& object, const std::string& source) : object_(object), source_(source) {
    if (!object.is_object()) fail("", "is no object");
  }

  [[noreturn]] void fail(const std::string& key, const std::string& what) const {
    const std::string place = key.empty() ? "a value" : quote(key);
    throw Error(ErrorKind::corrupt, fmt::format("{}: {} {}", source_, place, what),
                "the file is damaged or no result of an evaluation");
  }

  const Json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  std::string text(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) fail(key, "is no text");
    return value->get<std::string>();
  }
  std::optional<double> number(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    const auto read = number_in(*value);
    if (!read) fail(key, "is no number");
    return read;
  }
  std::optional<std::int64_t> integer(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number_integer()) fail(key, "is no whole number");
    const bool fits =
        !value->is_number_unsigned() ||
        value->get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()};
    if (!fits) fail(key, "is too large");
    return value->get<std::int64_t>();
  }
  std::uint64_t count(const char* key) const {
    const auto value = integer(key).value_or(0);
    if (value < 0) fail(key, "is negative");
    return static_cast<std::uint64_t>(value);
  }
  bool truth(const char* key, bool otherwise) const {
    const Json* value = find(key);
    if (value == nullptr) return otherwise;
    if (!value->is_boolean()) fail(key, "is neither true nor false");
    return value->get<bool>();
  }
  const Json& list(const char* key) const {
    static const Json none = Json::array();
    const Json* value = find(key);
    if (value == nullptr) return none;
    if (!value->is_array()) fail(key, "is no list");
    return *value;
  }
  const Json& map(const char* key) const {
    static const Json none = Json::object();
    const Json* value = find(key);
    if (value == nullptr) return none;
    if (!value->is_object()) fail(key, "is no object");
    return *value;
  }
  const std::string& source() const { return source_; }

  static std::optional<double> number_in(const Json& value) {
    if (value.is_number()) return value.get<double>();
    return value.is_string() ? parse_number(value.get<std::string>()) : std::nullopt;
  }

 private:
  const Json& object_;
  const std::string& source_;
};

}  // namespace mlopsctl::eval

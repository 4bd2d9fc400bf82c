#include "deploy/cluster/fields.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <optional>

namespace mlopsctl::deploy {
namespace {

std::optional<int> small_integer(const Json& value) {
  constexpr auto least = std::numeric_limits<int>::min();
  constexpr auto most = std::numeric_limits<int>::max();
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{most})
    return std::nullopt;
  if (!value.is_number_integer()) return std::nullopt;
  const auto number = value.get<std::int64_t>();
  if (number < least || number > most) return std::nullopt;
  return static_cast<int>(number);
}

std::optional<Timestamp> exact_time(const std::string& text) {
  try {
    const Timestamp time = parse_time(text, Timestamp{});
    if (to_rfc3339(time) == text) return time;
  } catch (const Error&) {  // told by the caller, with the key
  }
  return std::nullopt;
}

const Json* value_at(const Json& object, const char* pointer) {
  const Json::json_pointer path{pointer};
  return object.contains(path) ? &object.at(path) : nullptr;
}

}  // namespace

std::string dumped(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Fields::Fields(const Json& object, std::string_view what) : object_(object), what_(what) {
  if (!object.is_object()) fail("", "is no object");
}

void Fields::fail(std::string_view key, std::string_view problem) const {
  throw Error{ErrorKind::corrupt,
              fmt::format("{}: {} {}", what_, key.empty() ? "it" : quote(key), problem)};
}

const Json* Fields::find(const char* key) const {
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::string Fields::text(const char* key) const {
  const Json* value = find(key);
  if (value == nullptr) return {};
  if (!value->is_string()) fail(key, "is no text");
  return value->get<std::string>();
}

int Fields::integer(const char* key) const {
  const Json* value = find(key);
  if (value == nullptr) return 0;
  const auto number = small_integer(*value);
  if (!number) fail(key, "is no whole number, or too large");
  return *number;
}

bool Fields::truth(const char* key) const {
  const Json* value = find(key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) fail(key, "is neither true nor false");
  return value->get<bool>();
}

Timestamp Fields::time(const char* key) const {
  const std::string written = text(key);
  if (written.empty()) return {};
  const auto time = exact_time(written);
  if (!time) fail(key, "is no time");
  return *time;
}

std::map<std::string, std::string> Fields::texts(const char* key) const {
  std::map<std::string, std::string> result;
  const Json* value = find(key);
  if (value == nullptr) return result;
  if (!value->is_object()) fail(key, "is no object");
  for (const auto& [name, text] : value->items()) {
    if (!text.is_string()) fail(name, "is no text");
    result.emplace(name, text.get<std::string>());
  }
  return result;
}

Json parsed(const std::string& text, std::string_view what) {
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded())
    throw Error{ErrorKind::corrupt, fmt::format("{} is no JSON: {}", what, quote(text))};
  return value;
}

std::string text_at(const Json& object, const char* pointer) {
  const Json* value = value_at(object, pointer);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string{};
}

int integer_at(const Json& object, const char* pointer) {
  const Json* value = value_at(object, pointer);
  return value == nullptr ? 0 : small_integer(*value).value_or(0);
}

}  // namespace mlopsctl::deploy

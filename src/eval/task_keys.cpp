#include "eval/task_keys.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

namespace mlopsctl::eval {

namespace {

std::string kind(const YamlValue& value) { return std::string(yaml_kind_name(value)); }

}  // namespace

std::string TaskKeys::text(const std::string& key, std::string otherwise) const {
  const YamlValue* value = file_.find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_text()) file_.refuse(key, value, fmt::format("is {}, not text", kind(*value)));
  return value->text;
}

std::vector<std::string> TaskKeys::texts(const std::string& key) const {
  const YamlValue* value = file_.find(key);
  if (value == nullptr) return {};
  return text_list(*value, key);
}

std::vector<std::string> TaskKeys::text_list(const YamlValue& value, const std::string& key) const {
  if (value.is_text()) return {value.text};
  if (!value.is_list()) file_.refuse(key, &value, "is neither text nor a list of texts");
  std::vector<std::string> list;
  for (const YamlValue& item : value.items) {
    if (!item.is_text()) {
      file_.refuse(key, &item, fmt::format("has {} among its texts", kind(item)));
    }
    list.push_back(item.text);
  }
  return list;
}

std::uint64_t TaskKeys::whole(const std::string& key, std::uint64_t least,
                              std::uint64_t most) const {
  const YamlValue* value = file_.find(key);
  return value == nullptr ? least : whole_in(*value, key, least, most);
}

std::uint64_t TaskKeys::whole_in(const YamlValue& value, const std::string& key,
                                 std::uint64_t least, std::uint64_t most) const {
  const auto number = value.kind == YamlKind::integer ? parse_integer(value.text) : std::nullopt;
  if (!number || *number < static_cast<std::int64_t>(least) ||
      static_cast<std::uint64_t>(*number) > most) {
    file_.refuse(key, &value, fmt::format("is no whole number from {} to {}", least, most));
  }
  return static_cast<std::uint64_t>(*number);
}

}  // namespace mlopsctl::eval

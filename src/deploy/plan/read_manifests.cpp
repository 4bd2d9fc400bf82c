#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/platform/files.hpp"

#include "deploy/plan/plan_reader.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlopsctl {

namespace {

Json json_of(const YamlValue& value) {
  switch (value.kind) {
    case YamlKind::null:
      return nullptr;
    case YamlKind::boolean:
      return value.boolean;
    case YamlKind::integer:
      if (const auto number = parse_integer(value.text)) return *number;
      return value.number();
    case YamlKind::real:
      return value.real;
    case YamlKind::text:
      return value.text;
    case YamlKind::list: {
      Json list = Json::array();
      for (const YamlValue& item : value.items) list.push_back(json_of(item));
      return list;
    }
    case YamlKind::map:
      break;
  }
  Json map = Json::object();
  for (const YamlEntry& entry : value.entries) map[entry.key] = json_of(entry.value);
  return map;
}

bool is_text(const YamlValue* value) {
  return value != nullptr && value->is_text() && !value->text.empty();
}

void add(std::vector<Json>& manifests, const YamlValue& document, const PlanSource& source) {
  if (document.is_list()) {
    for (const YamlValue& item : document.items) add(manifests, item, source);
    return;
  }
  if (!document.is_map() || !is_text(document.find("kind"))) {
    source.refuse(document.span, "this is no manifest: it has no kind");
  }
  if (const YamlValue* items = document.find("items");
      document.find("kind")->text.ends_with("List") && items != nullptr && items->is_list()) {
    for (const YamlValue& item : items->items) add(manifests, item, source);
    return;
  }
  const YamlValue* metadata = document.find("metadata");
  if (metadata == nullptr ||
      (!is_text(metadata->find("name")) && !is_text(metadata->find("generateName")))) {
    source.refuse(document.span,
                  fmt::format("this {} has no metadata.name", document.find("kind")->text));
  }
  manifests.push_back(json_of(document));
}

}  // namespace

std::vector<Json> parse_manifests(std::string_view text, const std::string& name) {
  const PlanSource source{.name = name};
  std::vector<Json> manifests;
  for (const YamlValue& document : parse_documents(text, source)) {
    add(manifests, document, source);
  }
  if (manifests.empty()) source.refuse({}, "there are no manifests in it");
  return manifests;
}

std::vector<Json> read_manifests(const std::string& file) {
  return parse_manifests(read_input(file), file == "-" ? "standard input" : quoted_path(file));
}

}  // namespace mlopsctl

#include "deploy/cluster/object_order.hpp"

#include "mlopsctl/base/text.hpp"

#include "deploy/cluster/fields.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace mlopsctl::deploy {
namespace {

// English plurals as the API's resources have them: ingresses, policies, pods.
bool is_plural(const std::string& plural, const std::string& word) {
  if (plural == word + "s" || plural == word + "es") return true;
  return word.ends_with('y') && plural == word.substr(0, word.size() - 1) + "ies";
}

// Position of the reference that an object is for; the end if kubectl was asked by a short name.
std::size_t place_of(const Json& object, std::span<const ObjectRef> references) {
  const std::string name = text_at(object, "/metadata/name");
  for (std::size_t i = 0; i < references.size(); ++i) {
    const bool named = references[i].name.empty() || references[i].name == name;
    if (named && is_of_kind(object, references[i].kind)) return i;
  }
  return references.size();
}

}  // namespace

bool is_of_kind(const Json& object, const std::string& kind) {
  const std::string word = to_lower(text_at(object, "/kind"));
  const std::string asked = to_lower(kind);
  const auto dot = asked.find('.');
  const std::string stem = asked.substr(0, dot);
  if (stem != word && !is_plural(stem, word)) return false;
  if (dot == std::string::npos) return true;
  const std::string version = text_at(object, "/apiVersion");
  return version.substr(0, version.find('/')) == asked.substr(dot + 1);
}

std::vector<Json> in_order(std::vector<Json> objects, std::span<const ObjectRef> references) {
  std::vector<std::pair<std::size_t, std::size_t>> order;  // reference, as it came
  for (std::size_t i = 0; i < objects.size(); ++i)
    order.emplace_back(place_of(objects[i], references), i);
  std::ranges::sort(order);
  std::vector<Json> result;
  for (const auto& [place, at] : order) result.push_back(std::move(objects[at]));
  return result;
}

}  // namespace mlopsctl::deploy

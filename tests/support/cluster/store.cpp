#include "support/cluster/store.hpp"

namespace mlopsctl::testing {

namespace {
constexpr std::size_t log_limit = 20'000;
}

Object Store::find(const ResourceType& type, const std::string& name_space,
                   const std::string& name) const {
  const auto of_type = objects_.find(&type);
  if (of_type == objects_.end()) return nullptr;
  const auto found = of_type->second.find({type.namespaced ? name_space : "", name});
  return found == of_type->second.end() ? nullptr : found->second;
}

std::vector<Object> Store::list(const ResourceType& type, const std::string& name_space) const {
  std::vector<Object> found;
  const auto of_type = objects_.find(&type);
  if (of_type == objects_.end()) return found;
  for (const auto& [names, object] : of_type->second)
    if (name_space.empty() || names.first == name_space) found.push_back(object);
  return found;
}

Object Store::put(const ResourceType& type, Json object) {
  object["metadata"]["resourceVersion"] = std::to_string(version_ + 1);
  const Names names{namespace_of(object), name_of(object)};
  auto& place = objects_[&type][names];
  auto stored = std::make_shared<const Json>(std::move(object));
  log(type, std::exchange(place, stored), stored);
  return stored;
}

void Store::erase(const ResourceType& type, const std::string& name_space,
                  const std::string& name) {
  auto& of_type = objects_[&type];
  const auto found = of_type.find({type.namespaced ? name_space : "", name});
  if (found == of_type.end()) return;
  log(type, found->second, nullptr);
  of_type.erase(found);
}

void Store::log(const ResourceType& type, Object before, Object after) {
  log_.push_back({++version_, &type, std::move(before), std::move(after)});
  if (log_.size() > log_limit) log_.pop_front();
}

std::optional<std::vector<Change>> Store::changes_since(std::uint64_t version) const {
  if (!log_.empty() && version + 1 < log_.front().version && version < version_)
    return std::nullopt;
  std::vector<Change> changes;
  for (auto change = log_.rbegin(); change != log_.rend() && change->version > version; ++change)
    changes.push_back(*change);
  return std::vector<Change>(changes.rbegin(), changes.rend());
}

const Json& at(const Json& object, std::initializer_list<std::string_view> path) {
  static const Json nothing;
  const Json* place = &object;
  for (const auto step : path) {
    if (!place->is_object()) return nothing;
    const auto found = place->find(step);
    if (found == place->end()) return nothing;
    place = &*found;
  }
  return *place;
}

std::string text_at(const Json& object, std::initializer_list<std::string_view> path) {
  const Json& found = at(object, path);
  return found.is_string() ? found.get<std::string>() : std::string();
}

int number_at(const Json& object, std::initializer_list<std::string_view> path, int otherwise) {
  const Json& found = at(object, path);
  return found.is_number() ? found.get<int>() : otherwise;
}

std::string name_of(const Json& object) { return text_at(object, {"metadata", "name"}); }
std::string namespace_of(const Json& object) { return text_at(object, {"metadata", "namespace"}); }
std::string uid_of(const Json& object) { return text_at(object, {"metadata", "uid"}); }

std::string controller_of(const Json& object) {
  for (const auto& owner : at(object, {"metadata", "ownerReferences"}))
    if (owner.value("controller", false)) return owner.value("uid", "");
  return {};
}

}  // namespace mlopsctl::testing

#include "support/cluster/managed_fields.hpp"

#include "support/cluster/api_error.hpp"

#include <algorithm>

namespace mlopsctl::testing {

namespace {

// A set of fields is a FieldsV1 object: {"f:spec": {"f:replicas": {}}}; a leaf is {}.

std::string element_key(const Json& element, const std::vector<std::string>& keys) {
  Json values = Json::object();
  for (const auto& key : keys)
    values[key] = element.value(key, key == "protocol" ? Json("TCP") : Json());
  return "k:" + values.dump();
}

bool is_branch(const ResourceType& type, const Json& value, const FieldPath& path) {
  if (value.is_object()) return !value.empty() && (type.custom || !is_atomic_map(path));
  if (!value.is_array() || value.empty() || type.custom) return false;
  return is_set(path) || !map_keys(path).empty();
}

// The members of a map or keyed list, with the name that FieldsV1 has for them.
template <typename Visit>
void each_member(const Json& value, const FieldPath& path, const Visit& visit) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) visit("f:" + key, key, member);
    return;
  }
  const auto keys = map_keys(path);
  for (const auto& element : value)
    visit(keys.empty() ? "v:" + element.dump() : element_key(element, keys), std::string(),
          element);
}

Json fields_of(const ResourceType& type, const Json& value, FieldPath& path) {
  Json fields = Json::object();
  each_member(value, path,
              [&](const std::string& name, const std::string& key, const Json& member) {
                if (!key.empty()) path.push_back(key);
                fields[name] = is_branch(type, member, path) && (!key.empty() || member.is_object())
                                   ? fields_of(type, member, path)
                                   : Json::object();
                if (key.empty() && member.is_object()) fields[name]["."] = Json::object();
                if (!key.empty()) path.pop_back();
              });
  return fields;
}

const Json* member_named(const Json& value, const FieldPath& path, const std::string& name) {
  const Json* found = nullptr;
  if (!value.is_object() && !value.is_array()) return nullptr;
  each_member(value, path, [&](const std::string& other, const std::string&, const Json& member) {
    if (other == name) found = &member;
  });
  return found;
}

// Fields of `after` that are not so in `before`.
Json changed_fields(const ResourceType& type, const Json& before, const Json& after,
                    FieldPath& path) {
  Json fields = Json::object();
  each_member(after, path,
              [&](const std::string& name, const std::string& key, const Json& member) {
                const Json* old = member_named(before, path, name);
                if (old && *old == member) return;
                if (!key.empty()) path.push_back(key);
                if (is_branch(type, member, path) && (!key.empty() || member.is_object())) {
                  Json below = changed_fields(type, old ? *old : Json(), member, path);
                  if (!below.empty() || !old) fields[name] = std::move(below);
                } else {
                  fields[name] = Json::object();
                }
                if (!key.empty()) path.pop_back();
              });
  return fields;
}

bool is_leaf(const Json& fields) { return fields.empty(); }

// Removes the fields of `which` from `from`; true if nothing is left.
bool subtract(Json& from, const Json& which) {
  for (const auto& [name, below] : which.items()) {
    const auto found = from.find(name);
    if (found == from.end()) continue;
    if (is_leaf(below) || is_leaf(*found) || subtract(*found, below)) from.erase(name);
  }
  return from.empty() || (from.size() == 1 && from.contains("."));
}

void add(Json& to, const Json& which) {
  for (const auto& [name, below] : which.items())
    add(to[name].is_null() ? to[name] = Json::object() : to[name], below);
}

// Leaves that are in both, as paths for messages: .spec.containers[name="x"].image
void overlap(const Json& a, const Json& b, const std::string& path,
             std::vector<std::string>& found) {
  for (const auto& [name, below] : a.items()) {
    const auto other = b.find(name);
    if (other == b.end() || name == ".") continue;
    std::string step;
    if (name.starts_with("f:")) {
      step = "." + name.substr(2);
    } else if (name.starts_with("k:")) {
      std::string keys;
      const Json parsed = Json::parse(name.substr(2));
      for (const auto& [key, value] : parsed.items())
        keys += (keys.empty() ? "" : ",") + key + "=" + value.dump();
      step = "[" + keys + "]";
    } else {
      step = "[=" + name.substr(2) + "]";
    }
    if (is_leaf(below) || is_leaf(*other))
      found.push_back(path + step);
    else
      overlap(below, *other, path + step, found);
  }
}

void merge(const ResourceType& type, Json& live, const Json& applied, FieldPath& path) {
  for (const auto& [key, value] : applied.items()) {
    path.push_back(key);
    auto& place = live[key];
    if (!is_branch(type, value, path) || place.is_null() || place.type() != value.type()) {
      place = value;
    } else if (value.is_object()) {
      merge(type, place, value, path);
    } else {
      const auto keys = map_keys(path);
      for (const auto& element : value) {
        const int at = keys.empty() ? -1 : find_element(place, element, keys);
        if (at >= 0)
          merge(type, place[static_cast<std::size_t>(at)], element, path);
        else if (!keys.empty() || std::find(place.begin(), place.end(), element) == place.end())
          place.push_back(element);
      }
    }
    path.pop_back();
  }
}

void remove_fields(Json& object, const Json& fields, FieldPath& path) {
  for (const auto& [name, below] : fields.items()) {
    if (name.starts_with("f:")) {
      const auto key = name.substr(2);
      if (!object.is_object() || !object.contains(key)) continue;
      path.push_back(key);
      if (is_leaf(below))
        object.erase(key);
      else
        remove_fields(object[key], below, path);
      path.pop_back();
    } else if (object.is_array() && name != ".") {
      for (std::size_t i = 0; i < object.size(); ++i) {
        const auto keys = map_keys(path);
        if ((keys.empty() ? "v:" + object[i].dump() : element_key(object[i], keys)) != name)
          continue;
        if (is_leaf(below) || below.contains("."))
          object.erase(i);
        else
          remove_fields(object[i], below, path);
        break;
      }
    }
  }
}

// Without what identifies an object and what the server writes.
Json ownable(Json object) {
  for (const auto* key : {"apiVersion", "kind", "status"}) object.erase(key);
  if (object.contains("metadata")) {
    auto& metadata = object["metadata"];
    for (const auto* key : {"name", "namespace", "uid", "resourceVersion", "generation",
                            "creationTimestamp", "managedFields", "generateName", "selfLink"})
      metadata.erase(key);
    if (metadata.empty()) object.erase("metadata");
  }
  return object;
}

Json entry(const ResourceType& type, const std::string& manager, const std::string& operation,
           const std::string& subresource, const std::string& time) {
  Json made{{"manager", manager},
            {"operation", operation},
            {"time", time},
            {"apiVersion", type.api_version()},
            {"fieldsType", "FieldsV1"},
            {"fieldsV1", Json::object()}};
  if (!subresource.empty()) made["subresource"] = subresource;
  return made;
}

bool is_of(const Json& entry, const std::string& manager, const std::string& operation,
           const std::string& subresource) {
  return entry.at("manager") == manager && entry.at("operation") == operation &&
         entry.value("subresource", "") == subresource;
}

void give(Json& entries, const Json& fields, const Json& wanted) {
  Json kept = Json::array();
  bool given = false;
  for (auto& other : entries) {
    if (is_of(other, wanted.at("manager"), wanted.at("operation"),
              wanted.value("subresource", ""))) {
      add(other["fieldsV1"], fields);
      other["time"] = wanted.at("time");
      given = true;
    } else if (subtract(other["fieldsV1"], fields)) {
      continue;
    }
    kept.push_back(other);
  }
  if (!given) {
    kept.push_back(wanted);
    kept.back()["fieldsV1"] = fields;
  }
  entries = std::move(kept);
}

Json entries_of(const Json& object) {
  if (!object.is_object() || !object.contains("metadata")) return Json::array();
  return object.at("metadata").value("managedFields", Json::array());
}

std::string conflict_text(const std::vector<std::pair<std::string, std::vector<std::string>>>& all,
                          const std::string& version, std::size_t count) {
  std::string text =
      "Apply failed with " + std::to_string(count) + (count == 1 ? " conflict:" : " conflicts:");
  for (const auto& [manager, fields] : all) {
    text += std::string(&fields == &all.front().second ? " " : "\n") +
            (fields.size() == 1 ? "conflict" : "conflicts") + " with \"" + manager + "\" using " +
            version + ":";
    if (fields.size() == 1)
      text += " " + fields.front();
    else
      for (const auto& field : fields) text += "\n- " + field;
  }
  return text;
}

}  // namespace

void own_changes(const ResourceType& type, const Json& before, Json& after,
                 const std::string& manager, const std::string& subresource,
                 const std::string& time) {
  FieldPath path;
  const Json old = before.is_null() ? Json::object() : ownable(before);
  const Json fields = changed_fields(type, old, ownable(after), path);
  Json entries = entries_of(before);
  if (!fields.empty()) give(entries, fields, entry(type, manager, "Update", subresource, time));
  after["metadata"]["managedFields"] = entries;
}

Json server_side_apply(const ResourceType& type, const Json& live, const Json& applied,
                       const Apply& apply) {
  FieldPath path;
  const Json wanted = ownable(applied);
  const Json fields = fields_of(type, wanted, path);
  Json result = live.is_null() ? applied : live;
  if (!live.is_null()) merge(type, result, wanted, path);

  Json entries = entries_of(live);
  const Json changes =
      live.is_null() ? Json::object() : changed_fields(type, ownable(live), ownable(result), path);
  std::vector<std::pair<std::string, std::vector<std::string>>> conflicts;
  Json causes = Json::array();
  Json removed = Json::object();
  for (const auto& other : entries) {
    if (is_of(other, apply.manager, "Apply", "")) {
      removed = other.at("fieldsV1");
      continue;
    }
    std::vector<std::string> shared;
    overlap(changes, other.at("fieldsV1"), "", shared);
    if (shared.empty()) continue;
    for (const auto& field : shared)
      causes.push_back({{"reason", "FieldManagerConflict"},
                        {"message", "conflict with \"" + other.at("manager").get<std::string>() +
                                        "\" using " + type.api_version()},
                        {"field", field}});
    conflicts.emplace_back(other.at("manager"), shared);
  }
  if (!conflicts.empty() && !apply.force)
    throw ApiError(409, "Conflict", conflict_text(conflicts, type.api_version(), causes.size()),
                   {{"causes", causes}});

  subtract(removed, fields);
  Json kept = Json::array();
  for (auto& other : entries) {
    if (is_of(other, apply.manager, "Apply", "")) continue;
    subtract(removed, other.at("fieldsV1"));
    if (!subtract(other["fieldsV1"], changes)) kept.push_back(other);
  }
  if (!removed.empty()) remove_fields(result, removed, path);
  auto own = entry(type, apply.manager, "Apply", "", apply.time);
  own["fieldsV1"] = fields;
  // Nothing new: the time stays, so that applying twice changes nothing.
  for (const auto& other : entries)
    if (is_of(other, apply.manager, "Apply", "") && other.at("fieldsV1") == fields)
      own["time"] = other.at("time");
  kept.push_back(own);
  result["metadata"]["managedFields"] = kept;
  return result;
}

}  // namespace mlopsctl::testing

#include "support/cluster/patch.hpp"

#include "support/cluster/api_error.hpp"

#include <algorithm>

namespace mlopsctl::testing {

namespace {

bool is_directive(const std::string& key) { return key.starts_with('$'); }

Json merge_map(Json object, const Json& patch, FieldPath& path);

void put_in_order(Json& list, const Json& order, const std::string& key) {
  const auto rank = [&](const Json& element) {
    for (std::size_t i = 0; i < order.size(); ++i)
      if (key.empty() ? element == order[i]
                      : element.value(key, Json()) == order[i].value(key, Json()))
        return i;
    return order.size();
  };
  std::stable_sort(list.begin(), list.end(),
                   [&](const Json& a, const Json& b) { return rank(a) < rank(b); });
}

Json merge_list(Json list, const Json& patch, FieldPath& path) {
  if (is_set(path)) {
    for (const auto& value : patch)
      if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
    return list;
  }
  const auto key = merge_key(path);
  if (key.empty()) return patch;
  if (!list.is_array()) list = Json::array();
  for (const auto& element : patch)
    if (element.is_object() && element.value("$patch", "") == "replace") list = Json::array();
  for (const auto& element : patch) {
    if (!element.is_object()) throw bad_request("the list " + path.back() + " must hold objects");
    const auto directive = element.value("$patch", "");
    if (directive == "replace" && element.size() == 1) continue;
    if (!element.contains(key))
      throw ApiError(422, "Invalid",
                     "map: " + element.dump() + " does not contain declared merge key: " + key);
    int found = -1;
    for (std::size_t i = 0; i < list.size(); ++i)
      if (list[i].value(key, Json()) == element.at(key)) found = static_cast<int>(i);
    if (directive == "delete") {
      if (found >= 0) list.erase(static_cast<std::size_t>(found));
    } else if (found >= 0) {
      auto& place = list[static_cast<std::size_t>(found)];
      place = merge_map(place, element, path);
    } else {
      list.push_back(merge_map(Json::object(), element, path));
    }
  }
  return list;
}

void directives(Json& object, const Json& patch, const FieldPath& path) {
  constexpr std::string_view order = "$setElementOrder/", remove = "$deleteFromPrimitiveList/";
  for (const auto& [key, value] : patch.items()) {
    if (key.starts_with(order)) {
      auto list = path;
      list.push_back(key.substr(order.size()));
      if (object.contains(list.back())) put_in_order(object[list.back()], value, merge_key(list));
    } else if (key.starts_with(remove)) {
      const auto name = key.substr(remove.size());
      if (!object.contains(name)) continue;
      Json kept = Json::array();
      for (const auto& element : object[name])
        if (std::find(value.begin(), value.end(), element) == value.end()) kept.push_back(element);
      object[name] = kept;
    } else if (key == "$retainKeys") {
      for (auto member = object.begin(); member != object.end();)
        member = std::find(value.begin(), value.end(), member.key()) == value.end()
                     ? object.erase(member)
                     : std::next(member);
    } else if (key != "$patch") {
      throw bad_request("unknown directive " + key + " in a strategic merge patch");
    }
  }
}

Json merge_map(Json object, const Json& patch, FieldPath& path) {
  const auto directive = patch.value("$patch", "");
  if (directive == "replace") object = Json::object();
  if (directive == "delete") return Json::object();
  if (!object.is_object()) object = Json::object();
  for (const auto& [key, value] : patch.items()) {
    if (is_directive(key)) continue;
    path.push_back(key);
    if (value.is_null())
      object.erase(key);
    else if (value.is_object())
      object[key] = merge_map(object.value(key, Json()), value, path);
    else if (value.is_array())
      object[key] = merge_list(object.value(key, Json::array()), value, path);
    else
      object[key] = value;
    path.pop_back();
  }
  Json only_directives = Json::object();
  for (const auto& [key, value] : patch.items())
    if (is_directive(key)) only_directives[key] = value;
  directives(object, only_directives, path);
  return object;
}

}  // namespace

Json json_patch(const Json& object, const Json& operations) {
  if (!operations.is_array())
    throw bad_request(
        "error decoding patch: json: cannot unmarshal object into Go value of type "
        "jsonpatch.Patch");
  try {
    return object.patch(operations);
  } catch (const Json::exception&) {
    // The same words for a test that does not hold and for a path that is not there.
    throw ApiError(422, "Invalid",
                   "the server rejected our request due to an error in our request");
  }
}

Json merge_patch(const Json& object, const Json& patch) {
  if (!patch.is_object()) throw bad_request("error decoding patch: a merge patch is an object");
  Json merged = object;
  merged.merge_patch(patch);
  return merged;
}

Json strategic_merge_patch(const Json& object, const Json& patch) {
  if (!patch.is_object()) throw bad_request("error decoding patch: a merge patch is an object");
  FieldPath path;
  return merge_map(object, patch, path);
}

}  // namespace mlopsctl::testing

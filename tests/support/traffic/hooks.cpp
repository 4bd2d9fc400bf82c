#include "support/traffic/simulator.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlopsctl::testing {

namespace {

using Json = nlohmann::json;

ServedResponse plain(int status, std::string body = "") {
  return {.status = status, .body = std::move(body)};
}

}  // namespace

ServedResponse Hooks::answer(const ServedRequest& request) {
  const std::string& path = request.target;
  if (path == "/gate/approve") return plain(200, "OK");
  if (path == "/gate/halt") return plain(403, "Forbidden");
  const std::scoped_lock lock(mutex_);
  if (path == "/hooks") {
    Json all = Json::array();
    for (const auto& line : received_) all.push_back(Json::parse(line));
    return plain(200, all.dump());
  }
  if (path.starts_with("/answer/")) {
    status_[path.substr(8)] = std::stoi(request.body);
    return plain(200);
  }
  const Json body = Json::parse(request.body, nullptr, false);
  if (!body.is_object()) return plain(400, "not a JSON object: " + request.body.substr(0, 100));
  received_.push_back(Json{{"path", path}, {"body", body}}.dump());
  if (path.starts_with("/hooks/")) {
    const auto known = status_.find(path.substr(7));
    return plain(known == status_.end() ? 200 : known->second, "answer of the test's hook");
  }
  const auto slash = path.rfind('/');
  const std::string gate =
      path.substr(1, slash - 1) + " " + body.value("name", "") + "." + body.value("namespace", "");
  if (path.ends_with("/open")) {
    open_.insert(gate);
    return plain(202);
  }
  if (path.ends_with("/close")) {
    open_.erase(gate);
    return plain(202);
  }
  if (path.ends_with("/check"))
    return open_.contains(gate) ? plain(200, "Approved") : plain(403, "Forbidden");
  return plain(404);
}

}  // namespace mlopsctl::testing

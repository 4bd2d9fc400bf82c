// /sim/…: what tests in other processes do to the cluster. README.md lists it.
#include "support/cluster/http_api.hpp"
#include "support/cluster/server.hpp"

namespace mlopsctl::testing {

namespace {

RequestFault fault_of(const Json& asked) {
  RequestFault fault;
  const auto kind = asked.value("kind", "");
  if (kind == "drop")
    fault.kind = RequestFault::Kind::drop;
  else if (kind == "drop_done")
    fault.kind = RequestFault::Kind::drop_done;
  else if (kind == "hang")
    fault.kind = RequestFault::Kind::hang;
  else if (kind != "busy")
    throw bad_request("a fault is busy, drop, drop_done or hang, not '" + kind + "'");
  fault.method = asked.value("method", "");
  fault.path = asked.value("path", "");
  fault.times = asked.value("times", 1);
  fault.hang = Milliseconds(asked.value("hang_ms", 0));
  return fault;
}

}  // namespace

ServedResponse ClusterServer::control(const ApiRequest& request) {
  const auto what = request.path.substr(5);
  if (request.method == "GET" && what == "requests") return answer(200, {{"requests", requests()}});
  if (request.method != "POST") throw method_not_allowed();
  const Json asked = request.body.empty() ? Json::object() : request.json();
  if (what == "outage") {
    outage(Milliseconds(asked.at("ms").get<int>()));
  } else if (what == "faults") {
    add_fault(fault_of(asked));
  } else if (what == "sick" || what == "well") {
    with([&](Kubernetes& world) {
      const auto selector = asked.at("selector").get<std::string>();
      return what == "sick" ? world.make_sick(selector, asked.value("namespace", ""))
                            : world.make_well(selector, asked.value("namespace", ""));
    });
  } else if (what == "users") {
    const auto user = asked.at("name").get<std::string>();
    if (asked.value("rejected", false)) {
      reject_user(user);
    } else {
      std::vector<Rule> rules;
      for (const auto& rule : asked.at("rules"))
        rules.push_back({rule.at("verbs"), rule.at("groups"), rule.at("resources"),
                         rule.value("names", std::vector<std::string>{})});
      with([&](Kubernetes& world) { world.restrict_user(user, rules); });
    }
  } else if (what == "pods") {
    forward_pods_to(asked.at("url"));
  } else {
    throw no_such_path();
  }
  return answer(200, Json::object());
}

}  // namespace mlopsctl::testing

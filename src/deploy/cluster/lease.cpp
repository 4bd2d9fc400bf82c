#include "deploy/cluster/lease.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/ids.hpp"
#include "mlopsctl/platform/process.hpp"

#include "deploy/cluster/fields.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>

namespace mlopsctl {
namespace deploy {

std::string annotation_path(const char* annotation) {
  std::string name{annotation};
  if (const auto slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "~1");
  return "/metadata/annotations/" + name;
}

std::string annotation_of(const Json& object, const char* annotation) {
  return text_at(object, annotation_path(annotation).c_str());
}

std::string micro_time(Timestamp time) {
  const auto fraction = time.ms % 1000;
  const std::string seconds = to_rfc3339({time.ms - fraction});
  return fmt::format("{}.{:03}000Z", seconds.substr(0, seconds.size() - 1), fraction);
}

ObjectRef lease_of(const std::string& app) {
  return {.kind = "lease.coordination.k8s.io", .name = "mlopsctl-" + app, .selector = {}};
}

LeaseFacts lease_facts(const Json& lease) {
  LeaseFacts facts{.holder = text_at(lease, "/spec/holderIdentity"),
                   .renewed = text_at(lease, "/spec/renewTime"),
                   .version = text_at(lease, "/metadata/resourceVersion"),
                   .transitions = integer_at(lease, "/spec/leaseTransitions")};
  if (const int seconds = integer_at(lease, "/spec/leaseDurationSeconds"); seconds > 0)
    facts.duration = std::chrono::seconds{seconds};
  return facts;
}

LeaseView lease_view(const Json& lease) {
  const LeaseFacts facts = lease_facts(lease);
  LeaseView view{.exists = true,
                 .held = !facts.holder.empty(),
                 .holder_ended = holder_has_ended(lease),
                 .holder = facts.holder,
                 .duration = facts.duration,
                 .transitions = facts.transitions,
                 .request = request_of(annotation_of(lease, request_annotation))};
  try {
    if (!facts.renewed.empty()) view.renewed = parse_time(facts.renewed, {});
  } catch (const Error&) {  // somebody's edit: nothing but the age shown hangs on it
  }
  if (const auto text = annotation_of(lease, state_annotation); !text.empty())
    view.state = parse_state(text);
  return view;
}

std::string new_holder() { return fmt::format("{}:{}:{}", host_name(), ::getpid(), new_run_id()); }

std::string this_process() {
  const auto identity = identify_process(::getpid());
  return dumped({{"pid", identity.pid},
                 {"start", identity.start},
                 {"boot", identity.boot},
                 {"host", identity.host},
                 {"pids", pid_namespace()}});
}

bool holder_has_ended(const Json& lease) {
  const Json process =
      Json::parse(annotation_of(lease, process_annotation), nullptr, /*allow_exceptions=*/false);
  if (!process.is_object()) return false;
  const ProcessIdentity identity{
      .pid = integer_at(process, "/pid"),
      .start = process.contains("start") && process["start"].is_number_integer()
                   ? process["start"].get<std::int64_t>()
                   : 0,
      .boot = text_at(process, "/boot"),
      .host = text_at(process, "/host")};
  // The holder must be the one that the annotation is about, and its pid must mean to us what it
  // meant to it.
  const auto named = fmt::format("{}:{}:", identity.host, identity.pid);
  const bool known = identity.pid > 0 && identity.start > 0 && !identity.boot.empty() &&
                     lease_facts(lease).holder.starts_with(named) && !pid_namespace().empty() &&
                     text_at(process, "/pids") == pid_namespace() &&
                     identity.boot == identify_process(::getpid()).boot;
  return known && liveness(identity) == Liveness::gone;
}

std::string shown_holder(const std::string& holder) { return holder.substr(0, holder.rfind(':')); }

std::string_view to_text(Request request) {
  switch (request) {
    case Request::none:
      return "";
    case Request::promote:
      return "promote";
    case Request::pause:
      return "pause";
    case Request::go_on:
      return "resume";
    case Request::abort:
      break;
  }
  return "abort";
}

Request request_of(const std::string& text) {
  for (const Request request : {Request::promote, Request::pause, Request::go_on, Request::abort})
    if (to_text(request) == text) return request;
  return Request::none;
}

}  // namespace deploy

LeaseView read_lease(Cluster& cluster, const std::string& app) {
  const auto lease = get_one(cluster, deploy::lease_of(app));
  return lease ? deploy::lease_view(*lease) : LeaseView{};
}

void ask_holder(Cluster& cluster, const std::string& app, Request request) {
  const auto lease = get_one(cluster, deploy::lease_of(app));
  if (!lease || deploy::lease_facts(*lease).holder.empty())
    throw Error{ErrorKind::conflict, fmt::format("nobody is deploying '{}' now", app),
                fmt::format("'mlopsctl deploy status {}' shows how it is", app)};
  const Json patch{
      {"metadata", {{"annotations", {{deploy::request_annotation, deploy::to_text(request)}}}}}};
  cluster.patch(deploy::lease_of(app), PatchKind::merge, patch);
}

}  // namespace mlopsctl

#include "mlopsctl/deploy/kube_events.hpp"

#include "mlopsctl/base/ids.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/process.hpp"

#include "deploy/cluster/fields.hpp"
#include "deploy/cluster/lease.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace mlopsctl {
namespace {

constexpr std::size_t longest_message = 1000;  // bytes; the API takes 1024

std::string cut(const std::string& text) {
  if (text.size() <= longest_message) return text;
  std::size_t end = longest_message;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

Json kube_event(const DeployEvent& event, const Json& deployment, Timestamp when) {
  const std::string name = deploy::text_at(deployment, "/metadata/name");
  const std::string name_space = deploy::text_at(deployment, "/metadata/namespace");
  const std::string seconds = to_rfc3339({when.ms - when.ms % 1000});
  Json subject{
      {"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", name}, {"namespace", name_space}};
  if (const auto uid = deploy::text_at(deployment, "/metadata/uid"); !uid.empty())
    subject["uid"] = uid;
  return {{"apiVersion", "v1"},
          {"kind", "Event"},
          {"metadata",
           {{"name", fmt::format("{}.{}", name.substr(0, 200), new_run_id().substr(0, 16))},
            {"namespace", name_space}}},
          {"involvedObject", std::move(subject)},
          {"type", event.severity == DeployEvent::Severity::info ? "Normal" : "Warning"},
          {"reason", event.reason},
          {"message", cut(valid_utf8(event.message))},
          {"source", {{"component", "mlopsctl"}, {"host", host_name()}}},
          {"firstTimestamp", seconds},
          {"lastTimestamp", seconds},
          {"count", 1}};
}

EventSink kube_event_sink(Cluster& cluster, Clock& clock, std::string app) {
  struct Known {
    std::string deployment;
    Json object;
    bool refused = false;
  };
  return [&cluster, &clock, app = std::move(app),
          known = std::make_shared<Known>()](const DeployEvent& event) {
    if (known->refused) return;
    const std::string& carrier = event.state.to.deployment;
    const std::string name = carrier.empty() ? app : carrier;
    try {
      if (known->deployment != name) {
        const auto found =
            get_one(cluster, {.kind = "deployment.apps", .name = name, .selector = {}});
        // Not there yet: the event is about the name.
        known->object =
            found ? *found
                  : Json{{"metadata", {{"name", name}, {"namespace", cluster.name_space()}}}};
        known->deployment = found ? name : "";
      }
      cluster.create(kube_event(event, known->object, clock.wall()));
    } catch (const ClusterError& error) {
      known->refused = !error.outcome_unknown();
    }
  };
}

}  // namespace mlopsctl

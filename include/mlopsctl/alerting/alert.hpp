// Alerts and where they go: Alertmanager, the Pushgateway, Slack, any webhook. What is told is
// decided elsewhere; here is how it is written and sent. All senders throw Error (unavailable, io)
// when the other side does not take it; no message shows a secret URL.
#pragma once

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/platform/http.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlopsctl {

// One alert as Alertmanager's API v2 has it. The labels are its identity: they must be the same at
// every check, so values that change belong into annotations.
struct Alert {
  std::map<std::string, std::string> labels;  // with alertname; names as Prometheus has them
  std::map<std::string, std::string> annotations;
  std::optional<Timestamp> starts;
  Timestamp ends{};  // it is over then unless it is sent again; now: it is resolved
  std::string generator_url;
};

// The body of POST /api/v2/alerts. Empty values are left out, as Alertmanager does.
std::string alertmanager_json(std::span<const Alert> alerts);

// A message for people; Slack's blocks, other receivers' fields.
struct Message {
  std::string title;                                        // one line
  std::string text;                                         // a sentence or two
  std::vector<std::pair<std::string, std::string>> fields;  // label and value
  std::vector<std::string> lines;                           // details, the most important first
  std::string link;                                         // may be empty
};

// The body for an incoming webhook: blocks, and `text` for notifications. &, < and > are escaped,
// so that nothing in a name can ping a channel or make a link; cut to Slack's limits.
std::string slack_json(const Message& message);

// A URL that may be a secret, as all webhook URLs are.
class Endpoint {
 public:
  // Throws Error{usage} unless it is http:// or https://.
  static Endpoint from_text(std::string_view text);
  // Throws Error{config} if the variable is not set.
  static Endpoint from_environment(const std::string& variable);
  // The first line of a file that only its owner can read; else Error{config}.
  static Endpoint from_file(const std::string& file);

  const std::string& url() const { return url_; }
  // For messages: the URL with credentials masked, or only the server of a secret one.
  std::string shown() const;

 private:
  Endpoint(std::string url, bool secret) : url_(std::move(url)), secret_(secret) {}
  std::string url_;
  bool secret_ = false;
};

// POST /api/v2/alerts below the endpoint. Sent again after failures: the same alert twice is one.
void send_alerts(HttpClient& client, const Endpoint& alertmanager, std::span<const Alert> alerts);

// One group of metrics of the Pushgateway: its job and further labels, in the path.
struct PushGroup {
  std::string job;
  std::vector<std::pair<std::string, std::string>> labels;
};
// "/metrics/job/a/instance/b"; values that a path cannot hold as "/label@base64/…".
std::string push_path(const PushGroup& group);
// replace: all metrics of the group are these (PUT); else those of the same names are (POST).
void push_metrics(HttpClient& client, const Endpoint& pushgateway, const PushGroup& group,
                  const std::string& text, bool replace);

// POSTs JSON once; again only where the receiver said that it did not take it (429 with
// Retry-After, at most a minute), because a message must not come twice.
void send_message(HttpClient& client, const Endpoint& webhook, std::string_view receiver,
                  const std::string& json, const Wait& wait = {});

}  // namespace mlopsctl

// How alerts, metrics and messages travel.
#include "mlopsctl/alerting/alert.hpp"
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <array>

namespace mlopsctl {

namespace {

constexpr Milliseconds connect_timeout{5'000}, total_timeout{20'000};
constexpr Milliseconds longest_retry_after{60'000};

HttpRequest request_to(const Endpoint& endpoint, const std::string& method, const std::string& path,
                       const std::string& type, const std::string& body) {
  HttpRequest request{.method = method, .url = endpoint.url() + path};
  request.headers = {{"Content-Type", type}};
  request.body = body;
  request.connect_timeout = connect_timeout;
  request.stall_timeout = total_timeout;
  request.total_timeout = total_timeout;
  return request;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); !what.empty() && at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// An error may quote the URL, whole or its path alone, and a path is what makes a webhook secret.
std::string scrubbed(const Endpoint& endpoint, std::string text) {
  const std::string& url = endpoint.url();
  text = replaced(std::move(text), url, endpoint.shown());
  const auto path = url.find('/', url.find("://") + 3);
  if (path != std::string::npos && path + 8 < url.size()) {
    text = replaced(std::move(text), url.substr(path), "/" + std::string(masked));
  }
  return mask_secrets(text);
}

HttpResponse send_to(HttpClient& client, const Endpoint& endpoint, std::string_view receiver,
                     const HttpRequest& request) {
  try {
    return client.send(request);
  } catch (const Error& error) {
    throw Error(error.kind(),
                fmt::format("{} at {} was not reached: {}", receiver, endpoint.shown(),
                            scrubbed(endpoint, error.what())),
                error.hint());
  }
}

void require_taken(const Endpoint& endpoint, std::string_view receiver,
                   const HttpResponse& response) {
  if (response.ok()) return;
  std::string_view line = trim(response.body);
  line = line.substr(0, line.find('\n'));
  throw Error(
      is_transient(response.status) ? ErrorKind::unavailable : ErrorKind::io,
      fmt::format("{} at {} answered {}{}", receiver, endpoint.shown(), response.status,
                  line.empty() ? "" : ": " + scrubbed(endpoint, shortened(printable(line), 200))));
}

// RFC 4648 with the URL-safe alphabet, as the Pushgateway wants it.
std::string base64_url(std::string_view bytes) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8U | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j <= bytes.size() ? alphabet[group >> (18U - 6U * j) & 63U] : '=';
    }
  }
  return text.empty() ? "=" : text;
}

std::string path_segment(const std::string& name, const std::string& bytes) {
  const std::string value = valid_utf8(bytes);
  // A server may fold "." and ".." away, and "/" cannot stand in a segment even when encoded.
  if (value.empty() || value == "." || value == ".." || value.find('/') != std::string::npos) {
    return fmt::format("/{}@base64/{}", name, base64_url(value));
  }
  return fmt::format("/{}/{}", name, percent_encode(value));
}

}  // namespace

void send_alerts(HttpClient& client, const Endpoint& alertmanager, std::span<const Alert> alerts) {
  HttpRequest request = request_to(alertmanager, "POST", "/api/v2/alerts", "application/json",
                                   alertmanager_json(alerts));
  request.repeatable = true;
  const auto response = send_to(client, alertmanager, "the Alertmanager", request);
  require_taken(alertmanager, "the Alertmanager", response);
}

std::string push_path(const PushGroup& group) {
  std::string path = "/metrics" + path_segment("job", group.job);
  for (const auto& [name, value] : group.labels) path += path_segment(name, value);
  return path;
}

void push_metrics(HttpClient& client, const Endpoint& pushgateway, const PushGroup& group,
                  const std::string& text, bool replace) {
  if (group.job.empty()) throw Error(ErrorKind::usage, "the job of a Pushgateway group is empty");
  HttpRequest request = request_to(pushgateway, replace ? "PUT" : "POST", push_path(group),
                                   "text/plain; version=0.0.4; charset=utf-8", text);
  request.repeatable = true;
  const auto response = send_to(client, pushgateway, "the Pushgateway", request);
  require_taken(pushgateway, "the Pushgateway", response);
}

void send_message(HttpClient& client, const Endpoint& webhook, std::string_view receiver,
                  const std::string& json, const Wait& wait) {
  HttpRequest request = request_to(webhook, "POST", "", "application/json; charset=utf-8", json);
  request.repeatable = false;
  HttpResponse response = send_to(client, webhook, receiver, request);
  for (int attempt = 1; response.status == 429 && attempt < 4; ++attempt) {
    const Milliseconds delay = retry_after(response, now()).value_or(Milliseconds{1000});
    if (delay > longest_retry_after) break;
    if (wait) {
      wait(delay);
    } else {
      interruptible_wait(delay);
    }
    response = send_to(client, webhook, receiver, request);
  }
  require_taken(webhook, receiver, response);
}

}  // namespace mlopsctl

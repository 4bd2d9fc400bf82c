// What Alertmanager and Slack are sent.
#include "mlopsctl/alerting/alert.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlopsctl {

namespace {

using nlohmann::ordered_json;

std::string dumped(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json object_of(const std::map<std::string, std::string>& entries) {
  ordered_json object = ordered_json::object();
  for (const auto& [name, value] : entries) {
    if (!value.empty()) object[name] = value;
  }
  return object;
}

// Slack's limits: 150 characters a header, 3000 a section, 2000 a field, 10 fields.
constexpr std::size_t header_limit = 150, section_limit = 2900, field_limit = 1900,
                      most_fields = 10;

std::string slack_text(std::string_view text, std::size_t limit) {
  std::string result;
  for (const char c : shortened(valid_utf8(text), limit)) {
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";
    } else {
      result += c;
    }
  }
  return result;
}

ordered_json section(const std::string& text) {
  return {{"type", "section"}, {"text", {{"type", "mrkdwn"}, {"text", text}}}};
}

}  // namespace

std::string alertmanager_json(std::span<const Alert> alerts) {
  ordered_json list = ordered_json::array();
  for (const auto& alert : alerts) {
    ordered_json one{{"labels", object_of(alert.labels)},
                     {"annotations", object_of(alert.annotations)}};
    if (alert.starts) one["startsAt"] = to_rfc3339(*alert.starts);
    one["endsAt"] = to_rfc3339(alert.ends);
    if (!alert.generator_url.empty()) one["generatorURL"] = alert.generator_url;
    list.push_back(std::move(one));
  }
  return dumped(list);
}

std::string slack_json(const Message& message) {
  ordered_json blocks = ordered_json::array();
  // A header is plain text, which Slack escapes itself.
  blocks.push_back({{"type", "header"},
                    {"text",
                     {{"type", "plain_text"},
                      {"text", shortened(printable(message.title), header_limit)},
                      {"emoji", false}}}});
  blocks.push_back(section(slack_text(message.text, section_limit)));
  if (!message.fields.empty()) {
    ordered_json fields = ordered_json::array();
    for (const auto& [label, value] : message.fields) {
      if (fields.size() == most_fields) break;
      fields.push_back({{"type", "mrkdwn"},
                        {"text", fmt::format("*{}*\n{}", slack_text(label, 100),
                                             slack_text(value, field_limit))}});
    }
    blocks.push_back({{"type", "section"}, {"fields", std::move(fields)}});
  }
  std::string lines;
  for (const auto& line : message.lines) {
    const std::string next = slack_text("• " + printable(line), 300) + "\n";
    if (lines.size() + next.size() > section_limit) break;
    lines += next;
  }
  if (!lines.empty()) blocks.push_back(section(lines));
  if (!message.link.empty()) {
    blocks.push_back(section(fmt::format("<{}|Open the report>", slack_text(message.link, 1000))));
  }
  const std::string text = slack_text(message.title + ": " + message.text, section_limit);
  return dumped({{"text", text}, {"blocks", std::move(blocks)}});
}

}  // namespace mlopsctl

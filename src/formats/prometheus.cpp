#include "mlopsctl/formats/prometheus.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace mlopsctl {

namespace {

bool is_name(std::string_view name, bool colon) {
  const auto letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
  };
  return !name.empty() && letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string escaped(std::string_view text, bool quotes) {
  std::string result;
  for (const char c : valid_utf8(text)) {
    if (c == '\\') {
      result += "\\\\";
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '"' && quotes) {
      result += "\\\"";
    } else {
      result += c;
    }
  }
  return result;
}

std::string value_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return number_text(value);
}

std::string series_text(const MetricFamily& family, const MetricSample& sample) {
  std::string labels;
  for (const auto& label : sample.labels) {
    if (!is_label_name(label.name)) {
      throw Error(ErrorKind::bug, fmt::format("{} is no label name", quote(label.name)));
    }
    labels += fmt::format("{}{}=\"{}\"", labels.empty() ? "" : ",", label.name,
                          escaped(label.value, true));
  }
  return labels.empty() ? family.name : fmt::format("{}{{{}}}", family.name, labels);
}

}  // namespace

bool is_label_name(std::string_view name) {
  return is_name(name, false) && !name.starts_with("__");
}

std::string prometheus_text(std::span<const MetricFamily> families) {
  std::string text;
  std::set<std::string> seen;
  for (const auto& family : families) {
    if (!is_name(family.name, true)) {
      throw Error(ErrorKind::bug, fmt::format("{} is no metric name", quote(family.name)));
    }
    if (family.samples.empty()) continue;
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", family.name, escaped(family.help, false),
                        family.name, family.type);
    for (const auto& sample : family.samples) {
      const std::string series = series_text(family, sample);
      if (!seen.insert(series).second) {
        throw Error(ErrorKind::bug, fmt::format("the series {} is there twice", quote(series)));
      }
      text += fmt::format("{} {}\n", series, value_text(sample.value));
    }
  }
  return text;
}

std::optional<double> prometheus_value(std::string_view document, std::string_view name) {
  while (!document.empty()) {
    const auto end = std::min(document.find('\n'), document.size());
    const std::string_view line = document.substr(0, end);
    document.remove_prefix(std::min(end + 1, document.size()));
    if (!line.starts_with(name) || line.size() == name.size()) continue;
    const char next = line[name.size()];
    // A label value may hold spaces, the number does not.
    if (next == '{' || next == ' ') return parse_number(line.substr(line.rfind(' ') + 1));
  }
  return std::nullopt;
}

}  // namespace mlopsctl

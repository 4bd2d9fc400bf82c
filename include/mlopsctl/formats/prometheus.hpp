// Metrics in Prometheus' text format 0.0.4, which the textfile collector of node_exporter and the
// Pushgateway read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

struct MetricLabel {
  std::string name;
  std::string value;  // any bytes: what is not UTF-8 becomes U+FFFD
};

struct MetricSample {
  std::vector<MetricLabel> labels;
  double value = 0;
};

// One metric name with all its series. Counters end in _total.
struct MetricFamily {
  std::string name;
  std::string help;
  std::string type = "gauge";
  std::vector<MetricSample> samples;  // label sets must differ
};

// Families without samples are left out. Throws Error{bug} for names that Prometheus refuses and
// for series that are there twice, because a scraper drops the whole document then.
std::string prometheus_text(std::span<const MetricFamily> families);

// The value of the first series of a metric in a document that prometheus_text wrote.
std::optional<double> prometheus_value(std::string_view document, std::string_view name);

// [a-zA-Z_][a-zA-Z0-9_]*, and not reserved by two leading underscores.
bool is_label_name(std::string_view name);

}  // namespace mlopsctl

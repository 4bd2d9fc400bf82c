#include "support/traffic/counts.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>

namespace mlopsctl::testing {

namespace {

using Json = nlohmann::json;

constexpr std::size_t examples = 20;

// The series of one histogram whose bounds are in seconds, or 1000 times as much.
void write(std::string& out, const std::string& name, const std::string& labels,
           const Histogram& histogram, double scale) {
  auto to = std::back_inserter(out);
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < Histogram::bounds.size(); ++i) {
    so_far += histogram.buckets[i];
    fmt::format_to(to, "{}_bucket{{{},le=\"{}\"}} {}\n", name, labels, Histogram::bounds[i] * scale,
                   so_far);
  }
  fmt::format_to(to, "{}_bucket{{{},le=\"+Inf\"}} {}\n", name, labels, histogram.count);
  fmt::format_to(to, "{}_sum{{{}}} {}\n", name, labels, histogram.sum * scale);
  fmt::format_to(to, "{}_count{{{}}} {}\n", name, labels, histogram.count);
}

void type(std::string& out, std::string_view name, std::string_view kind) {
  out += fmt::format("# TYPE {} {}\n", name, kind);
}

}  // namespace

void Histogram::add(double seconds) {
  const auto at = std::ranges::lower_bound(bounds, seconds);
  ++buckets[static_cast<std::size_t>(at - bounds.begin())];
  ++count;
  sum += seconds;
}

void Counts::add(const Answer& answer, std::int64_t now_ms) {
  const auto tally = [&](Tally& one) { answer.failed() ? ++one.failed : ++one.served; };
  tally(all_);
  if (!answer.image.empty()) tally(by_image_[answer.image]);
  if (!answer.pod.empty()) tally(by_pod_[answer.pod]);
  if (answer.failed()) {
    ++reasons_[answer.reason];
    if (first_.size() < examples) first_.push_back({now_ms, answer.pod, answer.reason});
  }
  if (answer.status != 0 && !answer.pod.empty()) {
    auto& series = series_[{answer.pod, answer.status}];
    series.workload = answer.workload;
    series.latency.add(answer.seconds);
  }
  door_[{answer.canary, answer.status == 0 ? 502 : answer.status}].add(answer.seconds);
}

Json Counts::report() const {
  const auto tallies = [](const std::map<std::string, Tally>& all) {
    Json object = Json::object();
    for (const auto& [name, one] : all)
      object[name] = {{"served", one.served}, {"failed", one.failed}};
    return object;
  };
  Json first = Json::array();
  for (const auto& one : first_)
    first.push_back({{"at_ms", one.at_ms}, {"pod", one.pod}, {"reason", one.reason}});
  return {{"sent", all_.served + all_.failed},
          {"served", all_.served},
          {"failed", all_.failed},
          {"by_image", tallies(by_image_)},
          {"by_pod", tallies(by_pod_)},
          {"reasons", reasons_},
          {"first", first}};
}

std::string metrics_text(const std::vector<Exposed>& apps) {
  std::string pods;
  std::string istio_totals;
  std::string istio_times;
  std::string nginx_totals;
  std::string nginx_times;
  for (const auto& app : apps) {
    for (const auto& [key, series] : app.counts->series()) {
      const auto& [pod, status] = key;
      if (!app.pods->contains(pod)) continue;
      write(pods, "http_request_duration_seconds",
            fmt::format("kubernetes_namespace=\"{}\",kubernetes_pod_name=\"{}\",status=\"{}\"",
                        app.name_space, pod, status),
            series.latency, 1);
      if (app.entry.kind != EntryKind::virtualservice) continue;
      const std::string labels = fmt::format(
          "reporter=\"destination\",destination_workload_namespace=\"{}\",destination_workload="
          "\"{}\",pod=\"{}\",response_code=\"{}\"",
          app.name_space, series.workload, pod, status);
      istio_totals += fmt::format("istio_requests_total{{{}}} {}\n", labels, series.latency.count);
      write(istio_times, "istio_request_duration_milliseconds", labels, series.latency, 1000);
    }
    if (app.entry.kind != EntryKind::ingress) continue;
    for (const auto& [key, latency] : app.counts->at_the_door()) {
      const std::string labels = fmt::format(
          "namespace=\"{0}\",ingress=\"{1}\",canary=\"{2}\",status=\"{3}\"", app.name_space,
          app.entry.name,
          key.first ? fmt::format("{}-{}-canary-80", app.name_space, app.entry.name) : "",
          key.second);
      nginx_totals +=
          fmt::format("nginx_ingress_controller_requests{{{}}} {}\n", labels, latency.count);
      write(nginx_times, "nginx_ingress_controller_response_duration_seconds", labels, latency, 1);
    }
  }
  std::string out;
  type(out, "http_request_duration_seconds", "histogram");
  out += pods;
  type(out, "istio_requests_total", "counter");
  out += istio_totals;
  type(out, "istio_request_duration_milliseconds", "histogram");
  out += istio_times;
  type(out, "nginx_ingress_controller_requests", "counter");
  out += nginx_totals;
  type(out, "nginx_ingress_controller_response_duration_seconds", "histogram");
  out += nginx_times;
  return out;
}

}  // namespace mlopsctl::testing

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/deploy/analysis.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "deploy/canary/prometheus_answer.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

namespace mlopsctl {
namespace {

constexpr Milliseconds patience{5'000};  // Flagger's

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

class Prometheus : public MetricSource {
 public:
  Prometheus(std::unique_ptr<HttpClient> client, std::string url)
      : client_(std::move(client)), url_(std::move(url)) {
    while (url_.ends_with('/')) url_.pop_back();
    if (const auto token = environment("MLOPSCTL_PROMETHEUS_TOKEN"); !token.empty()) {
      authorization_ = "Bearer " + token;
    } else if (const auto user = environment("MLOPSCTL_PROMETHEUS_USER"); !user.empty()) {
      authorization_ =
          "Basic " + to_base64(user + ":" + environment("MLOPSCTL_PROMETHEUS_PASSWORD"));
    }
  }

  QueryAnswer ask(const std::string& query) override {
    QueryAnswer answer = single_value(send(query));
    answer.query = query;
    return answer;
  }

  std::vector<std::pair<std::string, double>> series(const std::string& query) override {
    PrometheusAnswer answer = send(query);
    if (answer.problem != QueryProblem::none) {
      throw Error(ErrorKind::unavailable, answer.text, "the query: " + query);
    }
    return std::move(answer.series);
  }

 private:
  PrometheusAnswer send(const std::string& query) {
    HttpRequest request;
    request.url = fmt::format("{}/api/v1/query?query={}", url_, percent_encode(query));
    request.total_timeout = patience;
    request.connect_timeout = patience;
    request.headers.push_back({"Accept", "application/json"});
    if (!authorization_.empty()) request.headers.push_back({"Authorization", authorization_});
    try {
      const HttpResponse response = client_->send(request);
      return parse_prometheus_answer(response.status, response.body);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted) throw;
      return {.problem = QueryProblem::unreachable,
              .text = fmt::format("Prometheus at {} does not answer: {}", mask_secrets(url_),
                                  error.what()),
              .series = {}};
    }
  }

  std::unique_ptr<HttpClient> client_;
  std::string url_, authorization_;
};

}  // namespace

std::unique_ptr<MetricSource> prometheus_source(std::unique_ptr<HttpClient> client,
                                                const std::string& url) {
  return std::make_unique<Prometheus>(std::move(client), url);
}

}  // namespace mlopsctl

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/smoke.hpp"
#include "mlopsctl/formats/json_document.hpp"

#include "deploy/smoke/completion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace mlopsctl {

namespace {

using namespace smoke;

constexpr Milliseconds pause_between{1'000};
constexpr std::size_t shown_answer = 200;
constexpr std::uint64_t most_answer = 4U << 20U;

std::string beginning(const std::string& body) {
  const std::string text = mask_secrets(shortened(printable(trim(body)), shown_answer));
  return text.empty() ? "an empty answer" : text;
}

std::string joined(const std::string& base, const std::string& path) {
  return base.ends_with('/') ? base.substr(0, base.size() - 1) + path : base + path;
}

HttpRequest request_of(const SmokeCheck& check, const std::string& url) {
  HttpRequest request{.method = check.method, .url = url};
  for (const auto& [name, value] : check.headers) request.headers.push_back({name, value});
  request.max_body = most_answer;
  request.connect_timeout = std::min(request.connect_timeout, check.timeout);
  request.total_timeout = check.timeout;
  return request;
}

// The first model that the server lists; `wrong` says why there is none.
std::string listed_model(HttpClient& client, const std::string& base, const SmokeCheck& check,
                         std::string& wrong) {
  HttpRequest request = request_of(check, joined(base, models_path(path_of(check))));
  request.method = "GET";
  const HttpResponse response = client.send(request);
  JsonDocument answer;
  if (response.ok() && answer.parse(response.body).empty()) {
    if (const auto model = answer.text_at(JsonPath::parse("data[0].id"))) {
      return std::string(*model);
    }
  }
  wrong = fmt::format("the server lists no model ({} answered {})", request.url, response.status);
  return {};
}

bool same_value(JsonDocument& answer, const JsonPath& path, const std::string& wanted) {
  if (answer.scalar_at(path) == wanted) return true;
  const auto number = answer.number_at(path), as_number = parse_number(wanted);
  return number && as_number && *number == *as_number;
}

// What is wrong with the fields, empty if nothing is.
std::string judge_json(const SmokeCheck& check, const std::string& body) {
  if (check.json.empty() && check.completion_model.empty()) return {};
  JsonDocument answer;
  if (const std::string problem = answer.parse(body); !problem.empty()) {
    return fmt::format("the answer is no JSON ({}): {}", problem, beginning(body));
  }
  for (const auto& [name, wanted] : check.json) {
    const JsonPath path = JsonPath::parse(name);
    if (!answer.has(path)) return fmt::format("{} is missing: {}", quote(name), beginning(body));
    if (wanted.empty() || same_value(answer, path, wanted)) continue;
    const auto value = answer.scalar_at(path);
    return fmt::format("{} is {}, {} is wanted", quote(name),
                       value ? quote(*value) : "no single value", quote(wanted));
  }
  if (!check.completion_model.empty() && !completion_text(answer)) {
    return fmt::format("the completion has no text: {}", beginning(body));
  }
  return {};
}

std::string judge(const SmokeCheck& check, const HttpResponse& response, Milliseconds took) {
  if (response.status != check.status) {
    return fmt::format("status {} instead of {}: {}", response.status, check.status,
                       beginning(response.body));
  }
  if (!check.contains.empty() && response.body.find(check.contains) == std::string::npos) {
    return fmt::format("the answer lacks {}: {}", quote(check.contains), beginning(response.body));
  }
  if (std::string wrong = judge_json(check, response.body); !wrong.empty()) return wrong;
  if (check.within.count() > 0 && took > check.within) {
    return fmt::format("took {}, {} is allowed", human_duration(took),
                       human_duration(check.within));
  }
  return {};
}

void attempt(HttpClient& client, const std::string& base, const SmokeCheck& check,
             SmokeResult& result) {
  HttpRequest request = request_of(check, result.url);
  std::string wrong;
  if (!check.completion_model.empty()) {
    std::string model = check.completion_model;
    if (model == "auto") model = listed_model(client, base, check, wrong);
    request.method = "POST";
    request.body = completion_body(check, model);
    request.headers.push_back({"Content-Type", "application/json"});
  } else if (!check.body.empty()) {
    request.body = check.body;
  }
  if (wrong.empty()) {
    const auto begin = std::chrono::steady_clock::now();
    const HttpResponse response = client.send(request);
    result.took =
        std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begin);
    result.status = response.status;
    wrong = judge(check, response, result.took);
  }
  result.passed = wrong.empty();
  result.text = result.passed ? fmt::format("status {}", result.status) : wrong;
}

}  // namespace

std::vector<SmokeResult> run_smoke(HttpClient& client, const std::string& base,
                                   const std::vector<SmokeCheck>& checks, const Wait& wait) {
  std::vector<SmokeResult> results;
  for (const SmokeCheck& check : checks) {
    SmokeResult result{.name = check.name.empty() ? path_of(check) : check.name,
                       .url = joined(base, path_of(check))};
    while (!result.passed && result.attempts < std::max(1, check.attempts)) {
      if (result.attempts++ > 0) wait ? wait(pause_between) : interruptible_wait(pause_between);
      try {
        attempt(client, base, check, result);
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        result.status = 0;
        result.text = error.what();
      }
    }
    results.push_back(std::move(result));
  }
  return results;
}

bool all_passed(const std::vector<SmokeResult>& results) {
  return std::ranges::all_of(results, &SmokeResult::passed);
}

std::string describe_failures(const std::vector<SmokeResult>& results) {
  std::vector<std::string> failures;
  for (const SmokeResult& result : results) {
    if (!result.passed) failures.push_back(fmt::format("{} ({})", result.name, result.text));
  }
  return fmt::format("{} of {} checks failed: {}", failures.size(), results.size(),
                     join(failures, "; "));
}

}  // namespace mlopsctl

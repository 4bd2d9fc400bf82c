#include "deploy/cluster/kubectl_program.hpp"

#include "mlopsctl/platform/http.hpp"
#include "mlopsctl/platform/process.hpp"

#include "deploy/cluster/fields.hpp"
#include "deploy/cluster/kubectl_config.hpp"
#include "deploy/cluster/kubectl_errors.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <sstream>
#include <utility>

namespace mlopsctl::deploy {
namespace {

constexpr std::size_t largest_output = 256U << 20U;
constexpr RetryPolicy waits{.first_delay = Milliseconds{500}, .longest_delay = Milliseconds{8'000}};

// kubectl prints several objects one after the other, or as one list.
std::vector<Json> documents_in(const std::string& text, const std::string& what) {
  std::vector<Json> documents;
  std::istringstream stream(text);
  try {
    while (stream >> std::ws && !stream.eof()) {
      Json document;
      stream >> document;
      if (document.contains("items") && text_at(document, "/kind").ends_with("List")) {
        for (auto& item : document["items"]) documents.push_back(std::move(item));
      } else {
        documents.push_back(std::move(document));
      }
    }
  } catch (const Json::exception&) {
    throw ClusterError(ClusterFailure::unreachable,
                       fmt::format("{}: the answer was cut off", what));
  }
  return documents;
}

}  // namespace

template <class Action>
auto KubectlProgram::with_repeats(const Action& action) {
  const auto end = std::chrono::steady_clock::now() + options_.request_budget;
  for (int failures = 1;; ++failures) {
    Milliseconds wait = retry_delay(waits, failures);
    try {
      auto result = action();
      answered_ = true;
      return result;
    } catch (const ClusterError& error) {
      if (!error.outcome_unknown() || std::chrono::steady_clock::now() + wait >= end) throw;
      if (!answered_ && !told_ && options_.no_answer_yet) options_.no_answer_yet(error.what());
      told_ = true;
    }
    interruptible_wait(wait);
  }
}

std::string KubectlProgram::describe() const {
  return fmt::format("{}, namespace {}",
                     options_.context.empty() ? "this cluster" : "context " + options_.context,
                     options_.name_space);
}

std::string KubectlProgram::hint_for(ClusterFailure failure) const {
  const std::string context =
      options_.context.empty() ? std::string{} : fmt::format(" --context {}", options_.context);
  switch (failure) {
    case ClusterFailure::unreachable:
    case ClusterFailure::busy:
      return fmt::format("does 'kubectl{} version' answer?", context);
    case ClusterFailure::unauthorized:
      return fmt::format("log in to the cluster so that 'kubectl{} get pods' works", context);
    case ClusterFailure::forbidden:
      return fmt::format("'kubectl{} auth can-i --list -n {}' shows what is allowed", context,
                         options_.name_space);
    default:
      return {};
  }
}

std::string KubectlProgram::once(const KubectlCall& call) {
  std::vector<std::string> argv{options_.program};
  argv.insert(argv.end(), call.arguments.begin(), call.arguments.end());
  argv.push_back("--namespace=" + options_.name_space);
  if (!options_.context.empty()) argv.push_back("--context=" + options_.context);
  if (!options_.kubeconfig.empty()) argv.push_back("--kubeconfig=" + options_.kubeconfig);
  argv.push_back(fmt::format("--request-timeout={}ms", options_.request_timeout.count()));
  // Each of kubectl's requests has that time, and one call may need two; what hangs all the same is
  // killed.
  const Milliseconds limit = options_.request_timeout * 5 / 2;
  ++calls_;
  const ProcessResult result = run_process({.argv = std::move(argv),
                                            .extra_environment = kubectl_environment(),
                                            .directory = {},
                                            .input = call.input,
                                            .timeout = limit,
                                            .capture_limit = largest_output});
  if (result.ok()) return result.out;
  KubectlProblem problem;
  if (result.timed_out) {
    problem = {.failure = ClusterFailure::unreachable,
               .text = fmt::format("kubectl gave no answer within {}", human_duration(limit))};
  } else if (result.signal) {
    problem = {.failure = ClusterFailure::unreachable,
               .text = fmt::format("kubectl was ended by signal {}", *result.signal)};
  } else {
    problem = kubectl_problem(result.out, result.err, call.json_patch);
  }
  throw ClusterError(problem.failure, fmt::format("{}: {}", call.what, problem.text),
                     hint_for(problem.failure));
}

std::string KubectlProgram::repeated(const KubectlCall& call) {
  return with_repeats([&] { return once(call); });
}

std::vector<Json> KubectlProgram::documents_once(const KubectlCall& call) {
  return documents_in(once(call), call.what);
}

std::vector<Json> KubectlProgram::documents_repeated(const KubectlCall& call) {
  return with_repeats([&] { return documents_once(call); });
}

}  // namespace mlopsctl::deploy

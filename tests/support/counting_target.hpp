// A target that counts what it is asked: answers are made of the requests.
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/eval/target.hpp"

#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace mlopsctl::testing {

struct CountingState {
  std::vector<std::string> asked;
  Fingerprint fingerprint{{"model", "counting"}};
  std::size_t dies_after = std::numeric_limits<std::size_t>::max();  // requests of a call
};

class CountingTarget final : public Target {
 public:
  explicit CountingTarget(std::shared_ptr<CountingState> state) : state_(std::move(state)) {}
  std::string name() const override { return "counting"; }
  Fingerprint fingerprint() const override { return state_->fingerprint; }

  std::vector<LikelihoodResult> likelihood(std::span<const LikelihoodRequest> requests,
                                           Progress&) override {
    return each<LikelihoodResult>(requests, [](const LikelihoodRequest& request) {
      return LikelihoodResult{.sum = -0.1 * static_cast<double>(request.context.size()),
                              .greedy = request.continuation == "yes",
                              .tokens = request.continuation.size(),
                              .truncated = request.context == "long",
                              .error = request.context == "bad" ? "no" : ""};
    });
  }
  std::vector<RollingResult> rolling(std::span<const std::string> texts, Progress&) override {
    return each<RollingResult>(texts, [](const std::string& text) {
      return RollingResult{.sum = -std::numeric_limits<double>::infinity(), .tokens = text.size()};
    });
  }
  std::vector<GenerationResult> generate(std::span<const GenerationRequest> requests,
                                         Progress&) override {
    return each<GenerationResult>(requests, [](const GenerationRequest& request) {
      return GenerationResult{.text = "to " + request.prompt + std::to_string(request.seed),
                              .finish_reason = "stop",
                              .prompt_tokens = 1,
                              .completion_tokens = 2};
    });
  }

 private:
  static std::string text_of(const LikelihoodRequest& request) {
    return request.context + "|" + request.continuation;
  }
  static std::string text_of(const std::string& text) { return text; }
  static std::string text_of(const GenerationRequest& request) { return request.prompt; }

  template <class Result, class Request, class Make>
  std::vector<Result> each(std::span<const Request> requests, Make make) {
    std::vector<Result> results;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if (i == state_->dies_after) throw Error(ErrorKind::unavailable, "the server is gone");
      state_->asked.push_back(text_of(requests[i]));
      results.push_back(make(requests[i]));
      tell(i, results.back());
    }
    return results;
  }

  std::shared_ptr<CountingState> state_;
};

}  // namespace mlopsctl::testing

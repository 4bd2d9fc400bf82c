// A target that answers by a rule, and remembers what it was asked.
#pragma once

#include "mlopsctl/eval/target.hpp"

#include <functional>
#include <string>
#include <vector>

namespace mlopsctl::testing {

class ScriptedTarget final : public Target {
 public:
  // By default −1 for each byte of the continuation, and greedy if it holds an exclamation mark.
  std::function<LikelihoodResult(const LikelihoodRequest&)> judge =
      [](const LikelihoodRequest& request) {
        return LikelihoodResult{.sum = -static_cast<double>(request.continuation.size()),
                                .greedy = request.continuation.find('!') != std::string::npos,
                                .tokens = request.continuation.size()};
      };
  std::function<RollingResult(const std::string&)> read = [](const std::string& text) {
    return RollingResult{.sum = -2.0 * static_cast<double>(text.size()), .tokens = text.size()};
  };
  std::function<std::string(const GenerationRequest&)> write = [](const GenerationRequest&) {
    return std::string("answer");
  };

  std::vector<LikelihoodRequest> pairs;
  std::vector<std::string> texts;
  std::vector<GenerationRequest> prompts;
  std::size_t calls = 0;

  std::string name() const override { return "scripted"; }
  Fingerprint fingerprint() const override { return {{"model", "scripted"}}; }
  std::vector<LikelihoodResult> likelihood(std::span<const LikelihoodRequest> requests,
                                           Progress&) override {
    ++calls;
    std::vector<LikelihoodResult> results;
    for (const auto& request : requests) {
      pairs.push_back(request);
      results.push_back(judge(request));
    }
    return results;
  }
  std::vector<RollingResult> rolling(std::span<const std::string> requests, Progress&) override {
    ++calls;
    std::vector<RollingResult> results;
    for (const auto& text : requests) {
      texts.push_back(text);
      results.push_back(read(text));
    }
    return results;
  }
  std::vector<GenerationResult> generate(std::span<const GenerationRequest> requests,
                                         Progress&) override {
    ++calls;
    std::vector<GenerationResult> results;
    for (const auto& request : requests) {
      prompts.push_back(request);
      results.push_back({.text = write(request), .finish_reason = "stop", .completion_tokens = 1});
    }
    return results;
  }
};

}  // namespace mlopsctl::testing

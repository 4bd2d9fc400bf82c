#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/time.hpp"
#include "mlopsctl/eval/model_latency.hpp"
#include "mlopsctl/platform/http.hpp"
#include "mlopsctl/platform/signals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace mlopsctl {

namespace {

using Clock = std::chrono::steady_clock;

class EngineMeasurement {
 public:
  EngineMeasurement(Engine& engine, const Tokenizer& tokenizer, const LoadPlan& plan,
                    Progress& progress)
      : engine_(engine), tokenizer_(tokenizer), plan_(plan), progress_(progress) {}

  LatencyRun run() {
    LatencyRun result{.started = now().ms, .load = describe_load(plan_), .warmups = plan_.warmups};
    for (std::uint64_t i = 0; i < plan_.warmups + plan_.requests; ++i)
      requests_.push_back(request_of(i));
    for (std::uint64_t i = 0; i < plan_.warmups; ++i) {
      check_interrupt();
      engine_.generate(std::span(requests_).subspan(i, 1),
                       [](std::size_t, std::int32_t) { return true; });
    }
    requests_.erase(requests_.begin(),
                    requests_.begin() + static_cast<std::ptrdiff_t>(plan_.warmups));
    timings_.assign(plan_.requests, {});
    result.before = device_states();
    progress_.start("measuring", plan_.requests, "requests");
    const double cpu = processor_seconds();
    due_ = due_times(plan_);
    for (std::size_t i = 0; i < requests_.size(); ++i)
      requests_[i].may_start = [this, i](bool idle) { return may_start(i, idle); };
    began_ = Clock::now();
    generate();
    result.wall = seconds();
    result.client_cpu = processor_seconds() - cpu;
    progress_.finish();
    result.after = device_states();
    timings_.resize(started_);
    result.requests = std::move(timings_);
    return result;
  }

 private:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }

  GenerateRequest request_of(std::uint64_t index) const {
    GenerateRequest request{
        .max_new = plan_.output_tokens, .seed = plan_.seed, .choosable = tokenizer_.size()};
    const auto& prompts = plan_.prompts;
    if (prompts.empty()) {
      request.prompt = tokenizer_.encode(made_up_prompt(plan_, index), false);
      request.prompt.resize(plan_.input_tokens);  // a word is one token at least
    } else {
      request.prompt = tokenizer_.encode(prompts[index % prompts.size()], true);
    }
    const std::size_t length = request.prompt.size() + plan_.output_tokens;
    if (request.prompt.empty() || length > engine_.config().max_positions) {
      throw Error(
          ErrorKind::usage,
          fmt::format("a prompt of {} tokens and {} new ones: the model has {} positions",
                      request.prompt.size(), plan_.output_tokens, engine_.config().max_positions),
          "ask for less with --input-tokens and --output-tokens");
    }
    return request;
  }

  bool may_send(double due) const {
    return plan_.duration.count() == 0 || due * 1000 < static_cast<double>(plan_.duration.count());
  }

  bool has_room() const { return plan_.concurrency == 0 || running_ < plan_.concurrency; }

  // Requests start in their order. Where nothing runs, waits for the next one.
  bool may_start(std::size_t index, bool idle) {
    if (index < started_) return true;
    if (idle) running_ = 0;  // also those that ended without their tokens
    check_interrupt();
    if (!may_send(due_.empty() ? seconds() : due_[index]) || !has_room()) return false;
    double time = seconds();
    if (!due_.empty()) {
      if (!idle && due_[index] > time) return false;
      for (double left = due_[index] - time; left > 0; left = due_[index] - (time = seconds())) {
        const auto pause = std::chrono::duration<double>(left);
        if (left > 0.002) interruptible_wait(std::chrono::floor<Milliseconds>(pause));
      }
    }
    timings_[index].sent = time;
    timings_[index].due = due_.empty() ? time : due_[index];
    timings_[index].gaps.reserve(plan_.output_tokens);
    ++started_;
    ++running_;
    return true;
  }

  void take(RequestTiming& timing) {
    const double time = seconds();
    if (timing.output_tokens++ == 0) {
      timing.first = time;
    } else {
      timing.gaps.push_back(time - timing.last);
    }
    timing.last = time;
    if (timing.output_tokens < plan_.output_tokens) return;
    --running_;
    progress_.advance(1);
  }

  void generate() {
    const auto results = engine_.generate(requests_, [&](std::size_t request, std::int32_t) {
      take(timings_[request]);
      return true;
    });
    for (std::size_t i = 0; i < started_; ++i) {
      timings_[i].prompt_tokens = requests_[i].prompt.size();
      if (!results[i].finite) timings_[i].error = "a logit was not a number";
    }
  }

  Engine& engine_;
  const Tokenizer& tokenizer_;
  const LoadPlan& plan_;
  Progress& progress_;
  std::vector<GenerateRequest> requests_;
  std::vector<RequestTiming> timings_;
  std::vector<double> due_;  // of an open loop
  std::size_t started_ = 0, running_ = 0;
  Clock::time_point began_;
};

}  // namespace

LatencyRun measure_engine(Engine& engine, const Tokenizer& tokenizer, const LoadPlan& plan,
                          Progress& progress) {
  check_load(plan);
  return EngineMeasurement(engine, tokenizer, plan, progress).run();
}

}  // namespace mlopsctl

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
constexpr std::size_t most_at_once = 64;  // an open loop without a limit

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
    const std::vector<double> due = due_times(plan_);
    began_ = Clock::now();
    while (sent_ < plan_.requests) {
      check_interrupt();
      const std::size_t count = due.empty() ? next_closed() : next_open(due);
      if (count == 0) break;
      generate(count);
    }
    result.wall = seconds();
    result.client_cpu = processor_seconds() - cpu;
    progress_.finish();
    result.after = device_states();
    timings_.resize(sent_);
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

  std::size_t next_closed() const {
    if (!may_send(seconds())) return 0;
    return std::min<std::size_t>(plan_.concurrency, plan_.requests - sent_);
  }

  // Waits for the next one that is due; then all that are.
  std::size_t next_open(const std::vector<double>& due) {
    if (!may_send(due[sent_])) return 0;
    for (double left = due[sent_] - seconds(); left > 0; left = due[sent_] - seconds()) {
      const auto time = std::chrono::duration<double>(left);
      if (left > 0.002) interruptible_wait(std::chrono::floor<Milliseconds>(time));
    }
    const double time = seconds();
    const std::size_t most = plan_.concurrency > 0 ? plan_.concurrency : most_at_once;
    std::size_t count = 0;
    while (count < most && sent_ + count < due.size() && due[sent_ + count] <= time &&
           may_send(due[sent_ + count])) {
      timings_[sent_ + count].due = due[sent_ + count];
      ++count;
    }
    return count;
  }

  void generate(std::size_t count) {
    const auto timings = std::span(timings_).subspan(sent_, count);
    const double sent = seconds();
    for (RequestTiming& timing : timings) {
      timing.sent = sent;
      if (plan_.rate <= 0) timing.due = sent;
      timing.gaps.reserve(plan_.output_tokens);
    }
    const auto requests = std::span(requests_).subspan(sent_, count);
    const auto results = engine_.generate(requests, [&](std::size_t request, std::int32_t) {
      const double time = seconds();
      RequestTiming& timing = timings[request];
      if (timing.output_tokens++ == 0) {
        timing.first = time;
      } else {
        timing.gaps.push_back(time - timing.last);
      }
      timing.last = time;
      return true;
    });
    for (std::size_t i = 0; i < count; ++i) {
      timings[i].prompt_tokens = requests[i].prompt.size();
      if (!results[i].finite) timings[i].error = "a logit was not a number";
      progress_.advance(1);
    }
    sent_ += count;
  }

  Engine& engine_;
  const Tokenizer& tokenizer_;
  const LoadPlan& plan_;
  Progress& progress_;
  std::vector<GenerateRequest> requests_;
  std::vector<RequestTiming> timings_;
  std::size_t sent_ = 0;
  Clock::time_point began_;
};

}  // namespace

LatencyRun measure_engine(Engine& engine, const Tokenizer& tokenizer, const LoadPlan& plan,
                          Progress& progress) {
  check_load(plan);
  return EngineMeasurement(engine, tokenizer, plan, progress).run();
}

}  // namespace mlopsctl

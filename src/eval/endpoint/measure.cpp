// bench run against a server: one thread, one event loop. The bodies of the first thousand requests
// are made before the clock starts, each of the others when one was sent.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/signals.hpp"

#include "eval/endpoint/endpoint_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace mlopsctl {

namespace {

constexpr std::size_t most_connections = 1000;  // an open loop without a limit
constexpr Milliseconds longest_turn{100};
constexpr std::uint64_t made_ahead = 1024;  // bodies: a measurement that time ends knows no number

class Measurement {
 public:
  Measurement(const EndpointOptions& options, const LoadPlan& plan, Progress& progress)
      : plan_(plan), progress_(progress), endpoint_(options, progress) {}

  LatencyRun run() {
    LatencyRun result{.fingerprint = endpoint_.fingerprint(),
                      .started = now().ms,
                      .load = describe_load(plan_),
                      .warmups = plan_.warmups};
    encode();
    warm_up();
    endpoint_.queue().tolerate_failures();
    timings_.assign(plan_.requests, {});
    make_ahead();
    progress_.start("measuring", plan_.requests, "requests");
    const double cpu = processor_seconds();
    began_ = endpoint_.queue().now();
    if (plan_.rate > 0) {
      open_loop();
    } else {
      closed_loop();
    }
    result.client_cpu = processor_seconds() - cpu;
    progress_.finish();
    timings_.resize(sent_);
    result.requests = std::move(timings_);
    result.notes = std::move(notes_);
    result.wall = wall(result.requests);
    return result;
  }

 private:
  double clock() { return endpoint_.queue().now() - began_; }

  GenerationRequest request_of(std::uint64_t index) const {
    const auto& prompts = plan_.prompts;
    return {
        .prompt = prompts.empty() ? made_up_prompt(plan_, index) : prompts[index % prompts.size()],
        .max_tokens = static_cast<std::uint32_t>(plan_.output_tokens),
        .seed = plan_.seed};
  }

  // Made-up prompts get exactly the tokens that were asked for, where tokens can be had.
  void encode() {
    if (!plan_.prompts.empty()) return;
    if (endpoint_.api_for({}) != EndpointApi::completions) return;
    TokenSource* source = endpoint_.tokens_if_any();
    if (source == nullptr) return;
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; i < plan_.warmups + std::min(plan_.requests, made_ahead); ++i)
      texts.push_back(made_up_prompt(plan_, i));  // a word is one token at least
    tokens_ = source->encode(texts);
    for (auto& one : tokens_)
      if (one.size() > plan_.input_tokens) one.resize(plan_.input_tokens);
  }

  // Behind those that were encoded they come again, turned, so that no two begin alike.
  std::vector<TokenId> tokens_of(std::uint64_t prompt) const {
    if (tokens_.empty()) return {};
    std::vector<TokenId> tokens = tokens_[prompt % tokens_.size()];
    const std::uint64_t turns = prompt / tokens_.size();
    if (turns > 0 && !tokens.empty())
      std::rotate(tokens.begin(),
                  tokens.begin() + static_cast<std::ptrdiff_t>(turns % tokens.size()),
                  tokens.end());
    return tokens;
  }

  void make_ahead() {
    const std::uint64_t end = std::min(plan_.requests, sent_ + made_ahead);
    for (std::uint64_t i = calls_.size(); i < end; ++i)
      calls_.push_back(prepare(plan_.warmups + i, i));
  }

  EndpointCall prepare(std::uint64_t prompt, std::uint64_t index) {
    const GenerationRequest request = request_of(prompt);
    const auto reply = std::make_shared<Reply>();
    EndpointCall call = endpoint_.generation_call(request, reply, tokens_of(prompt), true);
    const auto renew = call.sent;
    call.sent = [this, index, renew] {
      renew();
      timings_[index].sent = clock();
      if (plan_.rate <= 0) timings_[index].due = timings_[index].sent;
    };
    const auto make = call.body;
    const RefusedFields& known_now = endpoint_.queue().refused();
    call.body = [make, ready = make(known_now), known = known_now](const RefusedFields& refused) {
      return refused == known ? ready : make(refused);
    };
    call.done = [this, index, reply](const HttpResponse*, const std::string& error) {
      RequestTiming& timing = timings_[index];
      timing.error = error;
      if (error.empty() && reply->chunks() == 0) timing.error = "the answer has no text";
      if (timing.error.empty()) record(*reply, timing);
      answer_ = reply->text();
      ++done_;
      progress_.advance(1);
    };
    return call;
  }

  void record(const Reply& reply, RequestTiming& timing) const {
    timing.first = reply.first() - began_;
    timing.last = reply.last() - began_;
    timing.gaps = reply.gaps();
    timing.prompt_tokens = reply.usage().prompt.value_or(0);
    timing.counted_chunks = !reply.usage().completion.has_value();
    timing.output_tokens = reply.usage().completion.value_or(reply.chunks());
  }

  // The warm-ups are one request, again and again: at temperature 0 and with one seed its answers
  // are to be the same. If they are not, that is the server's doing (other requests in its batches,
  // other kernels), not the model's.
  void compare_answers(const std::string& before, const std::string& after) {
    if (before == after || !notes_.empty()) return;
    std::size_t at = 0;
    while (at < std::min(before.size(), after.size()) && before[at] == after[at]) ++at;
    while (at > 0 && !begins_word(before, at)) --at;
    const auto rest = [&](const std::string& text) {
      return quote(shortened(std::string_view(text).substr(std::min(at, text.size())), 20));
    };
    notes_.push_back(fmt::format(
        "the server answers one request differently at temperature 0 with one seed: {} and {} "
        "behind {} equal bytes; comparisons of its texts will see that, too",
        rest(before), rest(after), at));
  }
  static bool begins_word(const std::string& text, std::size_t at) {
    return at >= text.size() || text[at] == ' ' || text[at - 1] == ' ';
  }

  // One after another: connections, caches and compiled kernels of the server. What fails here
  // would fail later.
  void warm_up() {
    for (std::uint64_t i = 0; i < plan_.warmups; ++i) {
      timings_.assign(1, {});
      done_ = 0;
      answer_.clear();
      endpoint_.queue().submit(prepare(0, 0));
      endpoint_.queue().finish();
      if (i == 0) first_answer_ = answer_;
      if (timings_[0].error.empty()) compare_answers(first_answer_, answer_);
      if (timings_[0].error.empty()) continue;
      throw Error(ErrorKind::unavailable,
                  fmt::format("the endpoint fails before it is measured: {}", timings_[0].error),
                  "does it answer one request? curl shows what it says");
    }
    done_ = 0;
  }

  bool may_send(double due) const {
    if (sent_ >= plan_.requests) return false;
    return plan_.duration.count() == 0 || due * 1000 < static_cast<double>(plan_.duration.count());
  }
  void send(double due) {
    timings_[sent_].due = due;
    endpoint_.queue().submit(std::move(calls_[sent_]));
    ++sent_;
  }

  void closed_loop() {
    while (true) {
      while (sent_ - done_ < plan_.concurrency && may_send(clock())) send(clock());
      if (sent_ == done_) return;
      make_ahead();
      endpoint_.queue().turn(longest_turn);
    }
  }

  void open_loop() {
    const std::vector<double> due = due_times(plan_);
    while (true) {
      const double time = clock();
      while (sent_ < due.size() && due[sent_] <= time && may_send(due[sent_])) send(due[sent_]);
      const bool more = sent_ < due.size() && may_send(due[sent_]);
      if (!more && sent_ == done_) return;
      make_ahead();
      auto wait = longest_turn;
      if (more) {
        const double left = std::max(0.0, due[sent_] - clock());
        wait = std::min(wait, Milliseconds{static_cast<std::int64_t>(left * 1000)});
      }
      endpoint_.queue().turn(wait);
    }
  }

  static double wall(const std::vector<RequestTiming>& timings) {
    double begin = std::numeric_limits<double>::infinity();
    double end = 0;
    for (const auto& timing : timings) {
      begin = std::min(begin, timing.sent);
      end = std::max({end, timing.sent, timing.last});
    }
    return end > begin ? end - begin : 0;
  }

  const LoadPlan& plan_;
  Progress& progress_;
  ModelEndpoint endpoint_;
  std::vector<std::vector<TokenId>> tokens_;
  std::vector<EndpointCall> calls_;
  std::vector<RequestTiming> timings_;
  std::string first_answer_, answer_;  // of the warm-ups
  std::vector<std::string> notes_;
  double began_ = 0;
  std::uint64_t sent_ = 0, done_ = 0;
};

}  // namespace

LatencyRun measure_endpoint(const EndpointOptions& options, const LoadPlan& plan,
                            Progress& progress) {
  check_load(plan);
  EndpointOptions once = options;
  once.retries = 0;
  once.concurrency = plan.concurrency > 0 ? plan.concurrency : most_connections;
  return Measurement(once, plan, progress).run();
}

}  // namespace mlopsctl

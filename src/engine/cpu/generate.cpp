// Generation with continuous batching: each step takes one token further whoever runs, and a
// request that ends makes room for the next.
#include "engine/cpu/engine.hpp"
#include "engine/requests.hpp"
#include "engine/sampling.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

namespace mlopsctl::engine::cpu {

namespace {

constexpr std::size_t most_running = 32;
constexpr std::size_t most_cache_bytes = std::size_t{2} << 30U;

struct Running {
  std::size_t request = 0;
  std::size_t most_new = 0;
  std::vector<std::int32_t> pending;  // tokens that the model has not read
  std::size_t position = 0;           // of the first of them
  KeyBlocks blocks;
  bool ended = false;
};

// The summary of all logits of a row.
LogitSummary summary_of(std::span<const float> logits) {
  LogitSummary summary;
  kernels().summarise(logits.data(), logits.size(), 0, summary);
  return summary;
}

// The lowest id of the largest logit that may be chosen.
std::int32_t best_of(std::span<const float> choosable, const LogitSummary& summary) {
  if (static_cast<std::size_t>(summary.best) < choosable.size()) return summary.best;
  return static_cast<std::int32_t>(std::ranges::max_element(choosable) - choosable.begin());
}

class Generation {
 public:
  Generation(Model& model, Pool& pool, std::span<const GenerateRequest> requests,
             const OnToken& on_token, std::size_t batch_tokens)
      : model_(model),
        pool_(pool),
        requests_(requests),
        on_token_(on_token),
        batch_tokens_(batch_tokens),
        cache_(model.config(), model.config().layers),
        results_(requests.size()) {}

  std::vector<GenerateResult> run() {
    while (admit(), !running_.empty()) step();
    return std::move(results_);
  }

 private:
  std::size_t positions_of(const Running& running) const {
    return requests_[running.request].prompt.size() + running.most_new;
  }

  void admit() {
    std::size_t tokens = 0, positions = 0;
    for (const Running& running : running_) {
      tokens += running.pending.size();
      positions += positions_of(running);
    }
    const std::size_t most_positions = most_cache_bytes / cache_.bytes_a_position();
    while (next_ < requests_.size() && running_.size() < most_running) {
      const GenerateRequest& request = requests_[next_];
      const std::size_t most_new = most_new_tokens(model_.config(), request);
      if (most_new == 0) {
        ++next_;
        continue;
      }
      tokens += request.prompt.size();
      positions += request.prompt.size() + most_new;
      if (!running_.empty() && (tokens > batch_tokens_ || positions > most_positions)) return;
      if (request.may_start && !request.may_start(running_.empty())) {
        if (running_.empty()) next_ = requests_.size();
        return;
      }
      running_.push_back({.request = next_,
                          .most_new = most_new,
                          .pending = request.prompt,
                          .position = 0,
                          .blocks = KeyBlocks(cache_)});
      ++next_;
    }
  }

  void step() {
    const std::size_t width = model_.config().width, vocabulary = model_.config().vocabulary;
    std::vector<Segment> segments;
    std::vector<std::size_t> last_rows;
    std::size_t rows = 0;
    for (Running& running : running_) {
      running.blocks.reserve(running.position + running.pending.size());
      segments.push_back(
          {.tokens = running.pending, .position = running.position, .blocks = &running.blocks});
      rows += running.pending.size();
      last_rows.push_back(rows - 1);
    }
    const Floats& hidden = model_.read(segments, cache_);
    states_.resize(running_.size() * width);
    logits_.resize(running_.size() * vocabulary);
    for (std::size_t i = 0; i < running_.size(); ++i)
      model_.normalise(hidden.data() + last_rows[i] * width, states_.data() + i * width);
    model_.multiplier()(model_.head(), states_.data(), width, running_.size(), logits_.data(),
                        vocabulary, After::bias);
    choose();
    for (std::size_t i = 0; i < running_.size(); ++i) take(running_[i], i);
    std::erase_if(running_, [](const Running& running) { return running.ended; });
  }

  // The next token of each, and its log-probability.
  void choose() {
    const std::size_t vocabulary = model_.config().vocabulary;
    chosen_.resize(running_.size());
    pool_.run(running_.size(), [&](std::size_t i, unsigned) {
      const GenerateRequest& request = requests_[running_[i].request];
      const auto logits = std::span<const float>(logits_).subspan(i * vocabulary, vocabulary);
      const LogitSummary summary = summary_of(logits);
      Choice& choice = chosen_[i];
      choice.finite = summary.finite;
      if (!summary.finite) return;
      const auto choosable = logits.first(choosable_rows(model_.config(), request));
      choice.token = request.temperature == 0
                         ? best_of(choosable, summary)
                         : sample(choosable, request, results_[running_[i].request].tokens.size());
      choice.log_probability =
          static_cast<float>(static_cast<double>(logits[static_cast<std::size_t>(choice.token)]) -
                             static_cast<double>(summary.most) - std::log(summary.sum));
    });
  }

  void take(Running& running, std::size_t i) {
    const GenerateRequest& request = requests_[running.request];
    GenerateResult& result = results_[running.request];
    if (!chosen_[i].finite) {
      result.finite = false;
      running.ended = true;
      return;
    }
    const std::int32_t token = chosen_[i].token;
    result.tokens.push_back(token);
    result.log_probabilities.push_back(chosen_[i].log_probability);
    const bool stops =
        std::find(request.stop.begin(), request.stop.end(), token) != request.stop.end();
    const bool wanted = !on_token_ || on_token_(running.request, token);
    if (stops || !wanted) result.finish = FinishReason::stop;
    running.ended = stops || !wanted || result.tokens.size() == running.most_new;
    running.position += running.pending.size();
    running.pending.assign(1, token);
  }

  struct Choice {
    std::int32_t token = 0;
    float log_probability = 0;
    bool finite = true;
  };

  Model& model_;
  Pool& pool_;
  std::span<const GenerateRequest> requests_;
  const OnToken& on_token_;
  std::size_t batch_tokens_;
  KeyCache cache_;
  std::deque<Running> running_;
  std::size_t next_ = 0;
  std::vector<GenerateResult> results_;
  Floats states_, logits_;
  std::vector<Choice> chosen_;
};

}  // namespace

std::vector<GenerateResult> CpuEngine::generate(std::span<const GenerateRequest> requests,
                                                const OnToken& on_token) {
  check_requests(config(), requests);
  return Generation(model_, pool_, requests, on_token, batch_tokens_).run();
}

}  // namespace mlopsctl::engine::cpu

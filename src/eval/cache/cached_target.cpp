#include "mlopsctl/eval/answer_cache.hpp"

#include "eval/cache/answer_text.hpp"

#include <unordered_map>

namespace mlopsctl {

namespace {

class CachedTarget final : public Target {
 public:
  CachedTarget(std::unique_ptr<Target> inner, std::shared_ptr<AnswerCache> cache,
               std::string program)
      : inner_(std::move(inner)), cache_(std::move(cache)), program_(std::move(program)) {}

  std::string name() const override { return inner_->name(); }
  Fingerprint fingerprint() const override { return inner_->fingerprint(); }
  std::string chat_template() const override { return inner_->chat_template(); }
  std::string chat_prompt(std::span<const ChatMessage> messages) const override {
    return inner_->chat_prompt(messages);
  }
  bool sends_chats() const override { return inner_->sends_chats(); }

  std::vector<LikelihoodResult> likelihood(std::span<const LikelihoodRequest> requests,
                                           Progress& progress) override {
    return through<LikelihoodResult>(requests, &ResultWatch::likelihood,
                                     [&](std::span<const LikelihoodRequest> some) {
                                       return inner_->likelihood(some, progress);
                                     });
  }
  std::vector<RollingResult> rolling(std::span<const std::string> texts,
                                     Progress& progress) override {
    return through<RollingResult>(
        texts, &ResultWatch::rolling,
        [&](std::span<const std::string> some) { return inner_->rolling(some, progress); });
  }
  std::vector<GenerationResult> generate(std::span<const GenerationRequest> requests,
                                         Progress& progress) override {
    return through<GenerationResult>(
        requests, &ResultWatch::generation,
        [&](std::span<const GenerationRequest> some) { return inner_->generate(some, progress); });
  }

 private:
  template <class Result, class Request, class Ask>
  std::vector<Result> through(std::span<const Request> requests,
                              std::function<void(std::size_t, const Result&)> ResultWatch::*told,
                              Ask ask) {
    Fingerprint print = inner_->fingerprint();
    print["program"] = program_;
    const std::string target = target_digest(print);
    std::vector<std::string> keys;
    std::vector<std::size_t> place(requests.size());  // of each request among the keys
    std::unordered_map<std::string, std::size_t> known;
    std::vector<Request> once;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      std::string key = answer_key(target, requests[i]);
      const auto [found, is_new] = known.emplace(std::move(key), keys.size());
      place[i] = found->second;
      if (!is_new) continue;
      keys.push_back(found->first);
      once.push_back(requests[i]);
    }
    cache_->counts().merged += requests.size() - keys.size();
    std::vector<Result> answers(keys.size());
    std::vector<std::size_t> open;  // keys that the target is asked for
    std::vector<Request> asked;
    const auto kept = cache_->find(keys, inner_->name());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (kept[i]) {
        if (auto answer = parse_kept<Result>(*kept[i])) {
          answers[i] = std::move(*answer);
          continue;
        }
      }
      open.push_back(i);
      asked.push_back(std::move(once[i]));
    }
    if (!asked.empty()) ask_for(asked, open, keys, answers, told, ask);
    std::vector<Result> results;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      results.push_back(answers[place[i]]);
      tell(i, results.back());
    }
    return results;
  }

  template <class Result, class Request, class Ask>
  void ask_for(const std::vector<Request>& asked, const std::vector<std::size_t>& open,
               const std::vector<std::string>& keys, std::vector<Result>& answers,
               std::function<void(std::size_t, const Result&)> ResultWatch::*told, Ask ask) {
    const std::string name = inner_->name();
    std::vector<bool> stored(asked.size());
    const auto store = [&](std::size_t i, const Result& result) {
      if (stored.at(i) || !result.error.empty()) return;
      stored[i] = true;
      cache_->keep(keys[open[i]], name, answer_json(result));
    };
    ResultWatch watch;
    watch.*told = store;
    inner_->watch(std::move(watch));
    cache_->counts().asked += asked.size();
    std::vector<Result> results;
    try {
      results = ask(std::span<const Request>(asked));
    } catch (...) {
      inner_->watch({});
      cache_->flush();
      throw;
    }
    inner_->watch({});
    for (std::size_t i = 0; i < results.size(); ++i) {
      store(i, results[i]);
      answers[open.at(i)] = std::move(results[i]);
    }
    cache_->flush();
  }

  std::unique_ptr<Target> inner_;
  std::shared_ptr<AnswerCache> cache_;
  std::string program_;
};

}  // namespace

std::unique_ptr<Target> with_cache(std::unique_ptr<Target> target,
                                   std::shared_ptr<AnswerCache> cache, const std::string& program) {
  return std::make_unique<CachedTarget>(std::move(target), std::move(cache), program);
}

}  // namespace mlopsctl

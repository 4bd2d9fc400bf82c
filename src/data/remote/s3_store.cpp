// The S3 store: one operation at a time on queues that are kept for the next one.
#include "mlopsctl/base/error.hpp"

#include "data/remote/s3_queue.hpp"
#include "data/remote/stores.hpp"

#include <algorithm>

namespace mlopsctl::data {

namespace {

constexpr Milliseconds turn_time{1000};
constexpr std::size_t keys_at_once = 1000;

class S3Store final : public ObjectStore {
 public:
  explicit S3Store(S3Settings settings)
      : session_(std::make_shared<S3Session>(std::move(settings))) {}

  std::string url(std::string_view key) const override { return session_->url(key); }

  ObjectPage list(const ListQuery& query) override {
    return await<ObjectPage>([&](S3Queue& queue, auto done) { queue.list(query, done); });
  }
  std::optional<ObjectInfo> head(const std::string& key) override {
    return await<std::optional<ObjectInfo>>(
        [&](S3Queue& queue, auto done) { queue.head(key, done); });
  }
  ObjectInfo get(const std::string& key, const GetQuery& query) override {
    return await<ObjectInfo>([&](S3Queue& queue, auto done) { queue.get(key, query, done); });
  }
  PutResult put(const std::string& key, const ObjectSource& source,
                const PutOptions& options) override {
    return await<PutResult>(
        [&](S3Queue& queue, auto done) { queue.put(key, source, options, done); });
  }

  std::vector<FailedKey> remove(std::span<const std::string> keys) override {
    std::vector<FailedKey> failed;
    for (std::size_t at = 0; at < keys.size(); at += keys_at_once) {
      const auto some = keys.subspan(at, std::min(keys_at_once, keys.size() - at));
      const std::vector<std::string> batch(some.begin(), some.end());
      const auto refused = await<std::vector<FailedKey>>(
          [&](S3Queue& queue, auto done) { queue.remove(batch, done); });
      failed.insert(failed.end(), refused.begin(), refused.end());
    }
    return failed;
  }

  std::unique_ptr<ObjectQueue> queue(const QueueOptions& options) override {
    return std::make_unique<S3Queue>(session_, options);
  }

 private:
  // Starts one operation and turns until it is complete. A queue that an exception left behind is
  // dropped with what it still did.
  template <class T, class Start>
  T await(Start start) {
    std::unique_ptr<S3Queue> queue = take();
    std::optional<Outcome<T>> result;
    start(*queue, Done<T>([&](Outcome<T> outcome) { result = std::move(outcome); }));
    while (!result) queue->turn(turn_time);
    give_back(std::move(queue));
    return std::move(result->value());
  }

  std::unique_ptr<S3Queue> take() {
    const std::scoped_lock lock(guard_);
    if (idle_.empty()) return std::make_unique<S3Queue>(session_, QueueOptions{.jobs = 8});
    auto queue = std::move(idle_.back());
    idle_.pop_back();
    return queue;
  }
  void give_back(std::unique_ptr<S3Queue> queue) {
    const std::scoped_lock lock(guard_);
    idle_.push_back(std::move(queue));
  }

  std::shared_ptr<S3Session> session_;
  std::mutex guard_;
  std::vector<std::unique_ptr<S3Queue>> idle_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_s3_store(S3Settings settings) {
  return std::make_unique<S3Store>(std::move(settings));
}

}  // namespace mlopsctl::data

// A queue over blocking operations: threads run them, turn() runs the completions.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/signals.hpp"

#include "data/remote/stores.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace mlopsctl::data {

namespace {

using Clock = std::chrono::steady_clock;
using Task = std::function<std::function<void()>()>;  // gives its completion

constexpr Milliseconds step{100};  // how soon Ctrl-C is noticed

class ThreadQueue final : public ObjectQueue {
 public:
  ThreadQueue(ObjectStore& store, const QueueOptions& options, std::size_t threads)
      : store_(store), options_(options) {
    for (std::size_t i = 0; i < std::max<std::size_t>(1, threads); ++i)
      threads_.emplace_back([this] { work(); });
  }
  ~ThreadQueue() override {
    {
      const std::scoped_lock lock(guard_);
      stopping_ = true;
      tasks_.clear();
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  void list(ListQuery query, Done<ObjectPage> done) override {
    submit<ObjectPage>([this, query = std::move(query)] { return store_.list(query); },
                       std::move(done));
  }
  void head(std::string key, Done<std::optional<ObjectInfo>> done) override {
    submit<std::optional<ObjectInfo>>([this, key = std::move(key)] { return store_.head(key); },
                                      std::move(done));
  }
  void get(std::string key, GetQuery query, Done<ObjectInfo> done) override {
    submit<ObjectInfo>(
        [this, key = std::move(key), query = std::move(query)]() mutable {
          auto sink = std::move(query.sink);
          query.sink = [&](std::string_view bytes) {
            if (sink) sink(bytes);
            moved(bytes.size());
          };
          return store_.get(key, query);
        },
        std::move(done));
  }
  void put(std::string key, ObjectSource source, PutOptions options,
           Done<PutResult> done) override {
    submit<PutResult>(
        [this, key = std::move(key), source = std::move(source), options = std::move(options)] {
          const auto* bytes = std::get_if<std::string>(&source);
          const std::uint64_t size =
              bytes != nullptr ? bytes->size() : fs::file_size(std::get<fs::path>(source));
          const PutResult result = store_.put(key, source, options);
          moved(size);
          return result;
        },
        std::move(done));
  }

  std::size_t pending() const override { return pending_; }

  void turn(Milliseconds most) override {
    const auto end = Clock::now() + most;
    std::deque<std::function<void()>> ready;
    while (ready.empty() && pending_ > 0 && Clock::now() < end) {
      check_interrupt();
      std::unique_lock lock(guard_);
      finished_.wait_for(lock, std::min<Clock::duration>(step, end - Clock::now()),
                         [&] { return !completions_.empty(); });
      ready.swap(completions_);
    }
    for (auto& completion : ready) completion();
  }

 private:
  template <class T, class Work>
  void submit(Work work_function, Done<T> done) {
    ++pending_;
    {
      const std::scoped_lock lock(guard_);
      tasks_.push_back([this, work = std::move(work_function),
                        done = std::move(done)]() mutable -> std::function<void()> {
        auto outcome = std::make_shared<Outcome<T>>(std::exception_ptr());
        try {
          *outcome = Outcome<T>(work());
        } catch (const Error&) {
          *outcome = Outcome<T>(std::current_exception());
        } catch (const fs::filesystem_error& failure) {
          *outcome = Outcome<T>(std::make_exception_ptr(Error(ErrorKind::io, failure.what())));
        }
        return [this, outcome, done = std::move(done)] {
          --pending_;
          done(std::move(*outcome));
        };
      });
    }
    wake_.notify_one();
  }

  void work() {
    for (;;) {
      Task task;
      {
        std::unique_lock lock(guard_);
        wake_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
        if (stopping_) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      std::function<void()> completion = task();
      const std::scoped_lock lock(guard_);
      completions_.push_back(std::move(completion));
      finished_.notify_one();
    }
  }

  // Bytes cost time, which the thread that moved them sleeps.
  void moved(std::uint64_t bytes) {
    if (options_.moved) {
      const std::scoped_lock lock(telling_);
      options_.moved(bytes);
    }
    if (options_.bandwidth == 0) return;
    Clock::time_point until;
    {
      const std::scoped_lock lock(guard_);
      const std::chrono::duration<double> time(static_cast<double>(bytes) /
                                               static_cast<double>(options_.bandwidth));
      paid_until_ =
          std::max(paid_until_, Clock::now()) + std::chrono::duration_cast<Clock::duration>(time);
      until = paid_until_;
    }
    while (Clock::now() < until && !stopping_ && interrupted_by() == 0)
      std::this_thread::sleep_for(std::min<Clock::duration>(step, until - Clock::now()));
  }

  ObjectStore& store_;
  QueueOptions options_;
  std::size_t pending_ = 0;  // of the thread that uses the queue
  std::mutex guard_;
  std::mutex telling_;
  std::condition_variable wake_;
  std::condition_variable finished_;
  std::deque<Task> tasks_;
  std::deque<std::function<void()>> completions_;
  std::atomic<bool> stopping_ = false;
  Clock::time_point paid_until_ = Clock::now();
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<ObjectQueue> make_thread_queue(ObjectStore& store, const QueueOptions& options,
                                               std::size_t threads) {
  return std::make_unique<ThreadQueue>(store, options, options.jobs > 0 ? options.jobs : threads);
}

}  // namespace mlopsctl::data

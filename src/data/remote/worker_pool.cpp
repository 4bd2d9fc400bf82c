#include "data/remote/worker_pool.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace mlopsctl::data {

WorkerPool::WorkerPool(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkerPool::~WorkerPool() {
  {
    const std::scoped_lock lock(guard_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void WorkerPool::submit(std::function<void()> work,
                        std::function<void(std::exception_ptr)> completion) {
  ++under_way_;
  {
    const std::scoped_lock lock(guard_);
    tasks_.push_back({std::move(work), std::move(completion), nullptr});
  }
  wake_.notify_one();
}

bool WorkerPool::drain(bool wait) {
  if (under_way_ == 0) return false;
  std::deque<Task> ready;
  {
    std::unique_lock lock(guard_);
    if (wait)
      finished_.wait_for(lock, std::chrono::milliseconds(100), [&] { return !done_.empty(); });
    ready.swap(done_);
  }
  for (auto& task : ready) {
    --under_way_;
    task.completion(task.error);
  }
  return !ready.empty() || under_way_ > 0;
}

void WorkerPool::work() {
  for (;;) {
    Task task;
    {
      std::unique_lock lock(guard_);
      wake_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    try {
      task.work();
    } catch (...) {
      task.error = std::current_exception();
    }
    task.work = nullptr;
    const std::scoped_lock lock(guard_);
    done_.push_back(std::move(task));
    finished_.notify_one();
  }
}

}  // namespace mlopsctl::data

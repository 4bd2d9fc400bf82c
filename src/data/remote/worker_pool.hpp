// A few threads for hashing and writing beside the one that talks to the network.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mlopsctl::data {

class WorkerPool {
 public:
  explicit WorkerPool(std::size_t threads);
  ~WorkerPool();  // finishes what was submitted, runs no completion
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Runs `work` on a thread, then `completion` in the next drain(), with what it threw or null.
  void submit(std::function<void()> work, std::function<void(std::exception_ptr)> completion);
  // Runs completions; waits for one if `wait` and something is under way. False: nothing was.
  bool drain(bool wait);
  std::size_t under_way() const { return under_way_; }

 private:
  void work();

  struct Task {
    std::function<void()> work;
    std::function<void(std::exception_ptr)> completion;
    std::exception_ptr error;
  };
  std::mutex guard_;
  std::condition_variable wake_;
  std::condition_variable finished_;
  std::deque<Task> tasks_;
  std::deque<Task> done_;
  std::size_t under_way_ = 0;  // of the thread that uses the pool
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace mlopsctl::data

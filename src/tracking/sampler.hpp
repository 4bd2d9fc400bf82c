// The system/… series of a run: a thread that looks at the command's processes and the GPUs.
//
//   system/cpu_utilization_percentage       of the process tree; 100 is one core, as in top
//   system/memory_rss_megabytes             of the process tree
//   system/system_memory_usage_megabytes    of the machine
//   system/gpu_<i>_utilization_percentage, …_memory_usage_megabytes, …_power_usage_watts   of the
//   machine
//
// Names and units (10^6 bytes) as in MLflow's system metrics where it has the same.
#pragma once

#include "mlopsctl/platform/gpu.hpp"
#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace mlopsctl {

class Sampler {
 public:
  // The first sample after one second at most, then every `interval`.
  Sampler(pid_t root, Milliseconds interval);
  ~Sampler();

  // Samples taken since the last call; the caller stores them, so that one thread writes.
  std::vector<MetricPoint> take();

  // Ends the thread and adds a last sample, whose CPU time is exact because the process was waited
  // for.
  void finish(const ExitStatus& ended);

 private:
  using Clock = std::chrono::steady_clock;
  void loop(const std::stop_token& stop);
  void sample();
  void add(const char* name, double value);  // with the lock held
  void add_gpus(const std::vector<GpuSample>& gpus);

  pid_t root_;
  Milliseconds interval_;
  Clock::time_point started_ = Clock::now();
  Clock::time_point last_time_ = started_;
  std::map<pid_t, double> last_cpu_;  // seconds by process
  double cpu_so_far_ = 0;             // seconds that have been told
  std::int64_t step_ = 0;

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<MetricPoint> samples_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace mlopsctl

#include "tracking/sampler.hpp"

#include "mlopsctl/platform/process_tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace mlopsctl {

namespace {
double megabytes(double bytes) { return bytes / 1e6; }
double seconds(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double>(d).count();
}
constexpr double shortest = 1e-3;  // seconds between two samples; below, a rate means nothing
}  // namespace

Sampler::Sampler(pid_t root, Milliseconds interval)
    : root_(root), interval_(std::max(interval, Milliseconds{10})) {
  thread_ = std::jthread{[this](const std::stop_token& stop) { loop(stop); }};
}

Sampler::~Sampler() = default;

void Sampler::loop(const std::stop_token& stop) {
  auto next = started_ + std::min(interval_, Milliseconds{1000});
  while (true) {
    {
      std::unique_lock lock{mutex_};
      wake_.wait_until(lock, stop, next, [] { return false; });
    }
    if (stop.stop_requested()) return;
    sample();
    next = std::max(next + interval_, Clock::now());
  }
}

void Sampler::sample() {
  const auto usage = process_tree_usage(root_);
  const auto memory = memory_usage();
  const auto gpus = gpu_samples();  // before the lock: the first time takes long
  const auto time = Clock::now();
  if (usage.cpu_by_process.empty()) return;  // it has just ended
  double used = 0;
  for (const auto& [pid, cpu] : usage.cpu_by_process) {
    const auto before = last_cpu_.find(pid);
    used += std::max(0.0, before != last_cpu_.end() ? cpu - before->second : cpu);
  }
  const std::lock_guard lock{mutex_};
  if (const double elapsed = seconds(time - last_time_); elapsed > shortest)
    add("cpu_utilization_percentage", 100 * used / elapsed);
  add("memory_rss_megabytes", megabytes(static_cast<double>(usage.rss_bytes)));
  add("system_memory_usage_megabytes",
      megabytes(static_cast<double>(memory.total_bytes - memory.available_bytes)));
  add_gpus(gpus);
  ++step_;
  cpu_so_far_ += used;
  last_time_ = time;
  last_cpu_ = usage.cpu_by_process;
}

void Sampler::add(const char* name, double value) {
  if (std::isnan(value)) return;
  samples_.push_back(
      {fmt::format("system/{}", name), {.step = step_, .time = now(), .value = value}, {}});
}

void Sampler::add_gpus(const std::vector<GpuSample>& gpus) {
  int index = 0;
  for (const auto& gpu : gpus) {
    add(fmt::format("gpu_{}_utilization_percentage", index).c_str(), gpu.utilisation_percent);
    add(fmt::format("gpu_{}_memory_usage_megabytes", index).c_str(),
        megabytes(gpu.memory_used_bytes));
    add(fmt::format("gpu_{}_power_usage_watts", index).c_str(), gpu.power_watts);
    ++index;
  }
}

std::vector<MetricPoint> Sampler::take() {
  const std::lock_guard lock{mutex_};
  return std::exchange(samples_, {});
}

void Sampler::finish(const ExitStatus& ended) {
  thread_.request_stop();
  thread_.join();
  const std::lock_guard lock{mutex_};
  const double elapsed = seconds(Clock::now() - last_time_);
  // Less than was told already: processes that nobody waited for are missing from the exit status.
  if (ended.cpu_seconds >= cpu_so_far_ && elapsed > shortest)
    add("cpu_utilization_percentage", 100 * (ended.cpu_seconds - cpu_so_far_) / elapsed);
  if (step_ == 0) add("memory_rss_megabytes", megabytes(static_cast<double>(ended.max_rss_bytes)));
  const auto memory = memory_usage();
  add("system_memory_usage_megabytes",
      megabytes(static_cast<double>(memory.total_bytes - memory.available_bytes)));
  if (step_ > 0)
    add_gpus(gpu_samples());  // not for the first time: loading NVML outlasts a short command
  ++step_;
}

}  // namespace mlopsctl

// Which requests a latency measurement sends, and when.
#pragma once

#include "mlopsctl/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mlopsctl {

struct LoadPlan {
  std::vector<std::string> prompts;   // one after another, and again from the first; empty: made up
  std::uint64_t input_tokens = 128;   // of a prompt that is made up; no two are the same
  std::uint64_t output_tokens = 128;  // asked for, beyond any end of sequence where that works
  std::uint64_t requests = 30;        // measured, at most
  Milliseconds duration{0};           // no request starts later; 0: no limit
  std::uint64_t warmups = 3;          // one after another before the clock starts
  std::size_t concurrency = 1;        // at most so many at once; 0: no limit (open loop only)
  double rate = 0;                    // requests a second, whatever the answers; 0: closed loop
  double burstiness = 1;              // shape of the gamma gaps: 1 Poisson, < 1 burstier
  std::uint64_t seed = 0;
};

// Throws Error{usage} for numbers that make no load.
void check_load(const LoadPlan& plan);
// "closed, 4 at once"; "poisson, 8 requests/s".
std::string describe_load(const LoadPlan& plan);

// Seconds after the start at which each request of an open loop is due: gamma gaps of the given
// shape, scaled so that all of them together take requests / rate, as `vllm bench serve` does.
std::vector<double> due_times(const LoadPlan& plan);

// The text of the index-th made-up prompt: common English words of about one token each.
std::string made_up_prompt(const LoadPlan& plan, std::uint64_t index);

// A prompt a line: JSON with "prompt" or "messages"' last "content", or the line itself. Throws
// Error{usage} if there is none.
std::vector<std::string> read_prompts(const std::filesystem::path& file);

// Seconds of processor time that this program has used so far.
double processor_seconds();

}  // namespace mlopsctl

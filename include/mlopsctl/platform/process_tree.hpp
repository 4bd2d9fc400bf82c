// What a process and its descendants use, from /proc (proc(5)).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace mlopsctl {

struct TreeUsage {
  double cpu_seconds = 0;       // of the processes alive now, each since its start
  std::uint64_t rss_bytes = 0;  // shared pages count in each process that maps them
  std::map<pid_t, double> cpu_by_process;
};

// Descendants by parent, and everything in the process group `root` (a daemonised grandchild).
TreeUsage process_tree_usage(pid_t root);

struct MemoryUsage {
  std::uint64_t total_bytes = 0;
  std::uint64_t available_bytes = 0;
};
MemoryUsage memory_usage();

// Processes that have a file open, and what they are: "1234 (python train.py)". Those of other
// users are not seen.
std::vector<std::string> processes_with(const std::filesystem::path& file);

// Processes that the kernel's out-of-memory killer ended since boot.
std::int64_t out_of_memory_kills();

}  // namespace mlopsctl

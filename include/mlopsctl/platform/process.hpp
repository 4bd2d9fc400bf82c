// The only door to other programs. argv in, never a shell.
#pragma once

#include "mlopsctl/base/time.hpp"

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlopsctl {

using Environment = std::vector<std::pair<std::string, std::string>>;

struct ProcessResult {
  std::optional<int> exit_code;  // set when the program ended by itself
  std::optional<int> signal;     // set when a signal ended it
  bool timed_out = false;
  std::string out;  // standard output, at most RunOptions::capture_limit bytes
  std::string err;

  bool ok() const { return exit_code == 0 && !timed_out; }
};

struct RunOptions {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH
  Environment extra_environment;  // added to ours
  std::string directory;          // empty: ours
  std::string input;              // its standard input; empty: /dev/null
  Milliseconds timeout{10'000};
  std::size_t capture_limit = 8U << 20U;
};

// Runs a program to its end in its own process group, which is killed when the time is up. Throws
// Error{not_found} if the program does not exist.
ProcessResult run_process(const RunOptions& options);

struct ExitStatus {
  std::optional<int> exit_code;     // set when the program ended by itself
  std::optional<int> signal;        // set when a signal ended it
  double cpu_seconds = 0;           // user and system time, with the children it waited for
  std::uint64_t max_rss_bytes = 0;  // of the largest single process among them
};

struct SpawnOptions {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH
  Environment extra_environment;  // added to ours
  std::string directory;          // empty: ours
  int in = 0, out = 1, err = 2;   // descriptors that become its standard streams
  bool own_group = true;          // its own process group, so that signals reach its children too
  int death_signal = 0;           // sent to it when this program dies, however it does; 0: none
  int keep_open = -1;             // a descriptor that it and its children keep; -1: none
};

// A program that was started and not yet waited for. The destructor kills it if it is still held
// and leaves it alone if it runs.
class ChildProcess {
 public:
  // Makes the process but holds it before the program begins, so that its identity can be stored
  // first: a starter that dies before release() leaves nothing behind.
  // Throws Error{not_found} if the program does not exist, Error{unavailable} if it cannot be run.
  static ChildProcess hold(const SpawnOptions& options);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  // Lets the program begin. Throws Error{unavailable} if the system refuses to run it.
  void release();

  pid_t pid() const { return pid_; }
  int exit_fd() const { return exit_fd_; }  // becomes readable when it ends; -1 on old kernels

  std::optional<ExitStatus> poll();  // does not block; nothing while it runs
  ExitStatus wait();
  void signal(int number) const;  // to its group if it has its own; quiet if it is gone

 private:
  ChildProcess(pid_t pid, bool own_group, int gate, int report);
  std::string program_;
  pid_t pid_ = -1;
  bool own_group_ = true;
  int gate_ = -1;    // closing it unread ends the held process
  int report_ = -1;  // errno of a failed exec
  int exit_fd_ = -1;
  std::optional<ExitStatus> status_;
};

// Where PATH finds a program; nothing if it does not.
std::optional<std::string> find_program(const std::string& name);

// Identifies a process beyond the reuse of its pid: start is field 22 of /proc/<pid>/stat,
// boot is /proc/sys/kernel/random/boot_id, host the node name.
struct ProcessIdentity {
  std::int64_t pid = 0;
  std::int64_t start = 0;
  std::string boot;
  std::string host;
  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

ProcessIdentity identify_process(pid_t pid);  // start 0 if there is no such process

enum class Liveness { alive, gone, unknown };  // unknown: it ran on another host
Liveness liveness(const ProcessIdentity& identity);

// Names the numbering of processes that this program lives in ("pid:[4026531836]"): a pid means the
// same only to those who share it. Empty where /proc does not tell.
std::string pid_namespace();

// Absolute path of the running program.
std::string executable_path();

std::string host_name();
std::string user_name();

}  // namespace mlopsctl

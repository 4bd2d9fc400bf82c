// run exec: runs unmodified code as a tracked run; reap: closes runs whose process is gone.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

struct ScrapeOptions {
  bool enabled = false;
  std::string
      pattern;  // PCRE2 with named groups ("loss=(?<loss>\\S+)"); empty: dict lines and key=value
  std::int64_t every = 1;  // steps between two printed lines, where lines carry no step
};

struct ExecRequest {
  std::vector<std::string> command;  // argv; PATH is searched
  std::string experiment_id;
  std::string name;
  std::string user;
  std::string parent;  // run id or empty
  std::vector<KeyValue> params;
  std::vector<KeyValue> tags;
  std::vector<DatasetInput> inputs;  // recorded before the command begins
  std::optional<std::int64_t> seed;
  ScrapeOptions scrape;
  Milliseconds sample_interval{5000};  // of the system/… series; 0: none
  bool packages = true;                // list the Python packages when the command is Python
  bool git = true;
  Milliseconds grace{10'000};  // between SIGTERM and SIGKILL
  // Shows output of the command as it arrives; stream 1 or 2.
  std::function<void(int stream, std::string_view bytes)> show;
};

struct ExecResult {
  std::string run_id;
  RunStatus status = RunStatus::finished;
  std::optional<int> exit_code;
  std::optional<int> signal;
  Milliseconds duration{};
  std::uint64_t points = 0;  // metric points stored, without the system/… series
  std::uint64_t bad_lines = 0;
  int interrupted_by = 0;  // the signal that mlopsctl itself was sent, 0 if none
};

// Starts the command, follows it to its end and stores everything it says. The command writes its
// output straight to files, so it survives the death of this process. Throws Error{not_found} if
// the command does not exist (the run then ends as FAILED).
ExecResult execute(RunStore& store, const ExecRequest& request, Progress& progress);

struct ReapRequest {
  std::optional<Milliseconds>
      older_than;  // also close runs of unknown liveness (run start, other hosts) that old
  bool dry_run = false;
};
struct ReapedRun {
  Run run;  // as it was
  RunStatus status = RunStatus::killed;
  std::uint64_t points = 0;  // recovered from the metrics file
  std::string reason;
};
// Reads what the dead run had still written, closes it (KILLED, end = last sign of life).
std::vector<ReapedRun> reap(RunStore& store, const ReapRequest& request, Progress& progress);

// RUNNING in the store, but its tracker and its command are gone from this machine.
bool is_abandoned(const Run& run);

// The folder with mlopsctl.py: beside the program's bin folder; empty if it is not there.
std::filesystem::path python_module_folder();

}  // namespace mlopsctl

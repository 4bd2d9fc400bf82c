#include "mlopsctl/tracking/exec.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/ids.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/process_tree.hpp"

#include "tracking/capture.hpp"
#include "tracking/child_environment.hpp"
#include "tracking/exec_supervisor.hpp"
#include "tracking/intake.hpp"
#include "tracking/scrape_tags.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>

namespace mlopsctl {

namespace fs = std::filesystem;

namespace {

constexpr Milliseconds git_patience{250};

class OpenFile {
 public:
  OpenFile(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
    if (fd_ < 0)
      throw Error{ErrorKind::io,
                  fmt::format("cannot open {}: {}", quote(path.string()), std::strerror(errno))};
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() { ::close(fd_); }
  int fd() const { return fd_; }

 private:
  int fd_;
};

bool is_crash(int signal) {
  constexpr std::array crashes{SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
  return std::find(crashes.begin(), crashes.end(), signal) != crashes.end();
}

RunStatus status_of(const ExitStatus& ended, bool interrupted) {
  if (ended.signal) return is_crash(*ended.signal) ? RunStatus::failed : RunStatus::killed;
  if (ended.exit_code == 0) return RunStatus::finished;
  return interrupted ? RunStatus::killed : RunStatus::failed;
}

Run create(RunStore& store, const ExecRequest& request, const std::string& run_id,
           const ChildEnvironment& child) {
  NewRun run;
  run.id = run_id;
  run.experiment_id = request.experiment_id;
  run.name = request.name;
  run.user = request.user.empty() ? user_name() : request.user;
  run.tracker = identify_process(::getpid());
  run.params = child.params;
  run.tags = source_tags(request);
  run.tags.push_back({std::string{tag_names::user}, run.user});
  if (!request.parent.empty()) run.tags.push_back({std::string{tag_names::parent}, request.parent});
  for (const auto& tags : {child.tags, scrape_tags(request.scrape), request.tags}) {
    for (const auto& tag : tags) {
      std::erase_if(run.tags, [&](const KeyValue& known) { return known.key == tag.key; });
      run.tags.push_back(tag);
    }
  }
  return store.create_run(run);
}

ChildProcess start(RunStore& store, const ExecRequest& request, const std::string& run_id,
                   const Environment& environment, const RunFiles& files, bool own_group) {
  const bool has_input = ::fcntl(STDIN_FILENO, F_GETFD) >= 0;
  const OpenFile nothing{"/dev/null", O_RDONLY};
  const OpenFile out{files.out, O_WRONLY | O_APPEND | O_CREAT};
  const OpenFile err{files.err, O_WRONLY | O_APPEND | O_CREAT};
  auto child = ChildProcess::hold({.argv = request.command,
                                   .extra_environment = environment,
                                   .directory = {},
                                   .in = has_input ? STDIN_FILENO : nothing.fd(),
                                   .out = out.fd(),
                                   .err = err.fd(),
                                   .own_group = own_group});
  // Whoever finds this run after our death must know whether the command is alive.
  RunUpdate update;
  update.child = identify_process(child.pid());
  store.update_run(run_id, update);
  child.release();
  return child;
}

void record_output(RunStore& store, const std::string& run_id) {
  for (const char* name : {out_name, err_name}) store.record_artifact(run_id, name);
}

void end_run(RunStore& store, const std::string& run_id, RunStatus status,
             const ExitStatus& ended) {
  RunUpdate update;
  update.status = status;
  update.end = now();
  update.exit_code = ended.exit_code;
  update.signal = ended.signal;
  store.update_run(run_id, update);
}

// A terminal that went away must not end the following of a command that goes on.
Intake::Show guarded(const Intake::Show& show) {
  if (!show) return {};
  return [show, broken = false](int stream, std::string_view bytes) mutable {
    if (broken) return;
    try {
      show(stream, bytes);
    } catch (const Error&) {
      broken = true;
    }
  };
}

}  // namespace

ExecResult execute(RunStore& store, const ExecRequest& request, Progress& progress) {
  if (request.command.empty())
    throw Error{ErrorKind::usage, "no command to run", "put it after --"};
  const auto begun = std::chrono::steady_clock::now();
  if (request.scrape.enabled) const Scraper refuses_bad_patterns{request.scrape};
  const std::string run_id = new_run_id();
  const Intake::Show show = guarded(request.show);
  SignalQueue signals;  // from here on nothing ends us before the run is closed
  Capture capture{request};

  const fs::path metrics = fs::absolute(store.home()) / "tmp" / (run_id + ".jsonl");
  const auto environment = child_environment(request, run_id, store.home(), metrics);
  create(store, request, run_id, environment);
  if (!request.inputs.empty()) store.log_inputs(run_id, request.inputs);
  const RunFiles files = run_files(store, run_id);
  // A terminal as input: then the command shares our group, or it could not read from it.
  const bool own_group = ::isatty(STDIN_FILENO) == 0;
  const std::int64_t kills_before = out_of_memory_kills();
  ExecResult result;
  result.run_id = run_id;
  bool started = false;
  try {
    fs::create_directories(files.metrics.parent_path());
    fs::create_directories(files.out.parent_path());
    const OpenFile created{files.metrics, O_WRONLY | O_CREAT};
    capture.wait_for_git(git_patience);
    auto child = start(store, request, run_id, environment.variables, files, own_group);
    started = true;
    progress.detail(fmt::format("run {}: the command has process id {}", run_id, child.pid()));
    progress.detail(fmt::format("metrics are read from '{}'", files.metrics.string()));
    progress.detail(fmt::format("output is kept in '{}'", files.out.parent_path().string()));
    FileWatch watch;
    for (const auto& file : {files.metrics, files.out, files.err}) watch.add(file);
    Intake intake{store, run_id, request.scrape, std::nullopt, progress};
    std::optional<Sampler> sampler;
    if (request.sample_interval.count() > 0) sampler.emplace(child.pid(), request.sample_interval);
    capture.start_machine();
    Supervisor supervisor{{store, run_id, request.grace, show, progress, signals, child, own_group,
                           intake, capture, watch, sampler}};
    const ExitStatus ended = supervisor.follow();

    if (sampler) {
      sampler->finish(ended);
      intake.add_system(sampler->take());
    }
    intake.finish(show);
    capture.wait_and_store(store, run_id, progress);
    record_output(store, run_id);
    if (ended.signal == SIGKILL && !supervisor.killed() && out_of_memory_kills() > kills_before) {
      progress.warning("the command was killed, probably because the machine ran out of memory");
      store.log(run_id,
                {.metrics = {}, .params = {}, .tags = {{"mlopsctl.killed_by", "out of memory"}}});
    }
    result.status = status_of(ended, supervisor.interrupted_by() != 0);
    result.exit_code = ended.exit_code;
    result.signal = ended.signal;
    result.points = intake.points();
    result.bad_lines = intake.bad_lines();
    result.interrupted_by = supervisor.interrupted_by();
    end_run(store, run_id, result.status, ended);
  } catch (const Error& error) {
    // A command that could not be started has failed. The files of one that was hold the rest.
    if (started)
      throw Error{error.kind(), fmt::format("run {} could not be closed: {}", run_id, error.what()),
                  "when that is mended, \"mlopsctl run reap\" completes it"};
    end_run(store, run_id, RunStatus::failed, {});
    throw;
  }
  std::error_code ignored;
  fs::remove(files.metrics, ignored);
  result.duration =
      std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begun);
  return result;
}

}  // namespace mlopsctl

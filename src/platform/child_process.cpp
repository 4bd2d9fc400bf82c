// fork and exec by hand instead of posix_spawn: the child has to wait at a gate between the two.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/process.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace mlopsctl {

namespace {

std::vector<std::string> merged_environment(const Environment& extra) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const auto name = text.substr(0, text.find('='));
    bool replaced = false;
    for (const auto& [key, value] : extra) replaced = replaced || key == name;
    if (!replaced) result.emplace_back(text);
  }
  for (const auto& [key, value] : extra) result.push_back(key + "=" + value);
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Everything the child needs, made before the fork: after it only async-signal-safe calls are
// allowed.
struct Launch {
  const char* program;
  char* const* argv;
  char* const* envp;
  const char* directory;  // null: ours
  int in, out, err;
  bool own_group;
  int death_signal, keep_open;
  int gate, report;
};

[[noreturn]] void fail(int report) {
  const int code = errno;
  [[maybe_unused]] const auto written = ::write(report, &code, sizeof code);
  ::_exit(127);
}

[[noreturn]] void become(const Launch& launch) {
  if (launch.own_group) ::setpgid(0, 0);
  // If our starter is dead already, the gate below says so.
  if (launch.death_signal != 0) ::prctl(PR_SET_PDEATHSIG, launch.death_signal);
  if (launch.keep_open >= 0) ::fcntl(launch.keep_open, F_SETFD, 0);
  // Copies first, so that one of the three may itself be 0, 1 or 2.
  const int in = ::fcntl(launch.in, F_DUPFD_CLOEXEC, 3);
  const int out = ::fcntl(launch.out, F_DUPFD_CLOEXEC, 3);
  const int err = ::fcntl(launch.err, F_DUPFD_CLOEXEC, 3);
  if (in < 0 || out < 0 || err < 0) fail(launch.report);
  if (::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) fail(launch.report);
  if (launch.directory != nullptr && ::chdir(launch.directory) != 0) fail(launch.report);

  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2}) {
    struct sigaction now {};
    ::sigaction(number, nullptr, &now);
    // What our caller ignored stays ignored (nohup), except SIGPIPE, which this program may ignore
    // itself.
    if (now.sa_handler != SIG_IGN || number == SIGPIPE) ::sigaction(number, &standard, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);

  char go = 0;
  ssize_t got = 0;
  do got = ::read(launch.gate, &go, 1);
  while (got < 0 && errno == EINTR);
  if (got != 1) ::_exit(126);  // whoever started us is gone
  ::execve(launch.program, launch.argv, launch.envp);
  fail(launch.report);
}

}  // namespace

ChildProcess ChildProcess::hold(const SpawnOptions& options) {
  if (options.argv.empty()) throw Error{ErrorKind::usage, "no command to run"};
  const auto program = find_program(options.argv.front());
  if (!program) {
    const bool exists = options.argv.front().find('/') != std::string::npos &&
                        ::access(options.argv.front().c_str(), F_OK) == 0;
    if (exists)
      throw Error{
          ErrorKind::unavailable, fmt::format("{} is not executable", quote(options.argv.front())),
          fmt::format("chmod +x it, or name its interpreter: python3 {}", options.argv.front())};
    throw Error{ErrorKind::not_found,
                fmt::format("no such program: {}", quote(options.argv.front())),
                "check the spelling and PATH"};
  }
  auto argv = options.argv;
  auto environment = merged_environment(options.extra_environment);
  auto argv_pointers = pointers(argv);
  auto environment_pointers = pointers(environment);

  std::array<int, 2> gate{};
  std::array<int, 2> report{};
  if (::pipe2(gate.data(), O_CLOEXEC) != 0)
    throw Error{ErrorKind::io, fmt::format("cannot make a pipe: {}", std::strerror(errno))};
  if (::pipe2(report.data(), O_CLOEXEC) != 0) {
    ::close(gate[0]);
    ::close(gate[1]);
    throw Error{ErrorKind::io, fmt::format("cannot make a pipe: {}", std::strerror(errno))};
  }
  const Launch launch{.program = program->c_str(),
                      .argv = argv_pointers.data(),
                      .envp = environment_pointers.data(),
                      .directory = options.directory.empty() ? nullptr : options.directory.c_str(),
                      .in = options.in,
                      .out = options.out,
                      .err = options.err,
                      .own_group = options.own_group,
                      .death_signal = options.death_signal,
                      .keep_open = options.keep_open,
                      .gate = gate[0],
                      .report = report[1]};
  const pid_t pid = ::fork();
  const int code = errno;
  if (pid == 0) {
    ::close(gate[1]);  // or the gate would never read as closed
    become(launch);
  }
  ::close(gate[0]);
  ::close(report[1]);
  if (pid < 0) {
    ::close(gate[1]);
    ::close(report[0]);
    throw Error{ErrorKind::unavailable,
                fmt::format("cannot start a process: {}", std::strerror(code))};
  }
  if (options.own_group)
    ::setpgid(pid, pid);  // also here: a signal may be sent before the child did it
  ChildProcess child{pid, options.own_group, gate[1], report[0]};
  child.program_ = options.argv.front();
  return child;
}

ChildProcess::ChildProcess(pid_t pid, bool own_group, int gate, int report)
    : pid_(pid), own_group_(own_group), gate_(gate), report_(report) {
  exit_fd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));  // close-on-exec by definition
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : program_(std::move(other.program_)),
      pid_(std::exchange(other.pid_, -1)),
      own_group_(other.own_group_),
      gate_(std::exchange(other.gate_, -1)),
      report_(std::exchange(other.report_, -1)),
      exit_fd_(std::exchange(other.exit_fd_, -1)),
      status_(other.status_) {}

ChildProcess::~ChildProcess() {
  const bool held = gate_ >= 0;
  for (const int fd : {gate_, report_, exit_fd_})
    if (fd >= 0) ::close(fd);
  if (held && pid_ > 0 && !status_) ::waitpid(pid_, nullptr, 0);
}

void ChildProcess::release() {
  const char go = 1;
  [[maybe_unused]] const auto written = ::write(gate_, &go, 1);
  ::close(std::exchange(gate_, -1));
  int code = 0;
  ssize_t got = 0;
  do got = ::read(report_, &code, sizeof code);
  while (got < 0 && errno == EINTR);
  ::close(std::exchange(report_, -1));
  if (got != sizeof code) return;  // closed by a successful exec
  wait();
  throw Error{ErrorKind::unavailable,
              fmt::format("cannot run {}: {}", quote(program_), std::strerror(code)),
              code == ENOEXEC  ? "it needs a #! line that names its interpreter"
              : code == ENOENT ? "the interpreter that its #! line names does not exist"
                               : ""};
}

namespace {

ExitStatus decode(int status, const rusage& usage) {
  ExitStatus result;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  result.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  result.max_rss_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024U;
  return result;
}

}  // namespace

std::optional<ExitStatus> ChildProcess::poll() {
  if (status_) return status_;
  int status = 0;
  rusage usage{};
  if (::wait4(pid_, &status, WNOHANG, &usage) == pid_) status_ = decode(status, usage);
  return status_;
}

ExitStatus ChildProcess::wait() {
  while (!status_) {
    int status = 0;
    rusage usage{};
    const pid_t ended = ::wait4(pid_, &status, 0, &usage);
    if (ended == pid_) status_ = decode(status, usage);
    if (ended < 0 && errno != EINTR)
      throw Error{ErrorKind::bug,
                  fmt::format("lost track of process {}: {}", pid_, std::strerror(errno))};
  }
  return *status_;
}

void ChildProcess::signal(int number) const {
  // The group outlives its leader while grandchildren run; a lone process that was waited for does
  // not.
  if (own_group_)
    ::kill(-pid_, number);
  else if (!status_)
    ::kill(pid_, number);
}

}  // namespace mlopsctl

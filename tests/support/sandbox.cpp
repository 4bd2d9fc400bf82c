#include "support/sandbox.hpp"

#include "support/launch.hpp"
#include "support/locations.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace mlopsctl::testing {

namespace fs = std::filesystem;

namespace {

int exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct Pipe {
  std::array<int, 2> end{-1, -1};
  Pipe() {
    if (::pipe2(end.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  }
  ~Pipe() {
    close(0);
    close(1);
  }
  void close(std::size_t side) {
    if (end[side] >= 0) ::close(end[side]);
    end[side] = -1;
  }
};

// Feeds the input and collects both outputs without letting a full pipe block anybody.
void exchange(Pipe& in, Pipe& out, Pipe& err, std::string_view input, Outcome& outcome) {
  ::fcntl(in.end[1], F_SETFL, O_NONBLOCK);
  std::array<char, 65536> buffer{};
  while (out.end[0] >= 0 || err.end[0] >= 0) {
    std::array<pollfd, 3> entries{
        {{out.end[0], POLLIN, 0}, {err.end[0], POLLIN, 0}, {in.end[1], POLLOUT, 0}}};
    if (input.empty()) in.close(1), entries[2].fd = -1;
    ::poll(entries.data(), entries.size(), -1);
    if (entries[2].revents != 0) {
      const ssize_t put = ::write(in.end[1], input.data(), input.size());
      input = put < 0 ? std::string_view{} : input.substr(static_cast<std::size_t>(put));
    }
    const auto drain = [&](const pollfd& entry, Pipe& pipe, std::string& text) {
      if (entry.revents == 0 || pipe.end[0] < 0) return;
      const ssize_t got = ::read(pipe.end[0], buffer.data(), buffer.size());
      if (got <= 0) return pipe.close(0);
      text.append(buffer.data(), static_cast<std::size_t>(got));
    };
    drain(entries[0], out, outcome.out);
    drain(entries[1], err, outcome.err);
  }
}

}  // namespace

std::string binary() {
  const char* other = std::getenv("MLOPSCTL_BINARY");
  return other != nullptr ? other : built_program();
}

Sandbox::Sandbox() {
  std::string name = (fs::temp_directory_path() / "mlopsctl-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = name;
  environment_ = {{"HOME", name},
                  {"XDG_CONFIG_HOME", name + "/.config"},
                  {"TERM", "xterm-256color"},
                  {"GIT_CONFIG_NOSYSTEM", "1"},
                  {"GIT_CEILING_DIRECTORIES", folder_.parent_path()}};
  ::signal(SIGPIPE, SIG_IGN);
}

Sandbox::~Sandbox() {
  const auto* test = doctest::getContextOptions();
  const bool failed =
      test != nullptr && test->currentTest != nullptr && std::uncaught_exceptions() > 0;
  if (failed) {
    MESSAGE("left for a look: " << folder_.string());
    return;
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

Outcome Sandbox::interrupt(const std::vector<std::string>& argv, int signal,
                           const std::function<bool()>& ready) const {
  std::vector<std::string> shell{"sh", "-c", "echo $$ >interrupted.pid; exec \"$@\"", "sh"};
  shell.insert(shell.end(), argv.begin(), argv.end());
  Outcome outcome;
  std::thread running([&] { outcome = run_program(shell); });
  for (int i = 0; i < 1200 && !ready(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ::kill(std::stoi(read("interrupted.pid")), signal);
  running.join();
  return outcome;
}

void Sandbox::set_environment(std::string name, std::string value) {
  environment_.emplace_back(std::move(name), std::move(value));
}

Outcome Sandbox::run_program(const std::vector<std::string>& argv, const std::string& input) const {
  const Launch program(argv, folder_, environment_);
  Pipe in, out, err;
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGPIPE, SIG_DFL);
    ::dup2(in.end[0], 0);
    ::dup2(out.end[1], 1);
    ::dup2(err.end[1], 2);
    program.become();
  }
  in.close(0);
  out.close(1);
  err.close(1);
  Outcome outcome;
  exchange(in, out, err, input, outcome);
  int status = 0;
  ::waitpid(child, &status, 0);
  outcome.code = exit_code(status);
  return outcome;
}

Outcome Sandbox::run(const std::vector<std::string>& arguments, const std::string& input) const {
  std::vector<std::string> argv{binary()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run_program(argv, input);
}

Outcome Sandbox::run_on_terminal(const std::vector<std::string>& arguments, int columns,
                                 const std::string& typed) const {
  std::vector<std::string> argv{binary()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const Launch program(argv, folder_, environment_);
  winsize size{
      .ws_row = 40, .ws_col = static_cast<unsigned short>(columns), .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (child == 0) program.become();
  if (!typed.empty() && ::write(terminal, typed.data(), typed.size()) < 0) FAIL("cannot type");
  Outcome outcome;
  std::array<char, 65536> buffer{};
  for (ssize_t got = 0; (got = ::read(terminal, buffer.data(), buffer.size())) > 0;) {
    outcome.out.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(terminal);
  int status = 0;
  ::waitpid(child, &status, 0);
  outcome.code = exit_code(status);
  return outcome;
}

void Sandbox::write(const std::string& name, const std::string& text) const {
  fs::create_directories((folder_ / name).parent_path());
  std::ofstream(folder_ / name, std::ios::binary) << text;
}

std::string Sandbox::read(const std::string& name) const {
  std::ifstream file(folder_ / name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Sandbox::output_of(const std::vector<std::string>& arguments,
                               const std::string& input) const {
  Outcome outcome = run(arguments, input);
  INFO("standard error: " << outcome.err);
  REQUIRE(outcome.code == 0);
  if (outcome.out.ends_with('\n')) outcome.out.pop_back();
  return outcome.out;
}

}  // namespace mlopsctl::testing

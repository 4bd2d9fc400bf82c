#include "data/stage_commands.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

namespace mlopsctl::data {

namespace {

constexpr std::size_t longest_line = 1U << 16U;

struct Pipe {
  int read = -1, write = -1;
  void open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(ErrorKind::io, "cannot make a pipe");
    read = ends[0];
    write = ends[1];
    ::fcntl(read, F_SETFL, ::fcntl(read, F_GETFL) | O_NONBLOCK);
  }
  void close_write() {
    if (write >= 0) ::close(write);
    write = -1;
  }
  void close() {
    close_write();
    if (read >= 0) ::close(read);
    read = -1;
  }
};

std::string shown(const std::string& command) { return shortened(printable(command), 200); }

}  // namespace

std::vector<std::string> shell_argv(const std::string& command) {
  const char* set = std::getenv("SHELL");
  const std::string shell = set != nullptr && *set != '\0' ? set : "/bin/sh";
  const std::string name = to_lower(shell.substr(shell.rfind('/') + 1));
  std::vector<std::string> argv{shell};
  if (name == "bash") argv.insert(argv.end(), {"--noprofile", "--norc"});
  if (name == "zsh") argv.emplace_back("--no-rcs");
  if (name == "fish") argv.emplace_back("--no-config");
  argv.insert(argv.end(), {"-c", command});
  return argv;
}

struct StageRun::State {
  CommandSettings settings;
  std::vector<std::string> commands;
  std::string folder;
  Environment environment;
  std::size_t current = 0;
  std::optional<ChildProcess> child;
  Pipe output;
  std::string partial;
  std::string failure;
  int null_input = -1;

  ~State() {
    output.close();
    if (null_input >= 0) ::close(null_input);
  }

  void start() {
    const std::string& command = commands[current];
    settings.announce("> " + printable(command));
    SpawnOptions spawn{.argv = shell_argv(command),
                       .extra_environment = environment,
                       .directory = folder,
                       .out = settings.out};
    spawn.own_group = !settings.foreground;
    // Nobody would record what it makes after this program is gone.
    spawn.death_signal = SIGTERM;
    spawn.keep_open = settings.keep_open;
    if (!settings.foreground) {
      spawn.in = null_input;
      spawn.out = spawn.err = output.write;
    }
    child.emplace(ChildProcess::hold(spawn));
    child->release();
  }

  // Whole lines only, so that stages that run side by side do not mix within one.
  void pass_on(bool last) {
    if (output.read < 0) return;
    std::array<char, 65536> buffer;
    while (true) {
      const ssize_t got = ::read(output.read, buffer.data(), buffer.size());
      if (got <= 0) break;
      partial.append(buffer.data(), static_cast<std::size_t>(got));
      std::size_t start = 0;
      for (std::size_t end = partial.find('\n'); end != std::string::npos;
           end = partial.find('\n', start)) {
        settings.line(partial.substr(start, end - start));
        start = end + 1;
      }
      partial.erase(0, start);
      if (partial.size() > longest_line) settings.line(std::exchange(partial, {}));
    }
    if (last && !partial.empty()) settings.line(std::exchange(partial, {}));
  }
};

StageRun::StageRun(const Stage& stage, CommandSettings settings)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.settings = std::move(settings);
  state.commands = stage.commands();
  state.folder = (state.settings.root / stage.wdir).string();
  if (std::getenv("DVC_ROOT") == nullptr) {
    state.environment.emplace_back("DVC_ROOT", state.settings.root.string());
  }
  state.environment.emplace_back("DVC_STAGE", state.settings.address);
  if (state.commands.empty()) return;
  if (!fs::is_directory(state.folder)) {
    throw Error(ErrorKind::not_found,
                fmt::format("the folder {} of the stage does not exist", quote(stage.wdir)));
  }
  if (!state.settings.foreground) {
    state.output.open();
    state.null_input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  state.start();
}

StageRun::StageRun(StageRun&&) noexcept = default;
StageRun::~StageRun() = default;

std::vector<int> StageRun::descriptors() const {
  std::vector<int> result;
  if (state_->child && state_->child->exit_fd() >= 0) result.push_back(state_->child->exit_fd());
  if (state_->output.read >= 0) result.push_back(state_->output.read);
  return result;
}

bool StageRun::advance() {
  State& state = *state_;
  while (true) {
    state.pass_on(false);
    if (!state.child) return true;
    const auto status = state.child->poll();
    if (!status) return false;
    state.child.reset();
    state.pass_on(true);
    const std::string& command = state.commands[state.current];
    if (status->signal) {
      state.failure = fmt::format("'{}' was ended by signal {}", shown(command), *status->signal);
    } else if (status->exit_code != 0) {
      state.failure =
          fmt::format("'{}' exited with {}", shown(command), status->exit_code.value_or(-1));
    }
    if (!state.failure.empty() || ++state.current == state.commands.size()) return true;
    state.start();
  }
}

const std::string& StageRun::failure() const { return state_->failure; }

void StageRun::signal(int number) {
  if (state_->child) state_->child->signal(number);
}

}  // namespace mlopsctl::data

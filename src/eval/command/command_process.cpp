#include "eval/command/command_process.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/http.hpp"
#include "mlopsctl/platform/signals.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace mlopsctl {

namespace {

using Clock = std::chrono::steady_clock;
constexpr int poll_milliseconds = 100;  // how soon Ctrl-C is noticed
constexpr Milliseconds grace{2'000};    // to end after its input has ended
constexpr std::size_t most_line = std::size_t{64} << 20U;

struct Pipe {
  int read = -1, write = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(ErrorKind::unavailable, "no pipe to the command can be made");
  return {ends[0], ends[1]};
}

void close_end(int& end) {
  if (end >= 0) ::close(std::exchange(end, -1));
}

}  // namespace

CommandProcess::CommandProcess(const std::vector<std::string>& argv) : argv_(argv) {
  ignore_broken_pipes();
  Pipe to = make_pipe();
  Pipe from = make_pipe();
  in_ = to.write;
  out_ = from.read;
  ::fcntl(in_, F_SETFL, O_NONBLOCK);
  try {
    child_.emplace(ChildProcess::hold({.argv = argv_,
                                       .extra_environment = {{"PYTHONUNBUFFERED", "1"}},
                                       .in = to.read,
                                       .out = from.write,
                                       .death_signal = SIGKILL}));
    child_->release();
  } catch (...) {
    close_end(to.read);
    close_end(from.write);
    close_end(in_);
    close_end(out_);
    throw;
  }
  close_end(to.read);
  close_end(from.write);
}

CommandProcess::~CommandProcess() {
  close_end(in_);
  close_end(out_);
  if (!child_ || ended()) return;
  child_->signal(SIGKILL);
  child_->wait();
}

// A moment after its output has.
std::optional<ExitStatus> CommandProcess::ended() {
  const auto end = Clock::now() + grace;
  std::optional<ExitStatus> status = child_->poll();
  for (; !status && Clock::now() < end; status = child_->poll()) ::usleep(5'000);
  return status;
}

std::string CommandProcess::how_it_ended() {
  const auto status = ended();
  if (!status) return "closed its output";
  if (status->signal) return fmt::format("was ended by signal {}", *status->signal);
  return fmt::format("ended with status {}", status->exit_code.value_or(0));
}

void CommandProcess::ended_early() {
  throw Error(ErrorKind::unavailable,
              fmt::format("the command {} {} before it had answered everything",
                          quote(join(mask_arguments(argv_), " ")), how_it_ended()),
              "it answers each JSON line with a JSON line of the same id: 'mlopsctl help "
              "command-target'");
}

// Until output can be read or all of the input is written; writes what it can.
void CommandProcess::wait_for(std::string_view& input, Milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  for (;;) {
    check_interrupt();
    std::array<pollfd, 2> fds{pollfd{.fd = out_, .events = POLLIN},
                              pollfd{.fd = input.empty() ? -1 : in_, .events = POLLOUT}};
    ::poll(fds.data(), fds.size(), poll_milliseconds);
    if ((fds[1].revents & (POLLOUT | POLLERR)) != 0) {
      const ssize_t put = ::write(in_, input.data(), input.size());
      if (put > 0) {
        input.remove_prefix(static_cast<std::size_t>(put));
      } else if (errno == EPIPE) {
        input = {};  // it reads no more; whether that matters its output tells
      }
    }
    if ((fds[0].revents & (POLLIN | POLLHUP)) != 0) return;
    if (Clock::now() < end) continue;
    throw Error(ErrorKind::unavailable,
                fmt::format("the command has printed nothing for {}", human_duration(timeout)),
                "does it flush its output after each line? --timeout allows it more time");
  }
}

bool CommandProcess::read_some(const OnLine& line) {
  std::array<char, 65536> block{};
  const ssize_t got = ::read(out_, block.data(), block.size());
  if (got <= 0) {
    at_end_ = got == 0 || errno != EINTR;
    if (!at_end_ || buffer_.empty()) return true;
    return line(std::exchange(buffer_, {}));  // a last line without its newline
  }
  buffer_.append(block.data(), static_cast<std::size_t>(got));
  std::size_t begin = 0;
  bool more = true;
  for (auto end = buffer_.find('\n'); more && end != std::string::npos;
       end = buffer_.find('\n', begin)) {
    std::string_view text(buffer_.data() + begin, end - begin);
    if (text.ends_with('\r')) text.remove_suffix(1);
    begin = end + 1;
    more = line(text);
  }
  buffer_.erase(0, begin);
  if (buffer_.size() > most_line)
    throw Error(ErrorKind::unavailable, "the command printed a line of more than 64 MiB");
  return more;
}

void CommandProcess::talk(std::string_view input, Milliseconds timeout, const OnLine& line) {
  do {
    if (at_end_) ended_early();
    wait_for(input, timeout);
  } while (read_some(line));
}

void CommandProcess::finish(Milliseconds timeout, const OnLine& line) {
  close_end(in_);
  std::string_view none;
  while (!at_end_) {
    wait_for(none, timeout);
    read_some(line);
  }
  if (const auto status = ended(); status && status->exit_code == 0) return;
  throw Error(
      ErrorKind::unavailable,
      fmt::format("the command {} {}", quote(join(mask_arguments(argv_), " ")), how_it_ended()));
}

}  // namespace mlopsctl

#include "mlopsctl/platform/process.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

namespace mlopsctl {

namespace {

using Clock = std::chrono::steady_clock;

struct Descriptor {
  int fd = -1;
  explicit Descriptor(int number = -1) : fd(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close_now(); }
  void close_now() {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
};

struct Pipe {
  Descriptor read, write;
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      throw Error{ErrorKind::io, fmt::format("cannot make a pipe: {}", std::strerror(errno))};
    read.fd = ends[0];
    write.fd = ends[1];
  }
};

// A file in memory instead of a pipe: nobody has to feed it, and a program that does not read it
// hurts nobody.
int standard_input(const std::string& text) {
  if (text.empty()) return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int fd = ::memfd_create("input", MFD_CLOEXEC);
  std::string_view rest = text;
  while (fd >= 0 && !rest.empty()) {
    const ssize_t put = ::write(fd, rest.data(), rest.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
  if (fd >= 0 && (!rest.empty() || ::lseek(fd, 0, SEEK_SET) != 0)) {
    ::close(fd);
    return -1;
  }
  return fd;
}

// Reads what is there; true at the end of the stream. Bytes beyond the limit are dropped, so that
// the program is never blocked by us.
bool drain(int fd, std::string& text, std::size_t limit) {
  std::array<char, 65536> buffer;
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  if (got < 0) return errno != EINTR && errno != EAGAIN;
  if (got == 0) return true;
  text.append(buffer.data(), std::min(static_cast<std::size_t>(got), limit - text.size()));
  return false;
}

int remaining(Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, 1000));
}

// Follows both streams to their ends. False when the time is up. A grandchild that keeps a stream
// open after the program has ended is not waited for.
bool collect(ChildProcess& child, const RunOptions& options, Pipe& out, Pipe& err,
             ProcessResult& result, Clock::time_point deadline) {
  while (out.read.fd >= 0 || err.read.fd >= 0) {
    if (Clock::now() >= deadline) return false;
    std::array<pollfd, 2> watched{pollfd{out.read.fd, POLLIN, 0}, pollfd{err.read.fd, POLLIN, 0}};
    const bool ended = child.poll().has_value();
    const int ready =
        ::poll(watched.data(), watched.size(), ended ? 0 : std::min(remaining(deadline), 50));
    if (ready == 0 && ended) return true;
    if (ready <= 0) continue;
    if (watched[0].revents != 0 && drain(out.read.fd, result.out, options.capture_limit))
      out.read.close_now();
    if (watched[1].revents != 0 && drain(err.read.fd, result.err, options.capture_limit))
      err.read.close_now();
  }
  while (!child.poll()) {
    if (Clock::now() >= deadline) return false;
    pollfd ending{child.exit_fd(), POLLIN, 0};
    ::poll(&ending, 1, std::min(remaining(deadline), child.exit_fd() >= 0 ? 1000 : 5));
  }
  return true;
}

}  // namespace

ProcessResult run_process(const RunOptions& options) {
  const auto deadline = Clock::now() + options.timeout;
  const Descriptor in{standard_input(options.input)};
  if (in.fd < 0)
    throw Error{ErrorKind::io, fmt::format("cannot give {} its input: {}",
                                           quote(options.argv.empty() ? "" : options.argv[0]),
                                           std::strerror(errno))};
  Pipe out;
  Pipe err;
  auto child = ChildProcess::hold({.argv = options.argv,
                                   .extra_environment = options.extra_environment,
                                   .directory = options.directory,
                                   .in = in.fd,
                                   .out = out.write.fd,
                                   .err = err.write.fd});
  out.write.close_now();
  err.write.close_now();
  child.release();

  ProcessResult result;
  result.timed_out = !collect(child, options, out, err, result, deadline);
  if (result.timed_out) child.signal(SIGKILL);
  const ExitStatus status = child.wait();
  result.exit_code = status.exit_code;
  result.signal = status.signal;
  return result;
}

std::optional<std::string> find_program(const std::string& name) {
  const auto runnable = [](const std::string& path) {
    return ::access(path.c_str(), X_OK) == 0 && !std::filesystem::is_directory(path);
  };
  if (name.empty()) return std::nullopt;
  if (name.find('/') != std::string::npos)
    return runnable(name) ? std::optional{name} : std::nullopt;
  const char* path = ::getenv("PATH");
  for (const auto& folder : split(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin", ':')) {
    std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
    if (runnable(candidate)) return candidate;
  }
  return std::nullopt;
}

}  // namespace mlopsctl

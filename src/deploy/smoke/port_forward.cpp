// kubectl port-forward writes "Forwarding from 127.0.0.1:41234 -> 8000" when it listens, and lines
// for each connection later: its output goes to a file, so that no pipe can fill and stop it.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/smoke.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/platform/temporary_folder.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <optional>

namespace mlopsctl {

namespace {

using Steady = std::chrono::steady_clock;
constexpr Milliseconds patience{20'000}, poll_every{20};

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
    if (fd_ < 0) throw Error(ErrorKind::io, fmt::format("cannot open {}", quote(path)));
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::vector<std::string> forward_argv(const KubectlOptions& options, const std::string& pod,
                                      int port) {
  std::vector<std::string> argv{options.program};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) argv.insert(argv.end(), {name, value});
  };
  add("--kubeconfig", options.kubeconfig);
  add("--context", options.context);
  add("--namespace", options.name_space);
  argv.insert(argv.end(),
              {"port-forward", "--address", "127.0.0.1", "pod/" + pod, fmt::format(":{}", port)});
  return argv;
}

// The port of kubectl's line; nothing while there is no whole line.
std::optional<int> listening_port(const std::string& output) {
  constexpr std::string_view before = "Forwarding from 127.0.0.1:";
  const std::size_t at = output.find(before);
  const std::size_t end = at == output.npos ? at : output.find(" -> ", at);
  if (end == output.npos) return std::nullopt;
  const std::size_t begin = at + before.size();
  const auto port = parse_integer(std::string_view(output).substr(begin, end - begin));
  if (!port || *port < 1 || *port > 65535) return std::nullopt;
  return static_cast<int>(*port);
}

std::string last_line(const std::string& text) {
  const auto lines = split(trim(text), '\n');
  return lines.empty() ? std::string() : printable(lines.back());
}

class ForwardedPod : public PodDoor {
 public:
  ForwardedPod(const KubectlOptions& options, const std::string& pod, int port)
      : pod_(pod), child_(start(options, port)) {
    child_.release();
    const auto give_up = Steady::now() + patience;
    while (!(port_ = listening_port(read_file(folder_.path() / "out")))) {
      if (child_.poll() || Steady::now() > give_up) fail(port);
      ::usleep(static_cast<useconds_t>(poll_every.count()) * 1000);
    }
  }
  ~ForwardedPod() override { stop(); }
  ForwardedPod(const ForwardedPod&) = delete;
  ForwardedPod& operator=(const ForwardedPod&) = delete;

  std::string url() const override { return fmt::format("http://127.0.0.1:{}", *port_); }

 private:
  ChildProcess start(const KubectlOptions& options, int port) const {
    const Descriptor none("/dev/null", O_RDONLY);
    const Descriptor out(folder_.path() / "out", O_WRONLY | O_CREAT | O_APPEND);
    const Descriptor err(folder_.path() / "err", O_WRONLY | O_CREAT | O_APPEND);
    return ChildProcess::hold({.argv = forward_argv(options, pod_, port),
                               .in = none.get(),
                               .out = out.get(),
                               .err = err.get(),
                               .death_signal = SIGTERM});
  }
  void stop() {
    child_.signal(SIGKILL);  // it holds nothing that has to be put away
    child_.wait();
  }
  [[noreturn]] void fail(int port) {
    const bool ended = child_.poll().has_value();
    stop();
    const std::string said = last_line(read_file(folder_.path() / "err"));
    throw Error(ErrorKind::unavailable,
                fmt::format("no way to port {} of pod {}: {}", port, quote(pod_),
                            !said.empty() ? said
                            : ended       ? "kubectl port-forward ended"
                                          : "kubectl port-forward does not begin"),
                "does the container listen on that port, and may you 'create pods/portforward'?");
  }

  TemporaryFolder folder_;
  std::string pod_;
  ChildProcess child_;
  std::optional<int> port_;
};

class KubectlPods : public PodAccess {
 public:
  explicit KubectlPods(KubectlOptions options) : options_(std::move(options)) {}
  std::unique_ptr<PodDoor> open(const std::string& pod, int port) override {
    return std::make_unique<ForwardedPod>(options_, pod, port);
  }

 private:
  KubectlOptions options_;
};

}  // namespace

std::unique_ptr<PodAccess> kubectl_pods(const KubectlOptions& options) {
  return std::make_unique<KubectlPods>(options);
}

}  // namespace mlopsctl

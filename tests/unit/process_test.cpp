#include "mlopsctl/platform/process.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/process_tree.hpp"
#include "mlopsctl/platform/signals.hpp"

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace mlopsctl {
using testing::TemporaryFolder;

namespace {

void wait_until_gone(const ProcessIdentity& identity) {
  for (int i = 0; i < 500 && liveness(identity) == Liveness::alive; ++i)
    std::this_thread::sleep_for(Milliseconds{10});
}

}  // namespace

TEST_CASE("a program's two streams and its exit code come back apart") {
  const auto result = run_process({.argv = {"sh", "-c", "echo out; echo err >&2; exit 7"}});
  CHECK(result.out == "out\n");
  CHECK(result.err == "err\n");
  CHECK(result.exit_code == 7);
  CHECK_FALSE(result.signal);
  CHECK_FALSE(result.ok());
}

TEST_CASE("a program gets no input, our environment with the additions, and its folder") {
  const TemporaryFolder folder;
  const auto result =
      run_process({.argv = {"sh", "-c", "cat; echo $ADDED; test -n \"$PATH\" && pwd -P"},
                   .extra_environment = {{"ADDED", "a b"}},
                   .directory = folder.path().string()});
  CHECK(result.out == "a b\n" + std::filesystem::canonical(folder.path()).string() + "\n");
}

TEST_CASE("a program gets the input it is given, and need not read it") {
  const std::string input(1'000'000, 'x');
  CHECK(run_process({.argv = {"cat"}, .input = input}).out == input);
  CHECK(run_process({.argv = {"cat", "/dev/stdin"}, .input = "by name"}).out == "by name");
  CHECK(run_process({.argv = {"true"}, .input = input}).ok());
}

TEST_CASE("output beyond the limit is dropped and does not block the program") {
  const auto result = run_process(
      {.argv = {"sh", "-c", "head -c 3000000 /dev/zero; echo end >&2"}, .capture_limit = 1000});
  CHECK(result.ok());
  CHECK(result.out.size() == 1000);
  CHECK(result.err == "end\n");
}

TEST_CASE("a program that takes too long is killed with its children") {
  const TemporaryFolder folder;
  const std::string file = (folder / "pid").string();
  const auto result = run_process({.argv = {"sh", "-c", "sleep 60 & echo $! > " + file + "; wait"},
                                   .timeout = Milliseconds{300}});
  CHECK(result.timed_out);
  CHECK(result.signal == SIGKILL);
  pid_t grandchild = 0;
  std::ifstream{file} >> grandchild;
  REQUIRE(grandchild > 0);
  const auto identity = identify_process(grandchild);
  wait_until_gone(identity);
  CHECK(liveness(identity) == Liveness::gone);
}

TEST_CASE("a background process that keeps the output open is not waited for") {
  const auto result =
      run_process({.argv = {"sh", "-c", "sleep 5 & echo done"}, .timeout = Milliseconds{30'000}});
  CHECK(result.out == "done\n");
  CHECK_FALSE(result.timed_out);
}

TEST_CASE("the end by a signal is told") {
  const auto result = run_process({.argv = {"sh", "-c", "kill -TERM $$"}});
  CHECK(result.signal == SIGTERM);
  CHECK_FALSE(result.exit_code);
}

TEST_CASE("a program that cannot be run says why") {
  const TemporaryFolder folder;
  const auto script = folder / "script";
  CHECK_ERROR(run_process({.argv = {"no-such-program-at-all"}}), ErrorKind::not_found, "PATH");
  std::ofstream{script} << "print(1)\n";
  CHECK_ERROR(run_process({.argv = {script.string()}}), ErrorKind::unavailable, "not executable");
  ::chmod(script.c_str(), 0755);
  CHECK_ERROR(run_process({.argv = {script.string()}}), ErrorKind::unavailable, "#! line");
  std::ofstream{script} << "#!/no/such/interpreter\n";
  CHECK_ERROR(run_process({.argv = {script.string()}}), ErrorKind::unavailable, "interpreter");
  CHECK_ERROR(run_process({.argv = {}}), ErrorKind::usage, "no command");
}

TEST_CASE("programs start while other threads hold the allocator's locks") {
  std::atomic<bool> done = false;
  std::vector<std::thread> allocating;
  for (int i = 0; i < 2; ++i)
    allocating.emplace_back([&] {
      for (std::size_t size = 1; !done; size = size % 3000 + 1)
        const std::vector<std::string> texts(100, std::string(size, 'x'));
    });
  for (int i = 0; i < 30; ++i) {
    CHECK(run_process({.argv = {"true"}}).exit_code == 0);
  }
  done = true;
  for (auto& thread : allocating) thread.join();
}

TEST_CASE("a program is found like in a shell") {
  CHECK(find_program("sh").value_or("").ends_with("/sh"));
  CHECK(find_program("/bin/sh") == "/bin/sh");
  CHECK_FALSE(find_program("no-such-program-at-all"));
  CHECK_FALSE(find_program(""));
  CHECK_FALSE(find_program("/etc/passwd"));
  CHECK_FALSE(find_program("/tmp"));
}

TEST_CASE("a held program has an identity and does nothing until it is released") {
  const TemporaryFolder folder;
  const auto made = folder / "made";
  SpawnOptions options;
  options.argv = {"touch", made.string()};
  {
    auto child = ChildProcess::hold(options);
    CHECK(liveness(identify_process(child.pid())) == Liveness::alive);
  }  // its starter goes away
  CHECK_FALSE(std::filesystem::exists(made));

  auto child = ChildProcess::hold(options);
  const auto identity = identify_process(child.pid());
  child.release();
  CHECK(child.wait().exit_code == 0);
  CHECK(std::filesystem::exists(made));
  CHECK(liveness(identity) == Liveness::gone);
}

TEST_CASE("a process that ended and was not waited for yet counts as gone") {
  auto child = ChildProcess::hold({.argv = {"true"}, .extra_environment = {}, .directory = {}});
  const auto identity = identify_process(child.pid());
  child.release();
  wait_until_gone(identity);
  CHECK(liveness(identity) == Liveness::gone);
  CHECK(child.wait().exit_code == 0);
}

TEST_CASE("another process with the same pid is not the one that was stored") {
  const auto self = identify_process(::getpid());
  CHECK(liveness(self) == Liveness::alive);
  auto earlier = self;
  earlier.start -= 1;
  CHECK(liveness(earlier) == Liveness::gone);
  auto before_restart = self;
  before_restart.boot = "00000000-0000-0000-0000-000000000000";
  CHECK(liveness(before_restart) == Liveness::gone);
  auto elsewhere = self;
  elsewhere.host += "-other";
  CHECK(liveness(elsewhere) == Liveness::unknown);
  CHECK(liveness({}) == Liveness::gone);
}

TEST_CASE("the use of a process tree counts the grandchildren") {
  auto child = ChildProcess::hold({.argv = {"sh", "-c", "sh -c 'while :; do :; done' & wait"},
                                   .extra_environment = {},
                                   .directory = {}});
  child.release();
  TreeUsage usage;
  for (int i = 0; i < 500 && (usage.cpu_by_process.size() < 2 || usage.cpu_seconds <= 0); ++i) {
    std::this_thread::sleep_for(Milliseconds{10});
    usage = process_tree_usage(child.pid());
  }
  CHECK(usage.cpu_by_process.size() == 2);
  CHECK(usage.cpu_seconds > 0);
  CHECK(usage.rss_bytes > 0);
  child.signal(SIGKILL);
  child.wait();
}

TEST_CASE("while a signal queue lives, signals wait in it, and afterwards they work as before") {
  {
    SignalQueue queue;
    CHECK_FALSE(queue.next());
    ::raise(SIGTERM);
    ::raise(SIGUSR1);
    const auto first = queue.next();
    REQUIRE(first);
    CHECK(first->number == SIGTERM);
    CHECK_FALSE(first->from_terminal);
    CHECK(queue.next()->number == SIGUSR1);
    CHECK_FALSE(queue.next());
  }
  struct sigaction action {};
  ::sigaction(SIGUSR1, nullptr, &action);
  CHECK((action.sa_handler == SIG_DFL));
}

}  // namespace mlopsctl

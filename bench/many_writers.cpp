// bench_writers MLOPSCTL RUN WRITERS EACH: so many processes at once, each starting `mlopsctl run
// log` so often, one after the other. Prints one wall time in seconds a line; failures go to
// stderr.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

extern char** environ;

namespace {

void write_often(const std::string& program, const std::string& run, int writer, int each) {
  std::vector<double> seconds;
  for (int i = 0; i < each; ++i) {
    const std::string step = std::to_string(i);
    const std::string metric = "w" + std::to_string(writer) + "=" + step;
    std::vector<std::string> words{program, "run", "log", run, "--step", step, metric, "-q"};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1, 0);
    const auto begin = std::chrono::steady_clock::now();
    pid_t child = 0;
    int status = -1;
    if (posix_spawn(&child, program.c_str(), &actions, nullptr, argv.data(), environ) == 0) {
      waitpid(child, &status, 0);
    }
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    if (status != 0) std::fprintf(stderr, "failed with status %d\n", status);
    posix_spawn_file_actions_destroy(&actions);
  }
  std::string text;
  for (const double one : seconds) text += std::to_string(one) + '\n';
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: bench_writers MLOPSCTL RUN WRITERS EACH\n", stderr);
    return 2;
  }
  for (int writer = 0; writer < std::atoi(argv[3]); ++writer) {
    if (fork() == 0) {
      write_often(argv[1], argv[2], writer, std::atoi(argv[4]));
      _exit(0);
    }
  }
  while (wait(nullptr) > 0) {
  }
  return 0;
}

#include "support/kills.hpp"

#include "mlopsctl/platform/md5.hpp"

#include "support/launch.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace mlopsctl::testing {

namespace fs = std::filesystem;

namespace {

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

void run_and_kill(const Sandbox& box, const std::vector<std::string>& arguments, int delay_us) {
  std::vector<std::string> argv{binary()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const Launch program(argv, box.folder(), {});
  const pid_t child = ::fork();
  if (child == 0) {
    const int nowhere = ::open("/dev/null", O_RDWR);
    for (const int fd : {0, 1, 2}) ::dup2(nowhere, fd);
    program.become();
  }
  ::usleep(static_cast<useconds_t>(delay_us));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

std::vector<std::string> wrong_objects(const fs::path& folder, bool complete_folders) {
  std::vector<std::string> wrong;
  if (!fs::exists(folder)) return wrong;
  for (const auto& one : fs::recursive_directory_iterator(folder)) {
    if (!one.is_regular_file() || one.path().extension() == ".tmp" ||
        one.path().filename().string().starts_with('.'))
      continue;
    const std::string name =
        one.path().parent_path().filename().string() + one.path().stem().string();
    const std::string bytes = content(one.path());
    if (name != md5_of(bytes)) {
      wrong.push_back(one.path().string());
      continue;
    }
    if (!complete_folders || one.path().extension() != ".dir") continue;
    for (const auto& member : nlohmann::json::parse(bytes)) {
      const std::string md5 = member["md5"];
      if (!fs::exists(folder / md5.substr(0, 2) / md5.substr(2)))
        wrong.push_back(one.path().string() + " lacks " + md5);
    }
  }
  return wrong;
}

}  // namespace mlopsctl::testing

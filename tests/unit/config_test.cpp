#include "mlopsctl/cli/config.hpp"

#include "mlopsctl/base/error.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace mlopsctl;
namespace fs = std::filesystem;

namespace {

struct Files {
  fs::path folder;
  Files() {
    std::string name = (fs::temp_directory_path() / "mlopsctl-config-XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~Files() { fs::remove_all(folder); }
  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name) << text;
    return folder / name;
  }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder / name).rdbuf();
    return text.str();
  }
};

}  // namespace

TEST_CASE(
    "the environment wins over the project, the project over the user, the user over the default") {
  const Files files;
  const auto user = files.write("user.yaml", "experiment: mine\nlist.limit: 7\n");
  const auto project = files.write("project.yaml", "experiment: ours\n");
  const Config config(project, user);
  CHECK(config.text("experiment") == "ours");
  CHECK(config.get("experiment").origin == project.string() + ":1");
  CHECK(config.integer("list.limit") == 7);
  CHECK(config.get("run.packages").origin == "default");
  ::setenv("MLOPSCTL_EXPERIMENT", "now", 1);
  CHECK(config.text("experiment") == "now");
  CHECK(config.get("experiment").origin == "environment MLOPSCTL_EXPERIMENT");
  ::unsetenv("MLOPSCTL_EXPERIMENT");
}

TEST_CASE("a mistake in a settings file names the file, the line and the near miss") {
  const Files files;
  const auto project = files.write("project.yaml", "# x\nexperimnet: ours\n");
  try {
    Config(project, "").text("experiment");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("project.yaml' line 2") != std::string::npos);
    CHECK(error.hint() == "did you mean 'experiment'?");
  }
  const auto wrong = files.write("wrong.yaml", "run:\n  grace: soon\n");
  CHECK_THROWS_AS(Config(wrong, "").duration("run.grace"), Error);
}

TEST_CASE("writing a setting leaves comments, order and everything else as they are") {
  const Files files;
  const auto file = files.write("c.yaml", "# head\nrun:\n  grace: 5s  # short\n# tail\n");
  write_setting(file, "run.grace", "1m");
  CHECK(files.read("c.yaml") == "# head\nrun:\n  grace: 1m  # short\n# tail\n");
  write_setting(file, "experiment", "chat bot");
  CHECK(files.read("c.yaml") ==
        "# head\nrun:\n  grace: 1m  # short\n# tail\nexperiment: \"chat bot\"\n");
  CHECK(Config(file, "").text("experiment") == "chat bot");
  CHECK_THROWS_AS(write_setting(file, "list.limit", "none"), Error);
}

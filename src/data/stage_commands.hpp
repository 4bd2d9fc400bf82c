// Running the commands of a stage, one shell after the other.
#pragma once

#include "mlopsctl/data/pipeline.hpp"
#include "mlopsctl/platform/process.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::data {

struct CommandSettings {
  fs::path root;
  std::string address;
  int out = 1;
  int keep_open = -1;      // the lock of the stage, which its commands hold, too
  bool foreground = true;  // gets the terminal; otherwise its output comes through `line`
  std::function<void(const std::string& text)> announce;  // "> command"
  std::function<void(const std::string& text)> line;
};

// argv of the user's shell for one command, as DVC has it: $SHELL without its start-up files.
std::vector<std::string> shell_argv(const std::string& command);

// The commands of one stage while they run.
class StageRun {
 public:
  // Starts the first command. Throws Error if the shell or the folder is not there.
  StageRun(const Stage& stage, CommandSettings settings);
  StageRun(StageRun&&) noexcept;
  ~StageRun();

  // Descriptors that become readable when there is something to do; may be empty on old kernels.
  std::vector<int> descriptors() const;
  // Passes on output, goes on with the next command. True when all have ended or one has failed.
  bool advance();
  // What went wrong: "'train.py …' exited with 3"; empty if nothing did.
  const std::string& failure() const;
  void signal(int number);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl::data

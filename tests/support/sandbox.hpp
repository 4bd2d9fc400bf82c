// Runs the built binary the way a user does: in a folder and a home of its own.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace mlopsctl::testing {

struct Outcome {
  int code = -1;  // exit code; 128 + signal if a signal ended it
  std::string out;
  std::string err;
};

class Sandbox {
 public:
  Sandbox();
  ~Sandbox();  // removes the folder, unless the test failed: then it says where to look
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  const std::filesystem::path& folder() const { return folder_; }

  // mlopsctl with these arguments; input becomes standard input.
  Outcome run(const std::vector<std::string>& arguments, const std::string& input = {}) const;
  // The same with standard output and error on a terminal of so many columns.
  Outcome run_on_terminal(const std::vector<std::string>& arguments, int columns = 100,
                          const std::string& typed = {}) const;
  // Another program, e.g. git, in the folder.
  Outcome run_program(const std::vector<std::string>& argv, const std::string& input = {}) const;
  // Another program that gets the signal as soon as `ready` says so (after a minute anyway).
  Outcome interrupt(const std::vector<std::string>& argv, int signal,
                    const std::function<bool()>& ready) const;

  void set_environment(std::string name, std::string value);
  void write(const std::string& name, const std::string& text) const;
  std::string read(const std::string& name) const;

  // Standard output of a command that must succeed, without its last newline.
  std::string output_of(const std::vector<std::string>& arguments,
                        const std::string& input = {}) const;

 private:
  std::filesystem::path folder_;
  std::vector<std::pair<std::string, std::string>> environment_;
};

// Path of the binary under test.
std::string binary();

}  // namespace mlopsctl::testing

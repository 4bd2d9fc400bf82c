// What a command may ask for. Everything is opened at the first use, so a command that needs
// nothing opens nothing. Built by the composition root (src/context.cpp).
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/cli/config.hpp"
#include "mlopsctl/cli/dispatch.hpp"
#include "mlopsctl/platform/terminal.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

class RunStore;

struct Suggestion {
  std::string value;
  std::string description;
};

// read: the store must exist. write: it must exist too, and may be migrated. create: what is
// missing is made, at the root of the git working tree or here, and said on stderr.
enum class StoreAccess { read, write, create };

class Context {
 public:
  Context(Globals globals, const Registry& registry);
  ~Context();

  const Globals& globals() const;
  const Registry& registry() const;
  const Terminal& terminal() const;
  Timestamp now() const;  // of the invocation
  Progress& progress();
  Config& config();

  // The .mlopsctl folder: --project, MLOPSCTL_HOME, or found upwards; nothing if there is none yet.
  std::optional<std::filesystem::path> home() const;
  // Where `init` makes it: exactly in --project if that is given; else the one found, the root of
  // the git working tree, or here.
  std::filesystem::path new_home() const;
  // Where files that are reviewed in git belong: --project if that is given; else the folder that
  // has .mlopsctl or the root of the git working tree, whichever is nearer; else here.
  std::filesystem::path working_root() const;
  // From now on home() is this folder.
  void use_home(const std::filesystem::path& folder);

  RunStore& runs(StoreAccess access);

  // --yes, or a question on the terminal. Throws Error{usage} where nobody can be asked.
  // False if the answer was no.
  bool confirmed(std::string_view question);

  // Values for the shell, from the project; empty if there is none.
  std::vector<Suggestion> suggest(Complete kind, std::string_view prefix);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl

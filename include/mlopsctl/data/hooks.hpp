// Hooks of git that keep data and commits together. Each hook file gets one marked block in front
// of what is there already; nothing that somebody else wrote is replaced.
#pragma once

#include "mlopsctl/data/workspace.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::data {

constexpr std::array<std::string_view, 3> hook_names{"pre-commit", "post-checkout", "pre-push"};

// Who else has a say in a hook file.
enum class HookNeighbour { nobody, dvc, pre_commit_tool, somebody };
std::string_view to_string(HookNeighbour neighbour);

struct HookState {
  std::string name;
  fs::path file;
  bool installed = false;  // our block is in it
  bool runs = true;        // git runs it: it is executable
  HookNeighbour neighbour = HookNeighbour::nobody;
};

// Where git looks for hooks: core.hooksPath, else the folder of the repository.
fs::path hook_folder(GitRepository& git);

HookState hook_state(const fs::path& folder, std::string_view name);

// What the block calls where mlopsctl is not in PATH, and the DVC repository as the root of the
// git working tree sees it; empty: the root itself.
struct HookCall {
  std::string program;
  std::string project;
};

// A shell script as it is with the block behind its first line, and without the block. A text that
// is empty becomes a script.
std::string with_hook_block(std::string_view text, std::string_view name, const HookCall& call);
std::string without_hook_block(std::string_view text);

enum class HookChange { none, made, added, moved, removed, deleted, restored };

// added: before what a shell script does; moved: a hook that is no shell script, or a link, is kept
// as NAME.before-mlopsctl and called behind ours.
HookChange install_hook(const fs::path& folder, std::string_view name, const HookCall& call,
                        bool dry_run);
// removed: the rest of the script stays; deleted: there was nothing else; restored: what had been
// moved is back.
HookChange uninstall_hook(const fs::path& folder, std::string_view name, bool dry_run);

// What a commit should not contain, or lacks.
struct CommitProblems {
  struct BigFile {
    std::string path;  // relative to the root of the git working tree
    std::uint64_t size = 0;
  };
  std::vector<BigFile> big;  // staged and larger than the limit
  // Relative to the root of the repository: outputs whose data differ from what is recorded.
  std::vector<std::string> changed;
  // .dvc and dvc.lock files that git would not commit as they are.
  std::vector<std::string> unstaged;
};
// limit: bytes; 0: none. Looks at the index that git says it commits (GIT_INDEX_FILE).
CommitProblems commit_problems(Repository& repository, std::uint64_t limit);

}  // namespace mlopsctl::data

// What a run needs to know about the git working tree. libgit2 is loaded at first use, because
// linking it costs every other command 2 ms of start-up.
#pragma once

#include "mlopsctl/base/time.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl {

struct GitState {
  std::filesystem::path root;  // working tree
  std::string commit;          // 40 hexadecimal digits; empty before the first commit
  std::string branch;          // short name; empty when HEAD is detached
  std::string remote_url;      // of "origin", credentials masked; empty if none
  bool dirty = false;          // tracked files differ from HEAD (index or working tree)
  std::string diff;            // unified diff HEAD → working tree, at most GitLimits::diff bytes
  bool diff_cut = false;
  std::vector<std::string>
      untracked;  // not ignored, relative to root, at most GitLimits::untracked
  bool untracked_cut = false;
  std::string incomplete;  // why the working tree could not be compared with HEAD; empty if it was
};

struct GitLimits {
  std::size_t diff = 4U << 20U;        // bytes
  std::size_t untracked = 1000;        // names; an untracked folder is one name ("data/")
  std::size_t diff_file = 16U << 20U;  // bytes; a larger file is only said to differ
  Milliseconds time{10'000};           // for comparing the working tree
};

// The repository that contains `directory`; nothing if there is none. Throws Error{unavailable}
// if libgit2 cannot be loaded and Error{io} if the repository cannot be read.
std::optional<GitState> git_state(const std::filesystem::path& directory,
                                  const GitLimits& limits = {});

// The root of the working tree that contains `directory`, found without libgit2 by looking for
// .git.
std::optional<std::filesystem::path> git_root(const std::filesystem::path& directory);

// Version of the loaded libgit2, or nothing and the reason.
std::optional<std::string> git_library_version(std::string& reason);

}  // namespace mlopsctl

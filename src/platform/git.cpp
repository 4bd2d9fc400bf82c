// The state of a working tree, for runs.
#include "mlopsctl/platform/git.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"

#include "platform/git_library.hpp"

#include <fmt/format.h>
#include <git2.h>

#include <chrono>
#include <memory>
#include <string_view>

namespace mlopsctl {

namespace fs = std::filesystem;

namespace {

// Fills commit and branch; the tree of HEAD, or null before the first commit.
Owned<git_object> read_head(git_repository* repository, GitState& state) {
  Owned<git_object> nothing{nullptr, git().object_free};
  git_reference* raw = nullptr;
  const int status = git().repository_head(&raw, repository);
  const Owned<git_reference> head{raw, git().reference_free};
  if (status == GIT_EUNBORNBRANCH) {
    git_reference* symbolic = nullptr;
    if (git().reference_lookup(&symbolic, repository, "HEAD") == 0) {
      const Owned<git_reference> owner{symbolic, git().reference_free};
      const char* target = git().reference_symbolic_target(symbolic);
      std::string_view name = target != nullptr ? target : "";
      constexpr std::string_view prefix = "refs/heads/";
      if (name.starts_with(prefix)) state.branch = name.substr(prefix.size());
    }
    return nothing;
  }
  if (status < 0)
    throw Error{ErrorKind::io, fmt::format("git: cannot read HEAD: {}", last_git_message())};
  if (git().repository_head_detached(repository) != 1)
    state.branch = git().reference_shorthand(raw);

  git_object* commit = nullptr;
  if (git().reference_peel(&commit, raw, GIT_OBJECT_COMMIT) < 0)
    throw Error{ErrorKind::io,
                fmt::format("git: cannot read the commit of HEAD: {}", last_git_message())};
  const Owned<git_object> commit_owner{commit, git().object_free};
  char id[GIT_OID_HEXSZ + 1];
  state.commit = git().oid_tostr(id, sizeof id, git().object_id(commit));
  git_object* tree = nullptr;
  if (git().reference_peel(&tree, raw, GIT_OBJECT_TREE) < 0)
    throw Error{ErrorKind::io,
                fmt::format("git: cannot read the tree of HEAD: {}", last_git_message())};
  return {tree, git().object_free};
}

// From the configuration: git_remote_lookup leaks a regular expression in libgit2 1.5.
void read_remote(git_repository* repository, GitState& state) {
  git_config* raw = nullptr;
  if (git().repository_config_snapshot(&raw, repository) != 0) return;
  const Owned<git_config> config{raw, git().config_free};
  const char* url = nullptr;
  if (git().config_get_string(&url, raw, "remote.origin.url") == 0)
    state.remote_url = mask_secrets(url);
}

struct Collector {
  GitState& state;
  const GitLimits& limits;
};

int add_patch_line(const git_diff_delta* delta, const git_diff_hunk*, const git_diff_line* line,
                   void* payload) {
  auto& [state, limits] = *static_cast<Collector*>(payload);
  if (delta->status == GIT_DELTA_UNTRACKED) return 0;
  const bool marked = line->origin == GIT_DIFF_LINE_CONTEXT ||
                      line->origin == GIT_DIFF_LINE_ADDITION ||
                      line->origin == GIT_DIFF_LINE_DELETION;
  if (state.diff.size() + line->content_len + (marked ? 1U : 0U) > limits.diff) {
    state.diff_cut = true;
    return GIT_EUSER;  // enough: ends the printing
  }
  if (marked) state.diff += line->origin;
  state.diff.append(line->content, line->content_len);
  return 0;
}

void compare_tree(git_repository* repository, git_object* tree, const GitLimits& limits,
                  GitState& state) {
  struct Deadline {
    std::chrono::steady_clock::time_point at;
  } deadline{std::chrono::steady_clock::now() + limits.time};
  git_diff_options options;
  git().diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
  // Untracked folders are not walked ("data/"), which keeps a tree full of data fast.
  options.flags = GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_IGNORE_SUBMODULES;
  options.max_size = static_cast<git_off_t>(limits.diff_file);
  options.payload = &deadline;
  options.progress_cb = [](const git_diff*, const char*, const char*, void* payload) {
    return std::chrono::steady_clock::now() > static_cast<Deadline*>(payload)->at ? GIT_EUSER : 0;
  };
  git_diff* raw = nullptr;
  const int status = git().diff_tree_to_workdir_with_index(
      &raw, repository, reinterpret_cast<git_tree*>(tree), &options);
  if (status < 0) {
    state.incomplete =
        status == GIT_EUSER
            ? fmt::format("comparing the working tree took longer than {} ms", limits.time.count())
            : last_git_message();
    return;
  }
  const Owned<git_diff> diff{raw, git().diff_free};
  for (std::size_t i = 0; i < git().diff_num_deltas(raw); ++i) {
    const git_diff_delta* delta = git().diff_get_delta(raw, i);
    if (delta->status != GIT_DELTA_UNTRACKED) {
      state.dirty = true;
    } else if (state.untracked.size() < limits.untracked) {
      state.untracked.emplace_back(delta->new_file.path);
    } else {
      state.untracked_cut = true;
    }
  }
  Collector collector{state, limits};
  if (state.dirty && git().diff_print(raw, GIT_DIFF_FORMAT_PATCH, add_patch_line, &collector) < 0 &&
      !state.diff_cut)
    state.incomplete = last_git_message();
}

}  // namespace

std::optional<fs::path> git_root(const fs::path& directory) {
  std::error_code failed;
  for (fs::path folder = fs::absolute(directory, failed);; folder = folder.parent_path()) {
    if (fs::exists(folder / ".git", failed)) return folder;
    if (!folder.has_relative_path()) return std::nullopt;
  }
}

std::optional<GitState> git_state(const fs::path& directory, const GitLimits& limits) {
  if (!git_root(directory)) return std::nullopt;
  require_git();
  const auto repository = open_git(directory);
  if (!repository) return std::nullopt;
  GitState state;
  if (const char* root = git().repository_workdir(repository.get()); root != nullptr)
    state.root = root;
  const auto tree = read_head(repository.get(), state);
  read_remote(repository.get(), state);
  if (!state.root.empty()) compare_tree(repository.get(), tree.get(), limits, state);
  return state;
}

std::optional<std::string> git_library_version(std::string& reason) {
  reason = git().reason;
  if (!reason.empty()) return std::nullopt;
  int major = 0;
  int minor = 0;
  int revision = 0;
  git().libgit2_version(&major, &minor, &revision);
  return fmt::format("{}.{}.{}", major, minor, revision);
}

}  // namespace mlopsctl

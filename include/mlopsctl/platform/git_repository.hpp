// Reading a git repository: revisions, the files of a commit, what is ignored or tracked. libgit2
// is loaded when the first one is opened.
#pragma once

#include "mlopsctl/base/time.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// Paths are relative to the root of the working tree, '/' between names. Failures are Error{io};
// libgit2 missing is Error{unavailable}. Not thread-safe.
class GitRepository {
 public:
  // The repository that contains `directory`; nothing if there is none.
  static std::optional<GitRepository> open(const std::filesystem::path& directory);
  GitRepository(GitRepository&&) noexcept;
  GitRepository& operator=(GitRepository&&) noexcept;
  ~GitRepository();

  const std::filesystem::path& root() const;    // working tree
  std::filesystem::path folder() const;         // .git, of this working tree
  std::filesystem::path common_folder() const;  // .git, shared by all working trees: hooks are here
  bool shallow() const;
  // A value of git's configuration: "core.hooksPath".
  std::optional<std::string> setting(const std::string& name);

  // The commit that a revision ("HEAD~2", a branch, a tag, an id) means; nothing if there is none.
  std::optional<std::string> resolve(const std::string& revision);
  // "main", "v1": short names, sorted. remote: branches of remotes as "origin/main".
  std::vector<std::string> branches(bool remote = false);
  std::vector<std::string> tags();
  // Commits that can be reached from every reference and HEAD, newest first.
  std::vector<std::string> all_commits();
  // The revision and its first parents, at most `count`.
  std::vector<std::string> history(const std::string& revision, std::size_t count);
  Timestamp commit_time(const std::string& commit);

  // Files of a commit whose path `wanted` accepts, in the tree's order.
  struct Blob {
    std::string path;
    std::string id;  // equal ids are equal bytes
  };
  std::vector<Blob> files(const std::string& commit,
                          const std::function<bool(std::string_view path)>& wanted);
  std::string blob(const std::string& id);
  // The bytes of one file; nothing if the commit does not have it.
  std::optional<std::string> read(const std::string& commit, const std::string& path);

  bool ignored(const std::string& path);  // by .gitignore, .git/info/exclude or the user's file
  bool tracked(const std::string& path);  // in the index: the file, or something below the folder
  void stage(const std::vector<std::string>& paths);  // git add; a file that is gone is removed
  // Paths of the index that differ from HEAD, with the size of their new content in bytes.
  struct StagedFile {
    std::string path;
    std::string id;
    std::uint64_t size = 0;
  };
  std::vector<StagedFile> staged();
  // The bytes of a file in the index. In a hook this and staged() look at the index that git says
  // it commits from (GIT_INDEX_FILE).
  std::optional<std::string> read_staged(const std::string& path);
  // True if index or working tree differ from HEAD, or there are untracked files.
  enum class Untracked { counted, left_out };
  bool dirty(Untracked untracked = Untracked::counted);
  // Files that are neither in the index nor ignored, sorted; folders are entered.
  std::vector<std::string> untracked();

 private:
  struct State;
  explicit GitRepository(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl

#include "mlopsctl/platform/git_repository.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "platform/git_library.hpp"

#include <fmt/format.h>
#include <git2.h>

#include <algorithm>
#include <cstdlib>

namespace mlopsctl {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(std::string_view what) {
  throw Error(ErrorKind::io, fmt::format("git: cannot {}: {}", what, last_git_message()));
}

std::string hexadecimal(const git_oid* id) {
  char text[GIT_OID_HEXSZ + 1];
  return git().oid_tostr(text, sizeof text, id);
}

git_oid to_oid(const std::string& id) {
  git_oid oid;
  if (git().oid_fromstr(&oid, id.c_str()) != 0) fail(fmt::format("read the id {}", quote(id)));
  return oid;
}

// Calls visit(path, entry) for every file of a tree.
struct TreeVisit {
  const std::function<bool(std::string_view)>& wanted;
  std::vector<GitRepository::Blob>& found;
};
int visit_entry(const char* folder, const git_tree_entry* entry, void* payload) {
  auto& visit = *static_cast<TreeVisit*>(payload);
  if (git().tree_entry_type(entry) != GIT_OBJECT_BLOB) return 0;
  std::string path = std::string(folder) + git().tree_entry_name(entry);
  if (visit.wanted(path)) {
    visit.found.push_back({std::move(path), hexadecimal(git().tree_entry_id(entry))});
  }
  return 0;
}

}  // namespace

struct GitRepository::State {
  Owned<git_repository> repository;
  fs::path root;

  Owned<git_commit> commit(const std::string& id) const {
    const git_oid oid = to_oid(id);
    git_commit* raw = nullptr;
    if (git().commit_lookup(&raw, repository.get(), &oid) != 0) {
      fail(fmt::format("read the commit {}", id));
    }
    return {raw, git().commit_free};
  }
  Owned<git_tree> tree(const std::string& id) const {
    const auto owner = commit(id);
    git_tree* raw = nullptr;
    if (git().commit_tree(&raw, owner.get()) != 0) fail(fmt::format("read the tree of {}", id));
    return {raw, git().tree_free};
  }
  // Read again whenever the file has changed: `git add` may run beside us.
  Owned<git_index> index() const {
    git_index* raw = nullptr;
    if (git().repository_index(&raw, repository.get()) != 0 || git().index_read(raw, 0) != 0) {
      fail("read the index");
    }
    return {raw, git().index_free};
  }
  // The index of the commit that is being made, where git runs us in a hook.
  Owned<git_index> index_to_commit() const {
    const char* named = std::getenv("GIT_INDEX_FILE");
    if (named == nullptr || *named == '\0') return index();
    git_index* raw = nullptr;
    if (git().index_open(&raw, named) != 0) fail("read the index");
    return {raw, git().index_free};
  }
  std::vector<std::string> walk(git_revwalk* walk, std::size_t count) const {
    std::vector<std::string> commits;
    git_oid oid;
    while (commits.size() < count && git().revwalk_next(&oid, walk) == 0) {
      commits.push_back(hexadecimal(&oid));
    }
    return commits;
  }
  Owned<git_revwalk> new_walk() const {
    git_revwalk* raw = nullptr;
    if (git().revwalk_new(&raw, repository.get()) != 0) fail("walk through the history");
    git().revwalk_sorting(raw, GIT_SORT_TIME | GIT_SORT_TOPOLOGICAL);
    return {raw, git().revwalk_free};
  }
};

GitRepository::GitRepository(std::unique_ptr<State> state) : state_(std::move(state)) {}
GitRepository::GitRepository(GitRepository&&) noexcept = default;
GitRepository& GitRepository::operator=(GitRepository&&) noexcept = default;
GitRepository::~GitRepository() = default;

std::optional<GitRepository> GitRepository::open(const fs::path& directory) {
  require_git();
  auto repository = open_git(directory);
  if (!repository) return std::nullopt;
  const char* root = git().repository_workdir(repository.get());
  if (root == nullptr) return std::nullopt;  // bare
  auto state = std::make_unique<State>(
      State{.repository = std::move(repository), .root = fs::path(root).lexically_normal()});
  if (!state->root.has_filename()) state->root = state->root.parent_path();
  return GitRepository(std::move(state));
}

const fs::path& GitRepository::root() const { return state_->root; }
fs::path GitRepository::folder() const { return git().repository_path(state_->repository.get()); }
fs::path GitRepository::common_folder() const {
  return git().repository_commondir(state_->repository.get());
}
std::optional<std::string> GitRepository::setting(const std::string& name) {
  git_config* raw = nullptr;
  if (git().repository_config_snapshot(&raw, state_->repository.get()) != 0) return std::nullopt;
  const Owned<git_config> config{raw, git().config_free};
  const char* value = nullptr;
  if (git().config_get_string(&value, raw, name.c_str()) != 0) return std::nullopt;
  return std::string(value);
}

bool GitRepository::shallow() const {
  return git().repository_is_shallow(state_->repository.get()) == 1;
}

std::optional<std::string> GitRepository::resolve(const std::string& revision) {
  git_object* raw = nullptr;
  if (git().revparse_single(&raw, state_->repository.get(), revision.c_str()) != 0) {
    return std::nullopt;
  }
  const Owned<git_object> object{raw, git().object_free};
  git_object* commit = nullptr;
  if (git().object_peel(&commit, raw, GIT_OBJECT_COMMIT) != 0) return std::nullopt;
  const Owned<git_object> owner{commit, git().object_free};
  return hexadecimal(git().object_id(commit));
}

std::vector<std::string> GitRepository::branches(bool remote) {
  git_branch_iterator* raw = nullptr;
  const auto kind = remote ? GIT_BRANCH_REMOTE : GIT_BRANCH_LOCAL;
  if (git().branch_iterator_new(&raw, state_->repository.get(), kind) != 0) fail("list branches");
  const Owned<git_branch_iterator> iterator{raw, git().branch_iterator_free};
  std::vector<std::string> names;
  git_reference* reference = nullptr;
  git_branch_t found{};
  while (git().branch_next(&reference, &found, raw) == 0) {
    const Owned<git_reference> owner{reference, git().reference_free};
    names.emplace_back(git().reference_shorthand(reference));
  }
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> GitRepository::tags() {
  git_strarray list{};
  if (git().tag_list(&list, state_->repository.get()) != 0) fail("list tags");
  std::vector<std::string> names(list.strings, list.strings + list.count);
  git().strarray_dispose(&list);
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> GitRepository::all_commits() {
  const auto walk = state_->new_walk();
  git().revwalk_push_glob(walk.get(), "refs/*");
  git().revwalk_push_head(walk.get());  // fails before the first commit: then there is nothing
  return state_->walk(walk.get(), static_cast<std::size_t>(-1));
}

std::vector<std::string> GitRepository::history(const std::string& revision, std::size_t count) {
  const auto start = resolve(revision);
  if (!start) return {};
  const auto walk = state_->new_walk();
  git().revwalk_simplify_first_parent(walk.get());
  const git_oid oid = to_oid(*start);
  if (git().revwalk_push(walk.get(), &oid) != 0) fail("walk through the history");
  return state_->walk(walk.get(), count);
}

Timestamp GitRepository::commit_time(const std::string& commit) {
  return {git().commit_time(state_->commit(commit).get()) * 1000};
}

std::vector<GitRepository::Blob> GitRepository::files(
    const std::string& commit, const std::function<bool(std::string_view path)>& wanted) {
  const auto tree = state_->tree(commit);
  std::vector<Blob> found;
  TreeVisit visit{wanted, found};
  if (git().tree_walk(tree.get(), GIT_TREEWALK_PRE, visit_entry, &visit) < 0) {
    fail(fmt::format("list the files of {}", commit));
  }
  return found;
}

std::string GitRepository::blob(const std::string& id) {
  const git_oid oid = to_oid(id);
  git_blob* raw = nullptr;
  if (git().blob_lookup(&raw, state_->repository.get(), &oid) != 0) {
    fail(fmt::format("read the object {}", id));
  }
  const Owned<git_blob> blob{raw, git().blob_free};
  return {static_cast<const char*>(git().blob_rawcontent(raw)),
          static_cast<std::size_t>(git().blob_rawsize(raw))};
}

std::optional<std::string> GitRepository::read(const std::string& commit, const std::string& path) {
  const auto tree = state_->tree(commit);
  git_tree_entry* raw = nullptr;
  if (git().tree_entry_bypath(&raw, tree.get(), path.c_str()) != 0) return std::nullopt;
  const Owned<git_tree_entry> entry{raw, git().tree_entry_free};
  if (git().tree_entry_type(raw) != GIT_OBJECT_BLOB) return std::nullopt;
  return blob(hexadecimal(git().tree_entry_id(raw)));
}

bool GitRepository::ignored(const std::string& path) {
  int result = 0;
  if (git().ignore_path_is_ignored(&result, state_->repository.get(), path.c_str()) != 0) {
    fail(fmt::format("look whether {} is ignored", quote(path)));
  }
  return result == 1;
}

bool GitRepository::tracked(const std::string& path) {
  const auto index = state_->index();
  if (git().index_get_bypath(index.get(), path.c_str(), 0) != nullptr) return true;
  std::size_t at = 0;
  return git().index_find_prefix(&at, index.get(), (path + "/").c_str()) == 0;
}

void GitRepository::stage(const std::vector<std::string>& paths) {
  if (paths.empty()) return;
  const auto index = state_->index();
  for (const auto& path : paths) {
    std::error_code failed;
    const bool there = fs::exists(fs::symlink_status(state_->root / path, failed));
    const int status = there ? git().index_add_bypath(index.get(), path.c_str())
                             : git().index_remove_bypath(index.get(), path.c_str());
    if (status != 0 && there) fail(fmt::format("add {}", quote(path)));
  }
  if (git().index_write(index.get()) != 0) fail("write the index");
}

std::vector<GitRepository::StagedFile> GitRepository::staged() {
  Owned<git_tree> tree{nullptr, git().tree_free};
  if (const auto head = resolve("HEAD")) tree = state_->tree(*head);
  const auto index = state_->index_to_commit();
  git_diff* raw = nullptr;
  if (git().diff_tree_to_index(&raw, state_->repository.get(), tree.get(), index.get(), nullptr) !=
      0) {
    fail("compare the index with HEAD");
  }
  const Owned<git_diff> diff{raw, git().diff_free};
  git_odb* odb_raw = nullptr;
  if (git().repository_odb(&odb_raw, state_->repository.get()) != 0) fail("open its objects");
  const Owned<git_odb> odb{odb_raw, git().odb_free};
  std::vector<StagedFile> files;
  for (std::size_t i = 0; i < git().diff_num_deltas(raw); ++i) {
    const git_diff_delta* delta = git().diff_get_delta(raw, i);
    if (delta->status == GIT_DELTA_DELETED || delta->new_file.mode == GIT_FILEMODE_COMMIT) continue;
    std::size_t size = 0;
    git_object_t type{};
    if (git().odb_read_header(&size, &type, odb.get(), &delta->new_file.id) != 0) continue;
    files.push_back({delta->new_file.path, hexadecimal(&delta->new_file.id), size});
  }
  return files;
}

std::optional<std::string> GitRepository::read_staged(const std::string& path) {
  const auto index = state_->index_to_commit();
  const git_index_entry* entry = git().index_get_bypath(index.get(), path.c_str(), 0);
  if (entry == nullptr) return std::nullopt;
  return blob(hexadecimal(&entry->id));
}

bool GitRepository::dirty(Untracked untracked) {
  git_status_options options;
  git().status_options_init(&options, GIT_STATUS_OPTIONS_VERSION);
  options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
  options.flags = GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
  if (untracked == Untracked::counted) options.flags |= GIT_STATUS_OPT_INCLUDE_UNTRACKED;
  git_status_list* raw = nullptr;
  if (git().status_list_new(&raw, state_->repository.get(), &options) != 0) {
    fail("compare the working tree");
  }
  const Owned<git_status_list> list{raw, git().status_list_free};
  return git().status_list_entrycount(raw) > 0;
}

std::vector<std::string> GitRepository::untracked() {
  git_status_options options;
  git().status_options_init(&options, GIT_STATUS_OPTIONS_VERSION);
  options.show = GIT_STATUS_SHOW_WORKDIR_ONLY;
  options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS |
                  GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
  git_status_list* raw = nullptr;
  if (git().status_list_new(&raw, state_->repository.get(), &options) != 0) {
    fail("compare the working tree");
  }
  const Owned<git_status_list> list{raw, git().status_list_free};
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < git().status_list_entrycount(raw); ++i) {
    const git_status_entry* entry = git().status_byindex(raw, i);
    if ((entry->status & GIT_STATUS_WT_NEW) == 0) continue;
    paths.emplace_back(entry->index_to_workdir->new_file.path);
  }
  std::ranges::sort(paths);
  return paths;
}

}  // namespace mlopsctl

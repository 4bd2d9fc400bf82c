// libgit2, loaded at first use. Its functions are looked up at run time; their types come from
// git2.h by decltype, so a call that does not match the library's header does not compile.
#pragma once

#include <git2.h>

#include <filesystem>
#include <memory>
#include <string>

namespace mlopsctl {

#define MLOPSCTL_GIT_FUNCTIONS(X)    \
  X(libgit2_init)                    \
  X(libgit2_version)                 \
  X(error_last)                      \
  X(repository_open_ext)             \
  X(repository_workdir)              \
  X(repository_head)                 \
  X(repository_head_detached)        \
  X(repository_free)                 \
  X(reference_shorthand)             \
  X(reference_symbolic_target)       \
  X(reference_lookup)                \
  X(reference_peel)                  \
  X(reference_free)                  \
  X(object_id)                       \
  X(object_free)                     \
  X(oid_tostr)                       \
  X(repository_config_snapshot)      \
  X(config_get_string)               \
  X(config_free)                     \
  X(diff_options_init)               \
  X(diff_tree_to_workdir_with_index) \
  X(diff_num_deltas)                 \
  X(diff_get_delta)                  \
  X(diff_print)                      \
  X(diff_free)                       \
  X(repository_path)                 \
  X(repository_commondir)            \
  X(repository_is_shallow)           \
  X(revparse_single)                 \
  X(object_peel)                     \
  X(object_type)                     \
  X(branch_iterator_new)             \
  X(branch_next)                     \
  X(branch_iterator_free)            \
  X(tag_list)                        \
  X(strarray_dispose)                \
  X(revwalk_new)                     \
  X(revwalk_push_glob)               \
  X(revwalk_push_head)               \
  X(revwalk_push)                    \
  X(revwalk_sorting)                 \
  X(revwalk_simplify_first_parent)   \
  X(revwalk_next)                    \
  X(revwalk_free)                    \
  X(commit_lookup)                   \
  X(commit_time)                     \
  X(commit_tree)                     \
  X(commit_free)                     \
  X(tree_walk)                       \
  X(tree_entry_name)                 \
  X(tree_entry_id)                   \
  X(tree_entry_type)                 \
  X(tree_entry_filemode)             \
  X(tree_entry_bypath)               \
  X(tree_entry_free)                 \
  X(tree_free)                       \
  X(blob_lookup)                     \
  X(index_open)                      \
  X(blob_rawcontent)                 \
  X(blob_rawsize)                    \
  X(blob_free)                       \
  X(oid_fromstr)                     \
  X(ignore_path_is_ignored)          \
  X(repository_index)                \
  X(index_read)                      \
  X(index_find_prefix)               \
  X(index_get_bypath)                \
  X(index_add_bypath)                \
  X(index_remove_bypath)             \
  X(index_write)                     \
  X(index_free)                      \
  X(diff_tree_to_index)              \
  X(status_options_init)             \
  X(status_list_new)                 \
  X(status_list_entrycount)          \
  X(status_byindex)                  \
  X(status_list_free)                \
  X(odb_read_header)                 \
  X(repository_odb)                  \
  X(odb_free)

struct GitLibrary {
  std::string reason;  // why it is not there; empty: it is

// NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration
#define MLOPSCTL_GIT_DECLARE(function) decltype(&git_##function) function = nullptr;
  MLOPSCTL_GIT_FUNCTIONS(MLOPSCTL_GIT_DECLARE)
#undef MLOPSCTL_GIT_DECLARE

  GitLibrary();
};

const GitLibrary& git();

// Throws Error{unavailable} with what to install if it cannot be loaded.
void require_git();

// Frees with the library's own function.
template <typename Object>
using Owned = std::unique_ptr<Object, void (*)(Object*)>;

// What the library says about its last failure.
std::string last_git_message();

// Null if no repository contains the directory. Throws Error{io}.
Owned<git_repository> open_git(const std::filesystem::path& directory);

}  // namespace mlopsctl

#include "platform/git_library.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/git.hpp"

#include <fmt/format.h>

#include <dlfcn.h>

namespace mlopsctl {

namespace fs = std::filesystem;

GitLibrary::GitLibrary() {
  void* handle = ::dlopen(MLOPSCTL_LIBGIT2_SONAME, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = ::dlerror();
    reason = why != nullptr ? why : "it cannot be loaded";
    return;
  }
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
    if (function == nullptr) reason = fmt::format("{} lacks {}", MLOPSCTL_LIBGIT2_SONAME, name);
  };
#define MLOPSCTL_GIT_FIND(function) find(function, "git_" #function);
  MLOPSCTL_GIT_FUNCTIONS(MLOPSCTL_GIT_FIND)
#undef MLOPSCTL_GIT_FIND
  if (reason.empty() && libgit2_init() < 0) reason = "libgit2 cannot be initialised";
}

const GitLibrary& git() {
  static const GitLibrary loaded;
  return loaded;
}

void require_git() {
  if (git().reason.empty()) return;
  throw Error{ErrorKind::unavailable, fmt::format("libgit2 cannot be loaded: {}", git().reason),
              "install libgit2 (Debian: libgit2-1.5)"};
}

std::string last_git_message() {
  const git_error* error = git().error_last();
  return error != nullptr && error->message != nullptr ? error->message : "unknown error";
}

Owned<git_repository> open_git(const fs::path& directory) {
  git_repository* raw = nullptr;
  const int status = git().repository_open_ext(&raw, directory.c_str(), 0, nullptr);
  if (status == GIT_ENOTFOUND) return {nullptr, git().repository_free};
  if (status == GIT_EOWNER) {
    const auto root = git_root(directory).value_or(directory).string();
    throw Error{
        ErrorKind::io, fmt::format("git: {} belongs to another user", quote(root)),
        fmt::format("if you trust it: git config --global --add safe.directory '{}'", root)};
  }
  if (status < 0)
    throw Error{ErrorKind::io, fmt::format("git: cannot read the repository of {}: {}",
                                           quote(directory.string()), last_git_message())};
  return {raw, git().repository_free};
}

}  // namespace mlopsctl

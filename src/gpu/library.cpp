#include "gpu/library.hpp"

#include "mlopsctl/base/error.hpp"

#include <fmt/format.h>

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

namespace mlopsctl::gpu {

Library::Library(const char* name) : name_(name) {
  std::vector<std::string> paths;
  if (const char* asked = std::getenv("MLOPSCTL_CUBLAS"))
    paths.push_back((std::filesystem::path(asked).parent_path() / name).string());
  paths.push_back(name_);
  paths.push_back("/usr/local/cuda/lib64/" + name_);
  for (const std::string& path : paths) {
    if (handle_ == nullptr) handle_ = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  }
  if (handle_ == nullptr) reason_ = fmt::format("{} was not found", name_);
}

void* Library::address(const char* symbol) {
  void* found = handle_ == nullptr ? nullptr : ::dlsym(handle_, symbol);
  if (found == nullptr && reason_.empty()) reason_ = fmt::format("{} lacks {}", name_, symbol);
  return found;
}

void Library::require() const {
  if (!reason_.empty())
    throw Error(ErrorKind::unavailable, fmt::format("cuBLAS cannot be used: {}", reason_),
                "install cuBLAS 13 or name its file in MLOPSCTL_CUBLAS, or use --device cpu");
}

void check_cublas(int status, const char* what) {
  if (status == 0) return;
  throw Error(ErrorKind::unavailable, fmt::format("cuBLAS failed to {}: status {}", what, status),
              "free memory on the GPU, or use --device cpu");
}

}  // namespace mlopsctl::gpu

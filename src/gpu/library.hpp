// NVIDIA's libraries, loaded when they are first needed: linking cuBLAS would map 600 MB at each
// start and refuse to start where it is missing.
#pragma once

#include <string>

namespace mlopsctl::gpu {

// A library of the toolkit, for the rest of the process.
class Library {
 public:
  // `name`: "libcublas.so.13". It is looked for beside the file that MLOPSCTL_CUBLAS names, where
  // the system looks, and in /usr/local/cuda/lib64.
  explicit Library(const char* name);

  // Throws Error{unavailable} if the library or something looked for is not there.
  void require() const;

  template <class Function>
  void find(const char* symbol, Function& function) {
    function = reinterpret_cast<Function>(address(symbol));
  }

 private:
  void* address(const char* symbol);

  std::string name_;
  void* handle_ = nullptr;
  std::string reason_;  // why it cannot be used; empty: it can
};

// Of cuBLAS and cuBLASLt, which have the same statuses; 0 is success. Throws Error{unavailable}
// saying what could not be done.
void check_cublas(int status, const char* what);

}  // namespace mlopsctl::gpu

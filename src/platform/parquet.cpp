#include "mlopsctl/platform/parquet.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <string>

namespace mlopsctl {

namespace {

using Open = int (*)(const char*, ArrowArrayStream*, char*, std::size_t);

// Beside the binary in a build, in ../lib/mlopsctl where it is installed.
std::string module_path() {
  std::error_code failed;
  const fs::path binary = fs::read_symlink("/proc/self/exe", failed);
  const fs::path folder = binary.parent_path();
  const std::string name = "mlopsctl_parquet.so";
  for (const fs::path& candidate : {folder / name, folder.parent_path() / "lib/mlopsctl" / name}) {
    if (fs::exists(candidate, failed)) return candidate.string();
  }
  return {};
}

Open load() {
  constexpr const char* hint =
      "build mlopsctl where CMake finds Arrow: install libarrow-dev and libparquet-dev, or 'pip "
      "install pyarrow' and pass -DMLOPSCTL_PYARROW=$(python -c 'import pyarrow; "
      "print(pyarrow.__path__[0])'); or write the data as CSV or .npy";
  const std::string path = module_path();
  if (path.empty()) {
    throw Error(ErrorKind::unavailable,
                "this installation cannot read Parquet: mlopsctl_parquet.so is not there", hint);
  }
  void* module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) {
    const char* why = ::dlerror();
    throw Error(ErrorKind::unavailable,
                fmt::format("the Parquet module cannot be loaded: {}",
                            printable(why != nullptr ? why : path)),
                hint);
  }
  const auto open = reinterpret_cast<Open>(::dlsym(module, "mlopsctl_parquet_open"));
  if (open == nullptr) {
    throw Error(ErrorKind::unavailable, fmt::format("{} is no Parquet module", quoted_path(path)),
                hint);
  }
  return open;
}

}  // namespace

ParquetFile::ParquetFile(const fs::path& path) : path_(path) {
  static const Open open = load();
  if (::access(path.c_str(), R_OK) != 0) {
    throw Error(ErrorKind::not_found, fmt::format("cannot read {}", quoted_path(path)));
  }
  std::array<char, 1024> message{};
  if (open(path.c_str(), &stream_, message.data(), message.size()) != 0) {
    throw Error(ErrorKind::corrupt, fmt::format("{} cannot be read as Parquet: {}",
                                                quoted_path(path), printable(message.data())));
  }
  if (stream_.get_schema(&stream_, &schema_) != 0) {
    const char* why = stream_.get_last_error(&stream_);
    const std::string text = printable(why != nullptr ? why : "its schema");
    stream_.release(&stream_);
    throw Error(ErrorKind::corrupt,
                fmt::format("{} cannot be read as Parquet: {}", quoted_path(path), text));
  }
}

ParquetFile::~ParquetFile() {
  if (schema_.release != nullptr) schema_.release(&schema_);
  if (stream_.release != nullptr) stream_.release(&stream_);
}

std::shared_ptr<const ArrowBatch> ParquetFile::next() {
  auto batch = std::make_shared<ArrowBatch>();
  if (stream_.get_next(&stream_, &batch->array) != 0) {
    const char* why = stream_.get_last_error(&stream_);
    throw Error(ErrorKind::corrupt, fmt::format("{} is damaged: {}", quoted_path(path_),
                                                printable(why != nullptr ? why : "")));
  }
  if (batch->array.release == nullptr) return nullptr;
  return batch;
}

}  // namespace mlopsctl

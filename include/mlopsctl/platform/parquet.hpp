// Parquet files, through Apache Arrow in a module of its own that is loaded at first use.
#pragma once

#include "mlopsctl/platform/arrow_stream.hpp"
#include "mlopsctl/platform/files.hpp"

#include <memory>

namespace mlopsctl {

// One batch of rows, or a schema; released at the end.
struct ArrowBatch {
  ArrowArray array{};
  ArrowBatch() = default;
  ArrowBatch(const ArrowBatch&) = delete;
  ArrowBatch& operator=(const ArrowBatch&) = delete;
  ~ArrowBatch() {
    if (array.release != nullptr) array.release(&array);
  }
};

class ParquetFile {
 public:
  // Throws Error{unavailable} if this installation has no Parquet module, saying how to get it, and
  // Error{not_found} or Error{corrupt} naming the file.
  explicit ParquetFile(const fs::path& path);
  ~ParquetFile();
  ParquetFile(const ParquetFile&) = delete;
  ParquetFile& operator=(const ParquetFile&) = delete;

  const ArrowSchema& schema() const { return schema_; }  // a struct, one child a column
  std::shared_ptr<const ArrowBatch> next();              // null at the end; throws Error{corrupt}

 private:
  fs::path path_;
  ArrowArrayStream stream_{};
  ArrowSchema schema_{};
};

}  // namespace mlopsctl

// The only code that uses Apache Arrow. It is a shared object of its own that mlopsctl loads when a
// Parquet file is read, and hands batches over through Arrow's C stream interface.
#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/properties.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace {

// Batches read from a file need its reader for as long as they come.
class FileBatches : public arrow::RecordBatchReader {
 public:
  FileBatches(std::unique_ptr<parquet::arrow::FileReader> file,
              std::shared_ptr<arrow::RecordBatchReader> batches)
      : file_(std::move(file)), batches_(std::move(batches)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return batches_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    return batches_->ReadNext(batch);
  }

 private:
  std::unique_ptr<parquet::arrow::FileReader> file_;
  std::shared_ptr<arrow::RecordBatchReader> batches_;
};

arrow::Status open(const char* path, ArrowArrayStream* stream) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::io::RandomAccessFile> input,
                        arrow::io::ReadableFile::Open(path));
  parquet::ReaderProperties properties = parquet::default_reader_properties();
  properties.enable_buffered_stream();  // memory stays at some pages a column
  parquet::ArrowReaderProperties arrow_properties;
  arrow_properties.set_batch_size(1 << 16);
  arrow_properties.set_use_threads(true);
  arrow_properties.set_pre_buffer(false);
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(input, properties));
  builder.properties(arrow_properties);
  std::unique_ptr<parquet::arrow::FileReader> file;
  ARROW_RETURN_NOT_OK(builder.Build(&file));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatchReader> batches,
                        file->GetRecordBatchReader());
  auto held = std::make_shared<FileBatches>(std::move(file), std::move(batches));
  return arrow::ExportRecordBatchReader(std::move(held), stream);
}

}  // namespace

// 0 and a stream, or 1 and a message of at most `room` bytes with its final zero.
extern "C" __attribute__((visibility("default"))) int mlopsctl_parquet_open(
    const char* path, ArrowArrayStream* stream, char* message, std::size_t room) {
  std::string problem;
  try {
    const arrow::Status status = open(path, stream);
    if (status.ok()) return 0;
    problem = status.message();
  } catch (const std::exception& error) {
    problem = error.what();
  }
  std::snprintf(message, room, "%s", problem.c_str());
  return 1;
}

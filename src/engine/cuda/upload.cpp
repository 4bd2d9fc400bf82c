#include "engine/cuda/upload.hpp"

#include "engine/cuda/kernels.hpp"
#include "gpu/memory.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

namespace mlopsctl::engine::cuda {

namespace {

constexpr std::size_t piece_bytes = std::size_t{4} << 20;
constexpr std::size_t fewest_bytes_of_thread = std::size_t{32} << 20;
constexpr unsigned most_threads = 8;

// Rows [begin, end) of a tensor as it is stored, or, with an adapter merged, as (out, in).
struct Piece {
  const Transfer* transfer = nullptr;
  std::uint64_t begin = 0, end = 0;
};

struct Tensor {
  std::optional<NamedTensor> stored;  // none: an adapter changes it
  Checkpoint::Shape shape;            // (out, in)
  bool turned() const { return stored && stored->transposed; }
  NumberType type() const { return stored ? stored->view.type : NumberType::f32; }
  // As pieces are cut from it.
  std::uint64_t rows() const { return turned() ? shape.columns : shape.rows; }
  std::uint64_t columns() const { return turned() ? shape.rows : shape.columns; }
};

Tensor tensor_of(const Checkpoint& checkpoint, const std::string& name) {
  return {checkpoint.stored(name), checkpoint.shape(name)};
}

// The bytes of rows [begin, end): all columns, or those that belong to the tensor.
void copy_rows(const Tensor& tensor, std::uint64_t begin, std::uint64_t end, std::byte* to) {
  const NamedTensor& stored = *tensor.stored;
  const std::size_t size = size_of(stored.view.type);
  const std::size_t row_bytes = tensor.columns() * size;
  if (!tensor.turned()) {
    // Of a vector, `first_column` counts elements, which are rows here.
    const std::byte* from =
        stored.view.data + (stored.columns != 0 ? stored.first_column * row_bytes : 0);
    std::memcpy(to, from + begin * row_bytes, (end - begin) * row_bytes);
    return;
  }
  const std::size_t all = stored.view.shape.back() * size;
  const std::byte* from = stored.view.data + begin * all + stored.first_column * size;
  if (all == row_bytes) {
    std::memcpy(to, from, (end - begin) * row_bytes);
    return;
  }
  for (std::uint64_t row = begin; row < end; ++row) {
    std::memcpy(to, from, row_bytes);
    to += row_bytes;
    from += all;
  }
}

class Lane {
 public:
  Lane(const Checkpoint& checkpoint, NumberType type, std::size_t bytes)
      : checkpoint_(checkpoint), type_(type) {
    for (auto& buffer : buffers_) buffer = std::make_unique<Buffer>(bytes);
  }

  void bring(const Piece& piece) {
    Buffer& buffer = *buffers_[next_++ % 2];
    gpu::check(cudaEventSynchronize(buffer.free), "copy weights");
    const std::string& name = piece.transfer->tensor;
    const Tensor tensor = tensor_of(checkpoint_, name);
    const std::uint64_t rows = piece.end - piece.begin, columns = tensor.columns();
    const std::size_t bytes = rows * columns * size_of(tensor.type());
    if (tensor.stored)
      copy_rows(tensor, piece.begin, piece.end, buffer.pinned.data());
    else
      checkpoint_.read(name, piece.begin, piece.end,
                       reinterpret_cast<float*>(buffer.pinned.data()));
    const std::size_t size = size_of(type_);
    std::byte* to = piece.transfer->to + piece.begin * (tensor.turned() ? 1 : columns) * size;
    const bool as_it_is = !tensor.turned() && tensor.type() == type_;
    gpu::check(cudaMemcpyAsync(as_it_is ? to : buffer.staged.data(), buffer.pinned.data(), bytes,
                               cudaMemcpyHostToDevice, stream_),
               "copy weights");
    if (!as_it_is)
      convert({.stream = stream_}, tensor.type(), type_, buffer.staged.data(),
              static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns), tensor.turned(),
              to, static_cast<std::int64_t>(tensor.turned() ? tensor.shape.columns : columns));
    gpu::check(cudaEventRecord(buffer.free, stream_), "copy weights");
  }

  void finish() const { stream_.wait(); }

 private:
  struct Buffer {
    explicit Buffer(std::size_t bytes) : pinned(bytes), staged(bytes) {}
    gpu::PinnedBytes pinned;
    gpu::DeviceArray<std::byte> staged;
    gpu::Event free;
  };
  const Checkpoint& checkpoint_;
  NumberType type_;
  gpu::Stream stream_;
  std::unique_ptr<Buffer> buffers_[2];
  std::size_t next_ = 0;
};

}  // namespace

void transfer(const Checkpoint& checkpoint, const std::vector<Transfer>& transfers,
              NumberType type) {
  std::vector<Piece> pieces;
  std::size_t all_bytes = 0, most_bytes = 0;
  for (const Transfer& one : transfers) {
    const Tensor tensor = tensor_of(checkpoint, one.tensor);
    const std::size_t row_bytes =
        std::max<std::size_t>(1, tensor.columns() * size_of(tensor.type()));
    const std::uint64_t rows = std::max<std::uint64_t>(1, piece_bytes / row_bytes);
    all_bytes += tensor.rows() * row_bytes;
    for (std::uint64_t row = 0; row < tensor.rows(); row += rows) {
      pieces.push_back({&one, row, std::min(tensor.rows(), row + rows)});
      most_bytes = std::max(most_bytes, (pieces.back().end - row) * row_bytes);
    }
  }
  const unsigned threads = static_cast<unsigned>(std::clamp<std::size_t>(
      std::min<std::size_t>(all_bytes / fewest_bytes_of_thread,
                            std::max(1U, std::thread::hardware_concurrency())),
      1, most_threads));
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&] {
    try {
      Lane lane(checkpoint, type, most_bytes);
      for (std::size_t i = next++; i < pieces.size(); i = next++) lane.bring(pieces[i]);
      lane.finish();
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      next = pieces.size();
    }
  };
  {
    std::vector<std::jthread> others;
    for (unsigned t = 1; t < threads; ++t) others.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace mlopsctl::engine::cuda

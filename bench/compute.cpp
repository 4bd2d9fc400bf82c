// bench_compute make FILE ROWS COLUMNS SHIFT        normal float32 values, row-major, no header
// bench_compute compare DEVICE REPEAT FILE FILE ROWS COLUMNS     moments, bins and KS of all
// columns bench_compute mmd DEVICE REPEAT FILE FILE ROWS COLUMNS PERMUTATIONS
//
// Files are mapped anew for each repetition. One JSON line a repetition.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/compute/backend.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

using namespace mlopsctl;

namespace {

class Printed final : public Progress {
 public:
  void start(std::string_view, std::uint64_t, std::string_view) override {}
  void advance(std::uint64_t) override {}
  void finish() override {}
  void warning(std::string_view text) override { fmt::print(stderr, "{}\n", text); }
  void note(std::string_view text) override { fmt::print(stderr, "{}\n", text); }
  void detail(std::string_view text) override { fmt::print(stderr, "{}\n", text); }
};

class Mapped {
 public:
  Mapped(const char* path, std::size_t bytes, bool write) : bytes_(bytes) {
    const int file = ::open(path, write ? O_RDWR | O_CREAT : O_RDONLY, 0644);
    if (file < 0 || (write && ::ftruncate(file, static_cast<off_t>(bytes)) != 0))
      throw Error(ErrorKind::io, fmt::format("cannot open '{}'", path));
    data_ = ::mmap(nullptr, bytes, write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, file, 0);
    ::close(file);
    if (data_ == MAP_FAILED) throw Error(ErrorKind::io, fmt::format("cannot map '{}'", path));
  }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  ~Mapped() { ::munmap(data_, bytes_); }
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_;
};

// Box and Muller's transform of a simple generator; each thread has rows of its own.
void make(const char* path, std::size_t rows, std::size_t columns, double shift) {
  const Mapped file(path, rows * columns * sizeof(float), true);
  auto* values = static_cast<float*>(file.data());
  const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::jthread> workers;
  for (unsigned t = 0; t < threads; ++t) {
    workers.emplace_back([=] {
      std::uint64_t state = (t + 1) * 0x9E3779B97F4A7C15U ^
                            static_cast<std::uint64_t>(shift * 1e6) * 0xD1342543DE82EF95U;
      const auto uniform = [&] {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (static_cast<float>(state >> 40) + 0.5F) * 0x1p-24F;
      };
      for (std::size_t r = rows * t / threads; r < rows * (t + 1) / threads; ++r) {
        for (std::size_t c = 0; c < columns; c += 2) {
          const float radius = std::sqrt(-2 * std::log(uniform()));
          const float angle = 6.2831853F * uniform();
          const auto moved = static_cast<float>(shift) * static_cast<float>(c % 10);
          values[r * columns + c] = radius * std::cos(angle) + moved;
          if (c + 1 < columns) values[r * columns + c + 1] = radius * std::sin(angle) + moved;
        }
      }
    });
  }
}

Matrix matrix_over(const Mapped& file, std::size_t rows, std::size_t columns) {
  MatrixPart part;
  part.data = static_cast<const std::byte*>(file.data());
  part.rows = rows;
  part.columns = columns;
  part.row_stride = static_cast<std::int64_t>(columns * sizeof(float));
  part.column_stride = sizeof(float);
  return {.parts = {part}};
}

// "RssAnon:   123 kB": without the mapped files' pages, which the system can take back.
std::string own_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return line.substr(line.find_first_of("0123456789"));
  }
  return "unknown";
}

int run(std::vector<const char*> arguments) {
  const std::string verb = arguments.at(0);
  const auto number = [&](std::size_t i) { return std::strtoull(arguments.at(i), nullptr, 10); };
  if (verb == "make") {
    make(arguments.at(1), number(2), number(3), std::strtod(arguments.at(4), nullptr));
    return 0;
  }
  const std::size_t rows = number(5), columns = number(6);
  Printed progress;
  const auto backend = make_backend(arguments.at(1));
  for (std::uint64_t i = 0; i < number(2); ++i) {
    const auto start = std::chrono::steady_clock::now();
    const std::size_t bytes = rows * columns * sizeof(float);
    const Mapped left(arguments.at(3), bytes, false), right(arguments.at(4), bytes, false);
    const Matrix reference = matrix_over(left, rows, columns),
                 current = matrix_over(right, rows, columns);
    double checksum = 0, p = 0;
    if (verb == "compare") {
      for (const auto& column : backend->compare_columns(reference, current, {}, progress))
        checksum += column.ks_statistic + column.ks_location +
                    static_cast<double>(column.reference_counts[4]);
    } else {
      const MmdResult result = backend->mmd(
          reference, current, {.permutations = number(7), .seed = 42, .bandwidth = 0}, progress);
      checksum = result.statistic;
      p = result.p;
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    fmt::print(
        "{{\"verb\": \"{}\", \"backend\": \"{}\", \"seconds\": {:.4f}, \"checksum\": {:.17g}, "
        "\"p\": {}, \"own_memory\": \"{}\"}}\n",
        verb, backend->name(), seconds.count(), checksum, p, own_memory());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const Error& error) {
    fmt::print(stderr, "error: {}\nhint: {}\n", error.what(), error.hint());
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}; the usage is at the top of bench/compute.cpp\n", error.what());
  }
  return 1;
}

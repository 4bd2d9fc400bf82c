#include "mlopsctl/formats/inflate.hpp"

#include "mlopsctl/base/error.hpp"

#include <fmt/format.h>

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace mlopsctl {

struct Inflater::State {
  z_stream stream{};
  bool ended = false;

  explicit State(Wrapping wrapping) {
    const int window = wrapping == Wrapping::gzip ? 15 + 16 : -15;
    if (::inflateInit2(&stream, window) != Z_OK) {
      throw Error(ErrorKind::bug, "zlib cannot be initialised");
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { ::inflateEnd(&stream); }
};

Inflater::Inflater(Wrapping wrapping) : state_(std::make_unique<State>(wrapping)) {}
Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;

Inflater::Step Inflater::inflate(std::string_view packed, char* into, std::size_t room) {
  Step step;
  z_stream& stream = state_->stream;
  constexpr std::size_t most = std::numeric_limits<uInt>::max();
  while (!state_->ended && step.made < room) {
    const std::size_t given = std::min(packed.size() - step.used, most);
    const std::size_t free = std::min(room - step.made, most);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data())) + step.used;
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = reinterpret_cast<Bytef*>(into) + step.made;
    stream.avail_out = static_cast<uInt>(free);
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    step.used += given - stream.avail_in;
    step.made += free - stream.avail_out;
    if (status == Z_STREAM_END) {
      state_->ended = true;
    } else if (status == Z_BUF_ERROR) {
      break;  // more input is needed
    } else if (status != Z_OK) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("the compressed bytes are damaged ({})",
                              stream.msg != nullptr ? stream.msg : "no deflate stream"));
    }
    if (step.used == packed.size() && stream.avail_out != 0) break;
  }
  step.ended = state_->ended;
  return step;
}

std::uint32_t crc32_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace mlopsctl

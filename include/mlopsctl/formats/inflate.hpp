// Unpacking of deflate streams: gzip files and the members of zip archives. zlib does the work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace mlopsctl {

class Inflater {
 public:
  enum class Wrapping { gzip, none };
  explicit Inflater(Wrapping wrapping);
  ~Inflater();
  Inflater(Inflater&&) noexcept;
  Inflater& operator=(Inflater&&) noexcept;

  struct Step {
    std::size_t used = 0;  // of the packed bytes
    std::size_t made = 0;  // of the room
    bool ended = false;    // the stream is complete; checksums of gzip are right
  };
  // Goes on until the bytes, the room or the stream end. Throws Error{corrupt}.
  Step inflate(std::string_view packed, char* into, std::size_t room);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::uint32_t crc32_of(std::string_view bytes);

}  // namespace mlopsctl

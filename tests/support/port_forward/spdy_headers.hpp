// Header blocks of SPDY/3: names and values, compressed by one zlib stream for all frames of a
// connection and direction, with the dictionary of the specification.
// https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/ (2.6.10)
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

struct z_stream_s;

namespace mlopsctl::testing {

class SpdyHeaders {
 public:
  SpdyHeaders();
  ~SpdyHeaders();
  SpdyHeaders(const SpdyHeaders&) = delete;
  SpdyHeaders& operator=(const SpdyHeaders&) = delete;

  // Throws std::runtime_error for what is no header block.
  std::map<std::string, std::string> read(std::string_view block);
  std::string write(const std::map<std::string, std::string>& headers);

 private:
  std::unique_ptr<z_stream_s> in_, out_;
};

// Numbers in network order.
std::string big_endian(std::uint32_t number);
std::uint32_t big_endian(std::string_view four_bytes);

}  // namespace mlopsctl::testing

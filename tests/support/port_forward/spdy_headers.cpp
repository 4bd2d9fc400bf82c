#include "support/port_forward/spdy_headers.hpp"

#include <zlib.h>

#include <array>
#include <cstdint>
#include <stdexcept>

namespace mlopsctl::testing {

namespace {

// A literal of the dictionary's words, in which a word of up to 255 bytes is led by its length.
constexpr char dictionary[] =
    "\000\000\000\007options"
    "\000\000\000\004head"
    "\000\000\000\004post"
    "\000\000\000\003put"
    "\000\000\000\006delete"
    "\000\000\000\005trace"
    "\000\000\000\006accept"
    "\000\000\000\016accept-charset"
    "\000\000\000\017accept-encoding"
    "\000\000\000\017accept-language"
    "\000\000\000\015accept-ranges"
    "\000\000\000\003age"
    "\000\000\000\005allow"
    "\000\000\000\015authorization"
    "\000\000\000\015cache-control"
    "\000\000\000\012connection"
    "\000\000\000\014content-base"
    "\000\000\000\020content-encoding"
    "\000\000\000\020content-language"
    "\000\000\000\016content-length"
    "\000\000\000\020content-location"
    "\000\000\000\013content-md5"
    "\000\000\000\015content-range"
    "\000\000\000\014content-type"
    "\000\000\000\004date"
    "\000\000\000\004etag"
    "\000\000\000\006expect"
    "\000\000\000\007expires"
    "\000\000\000\004from"
    "\000\000\000\004host"
    "\000\000\000\010if-match"
    "\000\000\000\021if-modified-since"
    "\000\000\000\015if-none-match"
    "\000\000\000\010if-range"
    "\000\000\000\023if-unmodified-since"
    "\000\000\000\015last-modified"
    "\000\000\000\010location"
    "\000\000\000\014max-forwards"
    "\000\000\000\006pragma"
    "\000\000\000\022proxy-authenticate"
    "\000\000\000\023proxy-authorization"
    "\000\000\000\005range"
    "\000\000\000\007referer"
    "\000\000\000\013retry-after"
    "\000\000\000\006server"
    "\000\000\000\002te"
    "\000\000\000\007trailer"
    "\000\000\000\021transfer-encoding"
    "\000\000\000\007upgrade"
    "\000\000\000\012user-agent"
    "\000\000\000\004vary"
    "\000\000\000\003via"
    "\000\000\000\007warning"
    "\000\000\000\020www-authenticate"
    "\000\000\000\006method"
    "\000\000\000\003get"
    "\000\000\000\006status"
    "\000\000\000\006200 OK"
    "\000\000\000\007version"
    "\000\000\000\010HTTP/1.1"
    "\000\000\000\003url"
    "\000\000\000\006public"
    "\000\000\000\012set-cookie"
    "\000\000\000\012keep-alive"
    "\000\000\000\006origin10010120120220520630030230330430530630740240540640740840941"
    "0411412413414415416417502504505203 Non-Authoritative Information204 No Content301"
    " Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 In"
    "ternal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May "
    "Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunk"
    "ed,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,"
    "text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8cha"
    "rset=iso-8859-1,utf-,*,enq=0.";

const auto* const words = reinterpret_cast<const Bytef*>(&dictionary[0]);
constexpr uInt words_size = sizeof dictionary - 1;
static_assert(words_size == 1423);

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(what);
}

// The next string of a block, which is led by its length.
std::string_view take(std::string_view& rest) {
  require(rest.size() >= 4, "a SPDY header block is cut off");
  const std::size_t size = big_endian(rest.substr(0, 4));
  rest.remove_prefix(4);
  require(rest.size() >= size, "a SPDY header block is cut off");
  const std::string_view text = rest.substr(0, size);
  rest.remove_prefix(size);
  return text;
}

}  // namespace

std::string big_endian(std::uint32_t number) {
  std::string bytes(4, '\0');
  for (std::size_t i = 0; i < 4; ++i)
    bytes[i] = static_cast<char>(static_cast<unsigned char>(number >> (24U - 8U * i)));
  return bytes;
}

std::uint32_t big_endian(std::string_view four_bytes) {
  std::uint32_t number = 0;
  for (const char c : four_bytes) number = number << 8U | static_cast<unsigned char>(c);
  return number;
}

SpdyHeaders::SpdyHeaders() : in_(new z_stream{}), out_(new z_stream{}) {
  require(inflateInit(in_.get()) == Z_OK, "zlib does not begin");
  require(deflateInit(out_.get(), Z_DEFAULT_COMPRESSION) == Z_OK, "zlib does not begin");
  require(deflateSetDictionary(out_.get(), words, words_size) == Z_OK, "zlib takes no dictionary");
}

SpdyHeaders::~SpdyHeaders() {
  inflateEnd(in_.get());
  deflateEnd(out_.get());
}

std::map<std::string, std::string> SpdyHeaders::read(std::string_view block) {
  std::string compressed(block);
  in_->next_in = reinterpret_cast<Bytef*>(compressed.data());
  in_->avail_in = static_cast<uInt>(compressed.size());
  std::string plain;
  std::array<Bytef, 4096> piece{};
  do {
    in_->next_out = piece.data();
    in_->avail_out = static_cast<uInt>(piece.size());
    int result = inflate(in_.get(), Z_SYNC_FLUSH);
    if (result == Z_NEED_DICT) {
      require(inflateSetDictionary(in_.get(), words, words_size) == Z_OK,
              "a SPDY header block has another dictionary");
      result = inflate(in_.get(), Z_SYNC_FLUSH);
    }
    require(result == Z_OK || result == Z_BUF_ERROR, "a SPDY header block is not zlib's");
    plain.append(reinterpret_cast<const char*>(piece.data()), piece.size() - in_->avail_out);
  } while (in_->avail_out == 0);

  std::map<std::string, std::string> headers;
  require(plain.size() >= 4, "a SPDY header block is cut off");
  std::string_view rest = std::string_view(plain).substr(4);
  for (auto left = big_endian(std::string_view(plain).substr(0, 4)); left > 0; --left) {
    const std::string_view name = take(rest);
    headers[std::string(name)] = std::string(take(rest));
  }
  return headers;
}

std::string SpdyHeaders::write(const std::map<std::string, std::string>& headers) {
  std::string plain = big_endian(static_cast<std::uint32_t>(headers.size()));
  for (const auto& [name, value] : headers)
    for (const auto& text : {name, value})
      plain += big_endian(static_cast<std::uint32_t>(text.size())) + text;
  std::string compressed(deflateBound(out_.get(), plain.size()) + 64, '\0');
  out_->next_in = reinterpret_cast<Bytef*>(plain.data());
  out_->avail_in = static_cast<uInt>(plain.size());
  out_->next_out = reinterpret_cast<Bytef*>(compressed.data());
  out_->avail_out = static_cast<uInt>(compressed.size());
  require(deflate(out_.get(), Z_SYNC_FLUSH) == Z_OK, "zlib does not compress");
  compressed.resize(compressed.size() - out_->avail_out);
  return compressed;
}

}  // namespace mlopsctl::testing

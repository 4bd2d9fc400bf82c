// What needs no network: headers, encodings, messages.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/http.hpp"

#include <fmt/format.h>

namespace mlopsctl {

namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string_view> HttpResponse::header(std::string_view name) const {
  const std::string wanted = to_lower(name);
  for (const auto& one : headers)
    if (one.name.size() == wanted.size() && to_lower(one.name) == wanted) return one.value;
  return std::nullopt;
}

std::string percent_encode(std::string_view text, bool keep_slash) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || (c == '/' && keep_slash)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += digits[byte >> 4U];
    encoded += digits[byte & 0xFU];
  }
  return encoded;
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hexadecimal(text[i + 1]) : -1;
    const int low = high >= 0 ? hexadecimal(text[i + 2]) : -1;
    if (low < 0) {
      decoded += text[i];
      continue;
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

void require_ok(const HttpResponse& response, std::string_view what) {
  if (response.ok()) return;
  std::string_view line = trim(response.body);
  line = line.substr(0, line.find('\n'));
  const bool missing = response.status == 404 || response.status == 410;
  throw Error(
      missing                         ? ErrorKind::not_found
      : is_transient(response.status) ? ErrorKind::unavailable
                                      : ErrorKind::io,
      fmt::format("{} at {} answered {}{}", what, mask_secrets(response.url), response.status,
                  line.empty() ? "" : ": " + mask_secrets(shortened(printable(line), 300))));
}

}  // namespace mlopsctl

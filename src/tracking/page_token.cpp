// A token is the hexadecimal form of: a hash of the query, then each value as a letter for its type
// and, but for NULL, its size in decimal, ':', and its bytes.
#include "tracking/page_token.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <bit>
#include <optional>

namespace mlopsctl {

namespace {

// FNV-1a.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return hash;
}

std::string to_hexadecimal(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(c));
  }
  return text;
}

std::optional<unsigned> digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  return std::nullopt;
}

std::optional<std::string> from_hexadecimal(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = digit(text[i]);
    const auto low = digit(text[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes += static_cast<char>(*high * 16 + *low);
  }
  return bytes;
}

void append(std::string& bytes, const SortValue& value) {
  const auto field = [&](char type, std::string_view text) {
    bytes += fmt::format("{}{}:", type, text.size());
    bytes += text;
  };
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    field('i', std::to_string(*integer));
  } else if (const auto* real = std::get_if<double>(&value)) {
    field('d', std::to_string(std::bit_cast<std::int64_t>(*real)));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    field('t', *text);
  } else {
    field('n', "");
  }
}

// Takes one value off the front; nothing if the bytes are not one.
std::optional<SortValue> take(std::string_view& bytes) {
  const auto colon = bytes.find(':');
  if (colon == std::string_view::npos || colon < 2) return std::nullopt;
  const char type = bytes[0];
  const auto size = parse_integer(bytes.substr(1, colon - 1));
  bytes.remove_prefix(colon + 1);
  if (!size || *size < 0 || static_cast<std::uint64_t>(*size) > bytes.size()) return std::nullopt;
  const std::string_view text = bytes.substr(0, static_cast<std::size_t>(*size));
  bytes.remove_prefix(text.size());
  if (type == 'n' && text.empty()) return SortValue{};
  if (type == 't') return SortValue{std::string(text)};
  const auto integer = parse_integer(text);
  if (!integer) return std::nullopt;
  if (type == 'i') return SortValue{*integer};
  if (type == 'd') return SortValue{std::bit_cast<double>(*integer)};
  return std::nullopt;
}

}  // namespace

std::string make_page_token(std::string_view query, const std::vector<SortValue>& last) {
  std::string bytes = fmt::format("{:016x}", hash_of(query));
  for (const SortValue& value : last) append(bytes, value);
  return to_hexadecimal(bytes);
}

std::vector<SortValue> read_page_token(std::string_view token, std::string_view query) {
  const auto not_ours = [&] {
    return Error(ErrorKind::usage,
                 fmt::format("{} is not a page token of this search", quote(token)),
                 "use the token of the page before, with the same filter and order");
  };
  const auto decoded = from_hexadecimal(token);
  const std::string hash = fmt::format("{:016x}", hash_of(query));
  if (!decoded || !decoded->starts_with(hash)) throw not_ours();
  std::string_view rest = std::string_view(*decoded).substr(hash.size());
  std::vector<SortValue> values;
  while (!rest.empty()) {
    auto value = take(rest);
    if (!value) throw not_ours();
    values.push_back(*std::move(value));
  }
  return values;
}

}  // namespace mlopsctl

#include "mlopsctl/base/ids.hpp"

#include "mlopsctl/base/error.hpp"

#include <fmt/format.h>

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <span>

namespace mlopsctl {

namespace {

void fill_random(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno != EINTR) {
      throw Error(ErrorKind::io, "the system gives no random numbers", "is /dev/urandom there?");
    }
    if (got > 0) bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

constexpr std::array<std::string_view, 32> adjectives{
    "amber", "bold",  "brave", "brisk",  "calm",   "clear", "clever", "crisp",
    "eager", "fair",  "fleet", "fresh",  "gentle", "glad",  "golden", "grand",
    "keen",  "kind",  "light", "lively", "lucid",  "merry", "noble",  "proud",
    "quick", "quiet", "rapid", "sharp",  "steady", "sunny", "swift",  "warm"};
constexpr std::array<std::string_view, 32> animals{
    "badger", "bear", "beaver", "crane", "deer",  "eagle", "falcon", "finch",
    "fox",    "gull", "hare",   "hawk",  "heron", "horse", "ibis",   "kestrel",
    "lark",   "lynx", "marten", "mole",  "otter", "owl",   "plover", "raven",
    "robin",  "seal", "stoat",  "swan",  "tern",  "trout", "wolf",   "wren"};

}  // namespace

std::string new_run_id() {
  std::array<std::uint8_t, 16> bytes{};
  fill_random(bytes);
  std::string id;
  id.reserve(32);
  constexpr std::string_view digits = "0123456789abcdef";
  for (const auto byte : bytes) {
    id += digits[byte >> 4U];
    id += digits[byte & 15U];
  }
  return id;
}

std::string new_run_name() {
  std::array<std::uint8_t, 4> bytes{};
  fill_random(bytes);
  const unsigned number = (static_cast<unsigned>(bytes[2]) << 8U | bytes[3]) % 1000;
  return fmt::format("{}-{}-{}", adjectives[bytes[0] % adjectives.size()],
                     animals[bytes[1] % animals.size()], number);
}

bool is_valid_run_id(std::string_view id) {
  const auto word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !id.empty() && id.size() <= 256 && word(id[0]) &&
         std::ranges::all_of(id, [&](char c) { return word(c) || c == '_' || c == '-'; });
}

}  // namespace mlopsctl

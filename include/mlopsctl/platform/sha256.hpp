// SHA-256 and its HMAC, for signatures and checksums of object stores; base64.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mlopsctl {

// One digest after the other; an object belongs to one thread.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  ~Sha256();
  void add(std::string_view bytes);
  std::string hexadecimal();  // of what was added; starts anew

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view text);  // 32 bytes
std::string sha1_hex(std::string_view bytes);  // names of AWS's cached SSO tokens, nothing else

std::string to_hexadecimal(std::string_view bytes);
std::optional<std::string> from_hexadecimal(std::string_view text);
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

}  // namespace mlopsctl

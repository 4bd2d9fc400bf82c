#include "eval/hashes.hpp"

#include "mlopsctl/platform/sha256.hpp"

#include <fmt/format.h>

namespace mlopsctl::eval {

std::string prompt_hash(const std::vector<std::vector<std::string>>& requests) {
  Sha256 digest;
  for (const auto& texts : requests) {
    digest.add(fmt::format("{};", texts.size()));
    for (const std::string& text : texts) {
      digest.add(fmt::format("{}:", text.size()));
      digest.add(text);
    }
  }
  return digest.hexadecimal();
}

}  // namespace mlopsctl::eval

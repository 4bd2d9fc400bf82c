#include "mlopsctl/platform/md5.hpp"

#include "mlopsctl/base/error.hpp"

#include <openssl/evp.h>

#include <array>

namespace mlopsctl {

namespace {

// Fetched once: looking the algorithm up costs more than hashing a small file.
const EVP_MD* algorithm() {
  static const EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  if (md5 == nullptr) {
    throw Error(ErrorKind::unavailable, "OpenSSL refuses MD5, which names DVC's objects",
                "this machine may be in FIPS mode; DVC repositories cannot be used there");
  }
  return md5;
}

}  // namespace

struct Md5::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() { begin(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
  void begin() const {
    if (context == nullptr || EVP_DigestInit_ex2(context, algorithm(), nullptr) != 1) {
      throw Error(ErrorKind::bug, "MD5 cannot be started");
    }
  }
};

Md5::Md5() : state_(std::make_unique<State>()) {}
Md5::Md5(Md5&&) noexcept = default;
Md5& Md5::operator=(Md5&&) noexcept = default;
Md5::~Md5() = default;

void Md5::add(std::string_view bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

std::string Md5::hexadecimal() {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &size);
  state_->begin();
  std::string text;
  text.reserve(std::size_t{2} * size);
  for (unsigned int i = 0; i < size; ++i) {
    text += digits[digest[i] >> 4U];
    text += digits[digest[i] & 15U];
  }
  return text;
}

std::string md5_of(std::string_view bytes) {
  Md5 digest;
  digest.add(bytes);
  return digest.hexadecimal();
}

}  // namespace mlopsctl

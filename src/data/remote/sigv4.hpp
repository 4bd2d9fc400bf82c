// AWS Signature Version 4 for requests with an Authorization header. Pure.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
#pragma once

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/platform/http.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlopsctl::data {

struct SigningKey {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // empty: none
};

struct SigningScope {
  std::string region;
  std::string service = "s3";
};

// Names and values not yet encoded; encoded() sorts them as the signature wants.
using Query = std::vector<std::pair<std::string, std::string>>;
std::string encoded(Query query);

// Adds X-Amz-Date, X-Amz-Security-Token and Authorization. `headers` must have Host; all of them
// are signed, so none may be added, dropped or changed afterwards. path: encoded once, as it is
// sent.
void sign(const std::string& method, std::string_view path, std::string_view encoded_query,
          std::vector<HttpHeader>& headers, std::string_view payload_sha256, const SigningKey& key,
          const SigningScope& scope, Timestamp now);

// "20150830T123600Z"
std::string amazon_date(Timestamp time);

inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view empty_payload_sha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

}  // namespace mlopsctl::data

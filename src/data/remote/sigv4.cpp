#include "data/remote/sigv4.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <map>

namespace mlopsctl::data {

namespace {

// Spaces around a value go, and runs of them inside become one.
std::string canonical_value(std::string_view value) {
  std::string text;
  for (const char c : trim(value)) {
    if (c == ' ' && text.ends_with(' ')) continue;
    text += c;
  }
  return text;
}

}  // namespace

std::string amazon_date(Timestamp time) {
  const auto seconds = static_cast<std::time_t>(time.ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string encoded(Query query) {
  for (auto& [name, value] : query) {
    name = percent_encode(name);
    value = percent_encode(value);
  }
  std::ranges::sort(query);
  std::string text;
  for (const auto& [name, value] : query) {
    if (!text.empty()) text += '&';
    text += name + "=" + value;
  }
  return text;
}

void sign(const std::string& method, std::string_view path, std::string_view encoded_query,
          std::vector<HttpHeader>& headers, std::string_view payload_sha256, const SigningKey& key,
          const SigningScope& scope, Timestamp now) {
  const std::string date = amazon_date(now);
  headers.push_back({"X-Amz-Date", date});
  if (!key.session_token.empty()) headers.push_back({"X-Amz-Security-Token", key.session_token});

  std::map<std::string, std::string> canonical;
  for (const auto& header : headers) {
    auto [place, fresh] =
        canonical.try_emplace(to_lower(header.name), canonical_value(header.value));
    if (!fresh) place->second += "," + canonical_value(header.value);
  }
  std::string request = fmt::format("{}\n{}\n{}\n", method, path, encoded_query);
  std::string names;
  for (const auto& [name, value] : canonical) {
    request += name + ":" + value + "\n";
    if (!names.empty()) names += ';';
    names += name;
  }
  request += "\n" + names + "\n";
  request += payload_sha256;

  const std::string day = date.substr(0, 8);
  const std::string place = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  const std::string text =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", date, place, sha256_hex(request));
  std::string signing = hmac_sha256("AWS4" + key.secret_key, day);
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")})
    signing = hmac_sha256(signing, part);
  headers.push_back(
      {"Authorization",
       fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                   key.access_key, place, names, to_hexadecimal(hmac_sha256(signing, text)))});
}

}  // namespace mlopsctl::data

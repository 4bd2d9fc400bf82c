#include "data/remote/sigv4.hpp"

#include "mlopsctl/platform/sha256.hpp"

#include <doctest/doctest.h>

namespace mlopsctl::data {

namespace {

constexpr Timestamp suite_time{1'440'938'160'000};     // 20150830T123600Z
constexpr Timestamp examples_time{1'369'353'600'000};  // 20130524T000000Z

std::string signature(const std::vector<HttpHeader>& headers) {
  const std::string& value = headers.back().value;
  return value.substr(value.rfind('=') + 1);
}

struct Vector {
  const char* name;
  std::string method;
  std::string path;
  Query query;
  std::vector<HttpHeader> headers;
  std::string body;
  std::string session_token;
  const char* signature;
};

const std::string unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

// From AWS's Signature Version 4 test suite (awslabs/aws-c-auth, Apache-2.0).
const std::vector<Vector> suite = {
    {"get-header-key-duplicate",
     "GET",
     "/",
     {},
     {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
     "",
     "",
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-trim",
     "GET",
     "/",
     {},
     {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
     "",
     "",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-utf8",
     "GET",
     "/%E1%88%B4",
     {},
     {},
     "",
     "",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-unreserved",
     "GET",
     "/" + unreserved,
     {},
     {},
     "",
     "",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-vanilla-query-unreserved",
     "GET",
     "/",
     {{unreserved, unreserved}},
     {},
     "",
     "",
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/",
     {{"Param2", "value2"}, {"Param1", "value1"}},
     {},
     "",
     "",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-order-encoded",
     "GET",
     "/",
     {{"Param-3", "Value3"}, {"Param", "Value2"}, {"\xE1\x88\xB4", "Value1"}},
     {},
     "",
     "",
     "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
    {"get-vanilla-empty-query-key",
     "GET",
     "/",
     {{"Param1", "value1"}},
     {},
     "",
     "",
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"get-vanilla-utf8-query",
     "GET",
     "/",
     {{"\xE1\x88\xB4", "bar"}},
     {},
     "",
     "",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"post-header-key-sort",
     "POST",
     "/",
     {},
     {{"My-Header1", "value1"}},
     "",
     "",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-x-www-form-urlencoded-parameters",
     "POST",
     "/",
     {},
     {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
      {"Content-Length", "13"},
      {"x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"}},
     "Param1=value1",
     "",
     "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"},
    {"get-vanilla-with-session-token",
     "GET",
     "/",
     {},
     {},
     "",
     "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
     "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
};

}  // namespace

TEST_CASE("signatures are those of AWS's test suite") {
  for (const auto& one : suite) {
    CAPTURE(one.name);
    std::vector<HttpHeader> headers = one.headers;
    headers.push_back({"Host", "example.amazonaws.com"});
    sign(one.method, one.path, encoded(one.query), headers, sha256_hex(one.body),
         {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", one.session_token},
         {.region = "us-east-1", .service = "service"}, suite_time);
    CHECK(signature(headers) == one.signature);
  }
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
TEST_CASE("signatures are those of the examples in S3's documentation") {
  const SigningKey key{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
  const auto signed_as = [&](const std::string& method, const std::string& path, const Query& query,
                             std::vector<HttpHeader> headers, const std::string& payload) {
    headers.push_back({"Host", "examplebucket.s3.amazonaws.com"});
    headers.push_back({"x-amz-content-sha256", payload});
    sign(method, path, encoded(query), headers, payload, key, {.region = "us-east-1"},
         examples_time);
    return signature(headers);
  };
  const std::string empty(empty_payload_sha256);
  CHECK(signed_as("GET", "/test.txt", {}, {{"Range", "bytes=0-9"}}, empty) ==
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  CHECK(signed_as("PUT", "/test%24file.text", {},
                  {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                   {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                  sha256_hex("Welcome to Amazon S3.")) ==
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  CHECK(signed_as("GET", "/", {{"lifecycle", ""}}, {}, empty) ==
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  CHECK(signed_as("GET", "/", {{"max-keys", "2"}, {"prefix", "J"}}, {}, empty) ==
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("digests and encodings") {
  CHECK(sha256_hex("") == empty_payload_sha256);
  CHECK(to_hexadecimal(hmac_sha256("key", "The quick brown fox jumps over the lazy dog")) ==
        "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
  CHECK(to_base64("ab\xFF") == "YWL/");
  CHECK(from_base64("YQ==") == "a");
  CHECK(from_base64("YWI=") == "ab");
  CHECK_FALSE(from_base64("a"));
  CHECK(from_hexadecimal("00fF") == std::string("\0\xFF", 2));
  CHECK_FALSE(from_hexadecimal("0g"));
}

}  // namespace mlopsctl::data

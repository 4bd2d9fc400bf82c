// The XML answers of S3 and STS. Pure. Every function throws Error{corrupt} for text that is not
// XML, or not the answer that is expected.
#pragma once

#include "mlopsctl/base/time.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

struct S3Object {
  std::string key;
  std::uint64_t size = 0;  // bytes
  std::string etag;        // without quotes
  std::optional<Timestamp> modified;
};

// ListObjectsV2; keys are decoded if the answer says encoding-type=url.
struct S3Listing {
  std::vector<S3Object> objects;
  std::vector<std::string> prefixes;
  bool truncated = false;
  std::string next_token;
};
S3Listing parse_s3_listing(std::string_view xml);

// <Error>, also of STS, where it is inside of <ErrorResponse>; nothing if it is no such document.
struct S3Failure {
  std::string code;  // "NoSuchKey"
  std::string message;
  std::string region;    // where the bucket is, if it says so
  std::string endpoint;  // for PermanentRedirect
};
std::optional<S3Failure> parse_s3_failure(std::string_view xml);

struct S3Upload {
  std::string key;
  std::string id;
  std::string initiated;  // RFC 3339
};
std::string parse_s3_upload_id(std::string_view xml);
std::vector<S3Upload> parse_s3_uploads(std::string_view xml);

struct S3Part {
  int number = 0;
  std::uint64_t size = 0;
  std::string etag;  // without quotes
};
struct S3Parts {
  std::vector<S3Part> parts;
  bool truncated = false;
  int next = 0;  // part-number-marker of the next page
};
S3Parts parse_s3_parts(std::string_view xml);

struct S3DeleteFailure {
  std::string key;
  std::string code;
  std::string message;
};
std::vector<S3DeleteFailure> parse_s3_delete(std::string_view xml);

// What AssumeRole and AssumeRoleWithWebIdentity give.
struct StsCredentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;
  Timestamp expires;
};
StsCredentials parse_sts_credentials(std::string_view xml);

// Bodies of requests.
std::string s3_delete_request(std::span<const std::string> keys);
std::string s3_complete_request(std::span<const S3Part> parts);

}  // namespace mlopsctl

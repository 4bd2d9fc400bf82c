// What an S3 remote is: from its URL, its options, the environment and ~/.aws/config.
#pragma once

#include "mlopsctl/data/remote.hpp"

#include "data/remote/aws_credentials.hpp"

#include <string>
#include <vector>

namespace mlopsctl::data {

struct S3Settings {
  std::string bucket;
  std::string prefix;    // of all keys: empty, or ends in '/'
  std::string endpoint;  // "https://minio.example:9000"; empty: AWS
  std::string region = "us-east-1";
  bool path_style = false;  // https://endpoint/bucket/key, else https://bucket.endpoint/key
  bool anonymous = false;
  HttpTls tls;
  Milliseconds connect_timeout{10'000};
  Milliseconds read_timeout{60'000};
  std::vector<HttpHeader> write_headers;  // of PUT and of new uploads: SSE, ACL, grants
  std::vector<HttpHeader> customer_key;   // SSE-C: of every request for content
  CredentialSettings credentials;
};

// url: s3://bucket or s3://bucket/prefix. Throws Error{config}.
S3Settings s3_settings(const std::string& url, const RemoteOptions& options);

// Scheme and host of a bucket: "https://bucket.s3.eu-west-1.amazonaws.com".
struct S3Address {
  std::string base;         // scheme://host[:port]
  std::string host;         // as the Host header
  std::string path_prefix;  // "/bucket" or ""
};
S3Address s3_address(const S3Settings& settings, const std::string& region);

}  // namespace mlopsctl::data

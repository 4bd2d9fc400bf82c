#include "mlopsctl/formats/s3_xml.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <limits>
#include <pugixml.hpp>

namespace mlopsctl {

namespace {

[[noreturn]] void unexpected(std::string_view what) {
  throw Error(ErrorKind::corrupt, fmt::format("the server's answer is not {}", what),
              "does the endpoint speak S3?");
}

// Answers have namespaces or not; names are compared without a prefix.
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
  for (const auto& one : node.children())
    if (local_name(one) == name) return one;
  return {};
}

std::string text(const pugi::xml_node& node, std::string_view name) {
  return child(node, name).text().get();
}

std::uint64_t number(const pugi::xml_node& node, std::string_view name, std::uint64_t most) {
  const auto value = parse_integer(text(node, name));
  if (!value || *value < 0 || static_cast<std::uint64_t>(*value) > most)
    unexpected(fmt::format("understandable: {} is no number", name));
  return static_cast<std::uint64_t>(*value);
}

constexpr auto any_size = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
constexpr std::uint64_t most_parts = 10'000;

std::string unquoted(std::string etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    return etag.substr(1, etag.size() - 2);
  return etag;
}

std::optional<Timestamp> time(const std::string& value) {
  try {
    return parse_time(value, Timestamp{});
  } catch (const Error&) {
    return std::nullopt;  // informative only
  }
}

class Document {
 public:
  Document(std::string_view xml, std::string_view root) {
    const auto status = document_.load_buffer(xml.data(), xml.size(),
                                              pugi::parse_default | pugi::parse_ws_pcdata_single,
                                              pugi::encoding_utf8);
    root_ = document_.document_element();
    if (!status || local_name(root_) != root) unexpected(root);
  }
  const pugi::xml_node& root() const { return root_; }

 private:
  pugi::xml_document document_;
  pugi::xml_node root_;
};

// "+" is a blank here, unlike in paths.
std::string url_decoded(std::string_view value) {
  const auto nibble = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string decoded;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '+') {
      decoded += ' ';
    } else if (value[i] == '%' && i + 2 < value.size() && nibble(value[i + 1]) >= 0 &&
               nibble(value[i + 2]) >= 0) {
      decoded += static_cast<char>(nibble(value[i + 1]) * 16 + nibble(value[i + 2]));
      i += 2;
    } else {
      decoded += value[i];
    }
  }
  return decoded;
}

std::string escaped(std::string_view value) {
  std::string safe;
  for (const char c : value) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          safe += fmt::format("&#{};", static_cast<int>(c));
        } else {
          safe += c;
        }
    }
  }
  return safe;
}

}  // namespace

S3Listing parse_s3_listing(std::string_view xml) {
  const Document document(xml, "ListBucketResult");
  const auto& root = document.root();
  const bool encoded = text(root, "EncodingType") == "url";
  const auto name = [&](const std::string& value) { return encoded ? url_decoded(value) : value; };
  S3Listing listing;
  for (const auto& node : root.children()) {
    if (local_name(node) == "Contents") {
      listing.objects.push_back({.key = name(text(node, "Key")),
                                 .size = number(node, "Size", any_size),
                                 .etag = unquoted(text(node, "ETag")),
                                 .modified = time(text(node, "LastModified"))});
    } else if (local_name(node) == "CommonPrefixes") {
      listing.prefixes.push_back(name(text(node, "Prefix")));
    }
  }
  listing.truncated = text(root, "IsTruncated") == "true";
  listing.next_token = text(root, "NextContinuationToken");
  return listing;
}

std::optional<S3Failure> parse_s3_failure(std::string_view xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8))
    return std::nullopt;
  pugi::xml_node root = document.document_element();
  if (local_name(root) == "ErrorResponse") root = child(root, "Error");
  if (local_name(root) != "Error") return std::nullopt;
  return S3Failure{.code = text(root, "Code"),
                   .message = text(root, "Message"),
                   .region = text(root, "Region"),
                   .endpoint = text(root, "Endpoint")};
}

std::string parse_s3_upload_id(std::string_view xml) {
  const Document document(xml, "InitiateMultipartUploadResult");
  std::string id = text(document.root(), "UploadId");
  if (id.empty()) unexpected("understandable: it has no UploadId");
  return id;
}

std::vector<S3Upload> parse_s3_uploads(std::string_view xml) {
  const Document document(xml, "ListMultipartUploadsResult");
  const bool encoded = text(document.root(), "EncodingType") == "url";
  std::vector<S3Upload> uploads;
  for (const auto& node : document.root().children()) {
    if (local_name(node) != "Upload") continue;
    const std::string key = text(node, "Key");
    uploads.push_back({.key = encoded ? url_decoded(key) : key,
                       .id = text(node, "UploadId"),
                       .initiated = text(node, "Initiated")});
  }
  return uploads;
}

S3Parts parse_s3_parts(std::string_view xml) {
  const Document document(xml, "ListPartsResult");
  S3Parts parts;
  for (const auto& node : document.root().children()) {
    if (local_name(node) != "Part") continue;
    parts.parts.push_back({.number = static_cast<int>(number(node, "PartNumber", most_parts)),
                           .size = number(node, "Size", any_size),
                           .etag = unquoted(text(node, "ETag"))});
  }
  parts.truncated = text(document.root(), "IsTruncated") == "true";
  if (parts.truncated)
    parts.next = static_cast<int>(number(document.root(), "NextPartNumberMarker", most_parts));
  return parts;
}

std::vector<S3DeleteFailure> parse_s3_delete(std::string_view xml) {
  const Document document(xml, "DeleteResult");
  std::vector<S3DeleteFailure> failures;
  for (const auto& node : document.root().children()) {
    if (local_name(node) == "Error")
      failures.push_back({text(node, "Key"), text(node, "Code"), text(node, "Message")});
  }
  return failures;
}

StsCredentials parse_sts_credentials(std::string_view xml) {
  pugi::xml_document document;
  const auto status =
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
  pugi::xml_node found;
  if (status) {  // <AssumeRole…Response><AssumeRole…Result><Credentials>
    for (const auto& result : document.document_element().children())
      if (const auto credentials = child(result, "Credentials")) found = credentials;
  }
  StsCredentials credentials{.access_key = text(found, "AccessKeyId"),
                             .secret_key = text(found, "SecretAccessKey"),
                             .session_token = text(found, "SessionToken")};
  const auto expires = time(text(found, "Expiration"));
  if (credentials.access_key.empty() || credentials.secret_key.empty() || !expires)
    unexpected("credentials of STS");
  credentials.expires = *expires;
  return credentials;
}

std::string s3_delete_request(std::span<const std::string> keys) {
  std::string xml = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>";
  for (const auto& key : keys) xml += "<Object><Key>" + escaped(key) + "</Key></Object>";
  return xml + "</Delete>";
}

std::string s3_complete_request(std::span<const S3Part> parts) {
  std::string xml = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (const auto& part : parts) {
    xml += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>\"{}\"</ETag></Part>", part.number,
                       escaped(part.etag));
  }
  return xml + "</CompleteMultipartUpload>";
}

}  // namespace mlopsctl

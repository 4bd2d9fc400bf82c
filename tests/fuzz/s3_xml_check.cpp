#include "fuzz/s3_xml_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/formats/s3_xml.hpp"

#include "fuzz/require.hpp"

namespace mlopsctl::fuzz {
namespace {

template <class Action>
void read_or_corrupt(const char* what, Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::corrupt, std::string(what) + ": " + error.what());
  }
}

}  // namespace

void check_s3_xml(std::string_view text) {
  if (text.size() > 8192) text = text.substr(0, 8192);
  read_or_corrupt("listing", [&] { parse_s3_listing(text); });
  read_or_corrupt("failure", [&] { parse_s3_failure(text); });
  read_or_corrupt("upload id", [&] { parse_s3_upload_id(text); });
  read_or_corrupt("uploads", [&] { parse_s3_uploads(text); });
  read_or_corrupt("parts", [&] {
    const S3Parts parts = parse_s3_parts(text);
    s3_complete_request(parts.parts);
  });
  read_or_corrupt("credentials", [&] { parse_sts_credentials(text); });
  read_or_corrupt("delete", [&] {
    parse_s3_delete(text);
    const std::string keys[]{std::string(text)};
    s3_delete_request(keys);
  });
}

}  // namespace mlopsctl::fuzz

// Any answer of an S3 server is read or refused as corrupt.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_s3_xml(std::string_view text);

}  // namespace mlopsctl::fuzz

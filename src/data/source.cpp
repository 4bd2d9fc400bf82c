#include "mlopsctl/data/source.hpp"

namespace mlopsctl::data {

bool same_content(const SourceState& a, const SourceState& b) {
  return a.known() && a.md5 == b.md5 && a.etag == b.etag && a.checksum == b.checksum;
}

bool is_url(std::string_view path) { return path.find("://") != std::string_view::npos; }

}  // namespace mlopsctl::data

#include "formats/yaml_places.hpp"

#include <algorithm>

namespace mlopsctl {

std::string patched(std::string_view text, std::vector<YamlPatch> patches) {
  std::ranges::stable_sort(patches, {}, &YamlPatch::begin);
  std::string out;
  std::size_t at = 0;
  for (const auto& patch : patches) {
    if (patch.begin < at) continue;  // inside of what an earlier one replaced
    out += text.substr(at, patch.begin - at);
    out += patch.text;
    at = patch.end;
  }
  out += text.substr(at);
  return out;
}

bool is_yaml_blank(char c) { return c == ' ' || c == '\t'; }

std::size_t YamlPlaces::line_start(std::size_t at) const {
  const auto found = at == 0 ? std::string_view::npos : text_.rfind('\n', at - 1);
  return found == std::string_view::npos ? 0 : found + 1;
}

std::size_t YamlPlaces::line_end(std::size_t at) const {
  return std::min(text_.find('\n', at), text_.size());
}

std::size_t YamlPlaces::columns_before(std::size_t at) const {
  const std::size_t start = line_start(at);
  return static_cast<std::size_t>(std::ranges::count_if(
      text_.substr(start, at - start),
      [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::size_t YamlPlaces::content_end(const YamlValue& value, std::size_t least) const {
  std::size_t end = std::max(value.span.end, least);
  while (end > least &&
         (is_yaml_blank(text_[end - 1]) || text_[end - 1] == '\n' || text_[end - 1] == '\r')) {
    --end;
  }
  return end;
}

std::size_t YamlPlaces::after_colon(const YamlEntry& entry) const {
  std::size_t at = entry.key_span.end;
  while (at < text_.size() && text_[at] != ':') {
    at = text_[at] == '#' ? line_end(at) : at + 1;
  }
  return std::min(at + 1, text_.size());
}

std::size_t YamlPlaces::entry_end(const YamlEntry& entry) const {
  return content_end(entry.value, after_colon(entry));
}

}  // namespace mlopsctl

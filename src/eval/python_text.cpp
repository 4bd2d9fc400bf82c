#include "eval/python_text.hpp"

#include "mlopsctl/formats/unicode.hpp"

namespace mlopsctl::eval {

namespace {

// Where the white space at the end begins.
std::size_t right_end(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_white_space(next_code_point(text, at))) end = at;
  }
  return end;
}

}  // namespace

std::size_t length(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) next_code_point(text, at);
  return count;
}

std::vector<std::size_t> code_point_starts(std::string_view text) {
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < text.size();) {
    starts.push_back(at);
    next_code_point(text, at);
  }
  starts.push_back(text.size());
  return starts;
}

std::string_view strip_left(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (!is_white_space(next_code_point(text, at))) return text.substr(begin);
  }
  return {};
}

std::string_view strip_right(std::string_view text) { return text.substr(0, right_end(text)); }

std::string_view strip(std::string_view text) { return strip_left(strip_right(text)); }

std::string strip_of(std::string_view text, std::string_view characters, bool left, bool right) {
  const auto starts = code_point_starts(text);
  const auto is_one = [&](std::size_t i) {
    const std::string_view one = text.substr(starts[i], starts[i + 1] - starts[i]);
    return characters.find(one) != std::string_view::npos;
  };
  std::size_t begin = 0, end = starts.size() - 1;
  while (left && begin < end && is_one(begin)) ++begin;
  while (right && end > begin && is_one(end - 1)) --end;
  return std::string(text.substr(starts[begin], starts[end] - starts[begin]));
}

std::vector<std::string> split_white_space(std::string_view text) {
  std::vector<std::string> words;
  std::size_t begin = std::string_view::npos;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t here = at;
    if (is_white_space(next_code_point(text, at))) {
      if (begin != std::string_view::npos) words.emplace_back(text.substr(begin, here - begin));
      begin = std::string_view::npos;
    } else if (begin == std::string_view::npos) {
      begin = here;
    }
  }
  if (begin != std::string_view::npos) words.emplace_back(text.substr(begin));
  return words;
}

std::vector<std::string> split_at(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == text.npos) return parts;
    text.remove_prefix(at + separator.size());
  }
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  if (what.empty()) return std::string(text);
  return joined(split_at(text, what), by);
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::size_t count_words(std::string_view text) {
  std::size_t words = 1;
  bool in_space = false;
  for (std::size_t at = 0; at < text.size();) {
    const bool space = is_white_space(next_code_point(text, at));
    if (space && !in_space) ++words;
    in_space = space;
  }
  return words;
}

}  // namespace mlopsctl::eval

#include "mlopsctl/formats/table_part.hpp"

#include "mlopsctl/base/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

namespace mlopsctl {

std::string_view to_string(ValueKind kind) {
  static constexpr std::array<std::string_view, 6> names{"missing", "integer", "real",
                                                         "boolean", "time",    "text"};
  return names.at(static_cast<std::size_t>(kind));
}

ValueKind joined(ValueKind a, ValueKind b) {
  if (a == b || b == ValueKind::none) return a;
  if (a == ValueKind::none) return b;
  const auto number = [](ValueKind k) { return k == ValueKind::integer || k == ValueKind::real; };
  return number(a) && number(b) ? ValueKind::real : ValueKind::text;
}

namespace {

std::uint32_t hash_of(std::string_view text) {
  const std::uint64_t hash = std::hash<std::string_view>{}(text);
  return static_cast<std::uint32_t>(hash ^ (hash >> 32U));
}

}  // namespace

std::size_t Labels::find(std::string_view text, std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    const std::int32_t code = slots_[slot];
    if (code < 0) return slot;
    const auto index = static_cast<std::size_t>(code);
    if (hashes_[index] == hash && texts_[index] == text) return slot;
  }
}

void Labels::grow() {
  slots_.assign(std::max<std::size_t>(64, slots_.size() * 2), -1);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < hashes_.size(); ++i) {
    std::size_t slot = hashes_[i] & mask;
    while (slots_[slot] >= 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<std::int32_t>(i);
  }
}

std::int32_t Labels::code(std::string_view text) {
  if (texts_.size() * 2 >= slots_.size()) grow();
  const std::uint32_t hash = hash_of(text);
  const std::size_t slot = find(text, hash);
  if (slots_[slot] < 0) {
    slots_[slot] = static_cast<std::int32_t>(texts_.size());
    texts_.push_back(text);
    hashes_.push_back(hash);
  }
  return slots_[slot];
}

std::int32_t Labels::code_copied(std::string_view text) {
  const std::size_t before = texts_.size();
  const std::int32_t found = code(text);
  if (texts_.size() > before) texts_.back() = keep(text);
  return found;
}

std::string_view Labels::keep(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() > room_) {
    room_ = std::max<std::size_t>(text.size(), kept_.empty() ? 256 : 16384);
    free_ = kept_.emplace_back(new char[room_]).get();
  }
  text.copy(free_, text.size());
  const std::string_view copy(free_, text.size());
  free_ += text.size();
  room_ -= text.size();
  return copy;
}

void ColumnPart::add_missing() {
  switch (kind) {
    case ValueKind::none:
      break;
    case ValueKind::real:
      reals.push_back(std::numeric_limits<double>::quiet_NaN());
      break;
    case ValueKind::text:
      codes.push_back(-1);
      break;
    default:
      integers.push_back(0);
      missing.push_back(static_cast<std::uint32_t>(rows));
  }
  ++rows;
}

void ColumnPart::add_text(std::string_view text, bool copy) {
  codes.push_back(copy ? labels.code_copied(text) : labels.code(text));
  ++rows;
}

void ColumnPart::become(ValueKind to) {
  if (kind == to) return;
  if (kind == ValueKind::none) {
    kind = to;
    const std::uint64_t before = rows;
    rows = 0;
    while (rows < before) add_missing();
    return;
  }
  reals.reserve(std::max(reals.capacity(), integers.capacity()));
  for (const std::int64_t value : integers) reals.push_back(static_cast<double>(value));
  for (const std::uint32_t row : missing) reals[row] = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::int64_t>().swap(integers);
  missing.clear();
  kind = ValueKind::real;
}

MissingMarkers::MissingMarkers(std::vector<std::string> words) : words_(std::move(words)) {
  for (std::string& word : words_) {
    word = trim(word);
    if (word.size() < 64) lengths_ |= std::uint64_t{1} << word.size();
  }
}

bool MissingMarkers::find(std::string_view text) const {
  return std::any_of(words_.begin(), words_.end(),
                     [&](const std::string& word) { return word == text; });
}

std::optional<bool> parse_boolean(std::string_view text, bool lenient) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  const std::string word = to_lower(text);
  if (word == "true") return true;
  if (word == "false") return false;
  if (!lenient) return std::nullopt;
  if (word == "1" || word == "yes" || word == "t" || word == "y") return true;
  if (word == "0" || word == "no" || word == "f" || word == "n") return false;
  return std::nullopt;
}

}  // namespace mlopsctl

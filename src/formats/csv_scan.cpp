// What has to be known of a CSV text before its fields are parsed.
#include "mlopsctl/formats/csv.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace mlopsctl {

namespace {

const char* find(const char* p, const char* end, char c) {
  if (p == end) return end;
  const void* found = std::memchr(p, c, static_cast<std::size_t>(end - p));
  return found == nullptr ? end : static_cast<const char*>(found);
}

bool begins_field(const char* text, const char* quote, char delimiter) {
  return quote == text || quote[-1] == delimiter || quote[-1] == '\n';
}

// Behind the quote that closes the field opened at `quote`; null if it is not closed.
const char* behind_closing(const char* quote, const char* end) {
  for (const char* p = quote + 1;;) {
    p = find(p, end, '"');
    if (p == end) return nullptr;
    if (p + 1 == end || p[1] != '"') return p + 1;
    p += 2;
  }
}

}  // namespace

std::optional<std::size_t> csv_cut(std::string_view text, std::size_t target, char delimiter) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* const goal = begin + std::min(target, text.size());
  const char* p = begin;           // outside quotes
  const char* line_end = nullptr;  // the first one from the goal on that is not before p
  while (p < end) {
    // Only as far as needed: a text without quotes may be gigabytes long.
    const char* const from = std::max(p, goal > begin ? goal - 1 : begin);
    if (line_end == nullptr || line_end < from) line_end = find(from, end, '\n');
    const char* const quote = find(p, line_end, '"');
    if (quote == line_end) {
      if (line_end == end) return std::nullopt;
      return static_cast<std::size_t>(line_end + 1 - begin);
    }
    if (begins_field(begin, quote, delimiter)) {
      p = behind_closing(quote, end);
      if (p == nullptr) return std::nullopt;
    } else {
      p = quote + 1;
    }
  }
  return std::nullopt;
}

std::optional<CsvRecord> first_csv_record(std::string_view text, char delimiter) {
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end && (*p == '\n' || (*p == '\r' && p + 1 != end && p[1] == '\n'))) ++p;
  if (p == end) return std::nullopt;
  CsvRecord record;
  for (;;) {
    std::string field;
    if (p != end && *p == '"') {
      const char* behind = behind_closing(p, end);
      const char* const close = behind == nullptr ? end : behind - 1;
      for (const char* q = p + 1; q < close; ++q) {
        field += *q;
        if (*q == '"') ++q;
      }
      p = behind == nullptr ? end : behind;
    }
    const char* stop = p;
    while (stop != end && *stop != delimiter && *stop != '\n') ++stop;
    field.append(p, stop);
    const bool last = stop == end || *stop == '\n';
    if (last && !field.empty() && field.back() == '\r') field.pop_back();
    record.fields.push_back(std::move(field));
    p = stop == end ? end : stop + 1;
    if (last) break;
  }
  record.end = static_cast<std::size_t>(p - text.data());
  return record;
}

char guess_csv_delimiter(std::string_view text) {
  constexpr std::array<char, 4> candidates{',', '\t', ';', '|'};
  char best = ',';
  std::size_t most = 1;
  for (const char candidate : candidates) {
    std::string_view rest = text;
    std::size_t fields = 0;
    bool even = true;
    for (int line = 0; line < 5 && even; ++line) {
      const std::optional<CsvRecord> record = first_csv_record(rest, candidate);
      // A record that reaches the end of the sample may be cut.
      if (!record || (line > 0 && record->end == rest.size())) break;
      if (line == 0) fields = record->fields.size();
      even = record->fields.size() == fields;
      rest.remove_prefix(record->end);
    }
    if (even && fields > most) {
      best = candidate;
      most = fields;
    }
  }
  return best;
}

}  // namespace mlopsctl

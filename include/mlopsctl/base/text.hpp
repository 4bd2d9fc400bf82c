// Small pure functions over text. No locale anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

std::string_view trim(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string to_lower(std::string_view text);  // ASCII only

bool is_valid_utf8(std::string_view bytes);

// The same text with U+FFFD for every byte that is not UTF-8.
std::string valid_utf8(std::string_view bytes);

// Safe to show on a terminal: control characters and bytes that are not UTF-8 become \n, \t, \x1b …
std::string printable(std::string_view bytes);

// 'text' in single quotes, made printable and cut to about 80 characters: how messages name a
// thing.
std::string quote(std::string_view text);

// Cuts to at most `width` code points, the last one an ellipsis.
std::string shortened(std::string_view text, std::size_t width);

// Levenshtein distance with adjacent transpositions counted as one edit.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate within edit distance max(2, length/3) and nearest to `word`; none if nothing is
// near.
std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates);

// Shortest text that reads back as the same double; "NaN", "Infinity", "-Infinity".
std::string number_text(double value);

// A number for people: six significant digits.
std::string human_number(double value);

// Accepts everything number_text writes, plus nan/inf spellings in any case. The whole text must be
// used.
std::optional<double> parse_number(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text);

// "0 B", "1.5 KiB", "3.2 GiB".
std::string human_bytes(std::uint64_t bytes);

// Accepts "1000", "10kB", "10KiB", "1.5GiB". Throws Error{usage}.
std::uint64_t parse_bytes(std::string_view text);

// A key=value argument, split at the first '='. Throws Error{usage} if there is none or the key is
// empty.
struct KeyValue {
  std::string key;
  std::string value;
  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};
KeyValue parse_key_value(std::string_view text);

// Shell-style matching: * ? [abc]. Case-sensitive, '/' is an ordinary character.
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace mlopsctl

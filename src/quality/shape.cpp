// Numbers that describe the text as a whole.
#include "mlopsctl/base/text.hpp"

#include "quality/measure.hpp"

namespace mlopsctl::quality {

namespace {

// As Python's len(text.split()).
std::uint64_t words_in(std::string_view text) {
  std::uint64_t words = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const bool space = is_white_space(next_code_point(text, at));
    if (!space && !inside) ++words;
    inside = !space;
  }
  return words;
}

// Matches of \d+\.?\d*% : each per cent sign right behind a digit, or behind a point behind one.
std::uint64_t percentages_in(std::string_view text, const PercentageRule& rule) {
  std::uint64_t found = 0;
  for (const std::string& sign : rule.signs) {
    for (std::size_t at = text.find(sign); at != text.npos;
         at = text.find(sign, at + sign.size())) {
      std::size_t end = at;
      if (end > 0 && text[end - 1] == '.') --end;
      std::size_t last = end;
      while (last > 0 && end - last < 4) {
        --last;
        if ((static_cast<unsigned char>(text[last]) & 0xC0U) != 0x80U) break;
      }
      if (last < end && class_of(next_code_point(text, last)) == CharacterClass::digit) ++found;
    }
  }
  return found;
}

// Characters that were damaged on their way: U+FFFD, UTF-8 that was taken for Latin-1 or
// Windows-1252, control characters.
bool is_broken(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      if ((byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7F)
        return true;
      ++at;
      continue;
    }
    const std::uint32_t c = next_code_point(text, at);
    if (c == 0xFFFD) return true;
    if ((c != 0xC2 && c != 0xC3 && c != 0xE2) || at >= text.size()) continue;
    std::size_t behind = at;
    const std::uint32_t following = next_code_point(text, behind);
    if (c == 0xE2 ? following == 0x20AC || following == 0x80
                  : following >= 0x80 && following <= 0xBF) {
      return true;
    }
  }
  return false;
}

}  // namespace

void measure_shape(const RuleSet& rules, Prepared& response, Values values) {
  const drift::TextDescription& shape = response.description;
  values.set(Id::words, static_cast<double>(words_in(response.text)));
  const std::uint64_t percentages = percentages_in(response.text, rules.percentages);
  values.set(Id::percentages, static_cast<double>(percentages));
  values.flag(Id::made_up_facts, percentages > rules.percentages.most);
  values.set(Id::length, static_cast<double>(shape.length));
  values.set(Id::sentences, static_cast<double>(shape.sentences));
  values.set(Id::non_letters, shape.non_letters);
  values.flag(Id::empty, values[Id::words] == 0);
  values.flag(Id::broken_text, is_broken(response.text));
}

}  // namespace mlopsctl::quality

// Data of persons in a response, by their form: e-mail addresses, telephone numbers, card numbers
// (with Luhn's check digit), US social security numbers, IBANs (with their check digits).
#include "quality/measure.hpp"

#include <algorithm>
#include <optional>

namespace mlopsctl::quality {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_digit(c) || is_letter(c) || c == '_'; }

// `at` is the place of an @.
bool is_email(std::string_view text, std::size_t at) {
  constexpr std::string_view local_marks = "._%+-";
  if (at == 0 || (!is_word(text[at - 1]) && local_marks.find(text[at - 1]) == local_marks.npos)) {
    return false;
  }
  if (text[at - 1] == '.') return false;
  std::size_t dot = 0;
  std::size_t end = at + 1;
  while (end < text.size() &&
         (is_letter(text[end]) || is_digit(text[end]) || text[end] == '-' || text[end] == '.')) {
    if (text[end] == '.') {
      if (end == at + 1 || text[end - 1] == '.') break;
      if (end + 1 < text.size() && is_letter(text[end + 1])) dot = end;
    }
    ++end;
  }
  if (dot == 0) return false;
  std::size_t letters = 0;
  while (dot + 1 + letters < text.size() && is_letter(text[dot + 1 + letters])) ++letters;
  return letters >= 2;
}

bool passes_luhn(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int digit = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

// Digits in groups, with what separates them.
struct Numeral {
  std::string digits;
  std::string shape;  // "ddd-dd-dddd": a d for each digit
  bool plus = false;
  std::size_t end = 0;
};

// From the first digit (or + or an open bracket before it) on: single separators between groups.
Numeral numeral_at(std::string_view text, std::size_t at) {
  constexpr std::string_view separators = " -.()/";
  constexpr std::size_t most = 40;
  Numeral numeral;
  if (text[at] == '+') {
    numeral.plus = true;
    ++at;
  }
  std::size_t between = 0;
  std::string pending;
  for (; at < text.size() && numeral.shape.size() < most; ++at) {
    const char c = text[at];
    if (is_digit(c)) {
      numeral.shape += pending;
      numeral.shape += 'd';
      pending.clear();
      between = 0;
      numeral.digits += c;
      numeral.end = at + 1;
    } else if (separators.find(c) != separators.npos && between < 2) {
      pending += c;
      ++between;
    } else {
      break;
    }
  }
  return numeral;
}

bool is_card(const Numeral& numeral) {
  const std::string& digits = numeral.digits;
  if (digits.size() < 13 || digits.size() > 19 || numeral.plus) return false;
  if (digits.front() < '2' || digits.front() > '6') return false;  // no network begins otherwise
  // One kind of separator, always single: 4111 1111 1111 1111.
  char separator = 0;
  for (std::size_t i = 0; i < numeral.shape.size(); ++i) {
    const char c = numeral.shape[i];
    if (c == 'd') continue;
    if ((c != ' ' && c != '-') || (separator != 0 && c != separator)) return false;
    if (numeral.shape[i + 1] != 'd') return false;
    separator = c;
  }
  const bool all_equal = std::ranges::all_of(digits, [&](char c) { return c == digits.front(); });
  return !all_equal && passes_luhn(digits);
}

bool is_us_ssn(const Numeral& numeral) {
  if (numeral.shape != "ddd-dd-dddd" || numeral.plus) return false;
  const std::string_view digits = numeral.digits;
  const std::string_view area = digits.substr(0, 3);
  return area != "000" && area != "666" && area.front() != '9' && digits.substr(3, 2) != "00" &&
         digits.substr(5) != "0000";
}

bool is_phone(const Numeral& numeral, bool bracket) {
  const std::size_t digits = numeral.digits.size();
  if (numeral.plus) return digits >= 8 && digits <= 15;
  if (bracket && numeral.shape.starts_with("ddd)")) return digits == 10;
  for (const std::string_view shape :
       {"ddd-ddd-dddd", "ddd.ddd.dddd", "ddd ddd dddd", "d-ddd-ddd-dddd"}) {
    if (numeral.shape == shape) return true;
  }
  return false;
}

// The remainder of the IBAN by 97 must be 1: letters are numbers from 10, the first four
// characters go behind the rest.
bool is_iban(std::string_view text, std::size_t at) {
  std::string iban;
  for (std::size_t i = at; i < text.size() && iban.size() < 34; ++i) {
    const char c = text[i];
    if (is_digit(c) || (c >= 'A' && c <= 'Z')) {
      iban += c;
    } else if (c != ' ' || iban.size() % 4 != 0) {
      break;
    }
  }
  // A word behind it may have been taken for a part: try the shorter ones too.
  for (; iban.size() >= 15; iban.pop_back()) {
    int remainder = 0;
    for (std::size_t i = 0; i < iban.size(); ++i) {
      const char c = iban[(i + 4) % iban.size()];
      remainder =
          is_digit(c) ? (remainder * 10 + (c - '0')) % 97 : (remainder * 100 + (c - 'A' + 10)) % 97;
    }
    if (remainder == 1) return true;
  }
  return false;
}

class Scan {
 public:
  Scan(const PersonalDataRule& rule, std::string_view text) : rule_(rule), text_(text) {}

  void run() {
    for (std::size_t at = 0; at < text_.size();) {
      const char c = text_[at];
      if (c == '@') {
        email = email || is_email(text_, at);
      } else if (begins_iban(at)) {
        iban = iban || is_iban(text_, at);
      } else if (is_digit(c) && !inside_word(at)) {
        at = number(at);
        continue;
      } else if (is_digit(c)) {
        while (at < text_.size() && is_digit(text_[at])) ++at;
        continue;
      }
      ++at;
    }
    email = email && rule_.email;
    phone = phone && rule_.phone;
    card = card && rule_.card;
    us_ssn = us_ssn && rule_.us_ssn;
    iban = iban && rule_.iban;
  }

  bool email = false, phone = false, card = false, us_ssn = false, iban = false;

 private:
  bool inside_word(std::size_t at) const { return at > 0 && is_word(text_[at - 1]); }

  bool begins_iban(std::size_t at) const {
    return at + 15 <= text_.size() && text_[at] >= 'A' && text_[at] <= 'Z' && !inside_word(at) &&
           text_[at + 1] >= 'A' && text_[at + 1] <= 'Z' && is_digit(text_[at + 2]) &&
           is_digit(text_[at + 3]);
  }

  // Looks at the number that begins here and returns where to go on: behind its first group, so
  // that "2026 4111 1111 1111 1111" hides no card.
  std::size_t number(std::size_t at) {
    const std::size_t begin = at > 0 && text_[at - 1] == '+' ? at - 1 : at;
    const bool bracket = at > 0 && text_[at - 1] == '(';
    const Numeral numeral = numeral_at(text_, begin);
    const bool goes_on = numeral.end < text_.size() && is_word(text_[numeral.end]);
    if (!goes_on) {
      card = card || is_card(numeral);
      us_ssn = us_ssn || is_us_ssn(numeral);
      phone = phone || is_phone(numeral, bracket);
    }
    while (at < text_.size() && is_digit(text_[at])) ++at;
    return at;
  }

  const PersonalDataRule& rule_;
  std::string_view text_;
};

}  // namespace

void measure_personal_data(const RuleSet& rules, Prepared& response, Values values) {
  Scan scan(rules.personal_data, response.text);
  scan.run();
  values.flag(Id::pii_email, scan.email);
  values.flag(Id::pii_phone, scan.phone);
  values.flag(Id::pii_card, scan.card);
  values.flag(Id::pii_us_ssn, scan.us_ssn);
  values.flag(Id::pii_iban, scan.iban);
  values.flag(Id::pii, scan.email || scan.phone || scan.card || scan.us_ssn || scan.iban);
}

}  // namespace mlopsctl::quality

// How values are taken from JSON that somebody else may have changed: every surprise is an
// Error{corrupt} that names the text and the key.
#pragma once

#include "mlopsctl/base/time.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <string_view>

namespace mlopsctl::deploy {

using Json = nlohmann::json;

// Compact, keys sorted; bytes that are not UTF-8 are replaced.
std::string dumped(const Json& value);

class Fields {
 public:
  // Throws Error{corrupt} if it is no object. `what` names it in messages.
  Fields(const Json& object, std::string_view what);

  [[noreturn]] void fail(std::string_view key, std::string_view problem) const;
  const Json* find(const char* key) const;  // null: absent
  std::string text(const char* key) const;  // empty: absent
  int integer(const char* key) const;       // 0: absent
  bool truth(const char* key) const;        // false: absent
  Timestamp time(const char* key) const;    // RFC 3339 as to_rfc3339 writes it; 1970: absent
  std::map<std::string, std::string> texts(const char* key) const;
  // One of the enumerators up to `last`, by its to_string; the first if absent.
  template <class Enum>
  Enum one_of(const char* key, Enum last) const {
    const std::string word = text(key);
    if (word.empty()) return Enum{};
    for (int i = 0; i <= static_cast<int>(last); ++i)
      if (to_string(static_cast<Enum>(i)) == word) return static_cast<Enum>(i);
    fail(key, "has a value that this mlopsctl does not know");
  }

 private:
  const Json& object_;
  std::string_view what_;
};

// Parses a whole text. Throws Error{corrupt} naming `what`.
Json parsed(const std::string& text, std::string_view what);

// Of objects of the cluster: the text or number at "/spec/holderIdentity", or nothing of the kind.
std::string text_at(const Json& object, const char* pointer);
int integer_at(const Json& object, const char* pointer);

}  // namespace mlopsctl::deploy

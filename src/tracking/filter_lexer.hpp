// Cuts filter text into tokens. What a double-quoted text is, a value or a name, only the parser
// knows.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// A part of a name: metrics.`a b`:min has three. `quote` is 0 for bare text.
struct NamePiece {
  std::string text;  // without its quotes, doubled quotes undone
  char quote = 0;
};

struct FilterToken {
  enum class Kind {
    word,     // a name, a keyword or a number: `pieces`
    text,     // '…': `pieces` holds one
    compare,  // a run of = ! < > & | ~: `written`
    open,
    close,
    comma,
    end
  };
  Kind kind = Kind::end;
  std::size_t column = 1;    // counted in characters, from 1
  std::string_view written;  // as it stands in the filter; empty at the end
  std::string_view source;   // what errors call the whole text: "filter", "sort order"
  std::vector<NamePiece> pieces;

  bool is_bare() const { return kind == Kind::word && pieces.size() == 1 && pieces[0].quote == 0; }
  // A bare word, whatever its case; `keyword` in upper case.
  bool is_keyword(std::string_view keyword) const;
  bool is_quoted_text() const {
    return pieces.size() == 1 && (pieces[0].quote == '\'' || pieces[0].quote == '"');
  }
};

// The last token is the end. Throws Error{usage}: a quote that is not closed, bytes that are not
// UTF-8. The tokens look into `text`; `source` is a literal.
std::vector<FilterToken> lex_filter(std::string_view text, std::string_view source);

// How messages name a token: quoted as it stands in the filter, or "the end".
std::string shown(const FilterToken& token);

// Error{usage} "filter, column 9: WHAT" about the place of a token.
[[noreturn]] void filter_error(const FilterToken& at, std::string_view what, std::string hint = {});

}  // namespace mlopsctl

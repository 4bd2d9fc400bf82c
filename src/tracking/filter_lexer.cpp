#include "tracking/filter_lexer.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/core.h>

#include <utility>

namespace mlopsctl {
namespace {

// Far beyond what a person writes; keeps hostile requests cheap.
constexpr std::size_t max_filter = 1U << 20U;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool is_quote(char c) { return c == '\'' || c == '"' || c == '`'; }
bool is_compare(char c) { return std::string_view("=!<>&|~").find(c) != std::string_view::npos; }
bool ends_word(char c) {
  return is_space(c) || is_compare(c) || is_quote(c) || c == '(' || c == ')' || c == ',';
}

class Lexer {
 public:
  Lexer(std::string_view text, std::string_view source) : text_(text), source_(source) {}

  std::vector<FilterToken> run() {
    std::vector<FilterToken> tokens;
    for (;;) {
      while (at_ < text_.size() && is_space(text_[at_])) advance();
      const std::size_t begin = at_;
      FilterToken token = next();
      token.written = text_.substr(begin, at_ - begin);
      tokens.push_back(std::move(token));
      if (tokens.back().kind == FilterToken::Kind::end) return tokens;
    }
  }

 private:
  using Kind = FilterToken::Kind;

  FilterToken next() {
    FilterToken token;
    token.column = column_;
    token.source = source_;
    if (at_ == text_.size()) return token;
    const char c = text_[at_];
    if (c == '(' || c == ')' || c == ',') {
      advance();
      token.kind = c == '(' ? Kind::open : c == ')' ? Kind::close : Kind::comma;
    } else if (is_compare(c)) {
      while (at_ < text_.size() && is_compare(text_[at_])) advance();
      token.kind = Kind::compare;
    } else if (c == '\'') {
      token.kind = Kind::text;
      token.pieces.push_back(quoted_piece());
    } else {
      token.kind = Kind::word;
      word(token.pieces);
    }
    return token;
  }

  // Quoted parts continue a word behind a dot, and a dot or colon continues it behind a quoted
  // part.
  void word(std::vector<NamePiece>& pieces) {
    for (;;) {
      if (is_quote(text_[at_])) {
        pieces.push_back(quoted_piece());
        if (at_ == text_.size() || (text_[at_] != '.' && text_[at_] != ':')) return;
      } else {
        const std::size_t begin = at_;
        while (at_ < text_.size() && !ends_word(text_[at_])) advance();
        pieces.push_back({std::string(text_.substr(begin, at_ - begin)), 0});
        if (at_ == text_.size() || !is_quote(text_[at_]) || text_[at_ - 1] != '.') return;
      }
    }
  }

  NamePiece quoted_piece() {
    FilterToken opening;
    opening.column = column_;
    opening.source = source_;
    NamePiece piece{{}, text_[at_]};
    for (advance(); at_ < text_.size(); advance()) {
      if (text_[at_] == piece.quote) {
        advance();
        if (at_ == text_.size() || text_[at_] != piece.quote) return piece;
      }
      piece.text.push_back(text_[at_]);
    }
    filter_error(opening, fmt::format("the quote {} that opens here is not closed", piece.quote),
                 "double a quote to have it inside: 'it''s'");
  }

  void advance() {
    if ((static_cast<unsigned char>(text_[at_]) & 0xc0U) != 0x80U) ++column_;
    ++at_;
  }

  std::string_view text_;
  std::string_view source_;
  std::size_t at_ = 0;
  std::size_t column_ = 1;
};

}  // namespace

bool FilterToken::is_keyword(std::string_view keyword) const {
  if (!is_bare() || pieces[0].text.size() != keyword.size()) return false;
  return to_lower(pieces[0].text) == to_lower(keyword);
}

std::vector<FilterToken> lex_filter(std::string_view text, std::string_view source) {
  if (text.size() > max_filter) {
    throw Error(ErrorKind::usage,
                fmt::format("the {} is longer than {}", source, human_bytes(max_filter)));
  }
  if (!is_valid_utf8(text) || text.find('\0') != std::string_view::npos) {
    throw Error(ErrorKind::usage,
                fmt::format("the {} is not valid UTF-8 text: {}", source, quote(text)));
  }
  return Lexer(text, source).run();
}

std::string shown(const FilterToken& token) {
  if (token.kind == FilterToken::Kind::end) return "the end";
  // What is quoted already is not quoted again.
  return token.is_quoted_text() ? shortened(printable(token.written), 80) : quote(token.written);
}

void filter_error(const FilterToken& at, std::string_view what, std::string hint) {
  throw Error(ErrorKind::usage, fmt::format("{}, column {}: {}", at.source, at.column, what),
              std::move(hint));
}

}  // namespace mlopsctl

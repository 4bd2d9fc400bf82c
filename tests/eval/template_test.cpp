// Templates of task files: what Jinja makes of them, and what is refused.
#include "eval/template.hpp"

#include "mlopsctl/base/error.hpp"

#include "support/expect_error.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using eval::Template;

namespace {

std::string render(const std::string& text) {
  const YamlValue row = parse_json(
      R"({"q": " Who? ", "n": 3, "x": 0.1, "yes": true, "none": null, "names": ["ann", "bob"],
          "who": {"first": "Ada", "a b": 1}, "word": "Ünïcode", "text": "one two three"})");
  return Template::parse(text).render(row);
}

}  // namespace

TEST_CASE("templates are rendered as Jinja does") {
  // expected by Jinja2 3.1.6, keep_trailing_newline
  CHECK(render("Question: {{q}}\n") == "Question:  Who? \n");
  CHECK(render("{{ q|trim }}{{q.strip()}}") == "Who?Who?");
  CHECK(render("{{n}} {{x}} {{yes}} {{none}}") == "3 0.1 True None");
  CHECK(render("{{names}} {{who}}") == "['ann', 'bob'] {'first': 'Ada', 'a b': 1}");
  CHECK(render("{{names[0]}}{{names[-1]}}{{who.first}}{{who['a b']}}") == "annbobAda1");
  CHECK(render("{{['A', 'B', 'C', 'D'][n]}}") == "D");
  CHECK(render("{{names|join(', ')}}; {{', '.join(names)}}") == "ann, bob; ann, bob");
  CHECK(render("{{text.split(' ')[:-1]|join(' ')}}|{{' '+text.split(' ')[-1]}}") ==
        "one two| three");
  CHECK(render("{{ 'a' ~ n ~ names }}{{ n + 4 }}{{ 'x' + 'y' }}") == "a3['ann', 'bob']7xy");
  CHECK(render("{{word[0]}}{{word[1:3]}}{{word|length}}{{word|upper}}{{word.lower()}}") ==
        "Ünï7ÜNÏCODEünïcode");
  CHECK(render("{{q.replace('Who', \"Where\")|lower}}") == " where? ");
  CHECK(render("{{names.index('bob')}}{{names|first|capitalize}}{{names|last}}") == "1Annbob");
  CHECK(render("a {{- q -}}  b") == "a Who? b");
  CHECK(render("a{# a note #}b { {c} }}") == "ab { {c} }}");
  CHECK(render("{{\"a\\nb\"}}") == "a\nb");
  CHECK(render("{{(n + 1)|string + '!'}}") == "4!");
}

TEST_CASE("what a template of one expression is stays what it is") {
  const YamlValue row = parse_json(R"({"names": ["a", "b"], "n": 1})");
  CHECK(Template::parse("{{names}}").value(row).is_list());
  CHECK(Template::parse("{{n}}").value(row).kind == YamlKind::integer);
  CHECK(Template::parse("{{[names[1], 'c']}}").value(row).items.size() == 2);
  CHECK(Template::parse(" {{n}}").value(row).text == " 1");
}

TEST_CASE("logic and what is unknown are refused by name") {
  const auto refused = [](const std::string& text, const std::string& what) {
    CAPTURE(text);
    CHECK_ERROR(render(text), ErrorKind::config, what);
  };
  refused("{% if q %}a{% endif %}", "{% if q %}");
  refused("{{ q if n else x }}", "'if'");
  refused("{{ n == 3 }}", "'='");
  refused("{{ n - 1 }}", "'-'");
  refused("{{ n * 2 }}", "'*'");
  refused("{{ not n }}", "'not'");
  refused("{{ range(3) }}", "'range()'");
  refused("{{ q|regex_replace('a', 'b') }}", "'regex_replace'");
  refused("{{ q.encode() }}", "'encode'");
  refused("{{ {'a': 1} }}", "maps");
  refused("{{ q", "'}}'");
  refused("{{ }}", "not understood");
  refused("{{ 'abc }}", "quote");
  refused("{{ nmaes }}", "did you mean 'names'?");
  refused("{{ names[7] }}", "outside");
  refused("{{ who.last }}", "'last'");
  refused("{{ names[::2] }}", "step");
}

TEST_CASE("deep nesting is refused, not followed") {
  CHECK_ERROR(Template::parse("{{" + std::string(100000, '(')), ErrorKind::config, "deeply");
  CHECK_ERROR(Template::parse("{{" + std::string(100000, '[')), ErrorKind::config, "deeply");
}

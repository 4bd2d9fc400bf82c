"""Makes prompts.json and snippets.json: what jinja2 3.1.6 does with the templates here and with the
snippets below.

    MLOPSCTL_REQUIREMENTS=tests/interop/tokenizer_requirements.txt tests/interop/venv.sh tests/golden/chat/make.py
"""

import json
import pathlib
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent.parent / "interop"))

from chat_cases import answers, conversations

SNIPPETS = [
    # white space
    "a\n{% if true %}\n  b\n{% endif %}\nc\n", "a\n   {% if true %} b {% endif %}   \nc\n\n", "x  {%- if true -%}  y  {%- endif -%}  z",
    "  {%+ if true %}y{% endif +%}\nz", "{{ 1 }}\n{{ 2 -}}\n  {{- 3 }}", "a {# b #} c\n  {# d #}\ne {#- f -#} g", "{% raw %}{{ x }}{% endraw %}",
    "a\r\nb\rc", "{% set x %} in {% endset %}[{{ x }}]", "{{ '}}' }}{{ {'a': {'b': 1}} }}", "x {{ 'y' }}\n\n", "\n{% if 1 %}\n\n{% endif %}\n",
    # literals
    "{{ 'a\\n\\t\\\\\\'\\x41\\u00e9' }}", '{{ "a" \'b\' }}', "{{ 1_000 }} {{ 1.5 }} {{ 2.0 }} {{ -3 }} {{ +4 }}", "{{ true }} {{ False }} {{ none }} {{ None }}",
    "{{ [1, 'a', none, [2.5]] }} {{ (1, 2)[0] }} {{ {'k': \"it's\"} }} {{ [] }} {{ {} }}", "{{ 'q\\q' }}",
    # operators
    "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 * 3 + 4 }} {{ 2 + 3 * 4 }}", "{{ 'ab' * 3 }} {{ [1] + [2] }}",
    "{{ 1 ~ 'a' ~ none ~ 2.5 }} {{ 'a' ~ (1 + 2) }}", "{{ 1 == 1.0 }} {{ 'a' == 1 }} {{ [1] == [1] }} {{ true == 1 }} {{ none == none }}",
    "{{ 1 < 2 }} {{ 'b' > 'a' }} {{ 2 >= 2 }} {{ 3 != 3 }}", "{{ 'b' in 'abc' }} {{ 2 in [1, 2] }} {{ 'k' in {'k': 1} }} {{ 3 not in [1] }}",
    "{{ not true }} {{ not 1 == 2 }} {{ 1 and 0 }} {{ 0 or 'x' }} {{ true or false and false }}", "{{ 'y' if 1 else 'n' }} {{ 'y' if 0 else 'n' }}[{{ 'y' if 0 }}]",
    "{{ 1 if 0 else 2 if 0 else 3 }}", "{{ -1|abs }} {{ -2.5|abs }} {{ '%s' }}", "{{ 'a' + 'b' | upper }} {{ ('a' + 'b') | upper }}",
    # what there is and is not
    "[{{ nothing }}] {{ nothing is defined }} {{ nothing|default('d') }} {{ ''|d('e') }} {{ ''|default('e', true) }} {{ nothing|length }}",
    "{{ nothing.more }}", "{{ nothing + 'a' }}", "{{ 'a' ~ nothing }}", "{{ {'a': 1}.b is undefined }} {{ {'a': 1}['a'] }} {{ {'a': {'b': 2}}.a.b }}",
    "{{ [1, 2, 3][-1] }} [{{ [1][5] }}] {{ 'h\u00e9llo'[1] }} {{ 'abc'[-1] }}", "{% for x in nothing %}a{% else %}b{% endfor %}", "{{ nothing == nothing2 }} {{ nothing is none }}",
    # slices
    "{{ 'h\u00e9llo'[1:3] }} {{ 'hello'[::-1] }} {{ 'hello'[:-1] }} {{ 'hello'[-3:] }} {{ [1, 2, 3, 4][1::2] }} {{ 'hello'[10:] }}|{{ 'hello'[3:1] }}",
    "{{ [1, 2, 3][::-2] }} {{ [1, 2, 3][-100:100] }} {{ 'abc'[2:0:-1] }}",
    # loops
    "{% for x in [1, 2, 3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}",
    "{% for x in [1, 2, 3, 4] if x % 2 == 0 %}{{ x }}/{{ loop.length }} {% endfor %}", "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for x in 'ab' %}{{ x }},{% endfor %}{% for k in {'q': 1} %}{{ k }}{% endfor %}", "{% for x in [1, 2, 3] %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in [1, 2, 3] %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% else %}none{% endfor %}", "{% for x in [] %}a{% else %}empty{% endfor %}",
    "{% for x in [1, 2] %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}", "{% for (a, b) in [[1, 2], [3, 4]] %}{{ a + b }} {% endfor %}",
    "{% for x in range(3) %}{% for y in range(x) %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}", "{{ range(2, 10, 3)|list }} {{ range(3, 0, -1)|list }}",
    # names
    "{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{{ x }}{% endfor %}{{ x }}", "{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% set ns = namespace(n=0, s='a') %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}{{ ns.s }}", "{% set a, b = [1, 2] %}{{ a }}{{ b }}",
    "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}[{{ a }}]", "{% macro m(a, b='x') %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(1, b=2) }} {{ m() }}",
    "{% set g = 'G' %}{% macro m(x) %}{{ g }}{{ x }}{% endmacro %}{% for i in [1, 2] %}{{ m(i) }}{% endfor %}", "{{ dict(a=1, b='c') }}",
    # filters
    "{{ ' a '|trim }}|{{ 'xxaxx'|trim('x') }}|{{ 'aB'|upper }}|{{ 'AB\u00c9'|lower }}|{{ 'hELLO wORLD'|capitalize }}", "{{ 'abc'|length }} {{ [1, 2]|count }} {{ {'a': 1}|length }} {{ 'h\u00e9'|length }}",
    "{{ [1, 2]|join(', ') }} {{ ['a', 'b']|join }} {{ [{'n': 'x'}, {'n': 'y'}]|join('+', attribute='n') }}", "{{ 'aXbX'|replace('X', '-') }} {{ 'aXbX'|replace('X', '-', 1) }}",
    "{{ [3, 1, 2]|first }} {{ [3, 1, 2]|last }} {{ [3, 1, 2]|sort }} {{ ['b', 'A']|sort }} {{ [1, 2]|sort(reverse=true) }} [{{ []|first }}]",
    "{{ '42'|int + 1 }} {{ 'x'|int }} {{ 'x'|int(7) }} {{ 3.9|int }} {{ '1.5'|float }} {{ 5|string + 'a' }}", "{{ [1, 2, 3]|sum }} {{ [1, 1, 2]|unique|list }} {{ [1, 2]|reverse|list }} {{ 'abc'|reverse }}",
    "{{ [{'r': 'u'}, {'r': 'v'}]|selectattr('r', 'equalto', 'u')|list }} {{ [{'r': 'u'}, {'s': 'v'}]|rejectattr('r')|list }}", "{{ [{'a': {'b': 1}}]|map(attribute='a.b')|list }} {{ ['a']|map('upper')|list }}",
    "{{ [0, 1, 2]|select|list }} {{ [0, 1, 2]|select('odd')|list }} {{ [0, 1, 2]|reject('gt', 1)|list }}", "{{ ({'b': 1, 'a': 2}|dictsort)[0][0] }} {{ ({'b': 1}|items|list)[0][1] }}", "{{ 'a\nb\n\nc'|indent(2) }}|{{ 'a\nb'|indent(2, true) }}",
    "{{ '<a&\"b\">'|e }} {{ '<a>'|safe }}", "{{ {'a': [1, 'x\"\\n', none, true, 1.5], 'b': {}, 'c': []}|tojson }}", "{{ {'a': [1, {'b': 2}], 'c': []}|tojson(indent=2) }}", "{{ '\u00e9\u0001</s>'|tojson }}",
    # tests
    "{{ 1 is number }} {{ 'a' is string }} {{ {} is mapping }} {{ [] is iterable }} {{ 1 is iterable }} {{ 'a' is sequence }} {{ none is none }} {{ true is boolean }}",
    "{{ true is true }} {{ 1 is true }} {{ 2 is even }} {{ 3 is odd }} {{ 6 is divisibleby 3 }} {{ 1 is in [1] }} {{ 1 is eq 1 }} {{ 1 is not none }} {{ true is integer }} {{ 1.0 is float }}",
    "{{ nothing is iterable }} {{ 'a' is not string or true }} {{ 'A' is upper }} {{ 3 is gt 2 and 1 is lt 2 }}",
    # methods
    "{{ ' a b  c '.split() }} {{ 'a,b,,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ ''.split() }} {{ ''.split(',') }}", "{{ '  x '.strip() }}|{{ '--x-'.lstrip('-') }}|{{ 'x\\n\\n'.rstrip('\\n') }}",
    "{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith(('x', 'c')) }} {{ 'abc'.find('c') }} {{ 'abc'.find('z') }} {{ 'aXa'.count('a') }}", "{{ 'a-b'.title() }} {{ 'ab c'.title() }} {{ 'X'.lower() }} {{ '12'.isdigit() }} {{ ','.join(['a', 'b']) }}",
    "{{ {'a': 1}.get('a') }} {{ {'a': 1}.get('b') }} {{ {'a': 1}.get('b', 2) }} {{ {'a': 1}.keys()|list }} {{ {'a': 1}.values()|list }}", "{{ 'abc'.replace('b', '') }} {{ 'ab'.upper() }} {{ 'abab'.replace('ab', 'x', 1) }} {{ 'abc'.removeprefix('a') }}",
    "{{ {'items': 5}['items'] }} {{ ({'items': 5}.items()|list)[0][0] }}",
    # mistakes
    "{{ 1 + 'a' }}", "{{ 'a' + none }}", "{% if %}x{% endif %}", "{{ x", "{% for x in 5 %}{% endfor %}", "{{ 1 // 0 }}", "{{ 'x'|nofilter }}", "{% endif %}", "{{ 'a'.nomethod() }}", "{{ f() }}", "{{ 1 < 'a' }}",
]  # fmt: skip


def main():
    prompts = []
    for path in sorted(here.glob("*.jinja")):
        cases = list(conversations(5, 24))
        for (messages, prompt), text in zip(cases, answers(path.read_text(encoding="utf-8"), cases)):
            prompts.append({"template": path.name, "messages": messages, "add": bool(prompt), "prompt": text})
    snippets = []
    for source in SNIPPETS:
        try:
            text = next(answers(source, [([], 0)]))
        except Exception:  # a mistake that jinja2 finds when it reads the template
            text = None
        snippets.append({"source": source, "text": text})
    for name, items in (("prompts.json", prompts), ("snippets.json", snippets)):
        lines = ",\n".join(json.dumps(item, ensure_ascii=True) for item in items)
        (here / name).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Prompts are those that Jinja makes of the same template, set up as transformers sets it up.

    chat_cases.py TOKENIZER_VALUES [TEMPLATE-FILE…]     without files, those of tests/golden/chat
"""

import datetime
import json
import os
import pathlib
import random
import sys
import tempfile

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tokenizer_cases import ask

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "chat"
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>"}


class Refusal(Exception):
    pass


def refuse(message):
    raise Refusal(message)


def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def render(source, messages, add_generation_prompt):
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda text: datetime.datetime.now().strftime(text)
    template = environment.from_string(source)
    return template.render(
        messages=messages, tools=None, documents=None, add_generation_prompt=add_generation_prompt, **SPECIAL
    )


def conversations(seed, count):
    choose = random.Random(seed)
    contents = [
        "Hello", "  spaces around\n", "", "line\nline", "quote \" and ' and \\", "d\u00e9j\u00e0 vu \U0001f642", "{{ no }} {% tag %}",
        "<think>\nhmm\n</think>\n\nanswer", "\u3000wide\u3000", "1 + 1 = 2", "<tool_response>x</tool_response>", "\t\x1c",
    ]  # fmt: skip
    for number in range(count):
        roles = ["system"] if choose.random() < 0.4 else []
        turns = choose.randint(0, 5)
        roles += [("user", "assistant")[i % 2] for i in range(turns)]
        if choose.random() < 0.2:
            roles += choose.choices(["user", "assistant", "system", "tool", "nobody"], k=2)
        yield [{"role": role, "content": choose.choice(contents)} for role in roles], number % 2


def answers(source, cases):
    for messages, prompt in cases:
        try:
            yield render(source, messages, bool(prompt))
        except (Refusal, jinja2.UndefinedError, TypeError):
            yield None


def question(messages, prompt):
    words = [value.encode().hex() or "-" for message in messages for value in (message["role"], message["content"])]
    return " ".join(["chat", str(prompt), *words])


def compare(program, path):
    source = path.read_text(encoding="utf-8")
    cases = list(conversations(3, 400))
    wrong = refused = 0
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "chat_template.jinja").write_text(source, encoding="utf-8", newline="")
        pathlib.Path(folder, "tokenizer_config.json").write_text(json.dumps(SPECIAL))
        bare = {"model": {"type": "BPE", "vocab": {}, "merges": []}}
        pathlib.Path(folder, "tokenizer.json").write_text(json.dumps(bare))
        ours = ask(program, folder, [question(*case) for case in cases])
    for case, theirs, our in zip(cases, answers(source, cases), ours):
        if theirs is None:
            refused += 1
            same = our.startswith("error ")
        else:
            same = our == theirs.encode().hex()
        if not same:
            wrong += 1
            if wrong <= 3:
                our = our if our.startswith("error ") else repr(bytes.fromhex(our).decode())
                print(f"{path.name}: {case}\n  theirs {theirs!r}\n  ours   {our}")
    print(f"{path.name}: {len(cases)} conversations, {refused} refused, {wrong} differ")
    return wrong


def main():
    files = [pathlib.Path(name) for name in sys.argv[2:]] or sorted(GOLDEN.glob("*.jinja"))
    sys.exit(1 if sum(compare(sys.argv[1], path) for path in files) else 0)


if __name__ == "__main__":
    main()

"""Makes the tokenizers in this folder and what tokenizers 0.23.2 does with some texts.

    tests/interop/venv.sh tests/golden/tokenizer/make.py     MLOPSCTL_REQUIREMENTS=tests/interop/tokenizer_requirements.txt
"""

import json
import pathlib
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent.parent / "interop"))

import tokenizer_families
from tokenizer_texts import SENTENCES, Texts

tokenizer_families.SIZE = 500

for name in ("gpt2", "llama3", "qwen2", "llama2", "mistral"):
    tokenizer = tokenizer_families.FAMILIES[name]()
    folder = here / name
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(tokenizer.to_str(pretty=False) + "\n", encoding="utf-8")
    texts = Texts(7, [token.content for token in tokenizer.get_added_tokens_decoder().values()])
    cases = []
    for text in SENTENCES + [texts.text() for _ in range(60)]:
        ids = tokenizer.encode(text).ids
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        cases.append({"text": text, "ids": ids, "plain": plain, "decoded": tokenizer.decode(ids)})
    lines = ",\n".join(json.dumps(case, ensure_ascii=True) for case in cases)
    (folder / "cases.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")

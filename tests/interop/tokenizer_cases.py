"""Ids and texts are those of the `tokenizers` library, for every supported family.

    tokenizer_cases.py TOKENIZER_VALUES [CASES [SEED [FAMILY-OR-FOLDER…]]]

A folder is one with a tokenizer.json of somebody's.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

from tokenizers import Tokenizer

from tokenizer_families import FAMILIES
from tokenizer_texts import Texts


def ask(program, folder, questions):
    answers = subprocess.run(
        [program, folder], input="\n".join(questions) + "\n", capture_output=True, text=True, check=False
    )
    if answers.returncode != 0:
        sys.exit(f"{folder}: {answers.stderr}")
    return answers.stdout.split("\n")[: len(questions)]


def without_pieces(stream):
    pieces = [bytes.fromhex(piece) for piece in stream.split("|")]
    for piece in pieces:
        piece.decode()  # each is valid by itself
    return b"".join(pieces)


def compare(program, folder, cases, seed):
    theirs = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    theirs.no_truncation()
    theirs.no_padding()
    added = [token.content for token in theirs.get_added_tokens_decoder().values()]
    texts = Texts(seed, added)
    inputs = [texts.text().encode() if i % 20 else texts.invalid() for i in range(cases)]
    questions, expected = [], []
    largest = max(theirs.get_vocab(with_added_tokens=True).values())
    for i, data in enumerate(inputs):
        text = data.decode(errors="replace")
        special = i % 2
        ids = theirs.encode(text, add_special_tokens=bool(special)).ids
        questions.append(f"encode {special} {data.hex()}")
        expected.append((repr(text), " ".join(map(str, ids))))
        if i % 3 == 0:
            ids = [texts.random.randint(0, largest + 3) for _ in range(texts.random.randint(0, 12))]
        skip = i // 2 % 2
        text = theirs.decode(ids, skip_special_tokens=bool(skip)).encode()
        for verb in ("decode", "stream"):
            questions.append(f"{verb} {skip} {' '.join(map(str, ids))}")
            expected.append((str(ids), text))
    wrong = 0
    for question, (what, answer), ours in zip(questions, expected, ask(program, folder, questions)):
        if not question.startswith("encode"):
            ours = without_pieces(ours)
        if ours != answer:
            wrong += 1
            if wrong <= 5:
                print(f"{folder}: {question.split()[0]} {what}\n  theirs {answer}\n  ours   {ours}")
    print(f"{os.path.basename(folder)}: {cases} texts, {len(questions)} answers, {wrong} differ")
    return wrong


def main():
    program = sys.argv[1]
    cases = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        for name in sys.argv[4:] or FAMILIES:
            folder = name
            if name in FAMILIES:
                folder = os.path.join(temporary, name)
                os.mkdir(folder)
                tokenizer = FAMILIES[name]()
                pathlib.Path(folder, "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
            wrong += compare(program, folder, cases, seed)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

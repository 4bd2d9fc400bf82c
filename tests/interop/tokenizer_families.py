"""Tokenizers of every supported family, small and trained here, configured like the published ones.

Real vocabularies come with licences of their own; what decides about ids besides the vocabulary is
the configuration, and that is the published one.
"""

import json
import pathlib
import sysconfig

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from tokenizer_texts import SENTENCES

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def corpus():
    """About 1 MB of Python's library and a few hundred sentences in many languages."""
    library = pathlib.Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(library.glob("*.py"))[:60]:
        yield path.read_text(encoding="utf-8", errors="replace")
    yield from SENTENCES * 20


def split(regex):
    return pre_tokenizers.Split(Regex(regex), "isolated", False)


SIZE = 3000  # of vocabularies; tests/golden/tokenizer has smaller ones


def byte_level_model(pre_tokenizer, normalizer=None, **options):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=SIZE, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    trained = json.loads(tokenizer.to_str())["model"]
    merges = [tuple(pair) for pair in trained["merges"]]
    tokenizer.model = models.BPE(vocab=trained["vocab"], merges=merges, **options)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def special(text, **flags):
    return AddedToken(text, special=True, normalized=False, **flags)


def gpt2():
    tokenizer = byte_level_model(pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.add_special_tokens([special("<|endoftext|>")])
    return tokenizer


def roberta():
    """GPT-2's, with a space in front and tokens around the text."""
    tokenizer = byte_level_model(pre_tokenizers.ByteLevel(add_prefix_space=True))
    tokenizer.add_special_tokens([special(text) for text in ("<s>", "</s>", "<pad>")])
    tokenizer.add_special_tokens([special("<mask>", lstrip=True)])
    ids = [(text, tokenizer.token_to_id(text)) for text in ("</s>", "<s>")]
    tokenizer.post_processor = processors.RobertaProcessing(*ids)
    return tokenizer


def llama3():
    words = pre_tokenizers.Sequence([split(LLAMA3), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer = byte_level_model(words, ignore_merges=True)
    names = ["begin_of_text", "end_of_text", "start_header_id", "end_header_id", "eot_id"]
    tokenizer.add_special_tokens([special(f"<|{name}|>") for name in names])
    bos = ("<|begin_of_text|>", tokenizer.token_to_id("<|begin_of_text|>"))
    template = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1", special_tokens=[bos]
    )
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    return tokenizer


def qwen2():
    words = pre_tokenizers.Sequence([split(QWEN), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer = byte_level_model(words, normalizers.NFC())
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>"]
    tokenizer.add_special_tokens([special(name) for name in names])
    plain = ["<tool_call>", "</tool_call>", "<|fim_prefix|>", "<think>", "</think>"]
    tokenizer.add_tokens([AddedToken(name, special=False, normalized=False) for name in plain])
    return tokenizer


def sentencepiece_model(**options):
    """Trained on words that begin with the sign, as SentencePiece does; bytes and controls in front."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator(corpus(), trainers.BpeTrainer(vocab_size=SIZE, limit_alphabet=SIZE // 10, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    tokens += ["\u2581" * count for count in (2, 4, 8)]
    tokens += [token for token in model["vocab"] if token not in tokens]
    merges = [("\u2581" * n, "\u2581" * n) for n in (1, 2, 4)] + [tuple(pair) for pair in model["merges"]]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    return models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True, **options)


def with_bos(tokenizer):
    tokenizer.add_special_tokens([special(text) for text in ("<unk>", "<s>", "</s>")])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
    )
    strip = decoders.Strip(content=" ", left=1, right=0)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), strip]
    )
    return tokenizer


def llama2():
    tokenizer = Tokenizer(sentencepiece_model(byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    return with_bos(tokenizer)


def mistral():
    """As newer files have it, with instruction tokens."""
    tokenizer = Tokenizer(sentencepiece_model(byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="first", split=False)
    tokenizer.add_special_tokens([special("[INST]"), special("[/INST]"), special("[TOOL_CALLS]")])
    return with_bos(tokenizer)


def unknowns():
    """No bytes to fall back to: unknown characters, one token a run."""
    tokenizer = Tokenizer(sentencepiece_model())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_tokens([AddedToken("New York", normalized=True, single_word=True)])
    tokenizer.add_tokens([AddedToken("<gap>", normalized=False, lstrip=True, rstrip=True)])
    return tokenizer


def folded():
    """Everything else: other normalizers, behaviours and flags."""
    pieces = [
        pre_tokenizers.Split(Regex(r"[A-Za-z]+\d*"), "merged_with_previous", False),
        pre_tokenizers.Split("-", "merged_with_next", False),
        pre_tokenizers.Split(Regex(r"\s"), "contiguous", False),
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.Punctuation("removed"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ]
    forms = [normalizers.Strip(), normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]
    forms += [normalizers.Replace(Regex(r"\s+"), " "), normalizers.Replace("``", '"'), normalizers.NFKC()]
    tokenizer = byte_level_model(pre_tokenizers.Sequence(pieces), normalizers.Sequence(forms))
    tokenizer.add_tokens([AddedToken("Caf\u00c9", normalized=True), AddedToken("tok", normalized=True, single_word=True)])
    tokenizer.add_special_tokens([AddedToken("[SEP]", normalized=True), special("[CLS]", rstrip=True)])
    tokenizer.decoder = None
    return tokenizer


def words():
    pieces = [pre_tokenizers.Whitespace(), pre_tokenizers.ByteLevel(add_prefix_space=True)]
    tokenizer = byte_level_model(pre_tokenizers.Sequence(pieces), normalizers.NFD())
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0), decoders.Replace(Regex(r"\d+"), "#")])
    return tokenizer


FAMILIES = {f.__name__: f for f in (gpt2, roberta, llama3, qwen2, llama2, mistral, unknowns, folded, words)}

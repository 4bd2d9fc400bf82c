"""Writes the tiny checkpoints, their adapters and a golden.json of each beside itself:

    make.py [NAME…]     golden.json of these only; the checkpoints are always made, from fixed seeds

Needs torch, transformers and peft; README.md in the folder above names the versions."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "examples" / "chatbot" / "model"))

import peft
import tokenizers
import torch
import transformers
from transformers import AutoModelForCausalLM

import checkpoints
import golden
import plays

here = pathlib.Path(__file__).parent
made_by = {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__,
           "peft": peft.__version__, "tokenizers": tokenizers.__version__}
trained = here.parents[2] / "examples" / "chatbot" / "model"


def load(name):
    base = checkpoints.ADAPTERS.get(name, (name,))[0]
    model = AutoModelForCausalLM.from_pretrained(here / base, dtype=torch.float32,
                                                 attn_implementation="eager")
    if base != name:
        model = peft.PeftModel.from_pretrained(model, here / name)
    return base, model.eval()


def lengths(model):
    longest = getattr(model.config, "max_position_embeddings", 128)
    return [1, 3, min(longest, 50)]


@torch.no_grad()
def check_features():
    """A feature that changes nothing would be tested by nothing."""
    tokens = torch.arange(50)[None] % 40

    def difference(name, **changes):
        _, model = load(name)
        other = AutoModelForCausalLM.from_pretrained(here / name, dtype=torch.float32,
                                                     attn_implementation="eager", **changes)
        return (model(tokens).logits - other(tokens).logits).abs().max().item()

    theta = checkpoints.default_rope(10000.0)
    for name, changes in (("llama_rope_llama3", {"rope_parameters": theta}),
                          ("llama_rope_linear", {"rope_parameters": theta}),
                          ("llama_tied", {"rope_parameters": theta}),
                          ("llama_tied", {"rms_norm_eps": 1e-5}),
                          ("mistral_window", {"sliding_window": 8}),
                          ("qwen2", {"use_sliding_window": True, "sliding_window": 5,
                                     "layer_types": ["full_attention", "sliding_attention"]}),
                          ("qwen3", {"rope_parameters": theta})):
        found = difference(name, **changes)
        print(f"{name} {changes}: logits change by {found:.3g}")
        assert found > 1e-2, name


def of_trained_model():
    """The example's model on text that it never saw, and its tokenizer on text that no play has."""
    model = AutoModelForCausalLM.from_pretrained(trained, dtype=torch.float32,
                                                 attn_implementation="eager").eval()
    tokenizer = tokenizers.Tokenizer.from_file(str(trained / "tokenizer.json"))
    held_out = plays.split(trained.parent / "data")["test"]
    texts = ["O", held_out[0][:200], held_out[1], "<|endoftext|>" + held_out[2][:500]]
    prompts = ["HAMLET.\nWho's there?\n", "ROMEO.\n", "<|endoftext|>", held_out[3][:600].rstrip()]
    strings = [*STRINGS, *(text[:120] for text in held_out[:8])]
    return golden.of_texts(model, tokenizer, texts, prompts, strings)


STRINGS = ["", " ", "\n", "\n\n", "  \n \t\n", "a", " a", "  a", "Hamlet", "hamlet's", "HAMLET'S",
           "Who's there?\n", "Who's there?\n\n", "I'll we've you're he'd I'm don't", "1602", " 1 2  3",
           "<|endoftext|>", "a<|endoftext|>b", "<|endoftext", "caf\u00e9 cafe\u0301", "na\u00efve \u00df",
           "\u039f\u1f50\u03c7\u1f76 \u03b5\u1f56", "\u0411\u044b\u0442\u044c \u0438\u043b\u0438 \u043d\u0435",
           "\u751f\u5b58\u8fd8\u662f\u6bc1\u706d", "\U0001f480 \U0001f468\u200d\U0001f469\u200d\U0001f467", "\u00bd \u00b2 \u2167",
           "\u00a0nbsp\u3000wide", "\u200bzero", "\ufeffmark", "tab\tand\r\nCRLF\r", "x" * 40,
           "...--,,;;!?", "\"Certes,\" says he,"]


def main():
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    checkpoints.write_bases(here)
    checkpoints.write_adapters(here)
    for file in here.glob("*/*.safetensors"):
        file.chmod(0o644)
    check_features()
    golden.write(here / "chatbot" / "golden.json", made_by,
                 {"base": "../../../examples/chatbot/model", **of_trained_model()})
    names = sys.argv[1:] or [*checkpoints.configs(), *checkpoints.ADAPTERS]
    for seed, name in enumerate(names):
        base, model = load(name)
        values = golden.of_random_tokens(model, lengths(model), seed)
        golden.write(here / name / "golden.json", made_by, {"base": base, **values})
        print(name, "done")


if __name__ == "__main__":
    main()

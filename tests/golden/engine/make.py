"""Writes the tiny checkpoints, their adapters and a golden.json of each beside itself:

    make.py [NAME…]     golden.json of these only; the checkpoints are always made, from fixed seeds

Needs torch, transformers and peft; README.md in the folder above names the versions."""
import pathlib
import sys

import peft
import torch
import transformers
from transformers import AutoModelForCausalLM

import checkpoints
import golden

here = pathlib.Path(__file__).parent
made_by = {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__,
           "peft": peft.__version__}


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


def main():
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    checkpoints.write_bases(here)
    checkpoints.write_adapters(here)
    for file in here.glob("*/*.safetensors"):
        file.chmod(0o644)
    check_features()
    names = sys.argv[1:] or [*checkpoints.configs(), *checkpoints.ADAPTERS]
    for seed, name in enumerate(names):
        base, model = load(name)
        values = golden.of_random_tokens(model, lengths(model), seed)
        golden.write(here / name / "golden.json", made_by, {"base": base, **values})
        print(name, "done")


if __name__ == "__main__":
    main()

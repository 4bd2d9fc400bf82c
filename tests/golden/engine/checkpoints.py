"""Tiny random checkpoints of every family and feature that the engine knows, as `transformers` and
`peft` write them. Weights are far larger than at the start of a training, so that every bias, norm
and rotation shows in the logits; make.py checks that each feature does."""
import json
import shutil

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import (AutoModelForCausalLM, GPT2Config, LlamaConfig, MistralConfig, Qwen2Config,
                          Qwen3Config)

VOCABULARY = 263  # a prime: no width of a vector or tile divides it

GPT2 = dict(vocab_size=VOCABULARY, n_positions=64, n_embd=32, n_layer=2, n_head=2, bos_token_id=0,
            eos_token_id=0)
# heads * head_dim is 48, not hidden_size; two queries share a key.
LLAMA = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=56, num_hidden_layers=2,
             num_attention_heads=4, num_key_value_heads=2, head_dim=12, max_position_embeddings=128,
             bos_token_id=1, eos_token_id=2, pad_token_id=None)


def llama3_rope():
    # Wavelengths of six pairs at theta 10000 are 6 to 13,500: kept, blended and divided all occur.
    return {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 64}


def default_rope(theta):
    return {"rope_type": "default", "rope_theta": theta}


def configs():
    """name → (config, what it is stored in)"""
    return {
        "gpt2": (GPT2Config(**GPT2), torch.float32),
        # As OpenAI's own file: no prefix, causal masks among the weights.
        "gpt2_bare": (GPT2Config(**{**GPT2, "n_positions": 40, "n_layer": 1, "n_inner": 48,
                                    "layer_norm_epsilon": 1e-3}), torch.float32),
        "gpt2_f16": (GPT2Config(**{**GPT2, "n_embd": 64, "n_head": 1, "n_layer": 1}), torch.float16),
        "llama": (LlamaConfig(**LLAMA, rms_norm_eps=1e-5), torch.bfloat16),
        "llama_tied": (LlamaConfig(**LLAMA, tie_word_embeddings=True, rms_norm_eps=1e-2,
                                   rope_parameters=default_rope(500.0)), torch.float16),
        "llama_rope_llama3": (LlamaConfig(**LLAMA, rope_parameters=llama3_rope()), torch.bfloat16),
        "llama_rope_linear": (LlamaConfig(**LLAMA, rope_parameters={
            "rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}), torch.bfloat16),
        "llama_bias": (LlamaConfig(**{**LLAMA, "num_key_value_heads": 4}, attention_bias=True,
                                   mlp_bias=True), torch.float32),
        "mistral_window": (MistralConfig(**LLAMA, sliding_window=7), torch.bfloat16),
        "qwen2": (Qwen2Config(**{**LLAMA, "head_dim": 8}, tie_word_embeddings=True,
                              rope_parameters=default_rope(1e6), rms_norm_eps=1e-6),
                  torch.bfloat16),
        "qwen3": (Qwen3Config(**{**LLAMA, "head_dim": 16}, rope_parameters=default_rope(1e6),
                              rms_norm_eps=1e-6), torch.bfloat16),
        # Widths as a GPU likes them.
        "llama_wide": (LlamaConfig(**{**LLAMA, "hidden_size": 128, "head_dim": 64,
                                      "num_attention_heads": 2, "num_key_value_heads": 1,
                                      "intermediate_size": 128, "num_hidden_layers": 1,
                                      "vocab_size": 256}, tie_word_embeddings=True),
                       torch.bfloat16),
    }


def randomise(model, seed):
    """Matrices that keep the size of what goes through them, norms around 1, biases that matter."""
    generator = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        values = torch.randn(weight.shape, generator=generator)
        if weight.dim() == 2 and ("wte" in name or "embed" in name or "wpe" in name):
            values *= 0.5
        elif weight.dim() == 2:
            inputs = weight.shape[0] if is_conv1d(name) else weight.shape[1]
            values *= 1.3 / inputs**0.5
        elif name.endswith("bias"):
            values *= 0.3
        else:
            values = 1 + 0.3 * values
        weight.data.copy_(values)


def is_conv1d(name):
    return any(part in name for part in ("c_attn", "c_proj", "c_fc"))


def edit_json(path, change):
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values, indent=2) + "\n")


def old_style_rope(config):
    """What checkpoints made before transformers 5 say."""
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    kind = rope.pop("rope_type")
    key = "type" if kind == "linear" else "rope_type"
    config["rope_scaling"] = None if kind == "default" else {key: kind, **rope}
    config["torch_dtype"] = config.pop("dtype")


def write_bases(folder):
    for seed, (name, (config, dtype)) in enumerate(configs().items()):
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
        randomise(model, seed)
        place = folder / name
        shutil.rmtree(place, ignore_errors=True)
        shards = {"max_shard_size": "40KB"} if name == "llama" else {}
        model.to(dtype).save_pretrained(place, **shards)
        finish(name, place)


def finish(name, place):
    """What save_pretrained does not write, but checkpoints that people have do."""
    if name == "gpt2_bare":
        file = place / "model.safetensors"
        tensors = {key.removeprefix("transformer."): value for key, value in load_file(file).items()}
        mask = torch.tril(torch.ones(40, 40, dtype=torch.uint8)).reshape(1, 1, 40, 40)
        save_file({**tensors, "h.0.attn.bias": mask}, file, metadata={"format": "pt"})
    if name in ("llama", "llama_rope_linear", "llama_rope_llama3"):
        edit_json(place / "config.json", old_style_rope)
    if name == "qwen2":
        # As Qwen2.5's files: a window that is named and not used.
        edit_json(place / "config.json", unused_window)


def unused_window(config):
    config.pop("layer_types", None)
    config.update(use_sliding_window=False, sliding_window=5, max_window_layers=1)


ADAPTERS = {
    # c_proj is square: nothing but the flag says which way it lies.
    "gpt2_lora": ("gpt2", dict(r=3, lora_alpha=6, fan_in_fan_out=True,
                               target_modules=["c_attn", "c_proj", "c_fc"])),
    "llama_lora_patterns": ("llama", dict(
        r=2, lora_alpha=5, use_rslora=True, target_modules=["q_proj", "v_proj", "o_proj", "up_proj"],
        rank_pattern={"q_proj": 4, "layers.1.self_attn.v_proj": 3},
        alpha_pattern={"o_proj": 1, "layers.0.mlp.up_proj": 9})),
    "llama_lora_regex": ("llama_tied", dict(
        r=2, lora_alpha=4, target_modules=r".*\.(1\.self_attn\.k_proj|0\.mlp\.(gate|down)_proj)")),
    "llama_lora_saved": ("llama_bias", dict(
        r=2, lora_alpha=4, target_modules=["q_proj"], layers_to_transform=[1],
        modules_to_save=["lm_head", "norm"])),
    "qwen2_lora_bias": ("qwen2", dict(
        r=2, lora_alpha=4, target_modules=["k_proj", "v_proj"], bias="lora_only")),
}


def write_adapters(folder):
    for seed, (name, (base, options)) in enumerate(ADAPTERS.items()):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_pretrained(folder / base, dtype=torch.float32)
        model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **options))
        generator = torch.Generator().manual_seed(100 + seed)
        for weight in model.parameters():
            if weight.requires_grad:
                weight.data.add_(0.3 * torch.randn(weight.shape, generator=generator))
        place = folder / name
        shutil.rmtree(place, ignore_errors=True)
        model.save_pretrained(place)
        (place / "README.md").unlink(missing_ok=True)
        edit_json(place / "adapter_config.json", lambda config: tidied(config, base))


def tidied(config, base):
    """The same text each time: peft writes the modules in the order of a set."""
    config["base_model_name_or_path"] = f"../{base}"
    for key in ("target_modules", "modules_to_save"):
        if isinstance(config.get(key), list):
            config[key].sort()

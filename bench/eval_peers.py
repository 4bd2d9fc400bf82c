#!/usr/bin/env python3
"""How fast transformers and torch score and generate, to lay beside `bench_engine`:

    export MLOPSCTL_REQUIREMENTS=bench/eval_requirements.txt    # once: 5.5 GB
    tests/interop/venv.sh bench/eval_peers.py                   # the small model and GPT-2 124M, on the CPU
    … eval_peers.py --device cuda --models gpt2,llama-8b
    … eval_peers.py --cold                                      # whole processes, to the first score

Weights of `gpt2` and `llama-8b` are random: speed does not depend on them. A line of JSON for each
figure goes to stdout, with all its repetitions; rates are of their median. Scoring is what lm-eval does:
logits of whole documents, log-softmax in float32, the targets gathered. Decoding is `generate`,
greedy, with the key cache that transformers chooses.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

import torch
import transformers
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig

SMALL = pathlib.Path(__file__).resolve().parent.parent / "examples" / "chatbot" / "model"
LLAMA_8B = dict(vocab_size=128256, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32,
                num_attention_heads=32, num_key_value_heads=8, max_position_embeddings=8192)


def load(name, device, dtype):
    if name == "small":
        return AutoModelForCausalLM.from_pretrained(SMALL, dtype=dtype).to(device).eval()
    config = GPT2Config() if name == "gpt2" else LlamaConfig(**LLAMA_8B)
    torch.manual_seed(1)
    torch.set_default_dtype(dtype)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    torch.set_default_dtype(torch.float32)
    return model.eval()


def timed(work, device, repetitions):
    """Seconds of each repetition, after one that is not counted."""
    seconds = []
    for repetition in range(repetitions + 1):
        if device == "cuda":
            torch.cuda.synchronize()
        started = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        if repetition:
            seconds.append(time.perf_counter() - started)
    return seconds


@torch.inference_mode()
def score(model, tokens):
    logits = model(tokens, use_cache=False).logits[:, :-1]
    log_softmax = torch.log_softmax(logits, -1, dtype=torch.float32)
    return log_softmax.gather(2, tokens[:, 1:, None]).sum(1)


def tokens_of(model, rows, columns, device):
    generator = torch.Generator().manual_seed(2)
    return torch.randint(model.config.vocab_size, (rows, columns), generator=generator).to(device)


def report(what, tokens, seconds, **values):
    print(json.dumps({"what": what, **values, "tokens": tokens, "seconds": [round(s, 6) for s in seconds],
                      "tokens_per_second": round(tokens / statistics.median(seconds), 2)}), flush=True)


def measure(name, device, dtype, options):
    model = load(name, device, dtype)
    about = {"model": name, "device": device, "dtype": str(dtype).removeprefix("torch."),
             "threads": torch.get_num_threads()}
    length = min(options.length, model.config.max_position_embeddings)
    for batch in options.batches:
        tokens = tokens_of(model, batch, length, device)
        report("score", batch * length, timed(lambda: score(model, tokens), device, options.repetitions),
               **about, batch=batch, length=length)
    prompt = tokens_of(model, 1, options.prompt, device)

    def decode():
        out = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False, pad_token_id=0,
                             min_new_tokens=options.new, max_new_tokens=options.new)
        assert out.shape[1] == options.prompt + options.new

    report("decode", options.new, timed(decode, device, options.repetitions), **about, batch=1,
           prompt=options.prompt)


def first_score(device):
    """What a script that scores one sentence does, from the import of torch on."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(SMALL)
    model = load("small", device, torch.float32)
    ids = torch.tensor([tokenizer("Who's there? Nay, answer me.").input_ids], device=device)
    print(float(score(model, ids)[0, 0]))


def cold(device, repetitions):
    seconds = []
    for _ in range(repetitions):
        started = time.perf_counter()
        subprocess.run([sys.executable, __file__, "--first-score", "--device", device], check=True,
                       stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"what": "cold start to the first score", "model": "small", "device": device,
                      "seconds": [round(s, 3) for s in seconds],
                      "median": round(statistics.median(seconds), 3)}), flush=True)


def main():
    parser = argparse.ArgumentParser(description="Measure transformers and torch.",
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--device", choices=("cpu", "cuda"), default="cpu")
    add("--models", default="small,gpt2", help="of small, gpt2, llama-8b")
    add("--dtypes", help="of float32, bfloat16; on the GPU bfloat16 alone unless named")
    add("--batches", type=lambda text: [int(n) for n in text.split(",")], help="documents scored at once")
    add("--length", type=int, default=1024, help="tokens of a document, or what the model can")
    add("--prompt", type=int, default=16, help="tokens before those that are generated")
    add("--new", type=int, default=64, help="tokens to generate")
    add("--repetitions", type=int, default=5)
    add("--threads", type=int, help="of the CPU")
    add("--cold", action="store_true", help="whole processes instead")
    add("--first-score", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if options.first_score:
        return first_score(options.device)
    print(json.dumps({"torch": torch.__version__, "transformers": transformers.__version__,
                      "gpu": torch.cuda.get_device_name() if options.device == "cuda" else None}), flush=True)
    if options.cold:
        return cold(options.device, options.repetitions)
    if options.threads:
        torch.set_num_threads(options.threads)
    options.batches = options.batches or ([8, 32] if options.device == "cuda" else [1, 4])
    dtypes = options.dtypes or ("bfloat16" if options.device == "cuda" else "float32,bfloat16")
    for name in options.models.split(","):
        for dtype in dtypes.split(","):
            measure(name, options.device, getattr(torch, dtype), options)


if __name__ == "__main__":
    main()

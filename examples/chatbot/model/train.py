#!/usr/bin/env python3
"""Trains the small GPT-2 in this folder on the plays under ../data, tokenizer and all.

Needs torch, transformers and tokenizers; a minute or two on a GPU, hours without. Prints
`step=… loss=…`, which `mlopsctl run exec --scrape` reads. The model with the lowest loss on the text
held out for choosing is kept, in float16, in the layout of Hugging Face.
"""
import argparse
import csv
import math
import pathlib
import time

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

import plays

END = "<|endoftext|>"
PROMPTS = ("ROMEO.\n", "HAMLET.\nWho's there?\n", "FIRST WITCH.\nWhat news, my lord?\n", "KING.\nDo you")


def train_tokenizer(texts, size):
    """Byte-level BPE as GPT-2's: any text can be written, with no token for the unknown."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=size, special_tokens=[END], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return tokenizer


def encode(tokenizer, texts):
    end = tokenizer.token_to_id(END)
    ids = [end]
    for encoding in tokenizer.encode_batch(texts):
        ids += encoding.ids + [end]
    return torch.tensor(ids, dtype=torch.int32)


def batch_of(stream, size, length, generator):
    starts = torch.randint(len(stream) - length, (size, 1), generator=generator)
    return stream[starts + torch.arange(length)].long()


@torch.no_grad()
def loss_of(model, stream, length, device):
    """The mean over all tokens, each window of `length` on its own, the last one shorter."""
    model.eval()
    total = 0.0
    for at in range(0, len(stream) - 1, length):
        tokens = stream[at : at + length + 1].long()[None].to(device)
        logits = model(tokens[:, :-1]).logits.float()
        total += torch.nn.functional.cross_entropy(logits[0], tokens[0, 1:], reduction="sum").item()
    model.train()
    return total / (len(stream) - 1)


def rate_at(step, done, options):
    """Warm-up, then half a cosine; `done` is the share of the training that is over."""
    warm = min(1, (step + 1) / options.warm_up)
    return options.rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1, done))))


def optimizer_of(model, options, device):
    matrices = [weight for weight in model.parameters() if weight.dim() > 1]
    vectors = [weight for weight in model.parameters() if weight.dim() == 1]
    return torch.optim.AdamW(
        [{"params": matrices, "weight_decay": options.decay}, {"params": vectors, "weight_decay": 0}],
        betas=(0.9, 0.98), fused=device == "cuda")


def learn(options, device, tokenizer, texts):
    """Returns the best averaged weights in float16, their loss and the curve."""
    generator = torch.Generator().manual_seed(options.seed)
    torch.manual_seed(options.seed)
    train = encode(tokenizer, texts["learn"])
    choose = encode(tokenizer, texts["choose"])
    config = GPT2Config(
        vocab_size=tokenizer.get_vocab_size(), n_positions=options.positions, n_embd=options.width,
        n_layer=options.layers, n_head=options.heads, bos_token_id=0, eos_token_id=0,
        embd_pdrop=options.dropout, resid_pdrop=options.dropout, attn_pdrop=options.dropout)
    model = GPT2LMHeadModel(config).to(device).train()
    average = GPT2LMHeadModel(config).to(device)
    average.load_state_dict(model.state_dict())
    print(f"parameters={sum(w.numel() for w in model.parameters())} tokens={len(train)}", flush=True)
    optimizer = optimizer_of(model, options, device)
    curve, best, best_weights, started = [], math.inf, None, time.monotonic()
    for step in range(options.steps):
        done = max(step / options.steps, (time.monotonic() - started) / options.seconds)
        last = step + 1 == options.steps or done >= 1
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, done, options)
        tokens = batch_of(train, options.batch, options.positions, generator)
        with torch.autocast(device, torch.bfloat16):
            loss = model(tokens.to(device), labels=tokens.to(device)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        keep = min(options.average, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - keep)
        if (step + 1) % options.every == 0 or last:
            held_out = loss_of(average, choose, options.positions, device)
            curve.append({"step": step + 1, "loss": loss.item(), "held_out_loss": held_out,
                          "seconds": round(time.monotonic() - started, 1)})
            print(*(f"{name}={value:.6g}" for name, value in curve[-1].items()), flush=True)
            if held_out < best:
                best = held_out
                best_weights = {k: v.detach().half().cpu() for k, v in average.state_dict().items()}
        if last:
            break
    model = GPT2LMHeadModel(config)
    model.load_state_dict(best_weights)
    return model.half(), best, curve


def save(output, tokenizer, model, curve):
    output.mkdir(parents=True, exist_ok=True)
    model.generation_config.update(bos_token_id=0, eos_token_id=0, pad_token_id=0)
    model.save_pretrained(output)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=END, eos_token=END,
                            model_max_length=model.config.n_positions).save_pretrained(output)
    with open(output / "training.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, curve[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(curve)


@torch.no_grad()
def talk(model, tokenizer, device, seed):
    model = model.float().to(device).eval()
    for prompt in PROMPTS:
        torch.manual_seed(seed)
        ids = torch.tensor([tokenizer.encode(prompt).ids], device=device)
        out = model.generate(ids, max_new_tokens=80, do_sample=True, temperature=0.8, top_k=50)
        print("-----", tokenizer.decode(out[0].tolist()), sep="\n", flush=True)


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="Train a small GPT-2 on plays.",
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--data", default=here.parent / "data", help="folder of plays, *.txt")
    add("--output", type=pathlib.Path, default=here, help="folder for the model")
    add("--vocabulary", type=int, default=4096, help="tokens")
    add("--width", type=int, default=256)
    add("--layers", type=int, default=4)
    add("--heads", type=int, default=4)
    add("--positions", type=int, default=512, help="longest text, in tokens")
    add("--dropout", type=float, default=0.25)
    add("--steps", type=int, default=1650)
    add("--seconds", type=float, default=math.inf, help="end after so long, if that is sooner")
    add("--batch", type=int, default=32, help="windows of --positions tokens a step")
    add("--rate", type=float, default=1.5e-3, help="highest learning rate")
    add("--warm-up", type=int, default=200, help="steps")
    add("--decay", type=float, default=0.2, help="weight decay of matrices")
    add("--average", type=float, default=0.998, help="decay of the average of weights that is kept")
    add("--every", type=int, default=100, help="steps between looks at the held-out text")
    add("--seed", type=int, default=1)
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    texts = plays.split(options.data)
    tokenizer = train_tokenizer(texts["learn"], options.vocabulary)
    model, best, curve = learn(options, device, tokenizer, texts)
    save(options.output, tokenizer, model, curve)
    model = model.float().to(device)
    for part in ("choose", "test"):
        stream = encode(tokenizer, texts[part])
        size = sum(len(text.encode()) for text in texts[part])
        loss = loss_of(model, stream, options.positions, device)
        print(f"{part}: {loss:.4f} a token, {loss * (len(stream) - 1) / size / math.log(2):.4f} bits a byte",
              flush=True)
    talk(model, tokenizer, device, options.seed)


if __name__ == "__main__":
    main()

"""Writes the examples under tasks/ and what lm-evaluation-harness makes of the model in
examples/chatbot/model with these tasks and with those in examples/chatbot/eval:

    make.py [tasks] [eval] [chat]     of one of the folders only; some minutes

results/results.json and results/samples_TASK.jsonl are the harness' own files, less what names this
machine; documents and prompts are kept of the tasks here only.
chat/TEMPLATE.jinja is a chat template that the model is given for results/TEMPLATE_TASK.jsonl, the first
examples of each task here. Needs lm-eval, torch and transformers;
README.md in the folder above names the versions."""
import glob
import importlib.metadata
import json
import os
import pathlib
import shutil
import sys
import tempfile

root = pathlib.Path(__file__).parents[3]
sys.path.insert(0, str(root / "examples" / "chatbot" / "model"))
os.environ["HF_HUB_OFFLINE"] = "1"

import lm_eval
import torch
from lm_eval.loggers import EvaluationTracker
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from tokenizers import Tokenizer

import data

here = pathlib.Path(__file__).parent
model = root / "examples" / "chatbot" / "model"
IN_GROUP = {"choices", "several"}  # tongues.yaml brings them
KEPT = ("results", "groups", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better",
        "n-samples", "task_hashes", "lm_eval_version", "eot_token_id", "max_length")
KEPT_CONFIG = ("model", "model_num_parameters", "model_dtype", "batch_size", "limit", "bootstrap_iters",
               "random_seed", "numpy_seed", "torch_seed", "fewshot_seed")


# How prompts become chats: options of simple_evaluate.
CHATS = {"turns": {"fewshot_as_multiturn": True, "system_instruction": "You know the plays."},
         "no_system": {"fewshot_as_multiturn": False, "system_instruction": "Answer briefly."}}
CHAT_EXAMPLES = 8


def run(language_model, folder, names, output, **options):
    """The harness reads data_files relative to where it is run."""
    os.chdir(folder)
    tracker = EvaluationTracker(output_path=str(output))
    found = lm_eval.simple_evaluate(
        language_model, tasks=names, evaluation_tracker=tracker, log_samples=True, **options,
        task_manager=TaskManager(include_path=str(folder), include_defaults=False))
    samples = found.pop("samples")
    tracker.save_results_aggregated(results=found, samples=samples)
    for name, records in samples.items():
        tracker.save_results_samples(task_name=name, samples=records)


def only(path):
    (file,) = glob.glob(str(path))
    return pathlib.Path(file)


def merged(one, other):
    """Two results of one model as one."""
    return {key: {**value, **other.get(key, {})} if isinstance(value, dict) else value
            for key, value in one.items()} if one else other


def tidied(results):
    kept = {key: results[key] for key in KEPT if key in results}
    kept["config"] = {key: results["config"][key] for key in KEPT_CONFIG if key in results["config"]}
    kept["config"]["model"] = "examples/chatbot/model"
    kept["made_by"] = {name: importlib.metadata.version(name)
                       for name in ("lm_eval", "transformers", "tokenizers", "datasets")}
    kept["made_by"]["torch"] = torch.__version__.split("+")[0]
    for task in kept["configs"].values():
        task.pop("metadata", None)
    return kept


def copy_samples(source, target, whole):
    with open(target, "w", encoding="utf-8") as file:
        for line in source.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if not whole:
                del record["doc"], record["arguments"]
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


# Its cache of logits takes two requests of the same tokens for one, wherever the continuation begins.
def open_model(folder):
    return HFLM(pretrained=str(folder), dtype="float32", device="cpu", batch_size=1, logits_cache=False)


def make_chats(names):
    for form, options in CHATS.items():
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as output:
            for file in model.iterdir():
                if file.suffix in (".json", ".safetensors"):
                    (pathlib.Path(folder) / file.name).symlink_to(file)
            shutil.copy(here / "chat" / f"{form}.jinja", pathlib.Path(folder) / "chat_template.jinja")
            run(open_model(folder), here / "tasks", names, output, limit=CHAT_EXAMPLES,
                apply_chat_template=True, **options)
            for name in names:
                copy_samples(only(f"{output}/*/samples_{name}_*.jsonl"),
                             here / "results" / f"{form}_{name}.jsonl", False)


def main():
    torch.set_num_threads(1)
    folders = {"tasks": here / "tasks", "eval": root / "examples" / "chatbot" / "eval"}
    data.make(Tokenizer.from_file(str(model / "tokenizer.json")), root / "examples" / "chatbot" / "data")
    language_model = open_model(model)
    file = here / "results" / "results.json"
    file.parent.mkdir(exist_ok=True)
    all_results = json.loads(file.read_text()) if file.exists() else {}
    wanted = sys.argv[1:] or [*folders, "chat"]
    if "chat" in wanted:
        # Texts of perplexities are no chats.
        make_chats(sorted({path.stem for path in folders["tasks"].glob("*.yaml")} - {"tongues", "long_text"}))
    for key in folders.keys() & wanted:
        names = sorted({path.stem for path in folders[key].glob("*.yaml")} - IN_GROUP)
        with tempfile.TemporaryDirectory() as output:
            run(language_model, folders[key], names, output)
            results = tidied(json.loads(only(f"{output}/*/results_*.json").read_text()))
            for name in results["configs"]:
                copy_samples(only(f"{output}/*/samples_{name}_*.jsonl"),
                             file.parent / f"samples_{name}.jsonl", key == "tasks")
        all_results = merged(all_results, results)
    file.write_text(json.dumps(all_results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

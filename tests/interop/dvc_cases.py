"""What mlopsctl writes, DVC reads, and the reverse: dvc_cases.py MLOPSCTL [NAME…]

Each case works on a repository of its own and ends with both tools calling it clean.
"""

import json
import os
import shutil
import sys

from dvc_peer import Box, expect, run_cases

CASES = []


def case(function):
    CASES.append(function)
    return function


def tree(box):
    box.write("d/a", "hello\n")
    box.write("d/sub/z", "x\n")
    box.write("d/sub-1", "1")
    box.write("d/sub.txt", "2")
    box.write("d/é", "e")
    box.write("d/日本", "j")
    box.write("d/😀", "s")
    box.write("d/｡", "h")
    box.write('d/quo"te\\x', "q")
    box.write("d/e0", "")


def pointers(box):
    return {path.name: path.read_text() for path in sorted(box.root.glob("*.dvc")) if path.is_file()}


def objects(box):
    top = box.root / ".dvc/cache/files/md5"
    return {str(p.relative_to(top)): (p.read_bytes(), p.stat().st_mode & 0o777) for p in top.rglob("*") if p.is_file()}


@case
def the_same_inputs_give_the_same_bytes(binary):
    results = []
    for add in ("dvc", "ours"):
        box = Box(binary, add)
        tree(box)
        box.write("crlf.txt", b"a\r\nb\r\n")
        box.write("empty.txt")
        box.write("run.sh", "#!/bin/sh\n")
        (box.root / "run.sh").chmod(0o755)
        (box.root / "emptydir").mkdir()
        box.write("[br] #x*.txt", "odd")
        box.write("x" * 120, "long name")
        names = sorted(path.name for path in box.root.iterdir() if not path.name.startswith("."))
        getattr(box, add)("add", *names)
        results.append((pointers(box), objects(box), sorted(box.read(".gitignore").splitlines())))
        for name in (".dvcignore", ".dvc/.gitignore", ".dvc/config"):
            results[-1][0][name] = box.read(name)
        box.commit()
        box.clean()
    for what, theirs, ours in zip(("pointer files", "objects", ".gitignore"), *results):
        expect(theirs == ours, f"{what} differ:\n{theirs}\n{ours}")


@case
def dvc_checks_out_what_we_added(binary):
    box = Box(binary, "ours")
    tree(box)
    box.ours("add", "d")
    box.commit()
    shutil.rmtree(box.root / "d")
    box.dvc("checkout", "-q")
    expect(box.read("d/sub/z") == "x\n", "content")
    box.clean()


@case
def we_check_out_what_dvc_added(binary):
    box = Box(binary)
    tree(box)
    box.dvc("add", "-q", "d")
    box.commit()
    shutil.rmtree(box.root / "d")
    expect(box.ours("checkout") == "A\td/\n", "what is printed")
    box.clean()


@case
def changes_are_seen_by_the_other(binary):
    box = Box(binary)
    tree(box)
    box.write("f", "1")
    box.dvc("add", "-q", "d", "f")
    box.same_status()
    box.commit()
    box.write("d/a", "changed")
    (box.root / "d/sub-1").rename(box.root / "d/renamed")
    (box.root / "d/sub.txt").unlink()
    box.write("d/new", "new")
    (box.root / "f").unlink()
    box.same_status()
    box.same_status("--granular")
    box.ours("commit", "d")
    box.same_status("--granular")
    box.dvc("checkout", "-q", "f")
    box.clean()
    box.commit()
    box.same_status("--granular", "--unchanged")


@case
def each_commits_what_the_other_tracks(binary):
    box = Box(binary)
    box.write("d/a", "1")
    box.write("f", "1")
    box.ours("add", "d", "f")
    box.write("d/a", "2")
    box.dvc("commit", "-q", "-f", "d")
    box.clean()
    box.write("f", "22")
    box.ours("commit")
    box.clean()


@case
def parts_of_a_folder(binary):
    texts = []
    for who in ("dvc", "ours"):
        box = Box(binary)
        box.write("d/a", "hello\n")
        box.write("d/b", "bb\n")
        steps = []

        def add(name):
            getattr(box, who)("add", name)
            steps.append(box.read("d.dvc"))

        add("d")
        box.write("d/c", "ccccc\n")
        add("d/c")
        box.write("d/a", "hello2\n")
        add("d/a")
        (box.root / "d/b").unlink()
        add("d/b")
        box.clean()
        texts.append(steps)
    expect(texts[0] == texts[1], f"pointer files differ: {texts}")


@case
def comments_and_annotations_stay(binary):
    text = (
        "# mine\nouts:\n- md5: c4ca4238a0b923820dcc509a6f75849b # old\n  size: 1\n  hash: md5\n"
        "  path: f\n  desc: 'why: because'\n  meta:\n    k: [1, 2]\n"
    )
    results = []
    for who in ("dvc", "ours"):
        box = Box(binary)
        box.write("f", "1")
        box.ours("add", "f")
        box.write("f.dvc", text)
        box.write("f", "22")
        getattr(box, who)("add", "f")
        results.append(box.read("f.dvc"))
        box.clean()
    expect(results[0] == results[1], f"{results[0]}\n{results[1]}")


@case
def annotations_are_read_by_dvc(binary):
    box = Box(binary)
    box.write("m", "1")
    box.ours("add", "m", "--type", "model", "--desc", "yes", "--label", "no", "--meta", "layers=12")
    box.dvc("add", "-q", "m")
    expect("layers: 12" in box.read("m.dvc"), "meta")
    box.clean()


@case
def revisions_and_branches(binary):
    box = Box(binary)
    box.write("d/a", "one")
    box.ours("add", "d")
    box.commit()
    box.git("tag", "v1")
    box.write("d/a", "two")
    box.write("d/b", "b")
    box.write("e", "e")
    box.dvc("add", "-q", "d", "e")
    box.commit()
    box.git("tag", "v2")
    for revisions in (("v1", "v2"), ("v2", "v1"), ("v1",), ()):
        theirs = json.loads(box.dvc("diff", "--json", "--show-hash", *revisions) or "{}")
        ours = json.loads(box.ours("diff", "--json", "--show-hash", *revisions))
        del ours["schema"]
        expect(theirs == ours, f"diff {revisions}: DVC's {theirs}, ours {ours}")
    expect(
        box.dvc("diff", "v1", "v2").split() == box.ours("diff", "v1", "v2").split(), "text of diff"
    )
    box.git("checkout", "-q", "v1")
    # "e" came from DVC, so that it is not ours to remove.
    expect(box.ours("checkout") == "M\td/\n", "what is printed")
    box.clean()
    box.git("checkout", "-q", "main")
    box.dvc("checkout", "-q")
    box.clean()


@case
def links(binary):
    for kind in ("hardlink", "symlink"):
        box = Box(binary)
        box.ours("config", "cache.type", kind)
        tree(box)
        box.write("f", "1")
        box.ours("add", "d", "f")
        box.clean()
        box.dvc("unprotect", "d")
        box.ours("checkout", "--relink")
        box.clean()
        box.ours("unprotect", "f")
        box.write("f", "2")
        box.dvc("add", "-q", "f")
        box.clean()


@case
def config_is_read_alike(binary):
    box = Box(binary)
    box.ours("config", "remote.Store.url", "s3://bucket/data")
    box.ours("config", "core.remote", "store")
    box.ours("config", "--local", "remote.store.secret_access_key", "s#e=c,r\"et")
    expect(box.dvc("config", "core.remote").strip() == "store", "core.remote")
    expect(box.dvc("config", "--local", "remote.store.secret_access_key").strip() == 's#e=c,r"et', "quotes")
    box.dvc("remote", "add", "-q", "other", "/tmp/x")
    expect(box.ours("config", "remote.other.url").strip() == "/tmp/x", "remote of DVC")
    theirs = Box(binary)
    theirs.dvc("remote", "add", "-q", "-d", "store", "../store")
    theirs.dvc("config", "-q", "core.autostage", "true")
    ours = Box(binary)
    ours.ours("config", "remote.store.url", "../store")
    ours.ours("config", "core.remote", "store")
    ours.ours("config", "core.autostage", "true")
    expect(
        sorted(theirs.read(".dvc/config").splitlines()) == sorted(ours.read(".dvc/config").splitlines()),
        f"{theirs.read('.dvc/config')}\n{ours.read('.dvc/config')}",
    )
    ours.write("f", "1")
    ours.ours("add", "f")
    expect("A  f.dvc" in ours.git("status", "--porcelain"), "autostage")
    ours.clean()


@case
def ignored_files(binary):
    box = Box(binary)
    box.write(".dvcignore", "*.tmp\n!keep.tmp\n/d/private/\nd/**/deep\n[Bb]uild\n\\#odd\n")
    for name in ("a", "b.tmp", "keep.tmp", "private/x", "x/y/deep", "build", "Build2", "#odd", "sub/c.tmp"):
        box.write("d/" + name, name)
    box.dvc("add", "-q", "d")
    box.clean()
    text = box.read("d.dvc")
    expect("unchanged" in box.ours("add", "d"), "the same files")
    expect(box.read("d.dvc") == text, "the same pointer")
    paths = ["d/a", "d/b.tmp", "d/keep.tmp", "d/private/x", "d/x/y/deep", "d/build", "d/Build2", "d/#odd"]
    expect(box.dvc("check-ignore", *paths).split() == box.ours("check-ignore", *paths).split(), "check-ignore")


@case
def moved_and_removed(binary):
    box = Box(binary)
    box.write("f", "1")
    box.write("g", "2")
    box.dvc("add", "-q", "f", "g")
    box.ours("move", "f", "sub/h")
    box.clean()
    box.dvc("move", "-q", "sub/h", "f")
    box.clean()
    box.ours("remove", "g.dvc")
    expect(box.read("g") == "2" and "/g" not in box.read(".gitignore"), "removed")
    box.clean()


@case
def garbage(binary):
    box = Box(binary)
    box.write("d/a", "one")
    box.ours("add", "d")
    box.commit()
    box.write("d/a", "two")
    box.dvc("add", "-q", "d")
    box.commit()
    box.ours("gc", "--all-commits", "--older-than", "0s", "--yes")
    expect(len(objects(box)) == 4, "kept")
    box.ours("gc", "--workspace", "--older-than", "0s", "--yes")
    expect(len(objects(box)) == 2, "removed")
    box.clean()
    box.dvc("gc", "-q", "-w", "-f")
    expect(len(objects(box)) == 2, "DVC needs the same")
    box.clean()


@case
def pipelines_of_dvc(binary):
    box = Box(binary)
    box.write(
        "dvc.yaml",
        "stages:\n  make:\n    cmd: mkdir -p out && echo 1 > out/a && echo {} > m.json\n"
        "    outs:\n    - out/\n    metrics:\n    - m.json:\n        cache: false\n",
    )
    box.dvc("repro", "-q")
    box.commit()
    box.clean()
    shutil.rmtree(box.root / "out")
    box.same_status()
    box.ours("checkout")
    box.clean()
    box.ours("add", "out", code=1)


@case
def dvc_2(binary):
    box = Box(binary)
    box.write("t.txt", b"a\r\nb\r\n")
    box.write(".dvc/cache/dd/8c6a395b5dd36c56d23275028f526c", b"a\r\nb\r\n")
    os.chmod(box.root / ".dvc/cache/dd/8c6a395b5dd36c56d23275028f526c", 0o444)
    box.write("t.txt.dvc", "outs:\n- md5: dd8c6a395b5dd36c56d23275028f526c\n  size: 6\n  path: t.txt\n")
    box.clean()
    box.same_status()
    box.ours("cache", "migrate", "--dvc-files")
    box.clean()


@case
def an_uncommitted_add(binary):
    box = Box(binary)
    box.write("d/a", "1")
    box.ours("add", "--no-commit", "d")
    box.dvc("commit", "-q", "-f")
    box.clean()
    box.write("e", "1")
    box.dvc("add", "-q", "--no-commit", "e")
    box.ours("commit")
    box.clean()


@case
def modes_and_trust(binary):
    box = Box(binary)
    box.write("f", "good")
    box.dvc("add", "-q", "f")
    box.commit()
    path = next((box.root / ".dvc/cache/files/md5").rglob("*8"))
    path.chmod(0o644)
    path.write_text("bad!")
    expect(box.status_ours() == {"not_in_cache": ["f"]}, "a damaged object is not trusted")
    box.ours("commit")
    box.clean()


@case
def both_at_once(binary):
    box = Box(binary)
    for i in range(4):
        box.write(f"f{i}", str(i))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            box.dvc("add", "-q", "f0", "f1")
            status = 0
        finally:
            os._exit(status)
    for i in (2, 3):
        box.ours("add", f"f{i}")
    _, raw = os.waitpid(child, 0)
    expect(raw == 0, "DVC waits for the lock")
    box.commit()
    box.clean()
    expect(len(pointers(box)) == 4, "nothing is lost")


sys.exit(1 if run_cases(CASES) else 0)

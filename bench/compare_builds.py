"""From a revision of git, the working tree or a folder to a folder that fastreg can be imported from.

A build is kept in a cache by a hash of the sources that it is made of, so that commits which change none share it.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

if __package__:
    from .processes import end
else:
    from processes import end

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ["fastreg", "setup.py", "pyproject.toml"]  # what a build is made of


class Refused(Exception):
    """What the user has to know, in one sentence."""


def git(*arguments, **environment):
    """What git prints, in this checkout."""
    try:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True).stdout.strip()
    except FileNotFoundError:
        raise Refused("compare.py needs git, and there is none on PATH.") from None
    except subprocess.CalledProcessError as error:
        raise Refused(f"git {arguments[0]} failed: {' '.join(error.stderr.split())}") from None


def tree_of(revision):
    """The tree that a revision stands for; of ".", one that has what is not committed."""
    if not (ROOT / ".git").exists():
        raise Refused(f"{ROOT} is no checkout of git, which compare.py takes revisions from.")
    if revision != ".":
        try:
            return git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}")
        except Refused:
            raise Refused(f"{revision!r} is neither a revision of {ROOT} nor a folder that holds fastreg.") from None
    if unmerged := git("diff", "--name-only", "--diff-filter=U"):
        raise Refused(f"The working tree has unmerged files: {', '.join(unmerged.splitlines())}.")
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}  # the user's own stays as it is
        git("read-tree", "HEAD", **index)
        git("add", "--all", "--", *SOURCES, **index)
        return git("write-tree", **index)


def is_folder(revision):
    return revision != "." and (Path(revision) / "fastreg").is_dir()


def is_dirty():
    """Whether sources differ from the last commit."""
    return bool(git("status", "--porcelain", "--", *SOURCES))


def built(revision, cache):
    """The folder of a built revision."""
    if is_folder(revision):
        return checked(Path(revision).resolve())
    tree = tree_of(revision)
    made_by = [sys.implementation.cache_tag, platform.machine(), *(os.environ.get(name, "") for name in ("CC", "CFLAGS"))]
    key = hashlib.sha256("\n".join([git("ls-tree", tree, "--", *SOURCES), *made_by]).encode()).hexdigest()[:20]
    target = cache.resolve() / key
    if not target.is_dir():
        print(f"building {revision} ...", file=sys.stderr, flush=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="building-", ignore_cleanup_errors=True) as folder:
            unfinished = Path(folder) / "tree"
            build(revision, tree, unfinished)
            if not target.is_dir():  # another run may have been first
                unfinished.rename(target)
    return target


def checked(folder):
    """A folder given by name, if fastreg is built there from the sources that are there."""
    files = [path for path in (folder / "fastreg" / "kernels").glob("*") if path.is_file()]
    binaries = [path.stat().st_mtime for path in files if path.suffix in {".so", ".pyd"}]
    if not binaries:
        raise Refused(f"{folder} holds no built fastreg: run `python setup.py build_ext --inplace` there.")
    sources = [path for path in files if path.suffix in {".pyx", ".pxd", ".h"}]
    if newer := [path.name for path in sources if path.stat().st_mtime > max(binaries)]:
        raise Refused(f"{folder} is not built from its sources, of which {', '.join(sorted(newer))} changed since.")
    return folder


def build(revision, tree, folder):
    """The files of a tree in a folder, and its kernels beside them."""
    archive = folder.with_suffix(".zip")
    git("archive", "--format=zip", f"--output={archive}", tree)
    with zipfile.ZipFile(archive) as files:
        files.extractall(folder)
    command = [sys.executable, "setup.py", "build_ext", "--inplace"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    with subprocess.Popen(command, cwd=folder, start_new_session=True, **pipes) as process:
        try:
            log, _ = process.communicate()
        except BaseException:  # Ctrl-C: its compilers must not write on where the folder goes away
            end(process)
            raise
    if process.returncode:
        last = "\n    ".join(log.splitlines()[-15:])
        raise Refused(f"{revision} does not build; the last lines:\n    {last}")
    shutil.rmtree(folder / "build", ignore_errors=True)

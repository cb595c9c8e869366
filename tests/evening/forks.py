"""Runs `nextclose` in forks of one process that has imported it; a fork may kill itself just before its nth change of a file.

Reads a line of JSON a command: {"argv": [...], "at": n, "out": path, "err": path}; at 0 kills nothing. Answers with a line of
JSON: {"status": exit status or minus the signal, "changes": how many there were}.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import signal
import sys

import nextclose.bars.sources.url as urls
import nextclose.cli.market as verbs
from nextclose.cli.app import main
from nextclose.market import evening, run, summary  # noqa: F401


def counted(at, note):
    """Count renames, deletions and emptied folders from now on; die before the nth."""
    seen = 0

    def before(change):
        def changed(*given, **more):
            nonlocal seen
            seen += 1
            os.pwrite(note, f"{seen:6}".encode(), 0)
            if seen == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return change(*given, **more)

        return changed

    for owner, name in ((os, "rename"), (os, "replace"), (os, "unlink"), (shutil, "rmtree")):
        setattr(owner, name, before(getattr(owner, name)))


def child(asked, note, modules):
    for number, path in ((1, asked["out"]), (2, asked["err"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    counted(asked["at"], note)
    sys.argv = ["nextclose", *asked["argv"]]
    status = 1
    try:
        main()
        status = 0
    except SystemExit as end:
        status = end.code or 0
    finally:
        os.pwrite(modules, json.dumps(sorted(sys.modules)).encode(), 0)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def serve():
    urls.PAUSE = 0.0
    verbs.cores = lambda: 0  # in this process: whoever is killed has no workers
    note, modules = os.memfd_create("changes"), os.memfd_create("modules")
    for line in sys.stdin:
        for memory in (note, modules):
            os.ftruncate(memory, 0)
        process = os.fork()
        if process == 0:
            child(json.loads(line), note, modules)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        known = json.loads(os.pread(modules, 1 << 22, 0) or b"[]")
        for name in known:  # so that the next fork need not
            if name not in sys.modules and not name.startswith(("torch", "__")):
                with contextlib.suppress(Exception):
                    importlib.import_module(name)
        print(json.dumps({"status": status, "changes": int(os.pread(note, 6, 0) or 0)}), flush=True)


if __name__ == "__main__":
    serve()

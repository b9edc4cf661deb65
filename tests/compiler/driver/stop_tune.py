"""A search that is stopped has written what it found, and goes on from there. On a terminal it shows the best so far, elsewhere a line for each kernel.

usage: stop_tune.py MODEL FOLDER
"""
import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import time

model, folder = sys.argv[1], pathlib.Path(sys.argv[2])
file = folder / "stopped.json"


def kernels():
    return json.loads(file.read_text())["kernels"]


def search(seconds, until=None, terminal=False):
    """The lines on stdout and the text on stderr; `until` says when the search is stopped."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    command = ["ingot", "tune", model, "--target", "x86-64-v1", "-o", str(file), "--seconds", str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True, env=os.environ | {"TERM": "xterm"})
    os.close(theirs)
    while until and process.poll() is None:
        if until():
            process.send_signal(signal.SIGINT)
            break
        time.sleep(0.01)
    out = process.communicate()[0]
    said = b""
    try:
        while block := os.read(ours, 65536):
            said += block
    except OSError:  # the end of a terminal
        pass
    os.close(ours)
    assert process.returncode == 0, (process.returncode, out, said)
    return out.splitlines(), said.decode()


lines, said = search(300, until=lambda: file.exists() and len(kernels()) >= 2, terminal=True)
assert lines[-1].endswith("the same command goes on from there"), lines
found = kernels()
assert len(found) == len(lines) - 2 and len(found) in (2, 3), (lines, found.keys())
assert "\r\x1b[Kkernel 1 of 7, " in said and " ms, the cost model's " in said and " s left" in said, said

# Nothing is lost, and what is at its end is not measured again.
complete = {key for key, kernel in found.items() if kernel["tried"] == kernel["steps"]}
lines, said = search(0)
assert said == "", said
more = kernels()
assert len(more) == 7 and len(lines) - 2 == 7 - len(complete), lines
for key, kernel in found.items():
    assert more[key]["tried"] == kernel["tried"] and more[key]["steps"] == kernel["steps"], (kernel, more[key])
    assert key not in complete or more[key] == kernel, (kernel, more[key])

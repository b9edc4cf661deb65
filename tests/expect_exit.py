"""Runs a command and succeeds where its exit code is the wanted one.

usage: expect_exit.py CODE COMMAND...
"""
import subprocess
import sys

code = subprocess.run(sys.argv[2:]).returncode
if code != int(sys.argv[1]):
    print(f"exit code {code}, wanted {sys.argv[1]}", file=sys.stderr)
    sys.exit(1)

"""What the scripts of this folder expect of models and of errors."""
import sys


def check(condition, message):
    if not condition:
        sys.exit(f"FAILED: {message}")


def refused(what, error, text):
    """`what` ends with that kind of error, and says the text."""
    try:
        what()
    except error as said:
        check(text in str(said), f"'{said}' does not say '{text}'")
        return
    sys.exit(f"FAILED: no error, where one should say '{text}'")

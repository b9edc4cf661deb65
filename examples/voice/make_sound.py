#!/usr/bin/env python3
"""Makes a WAV file of a few spoken phrases with pauses between them, in faint noise.

usage: make_sound.py [--rate 8000|16000] OUT.wav

Needs the commands espeak-ng and sox (Debian packages of these names). The files that the test uses are kept in the
repository, since a later synthesiser may speak otherwise.
"""
import argparse
import random
import struct
import subprocess

# A pause in seconds, then a phrase.
PHRASES = [
    (0.6, "en-us", "Ingot compiles models."),
    (0.9, "en-gb", "Speech is marked,"),
    (0.15, "en-gb", "silence is not."),
    (1.1, "en-us+f3", "Thank you."),
]
LAST_PAUSE = 0.5
NOISE = 30  # the greatest value, of 32767


def speak(voice, text, rate):
    speech = subprocess.run(["espeak-ng", "-v", voice, "--stdout", text], check=True, capture_output=True).stdout
    convert = ["sox", "-R", "-t", "wav", "-", "-t", "raw", "-e", "signed", "-b", "16", "-c", "1", "-r", str(rate), "-",
               "silence", "1", "0.01", "1%", "reverse", "silence", "1", "0.01", "1%", "reverse"]
    raw = subprocess.run(convert, input=speech, check=True, capture_output=True).stdout
    return [value for (value,) in struct.iter_unpack("<h", raw)]


def main():
    parser = argparse.ArgumentParser(description="Makes a WAV file of spoken phrases with pauses between them.")
    parser.add_argument("--rate", type=int, choices=(8000, 16000), default=16000, help="samples in a second")
    parser.add_argument("out")
    arguments = parser.parse_args()
    samples = []
    for pause, voice, text in PHRASES:
        samples += [0] * int(pause * arguments.rate) + speak(voice, text, arguments.rate)
    samples += [0] * int(LAST_PAUSE * arguments.rate)
    noise = random.Random(3)
    samples = [max(-32768, min(32767, value + noise.randint(-NOISE, NOISE))) for value in samples]

    data = struct.pack(f"<{len(samples)}h", *samples)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, arguments.rate,
                       2 * arguments.rate, 2, 16, b"data", len(data))
    with open(arguments.out, "wb") as file:
        file.write(head + data)


if __name__ == "__main__":
    main()

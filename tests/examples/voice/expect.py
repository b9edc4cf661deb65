#!/usr/bin/env python3
"""Prints the segments of speech in a WAV file as the package silero-vad 6.2.3 finds them, with the model run by onnxruntime.

usage: expect.py MODEL.onnx FILE.wav > FILE.txt

The expected files of this folder are made by it. Needs numpy, onnxruntime, torch and silero-vad.
"""
import sys
import wave

import numpy
import torch
from silero_vad.utils_vad import OnnxWrapper, get_speech_timestamps


def main():
    model, path = sys.argv[1:]
    with wave.open(path) as file:
        rate = file.getframerate()
        samples = numpy.frombuffer(file.readframes(file.getnframes()), "<i2").astype(numpy.float32) / 32768
    for segment in get_speech_timestamps(torch.from_numpy(samples), OnnxWrapper(model), sampling_rate=rate):
        print(segment["start"], segment["end"])


if __name__ == "__main__":
    main()

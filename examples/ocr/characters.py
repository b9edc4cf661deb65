#!/usr/bin/env python3
"""Writes the recogniser's characters, which its ONNX file carries as the metadata `character`, as a C++ header.

usage: characters.py MODEL.onnx HEADER.h

The few lines below read just enough of the protobuf encoding, so that building the example needs no Python package.
"""
import pathlib
import sys

METADATA_PROPS = 14  # the field's number in onnx.ModelProto; in it, 1 is the key and 2 the value


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """Yields (number, bytes) for each length-delimited field of a message."""
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            _, at = read_varint(data, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        elif kind == 2:
            size, at = read_varint(data, at)
            yield number, data[at:at + size]
            at += size
        else:
            raise ValueError("not a protobuf message")


def characters(model):
    for number, entry in fields(model):
        if number == METADATA_PROPS:
            key, value = (dict(fields(entry)).get(i, b"").decode() for i in (1, 2))
            if key == "character":
                return value.splitlines() + [" "]  # the space is the last class, which the list leaves out
    raise ValueError("no metadata 'character'")


def literal(text):
    return '"' + "".join(f"\\{byte:03o}" if byte < 32 or byte > 126 or chr(byte) in '"\\?' else chr(byte)
                         for byte in text.encode()) + '"'


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n\n")[1])
    path, header = sys.argv[1:]
    try:
        entries = characters(pathlib.Path(path).read_bytes())
    except (OSError, ValueError, IndexError) as error:
        sys.exit(f"characters.py: {path}: {error}")
    pathlib.Path(header).write_text(
        "// The characters that the recogniser knows, in the order of its classes; made by characters.py.\n"
        "#ifndef OCR_CHARACTERS_H\n#define OCR_CHARACTERS_H\n\nnamespace ocr {\n\n"
        "inline constexpr const char *characters[] = {\n"
        + "".join(f"    {literal(entry)},\n" for entry in entries)
        + "};\n\n} // namespace ocr\n\n#endif\n")


if __name__ == "__main__":
    main()

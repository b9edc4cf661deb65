#!/usr/bin/env python3
"""Writes the table of file types as a C++ header, from the two JSON files of the package magika.

usage: file_types.py CONFIG.json CONTENT_TYPES.json HEADER.h
"""
import json
import pathlib
import sys


def literal(text):
    return '"' + "".join(f"\\{byte:03o}" if byte < 32 or byte > 126 or chr(byte) in '"\\?' else chr(byte)
                         for byte in text.encode()) + '"'


def content_type(label, entry):
    """The C++ initialiser of a ContentType; what the file leaves open depends on whether the type is text."""
    mime = entry["mime_type"] or ("text/plain" if entry["is_text"] else "application/octet-stream")
    fields = [label, entry["description"] or label, entry["group"] or "unknown", mime]
    return "{" + ", ".join(map(literal, fields)) + f", {'true' if entry['is_text'] else 'false'}}}"


def header(config, types):
    if config["mid_size"] != 0 or config["use_inputs_at_offsets"]:
        raise ValueError("features that this example does not extract")
    classes = []
    for label in config["target_labels_space"]:
        shown = config["overwrite_map"].get(label, label)
        threshold = config["thresholds"].get(label, config["medium_confidence_threshold"])
        classes.append(f"    {{{content_type(label, types[label])},\n     {content_type(shown, types[shown])},\n"
                       f"     {float(threshold)}f}},\n")
    sizes = {"beginSize": "beg_size", "endSize": "end_size", "blockSize": "block_size",
             "minSize": "min_file_size_for_dl", "padding": "padding_token"}
    special = {"emptyType": "empty", "textType": "txt", "unknownType": "unknown", "directoryType": "directory"}
    return ("// What the model's classes mean; made by file_types.py.\n"
            "#ifndef FILETYPE_FILE_TYPES_H\n#define FILETYPE_FILE_TYPES_H\n\n#include \"content_type.h\"\n\nnamespace filetype {\n\n"
            + "".join(f"inline constexpr int {name} = {int(config[key])};\n" for name, key in sizes.items()) + "\n"
            + "".join(f"inline constexpr ContentType {name} = {content_type(label, types[label])};\n"
                      for name, label in special.items())
            + "\n// In the order of the model's scores.\ninline constexpr Class classes[] = {\n" + "".join(classes) + "};\n\n"
            + "} // namespace filetype\n\n#endif\n")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__.split("\n\n")[1])
    try:
        config, types = (json.loads(pathlib.Path(path).read_text(encoding="utf-8")) for path in sys.argv[1:3])
        text = header(config, types)
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"file_types.py: {sys.argv[1]}, {sys.argv[2]}: {error}")
    pathlib.Path(sys.argv[3]).write_text(text)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Draws pictures of text, and writes the text beside each: NAME.png and NAME.txt.

usage: make_picture.py [--font FONT.ttf] FOLDER NAME...

Needs Pillow (Debian: python3-pil) and the font DejaVu Sans (Debian: fonts-dejavu-core). The pictures are kept in the
repository, since a font's next version may draw other pixels.
"""
import argparse
import pathlib

from PIL import Image, ImageDraw, ImageFont

BLACK, WHITE, RED, BLUE, YELLOW = (0, 0, 0), (255, 255, 255), (170, 20, 20), (30, 50, 140), (250, 220, 90)

# name: (size, background, [(text, x, y, font size, colour, degrees)]); lines in reading order.
PICTURES = {
    # Sizes, punctuation, colours, and a line that stands on its head.
    "picture": ((640, 480), WHITE, [
        ("Ingot reads this picture", 40, 24, 40, BLACK, 0),
        ("Invoice-No.2026-0117", 40, 104, 28, BLUE, 0),
        ("Total: 1,234.50 EUR (net)", 40, 164, 28, BLACK, 0),
        ("50% off, free delivery!", 40, 224, 32, RED, 0),
        ("Upside down, 42", 200, 300, 34, BLACK, 180),
        ("+49(30)5550-1234, day and night", 40, 372, 26, BLACK, 0),
        ("All models, all pixels, one small program", 40, 428, 22, BLACK, 0),
    ]),
    # Small type in two columns, in shades of grey.
    "table": ((560, 300), (235, 235, 235), [
        ("Station", 30, 20, 22, BLACK, 0),
        ("Departure", 300, 20, 22, BLACK, 0),
        ("Hamburg", 30, 70, 18, (40, 40, 40), 0),
        ("08:15", 300, 70, 18, (40, 40, 40), 0),
        ("Frankfurt", 30, 116, 18, (40, 40, 40), 0),
        ("12:47", 300, 116, 18, (40, 40, 40), 0),
        ("Dresden", 30, 162, 18, (40, 40, 40), 0),
        ("19:30", 300, 162, 18, (40, 40, 40), 0),
        ("Refunds until the end of May", 30, 230, 20, (70, 70, 70), 0),
    ]),
    # Light on dark, tilted, and higher than wide.
    "sign": ((480, 720), BLUE, [
        ("OPEN", 140, 60, 72, YELLOW, 0),
        ("Monday to Friday", 70, 220, 36, WHITE, 6),
        ("9:00 - 17:30", 110, 320, 36, WHITE, 6),
        ("Please ring twice", 60, 470, 40, WHITE, -4),
        ("Room 3.14, 2nd floor", 40, 600, 34, YELLOW, 0),
    ]),
}


def draw_line(picture, font_path, text, x, y, size, colour, degrees):
    """Draws `text` with its upper left corner at (x, y), turned about its own middle."""
    font = ImageFont.truetype(font_path, size)
    left, top, right, bottom = font.getbbox(text)
    mask = Image.new("L", (right - left + 8, bottom - top + 8))
    ImageDraw.Draw(mask).text((4 - left, 4 - top), text, font=font, fill=255)
    mask = mask.rotate(degrees, resample=Image.BICUBIC, expand=True)
    picture.paste(colour, (x, y), mask)


def main():
    parser = argparse.ArgumentParser(description="Draws pictures of text: NAME.png, and the text in it as NAME.txt.")
    parser.add_argument("--font", default="/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", help="default: %(default)s")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("name", nargs="+", choices=PICTURES)
    arguments = parser.parse_args()
    for name in arguments.name:
        size, background, lines = PICTURES[name]
        picture = Image.new("RGB", size, background)
        for line in lines:
            draw_line(picture, arguments.font, *line)
        picture.save(arguments.folder / f"{name}.png", optimize=True)
        (arguments.folder / f"{name}.txt").write_text("".join(text + "\n" for text, *_ in lines))


if __name__ == "__main__":
    main()

"""Packs screenshots small enough for a repository."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

from playwright.sync_api import Page

_IN_FEW_COLOURS = """
async (source) => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const pixels = new Uint32Array(data.buffer);
  const frequency = new Map();
  for (const pixel of pixels) frequency.set(pixel, (frequency.get(pixel) || 0) + 1);
  const often = [...frequency.keys()].sort((a, b) => frequency.get(b) - frequency.get(a));
  let kinds, bits = 0;
  do {
    const mask = ((0xff << bits++) & 0xff) * 0x01010101;
    kinds = new Map();
    for (const colour of often) {
      const kind = colour & mask;
      if (!kinds.has(kind)) kinds.set(kind, { colour, nth: kinds.size });
      frequency.set(colour, kinds.get(kind).nth);
    }
  } while (kinds.size > 256);
  const indices = Uint8Array.from(pixels, (pixel) => frequency.get(pixel));
  const reader = new FileReader();
  const read = new Promise((resolve) => { reader.onload = resolve; });
  reader.readAsDataURL(new Blob([indices]));
  await read;
  return {
    width: image.width,
    height: image.height,
    colours: [...kinds.values()].map(({ colour }) => colour),
    indices: reader.result.split(",")[1],
  };
}
"""
"""The commonest colours stay as they are; rare ones become the commonest one of their kind."""


def in_few_colours(page: Page, png: bytes) -> bytes:
    """The picture with at most 256 colours, as a PNG (RFC 2083). `page` must be empty."""
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    found: dict[str, Any] = page.evaluate(_IN_FEW_COLOURS, source)
    width, height = found["width"], found["height"]
    indices = base64.b64decode(found["indices"])
    lines = (b"\0" + indices[at : at + width] for at in range(0, len(indices), width))
    colours = b"".join(struct.pack("<I", colour)[:3] for colour in found["colours"])
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", colours),
            _chunk(b"IDAT", zlib.compress(b"".join(lines), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

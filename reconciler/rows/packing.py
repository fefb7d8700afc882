"""Packed files as streams of their bytes, in bounded memory and up to a bounded size.

A few kilobytes can unpack to a full disk, so what comes out is held against what went in. A packed file that ends too early
is an error and never a shorter list.
"""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO, Final, Literal, cast

from reconciler.catalogue import say
from reconciler.rows.errors import TooMuch

Packing = Literal["", "gz", "zst"]

BROKEN: Final = (OSError, EOFError, zlib.error)
"""What reading packed bytes raises when they are not whole."""
RATIO_MAX: Final = 200
"""Lists of people shrink to a tenth, lists of one repeated row to a hundredth."""
UNPACKED_FREE_BYTES: Final = 256 * 1024**2
"""What may come out of any file, however small."""
_ZST_PIECE: Final = 2 * 1024  # at most 64 MB come out of it, since a block of 128 kB takes 4 bytes
_ZST_WINDOW_MAX: Final = 128 * 1024**2


def opened(path: Path, packing: Packing) -> BinaryIO:
    """The bytes of a file, unpacked. Reading raises one of BROKEN, or TooMuch."""
    if not packing:
        return path.open("rb")
    whole = cast(io.RawIOBase, gzip.GzipFile(path, "rb")) if packing == "gz" else _Zst(path)
    return io.BufferedReader(_Bounded(whole, path.stat().st_size), 1 << 16)


def believed(out_bytes: int, packed_bytes: int) -> None:
    """TooMuch where so much came, or would come, out of so little."""
    most = max(UNPACKED_FREE_BYTES, RATIO_MAX * packed_bytes)
    if out_bytes > most:
        words = say("it unpacks to more than {most:,} MB", most=most // 1024**2)
        raise TooMuch(words, say("a list of people does not shrink so far: look at it, and give it unpacked"))


class _Bounded(io.RawIOBase):
    """Bytes that came out, held against those that went in."""

    def __init__(self, inner: io.RawIOBase, packed_bytes: int) -> None:
        self._inner = inner
        self._packed_bytes = packed_bytes
        self._out = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # every buffer that is given is one
        data = self._inner.read(len(buffer)) or b""
        self._out += len(data)
        believed(self._out, self._packed_bytes)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Zst(io.RawIOBase):
    """A zst file of one or several frames. EOFError where the last one is cut, OSError where it is none."""

    def __init__(self, path: Path) -> None:
        import zstandard

        self._error = zstandard.ZstdError
        self._maker = zstandard.ZstdDecompressor(max_window_size=_ZST_WINDOW_MAX)
        self._file = path.open("rb")
        self._frame = self._maker.decompressobj()
        self._begun = False
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._ready and self._more():
            continue
        taken = self._ready if size < 0 else self._ready[:size]
        self._ready = self._ready[len(taken) :]
        return bytes(taken)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _more(self) -> bool:
        """Unpack one more piece; False at the end of the file."""
        piece = self._frame.unused_data if self._frame.eof else b""
        if self._frame.eof:
            self._frame, self._begun = self._maker.decompressobj(), False
        piece = piece or self._file.read(_ZST_PIECE)
        if not piece:
            if self._begun:
                raise EOFError("the last frame is not whole")
            return False
        try:
            self._ready = memoryview(self._frame.decompress(piece))
        except self._error:
            raise OSError("not a zst frame") from None
        self._begun = True
        return True

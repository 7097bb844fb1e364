"""The zip around a workbook, inflated under caps that trust no size it declares.

openpyxl builds an object for every style and string before it yields a row: a file of 1.5 MB
with a million cell formats took it 800 MB. Here no part costs more than 64 MB.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from infra.tables.rows import BrokenWorkbook, DangerousWorkbook, OldWorkbook, WorkbookTooLarge

_MEGABYTE = 1 << 20
COMPRESSED_BYTES = 5 * _MEGABYTE
INFLATED_BYTES = 50 * _MEGABYTE
RATIO = 100
ENTRIES = 200

_CHUNK = 1 << 16
_RATIO_FLOOR = _MEGABYTE
_TOKEN_CHUNKS = 8
_DEPTH = 64
_NAMES = 2000
_END = b"PK\x05\x06"
_BIG_END = b"PK\x06\x07"
_ENCRYPTED = 0x1
_MERGE = re.compile(
    rb'<(?:\w+:)?mergeCell\s+[^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"'
)
_MERGES = 20_000

Start = Callable[[str, Mapping[str, str]], None]
Merge = tuple[str, int, str, int]


class Archive:
    """Every entry of the archive, inflated once and found to be within the caps."""

    def __init__(self, path: Path) -> None:
        size = path.stat().st_size
        if size > COMPRESSED_BYTES:
            raise WorkbookTooLarge(what="compressed-bytes", limit=COMPRESSED_BYTES)
        data = path.read_bytes()
        _count_entries(data)
        try:
            self._zip = ZipFile(BytesIO(data))
        except (BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
            raise BrokenWorkbook(part="zip") from error
        self.names = frozenset(self._zip.namelist())
        self.merges: dict[str, list[Merge]] = {}
        self._inspect(size)

    def _inspect(self, size: int) -> None:
        entries = self._zip.infolist()
        if len(entries) > ENTRIES:
            raise WorkbookTooLarge(what="entries", limit=ENTRIES)
        if len(self.names) < len(entries):
            raise BrokenWorkbook(part="zip")
        for info in entries:
            _allow(info)
        inflated = 0
        for name in sorted(self.names):
            tail, first = b"", True
            for chunk in self._chunks(name):
                if first and chunk.startswith(b"PK\x03\x04"):
                    raise DangerousWorkbook(what="archive", part=name)
                first = False
                inflated += len(chunk)
                if inflated > INFLATED_BYTES:
                    raise WorkbookTooLarge(what="inflated-bytes", limit=INFLATED_BYTES)
                if inflated > max(_RATIO_FLOOR, RATIO * size):
                    raise WorkbookTooLarge(what="ratio", limit=RATIO)
                if name.endswith((".xml", ".rels")):
                    tail = self._look(name, tail, chunk)

    def _look(self, name: str, tail: bytes, chunk: bytes) -> bytes:
        """Note merged cells, which stand after the rows that they concern."""
        text = tail + chunk
        if b"\0" in chunk:
            raise BrokenWorkbook(part=name)
        cut = text.rfind(b"<", max(0, len(text) - 512))
        kept = text[cut:] if cut >= 0 else text[-16:]
        if b"mergeCell" in text:
            merges = self.merges.setdefault(name, [])
            for left, top, right, bottom in _MERGE.findall(text[: len(text) - len(kept)]):
                merges.append((left.decode(), int(top), right.decode(), int(bottom)))
            if len(merges) > _MERGES:
                raise WorkbookTooLarge(what="merged-cells", limit=_MERGES)
        return kept

    def _chunks(self, name: str) -> Iterator[bytes]:
        try:
            with self._zip.open(name) as part:
                while chunk := part.read(_CHUNK):
                    yield chunk
        except (BadZipFile, zlib.error, EOFError, ValueError, OSError, struct.error) as error:
            raise BrokenWorkbook(part=name) from error
        except (RuntimeError, NotImplementedError) as error:
            raise OldWorkbook from error

    def walk(
        self,
        name: str,
        start: Start,
        end: Callable[[str], None] = lambda _: None,
        text: Callable[[str], None] | None = None,
    ) -> Iterator[None]:
        """Parse a part, yielding now and then so that what was found can be handed on."""
        parser = expat.ParserCreate()
        depth = 0
        seen: set[str] = set()

        def opened(tag: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            seen.add(tag)
            seen.update(attributes)
            if depth > _DEPTH or len(seen) > _NAMES:
                raise BrokenWorkbook(part=name)
            start(tag.rpartition(":")[2], attributes)

        def closed(tag: str) -> None:
            nonlocal depth
            depth -= 1
            end(tag.rpartition(":")[2])

        def refused(*_: object) -> None:
            raise DangerousWorkbook(what="entities", part=name)

        parser.StartElementHandler = opened
        parser.EndElementHandler = closed
        parser.StartDoctypeDeclHandler = refused
        if text is not None:
            parser.CharacterDataHandler = text
        endless = 0
        try:
            for chunk in self._chunks(name):
                endless = 0 if b">" in chunk else endless + 1
                if endless > _TOKEN_CHUNKS:
                    raise BrokenWorkbook(part=name)
                parser.Parse(chunk, False)  # noqa: FBT003 - the C function takes no keyword
                yield
            parser.Parse(b"", True)  # noqa: FBT003 - as above
        except (expat.ExpatError, ValueError) as error:
            raise BrokenWorkbook(part=name) from error
        yield

    def elements(self, name: str, start: Start) -> None:
        """Parse a small part for its opening tags alone."""
        for _ in self.walk(name, start):
            pass


def _allow(info: ZipInfo) -> None:
    name = info.filename
    if info.flag_bits & _ENCRYPTED:
        raise OldWorkbook
    if info.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise BrokenWorkbook(part=name)
    if "vbaproject" in name.casefold():
        raise DangerousWorkbook(what="macros", part=name)
    if name.startswith(("/", "\\")) or ".." in name or ":" in name:
        raise DangerousWorkbook(what="path", part=name)


def _count_entries(data: bytes) -> None:
    """Refuse a directory of too many entries before the library builds an object for each."""
    at = data.rfind(_END)
    if at < 0 or len(data) < at + 22:
        raise BrokenWorkbook(part="zip")
    entries, directory = struct.unpack_from("<HI", data, at + 10)
    if data[max(0, at - 20) : at].startswith(_BIG_END):
        raise BrokenWorkbook(part="zip")
    if entries > ENTRIES or directory > ENTRIES * 512:
        raise WorkbookTooLarge(what="entries", limit=ENTRIES)

"""Whatever strangers may send to the address of a source, and what it is answered.

Each row is a claim: this, byte for byte, is answered so. `TOKEN` stands for that of the
source.
"""

import asyncio
import gzip
import json
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

MIB = 1024**2
TOKEN = b"{TOKEN}"
HERE = b"/in/" + TOKEN
HOST = b"Host: 127.0.0.1\r\n"
NOTHING = 0  # The connection ends, and nothing was answered.
PATIENCE_S = 30.0  # for an answer
SOON_S = 0.2
JSON = (b"Content-Type", b"application/json")
FORM = (b"Content-Type", b"application/x-www-form-urlencoded")
PARTS = (b"Content-Type", b"multipart/form-data; boundary=B")
EXPECT = (b"Expect", b"100-continue")
BOMB = gzip.compress(bytes(200_000_000))

Header = tuple[bytes, bytes]


@dataclass(frozen=True)
class Row:
    """What is sent, and what comes back.

    Attributes:
        name: What it is, for people.
        expected: The status, or `NOTHING`.
        raw: All that is sent.
        end: What its sender does then: `wait` for an answer, send a `fin` or a `rst`,
            or leave `soon` if there is none.
    """

    name: str
    expected: int
    raw: bytes
    end: str = "wait"


def request(
    body: bytes, *headers: Header, method: bytes = b"POST", path: bytes = HERE
) -> bytes:
    """Return a whole request."""
    return head(len(body), *headers, method=method, path=path) + body


def head(
    length: int | bytes, *headers: Header, method: bytes = b"POST", path: bytes = HERE
) -> bytes:
    """Return the head of a request that announces so many bytes."""
    size = length if isinstance(length, bytes) else b"%d" % length
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    first = method + b" " + path + b" HTTP/1.1\r\n" + HOST
    return first + b"Content-Length: " + size + b"\r\n" + lines + b"\r\n"


def chunked(*chunks: bytes) -> bytes:
    """Return a request whose body comes as these bytes of the chunked coding."""
    first = b"POST " + HERE + b" HTTP/1.1\r\n" + HOST
    return first + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(chunks)


def a_chunk(data: bytes) -> bytes:
    """Return a chunk (RFC 9112 §7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def corpus() -> Iterator[Row]:
    """Yield every row; none of them is taken in unless it says 202."""
    for name, expected, body in (*_texts(), *_characters()):
        yield Row(name, expected, request(body, JSON))
    for name, expected, number in _numbers():
        yield Row(f"{name} as a number", expected, request(b'{"n":%b}' % number, JSON))
    for name, expected, body in _forms():
        yield Row(name, expected, request(body, FORM))
    for name, expected, raw in (
        *_parted(),
        *_compressed(),
        *_types(),
        *_sizes(),
        *_framing(),
    ):
        yield Row(name, expected, raw)
    for name, raw in _broken_off():
        yield Row(f"{name}, FIN", NOTHING, raw, "fin")
        yield Row(f"{name}, RST", NOTHING, raw, "rst")


def _texts() -> Iterator[tuple[str, int, bytes]]:
    """Yield bodies that are nearly JSON."""
    yield "JSON", 202, b'{"n":1}'
    yield "nothing", 400, b""
    yield "blanks", 400, b" \r\n\t"
    yield "half an object", 400, b'{"n":'
    yield "something after it", 400, b'{"n":1}x'
    yield "a comma too many", 400, b'{"n":1,}'
    yield "quotes of another language", 400, b"{'n':1}"
    yield "a control character", 400, b'{"n":"\x00"}'
    yield "an escape that is none", 400, b'{"n":"\\x41"}'
    yield "a name that comes twice", 202, b'{"n":1,"n":2}'
    yield "10 000 names that are one", 202, b"{" + b'"n":1,' * 10_000 + b'"n":2}'
    yield "100 levels", 202, b"[" * 100 + b"]" * 100
    yield "101 levels", 400, b"[" * 101 + b"]" * 101
    yield "101 levels of objects", 400, b'{"a":' * 101 + b"1" + b"}" * 101
    yield "100 000 levels", 400, b"[" * 100_000 + b"]" * 100_000
    yield "a million levels, and no end", 400, b"[" * 1_000_000
    yield "200 000 levels of objects", 400, b'{"a":' * 200_000


def _numbers() -> Iterator[tuple[str, int, bytes]]:
    """Yield numbers that JSON has not, or that nobody could hold."""
    for each in (
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"nan",
        b"01",
        b"+1",
        b"1.",
        b"0x1",
    ):
        yield each.decode(), 400, each
    yield "more than a double", 400, b"1e999"
    yield "less than a double", 400, b"-1E+999"
    yield "an exponent without end", 400, b"1e" + b"9" * 100_000
    yield "100 000 digits", 400, b"1" * 100_000
    yield "100 000 digits and a sign", 400, b"-" + b"1" * 100_000
    yield "100 000 digits of a fraction", 202, b"0." + b"1" * 100_000


def _characters() -> Iterator[tuple[str, int, bytes]]:
    """Yield JSON in characters that are none."""
    yield "half a surrogate pair", 400, b'{"n":"\\ud800"}'
    yield "halves the wrong way round", 400, b'{"n":"\\udc00\\ud800"}'
    yield "half a pair as a name", 400, b'{"\\uD83D":1}'
    yield "a whole pair", 202, b'{"n":"\\ud83d\\ude00"}'
    yield "a surrogate in UTF-8", 400, b'{"n":"\xed\xa0\x80"}'
    yield "no UTF-8", 400, b'{"n":"\xff\xfe"}'
    yield "an overlong slash", 400, b'{"n":"\xc0\xaf"}'
    yield "beyond Unicode", 400, b'{"n":"\xf4\x90\x80\x80"}'
    yield "cut in a character", 400, b'{"n":"\xe2\x82'
    yield "UTF-16", 400, '{"n":1}'.encode("utf-16")
    yield "UTF-32", 400, '{"n":1}'.encode("utf-32")
    yield "a byte order mark", 202, b'\xef\xbb\xbf{"n":1}'
    yield "two byte order marks", 400, b'\xef\xbb\xbf\xef\xbb\xbf{"n":1}'
    yield "a bomb that does not say so", 400, BOMB


def _forms() -> Iterator[tuple[str, int, bytes]]:
    yield "1 000 fields", 202, b"&".join(b"a%d=1" % n for n in range(1000))
    yield "1 001 fields", 422, b"&".join(b"a%d=1" % n for n in range(1001))
    yield "a MiB of fields", 422, b"a=1&" * (MIB // 4)
    yield "a MiB of separators", 422, b"&" * MIB
    yield "no UTF-8 in percents", 422, b"a=%ff"
    yield "half a percent", 202, b"a=%"
    yield "no UTF-8 in a form", 400, b"a=\xff"
    yield "a form that is no JSON after all", 400, b'{"a":'


def _parted() -> Iterator[tuple[str, int, bytes]]:
    """Yield forms in parts that are nearly such (RFC 7578)."""
    part = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    long = b"--B\r\nX-Y: " + b"y" * 500_000 + part[3:]
    for name, expected, body in (
        ("a form in parts", 202, part + b"--B--\r\n"),
        ("1 001 parts", 422, part * 1001 + b"--B--\r\n"),
        ("10 000 parts", 422, part * 10_000),
        ("a part that is cut off", 422, part),
        ("a part without a head", 422, b"--B\r\n\r\n1\r\n--B--\r\n"),
        ("a part whose head is long", 422, long + b"--B--\r\n"),
        ("parts of another form", 422, part.replace(b"--B", b"--C")),
        ("a MiB of boundaries", 422, b"--B\r\n" * (MIB // 5)),
        ("a MiB of hyphens", 422, b"-" * MIB),
    ):
        yield name, expected, request(body, PARTS)
    for kind in (
        b"",
        b"; boundary=",
        b"; boundary=" + b"B" * 9_000,
        b'; boundary="\xff"',
    ):
        named = (b"Content-Type", b"multipart/form-data" + kind)
        yield f"a boundary of {kind[:16]!r}", 422, request(part, named)


def _compressed() -> Iterator[tuple[str, int, bytes]]:
    """Yield bodies that would be large if they were unpacked; none is."""
    assert len(BOMB) < 200_000
    for coding in (b"gzip", b"x-gzip", b"GZIP", b"gzip, gzip", b"identity, gzip"):
        name = f"a bomb by {coding.decode()}"
        yield name, 415, request(BOMB, JSON, (b"Content-Encoding", coding))
    deflated = zlib.compress(bytes(MIB))
    for coding in (b"deflate", b"br", b"zstd", b"compress", b"aes128gcm", b"\xff"):
        yield f"{coding!r}", 415, request(deflated, JSON, (b"Content-Encoding", coding))
    twice = (b"Content-Encoding", b"gzip"), (b"Content-Encoding", b"identity")
    yield "codings in two headers", 415, request(BOMB, JSON, *twice)
    coded = b"Transfer-Encoding: gzip, chunked"
    raw = chunked(a_chunk(BOMB), b"0\r\n\r\n")
    raw = raw.replace(b"Transfer-Encoding: chunked", coded)
    yield "a coding for the way", 400, raw


def _types() -> Iterator[tuple[str, int, bytes]]:
    for kind in (b"application/octet-stream", b"image/png", b"\xff", b"json", b"*/*"):
        yield f"{kind!r}", 415, request(b"\xffx", (b"Content-Type", kind))
    for charset in (b"utf-7", b"utf-16", b"idna", b"zip", b"x" * 1000):
        kind = b"application/json; charset=" + charset
        yield f"charset {charset[:9]!r}", 415, request(b"{}", (b"Content-Type", kind))
    for method in (b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"GET", b"HEAD"):
        yield method.decode(), 405, request(b"", method=method)
    # Nobody's address, whichever way it is written.
    for path in (
        b"/in/nobody",
        b"/in/" + b"x" * 60_000,
        b"/in/%00",
        b"/in/%ff",
        b"/in/",
    ):
        raw = request(b'{"n":1}', JSON, path=path)
        yield f"nobody at {path[:12].decode()}", 404, raw
    shouted = b"/IN/" + TOKEN
    for path in (b"/" + HERE, shouted, HERE + b"/", HERE + b"/x", HERE + b"%2f"):
        yield f"not quite {path!r}", 404, request(b"{}", JSON, path=path)


def _sizes() -> Iterator[tuple[str, int, bytes]]:
    over = b'{"n":"' + b"x" * MIB + b'"}'
    yield "over the limit", 413, request(over, JSON)
    yield "over the limit, announced alone", 413, head(10**15, JSON)
    yield "over the limit, asked first", 413, head(len(over), EXPECT)
    yield "over the limit, in chunks", 413, chunked(a_chunk(over), b"0\r\n\r\n")
    yield "over the limit, without an end", 413, chunked(*[a_chunk(over)] * 8)
    yield "in a million chunks", 413, chunked(*[a_chunk(b" ")] * (MIB + 1))
    yield "one header 1 000 times", 202, request(b"{}", JSON, *[(b"X-Y", b"1")] * 1000)
    yield "a header of 60 kB", 202, request(b"{}", JSON, (b"X-Y", b"y" * 60_000))
    yield "a head of a MB", 400, request(b"{}", JSON, (b"X-Y", b"y" * 1_000_000))
    few, many = ([(b"X-%d" % n, b"1") for n in range(top)] for top in (1000, 80_000))
    yield "1 000 headers", 202, request(b"{}", JSON, *few)
    yield "80 000 headers", 400, request(b"{}", JSON, *many)


def _framing() -> Iterator[tuple[str, int, bytes]]:
    """Yield requests that could be read in two ways, or in none (RFC 9112 §6)."""
    for length in (
        b"-1",
        b"+2",
        b"2_0",
        b"0x2",
        b"2, 3",
        b"2;",
        b"9" * 30,
        b"9" * 5000,
    ):
        yield f"a length of {length[:8].decode()}", 400, head(length, JSON) + b"{}"
    yield "two lengths", 400, head(2, (b"Content-Length", b"3")) + b"{}"
    both = (b"Transfer-Encoding", b"chunked")
    yield "a length and chunks", 400, head(2, both) + b"2\r\n{}\r\n0\r\n\r\n"
    for size in (b"zz", b"-1", b"f" * 17, b"0x2", b"", b" 2"):
        yield f"a chunk of {size!r}", 400, chunked(size + b"\r\n{}\r\n0\r\n\r\n")
    yield "a chunk that is longer", 400, chunked(b"2\r\n{}}}\r\n0\r\n\r\n")
    yield "chunks of a kind unknown", 400, head(2, (b"Transfer-Encoding", b"x"))
    yield "a name with a blank", 400, request(b"{}", (b"X Y", b"1"))
    yield "a NUL", 400, request(b"{}", (b"X-Y", b"\x00"))
    yield "a line that goes on", 400, request(b"{}", (b"X-Y", b"1\r\n 2"))
    yield "another protocol", 400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9
    yield "HTTP/2", 400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def _broken_off() -> Iterator[tuple[str, bytes]]:
    whole = json.dumps({"n": "x" * 100_000}).encode()
    yield "no head", b"POST " + HERE
    yield "half a head", head(9, JSON)[:-2]
    yield "no body", head(9, JSON)
    yield "half a body", head(len(whole), JSON) + whole[:50_000]
    yield "all but a byte", head(len(whole), JSON) + whole[:-1]
    yield "half a chunk", chunked(b"%x\r\n" % len(whole) + whole[:50_000])
    yield "no last chunk", chunked(a_chunk(whole))
    yield "half a last chunk", chunked(a_chunk(whole), b"0\r\n")


@asynccontextmanager
async def opened(
    url: str,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a bare connection."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def answered(url: str, token: str, row: Row) -> int:
    """Send a row, and return the status of what it is answered first, or `NOTHING`."""
    async with opened(url) as (reader, writer):
        with suppress(OSError):  # It may be answered, and closed, before.
            writer.write(row.raw.replace(TOKEN, token.encode()))
            await writer.drain()
            if row.end == "fin":
                writer.write_eof()
        if row.end == "rst":
            _reset(writer)
            return NOTHING
        line = b""
        with suppress(ConnectionError):
            line = await _first_line(reader, row)
        return int(line.split()[1]) if line else NOTHING


async def _first_line(reader: asyncio.StreamReader, row: Row) -> bytes:
    if row.end == "soon":
        with suppress(TimeoutError):
            async with asyncio.timeout(SOON_S):
                return await reader.readline()
        return b""
    async with asyncio.timeout(PATIENCE_S):
        return await reader.readline()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection as a crash does."""
    now = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
    writer.transport.abort()

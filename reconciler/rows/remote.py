"""Rows from an address: fetched into the private folder, used only when they are what the document says they are.

Whoever writes a document chooses the address, and a pull request may come from anybody. So an https address may lead neither
to this machine nor into a private network, by name, by number or by a redirect; what a name means is looked at in the moment
of connecting. Credentials go only to the host that stands beside them in the environment.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from typing import Any, Final, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from reconciler.catalogue import say
from reconciler.diagnostics import Finding
from reconciler.errors import Mistaken
from reconciler.kinds.sources import ADDRESS
from reconciler.rows.engine import Engine
from reconciler.rows.errors import TooMuch
from reconciler.rows.places import Place, form_of, unknown_form
from reconciler.rows.query import connection_of
from reconciler.rows.source import too_much
from reconciler.rows.spec import RowsSpec
from reconciler.rows.spill import Writer

CONNECT_S: Final = 15
READ_S: Final = 60
WHOLE_S: Final = 3_600
_PIECE_BYTES: Final = 1 << 20
_S3_PIECE_BYTES: Final = 8 << 20


class _File(Protocol):
    """What is read once, from its beginning to its end."""

    def read(self, size: int) -> bytes: ...

    def close(self) -> None: ...


class _Unfit(Exception):
    """An answer that is not used. `reason` is fit for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def is_address(spec: RowsSpec) -> bool:
    """Whether the source is an address and not a path."""
    return ADDRESS.match(str(spec.source.get("file") or "")) is not None


def wrong_address(spec: RowsSpec) -> Finding | None:
    """What is wrong with an address by its form alone (PTH003, SRC004)."""
    shown = _shown(spec)
    why, remedy = "", say("write https://host/path or s3://bucket/key")
    try:
        parts = urlsplit(shown)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = SplitResult("", "", "", "", ""), "", None
    if parts.scheme not in ("https", "s3") and not (parts.scheme == "http" and spec.loopback and _private(host)):
        why = say("'{file}' is no https or s3 address", file=shown)
    elif not host or not parts.path.strip("/") or (parts.scheme == "s3" and port is not None):
        why = say("'{file}' names no file", file=shown)
    elif parts.query or parts.fragment:
        why = say("an address may have neither '?' nor '#'")
        remedy = say("name the file itself; a signed address is a secret and does not belong into a document")
    elif parts.scheme != "s3" and not spec.loopback and _private(host):
        why, remedy = say("'{file}' leads into a private network", file=shown), say("give the file by its path")
    if why:
        return spec.mistake("PTH003", why, "source.file", remedy)
    return None if spec.sheet.whole_file or form_of(parts.path)[0] else unknown_form(spec, shown)


def fetched(engine: Engine, spec: RowsSpec) -> Place | Finding:
    """The file at the source's address as a private copy, or why it is not used (PTH003, SRC004, SRC006, SRC007, SRC008)."""
    if wrong := wrong_address(spec):
        return wrong
    shown = _shown(spec)
    parts = urlsplit(shown)
    form, packed = ("whole", "") if spec.sheet.whole_file else form_of(parts.path)
    place = Place(path=engine.folder / engine.fresh("fetched"), shown=shown, form=form or "csv", packing=packed)
    try:
        file = _s3(engine.environ, spec, parts) if parts.scheme == "s3" else _https(engine, spec, parts)
    except ImportError:
        remedy = say("install it: pip install 'campaign-reconciler[remote]'")
        return spec.mistake("SRC007", say("the library for addresses is not installed"), "source.file", remedy)
    except Mistaken:  # a reference that leads nowhere
        raise
    except _Unfit as unfit:
        return _not_reached(spec, shown, unfit.reason)
    except Exception:  # noqa: BLE001 - of many libraries, each with errors of its own that may quote credentials
        return _not_reached(spec, shown, say("it cannot be reached, or is not there"))
    broken: Finding | None = None
    try:
        broken = _kept(file, spec, place)
    except TooMuch as much:
        broken = too_much(spec, place, much)
    except Exception:  # noqa: BLE001 - as above
        broken = _not_reached(spec, shown, say("it broke off"))
    finally:
        file.close()
    if broken is not None:
        place.path.unlink(missing_ok=True)
    return broken or place


def _kept(file: _File, spec: RowsSpec, place: Place) -> Finding | None:
    digest = hashlib.sha256()
    with Writer(place.path) as out:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            out.write(piece)
    if digest.hexdigest() != spec.source["sha256"]:
        words = say("what lies at '{file}' is not what the document says", file=place.shown)
        remedy = say("look at what changed there; its sha256 is {found}", found=digest.hexdigest())
        return spec.mistake("SRC008", words, "source.sha256", remedy)
    return None


def _not_reached(spec: RowsSpec, shown: str, why: str) -> Finding:
    return spec.mistake(
        "SRC007", f"'{shown}': {why}", "source.file", say("look at the address, the server and the credentials")
    )


def _https(engine: Engine, spec: RowsSpec, parts: SplitResult) -> _File:
    """The body behind an https address, as it lies there: not unpacked, not redirected, not from a private network."""
    import aiohttp
    import fsspec

    async def client(**options: Any) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(resolver=_public(spec), force_close=True)
        return aiohttp.ClientSession(connector=connector, trust_env=False, auto_decompress=False, **options)

    headers = {"Accept-Encoding": "identity"}
    if spec.source.get("connection"):
        known = urlsplit(connection_of(engine, spec))
        if (known.scheme, known.hostname, known.port) != (parts.scheme, parts.hostname, parts.port):
            raise _Unfit(say("`connection` is for another host"))
        who = f"{unquote(known.username or '')}:{unquote(known.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(who.encode()).decode()}"
    files = fsspec.filesystem(
        parts.scheme,
        get_client=client,
        client_kwargs={"timeout": aiohttp.ClientTimeout(total=WHOLE_S, sock_connect=CONNECT_S, sock_read=READ_S)},
        allow_redirects=False,
        headers=headers,
        skip_instance_cache=True,
    )
    return _Body(files, files.open(parts.geturl(), "rb", block_size=0, size=1))


class _Body:
    """The body of an answer of status 200; it closes its connection too."""

    def __init__(self, files: Any, opened: Any) -> None:
        self._files, self._opened = files, opened
        if opened.r.status != 200:
            self.close()
            raise _Unfit(say("it answers {status}; redirects are not followed", status=opened.r.status))

    def read(self, size: int) -> bytes:
        return bytes(self._opened.read(size))

    def close(self) -> None:
        self._opened.close()
        self._files.close_session(self._files.loop, self._files._session)


def _public(spec: RowsSpec) -> Any:
    """Names as numbers, in the moment of connecting; a name that leads into a private network leads nowhere."""
    from aiohttp.resolver import ThreadedResolver

    class Public(ThreadedResolver):
        async def resolve(self, host: str, port: int = 0, family: Any = 0) -> Any:
            found = await super().resolve(host, port, family)
            if not spec.loopback and any(_private(answer["host"]) for answer in found):
                raise OSError("a private address")
            return found

    return Public()


def _private(host: str) -> bool:
    """Whether a host is this machine, or a number in a network that is not everybody's."""
    try:
        number = ip_address(host.partition("%")[0])
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
    if isinstance(number, IPv6Address):
        number = number.ipv4_mapped or number.sixtofour or number
    return not number.is_global or number.is_multicast


def _s3(environ: Mapping[str, str], spec: RowsSpec, parts: SplitResult) -> _File:
    """An object of S3, as whoever the environment says, or as nobody."""
    import s3fs

    key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or None
    if endpoint and urlsplit(endpoint).scheme != "https" and not spec.loopback:
        raise _Unfit(say("AWS_ENDPOINT_URL is not https"))
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    files = s3fs.S3FileSystem(
        anon=not (key and secret),
        key=key,
        secret=secret,
        token=environ.get("AWS_SESSION_TOKEN"),
        endpoint_url=endpoint,
        client_kwargs={"region_name": region} if region else {},
        config_kwargs={"connect_timeout": CONNECT_S, "read_timeout": READ_S},
        skip_instance_cache=True,
    )
    found: _File = files.open(f"{parts.netloc}{parts.path}", "rb", block_size=_S3_PIECE_BYTES, cache_type="readahead")
    return found


def _shown(spec: RowsSpec) -> str:
    return str(spec.source["file"]).replace("{target}", spec.target)

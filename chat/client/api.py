"""REST, as far as a client needs it. Answers are the wire's JSON; refusals are ApiError, silence is Unreachable.

Only what answers.py proves is an answer, and only problem details with a known code are a refusal. Everything else
comes from something between the client and the server, and counts as silence.
"""

from __future__ import annotations

import uuid
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec

from chat.client.answers import ECHOED, REFUSALS, Unproven, prove
from chat.client.entities import Entity
from chat.client.store import Answer

TIMEOUT: Final = 20.0  # seconds for an answer
PAGE: Final = 200  # messages or participants asked for at once


class Unreachable(Exception):
    """No answer, or one that does not prove to be Parley's: it may or may not have been done. Try again."""


class ApiError(Exception):
    """A refusal: problem details (RFC 9457). `retry_after`: seconds, where the server names them."""

    def __init__(self, status: int, problem: dict[str, Any], retry_after: float | None = None) -> None:
        super().__init__(f"{status} {problem.get('code', '')}: {problem.get('detail', '')}")
        self.status, self.code = status, str(problem.get("code", ""))
        self.errors: dict[str, list[str]] = problem.get("errors", {})
        self.retry_after = retry_after

    @property
    def passing(self) -> bool:
        """Whether the same request may well succeed later."""
        return self.status == httpx.codes.TOO_MANY_REQUESTS or self.status >= httpx.codes.INTERNAL_SERVER_ERROR


class Api:
    """One organization, as seen with one bearer token."""

    def __init__(self, base_url: str, slug: str, token: str, *, http: httpx.AsyncClient | None = None) -> None:
        """`base_url`: scheme and host, as `https://chat.example`. `http` is shared by many clients of one process."""
        self.base_url, self.slug, self.token = base_url.rstrip("/"), slug, token
        self._http = http or httpx.AsyncClient()
        self._is_echoed = False  # whether an answer has given the header back; from then on every one must

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def socket_url(self, client: str, tag: int) -> str:
        """Where the socket of a client is that has applied everything up to `tag`."""
        return f"ws{self.base_url.removeprefix('http')}/o/{self.slug}/ws/v1/?client={client}&tag={tag}"

    async def register(self, *, platform: str = "bot", label: str = "") -> Entity:
        """`{id, tag, …}` of a new client."""
        return await self._object("POST", "clients", json={"platform": platform, "label": label})

    async def close(self, client: str) -> None:
        await self.request("DELETE", f"clients/{client}")

    async def sync(self, cursor: str, *, etag: str = "") -> tuple[Answer | None, str]:
        """One page of the state since `cursor`, "" for all of it, and its ETag. None when it would be the answer with
        this `etag` again."""
        params = {"cursor": cursor} if cursor else {}
        answer = await self._answer("GET", "sync", params=params, headers={"If-None-Match": etag} if etag else {})
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            if not etag:
                raise Unreachable("not modified, though nothing was named")
            return None, etag
        return _proven("GET", "sync", None, answer), answer.headers.get("etag", "")

    async def history(self, conversation: str, *, before: int, limit: int = PAGE) -> list[Entity]:
        """The messages below `before`, oldest first."""
        params = {"before": before, "limit": limit}
        page = await self._object("GET", f"conversations/{conversation}/messages", params=params)
        return list(page["results"])

    async def thread(self, message: str, *, limit: int = PAGE) -> list[Entity]:
        """The head, `expired` and empty when its time is over, and its first replies. For `Store.put_message`."""
        page = await self._object("GET", f"messages/{message}/thread", params={"limit": limit})
        return list(page["results"])

    async def participants(self, conversation: str) -> list[Entity]:
        """All of them, however many pages that takes."""
        participants: list[Entity] = []
        following: str | None = f"conversations/{conversation}/participants?limit={PAGE}"
        while following:
            page = await self._object("GET", following)
            participants += page["results"]
            following = page["next"]
        return participants

    async def member(self, id: str) -> Entity:
        return await self._object("GET", f"members/{id}")

    async def send(
        self, conversation: str, *, text: str, ref: str, thread: str | None = None, read: int | None = None
    ) -> Entity:
        """The message; the very same one when the ref has been used before."""
        body = {"ref": ref, "text": text, "thread": thread, "read": read}
        return await self._object("POST", f"conversations/{conversation}/messages", json=_given(body))

    async def read(self, conversation: str, *, seq: int, thread: str | None = None, threads: bool = False) -> Entity:
        """Say that the main line was shown up to `seq`, with `thread` that thread, with `threads` everything. Returns
        the own participant."""
        body = {"seq": seq, "thread": thread, "threads": threads or None}
        return await self._object("PUT", f"conversations/{conversation}/read", json=_given(body))

    async def request(self, method: str, path: str, **options: Any) -> Any:
        """Ask any address. Return the JSON of the answer, None for 204. Raises ApiError and Unreachable.

        An answer of an address without a row in `answers.PROOFS` is believed only with the header. A 204 proves nothing
        by itself: ask what became of it.
        """
        answer = await self._answer(method, path, **options)
        if not answer.is_success:
            raise Unreachable(f"{method} {path}: {answer.status_code}")
        return _proven(method, path, options.get("json"), answer)

    async def _answer(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        """What the server answered: 2xx or 304. Redirects are not followed, because the server makes none."""
        request = str(uuid.uuid4())
        given = self.headers | {ECHOED: request} | (headers or {})
        try:
            answer = await self._http.request(
                method, self._url(path), headers=given, timeout=TIMEOUT, follow_redirects=False, **options
            )
        except httpx.HTTPError as error:
            raise Unreachable(repr(error)) from error
        self._check_origin(request, answer)
        if answer.is_success or answer.status_code == httpx.codes.NOT_MODIFIED:
            return answer
        raise _refusal(answer)

    def _url(self, path: str) -> str:
        """Return the address of a path of the API or of a `next` link, but never of another host."""
        parts = urlsplit(path)
        if parts.path.startswith("/") or parts.netloc:
            return f"{self.base_url}{parts._replace(scheme='', netloc='').geturl()}"
        return f"{self.base_url}/o/{self.slug}/api/v1/{path}"

    def _check_origin(self, request: str, answer: httpx.Response) -> None:
        """Raise Unreachable for an answer to another request, or without the header where it came before."""
        echoed = answer.headers.get(ECHOED)
        self._is_echoed |= echoed == request
        if echoed != request and (echoed is not None or self._is_echoed):
            raise Unreachable(f"{answer.request.method} {answer.request.url}: an answer to something else")

    async def _object(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        return dict(await self.request(method, path, **options))


def _given(body: dict[str, Any]) -> dict[str, Any]:
    """Without what was left out: servers of before do not know it."""
    return {name: value for name, value in body.items() if value is not None}


def _proven(method: str, path: str, body: Any, answer: httpx.Response) -> Any:
    content = None if answer.status_code == httpx.codes.NO_CONTENT else answer.content
    is_echoed = answer.headers.get(ECHOED) == answer.request.headers[ECHOED]
    try:
        return prove(method, path, body, content, is_echoed=is_echoed)
    except Unproven as error:
        raise Unreachable(str(error)) from error


def _refusal(answer: httpx.Response) -> Exception:
    """ApiError for problem details with a known code and its status, else Unreachable."""
    silence = Unreachable(f"{answer.request.method} {answer.request.url}: {answer.status_code}")
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return silence
    try:
        problem = msgspec.json.decode(answer.content, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return silence
    if REFUSALS.get(str(problem.get("code"))) != answer.status_code:
        return silence
    retry_after = answer.headers.get("retry-after", "")
    return ApiError(answer.status_code, problem, float(retry_after) if retry_after.isdigit() else None)

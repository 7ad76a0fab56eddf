"""The page's routes: each reads one use case and fills one template; what changes something says where to go."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from functools import partial
from importlib import resources
from typing import Any, get_args
from urllib.parse import quote, urlencode, urlsplit

import jinja2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import Forbidden, ForgeError, InvalidRequest, NotFound, Unauthorized
from imgforge_mcp.base.formats import FileFormat
from imgforge_mcp.base.types import Allowance, Caller, Job, JobState, Json, QualityTier
from imgforge_mcp.forge import Filter, Forge, Wanted
from imgforge_mcp.http.access import CALLER, COOKIE, REFUSED
from imgforge_mcp.http.answers import answer, headers_of
from imgforge_mcp.http.pages import making, showing
from imgforge_mcp.http.pages.live import events

SHOWN = 48
"""Cards of one page of the gallery."""
MOST_WEBHOOKS = 50
THUMBNAIL = 384
"""Pixels; sharp at 220 on a screen of high density."""
COOKIE_DAYS = 30
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STATIC = {"page.css": ("colours.css", "page.css"), "page.js": ("page.js",), "icon.svg": ("icon.svg",)}
"""What each file is put together from."""
SHARED = frozenset({"colours.css", "icon.svg"})
"""Those that the picture in a chat (mcp.apps) is made of too; they stand in `imgforge_mcp/parts`."""
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
PERIODS = ("day", "month", "all")
LOGIN = "/page/login"


class Page:
    """The site over one forge; `base_url` is where people reach it, behind a proxy's prefix perhaps."""

    def __init__(self, lazy: LazyForge, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._lazy = lazy
        self._clock = Clock()
        self._prefix = parts.path.rstrip("/")
        self._is_secure = parts.scheme == "https"
        loader = jinja2.PackageLoader("imgforge_mcp.http.pages")
        self._templates = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
        self._templates.filters |= {
            "dollars": showing.dollars,
            "thumbnail": showing.thumbnail,
            "original": showing.original,
        }
        self._templates.globals |= {"prefix": self._prefix, "tiers": [tier.value for tier in QualityTier]}
        self._templates.globals |= {"operations": showing.OPERATIONS, "formats": get_args(FileFormat)}

    def routes(self) -> list[Route]:
        return [
            self._route("/", self._gallery),
            self._route("/page/jobs/{job_id}", self._picture),
            self._route("/page/usage", self._usage),
            self._route("/page/keys", self._keys, scope="admin"),
            self._route("/page/events", self._events),
            self._route("/page/thumbnails/{asset_id}", self._thumbnail),
            self._route("/page/make", self._make, method="POST", scope="generate"),
            self._route("/page/price", self._price, method="POST"),
            self._route("/page/jobs/{job_id}/cancel", self._cancel, method="POST"),
            self._route("/page/assets/{asset_id}/{act}", self._change_asset, method="POST"),
            self._route("/page/keys/create", self._create_key, method="POST", scope="admin"),
            self._route("/page/keys/{name}/revoke", self._revoke_key, method="POST", scope="admin"),
            self._route("/page/webhooks/{webhook_id}/replay", self._replay, method="POST", scope="admin"),
            Route(LOGIN, self._log_in, methods=["GET", "POST"]),
            Route("/page/logout", self._log_out, methods=["POST"]),
            Route("/page/static/{name}", self._static, methods=["GET"]),
        ]

    def _route(
        self,
        path: str,
        handle: Callable[[Forge, Caller, Request], Awaitable[Response]],
        *,
        method: str = "GET",
        scope: str = "read",
    ) -> Route:
        async def served(request: Request) -> Response:
            try:
                forge = await self._lazy.forge()
                caller = request.scope.get(CALLER)
                if caller is None:
                    return self._closed(request)
                if method == "POST":
                    check_origin(request)
                if scope not in caller.scopes:
                    raise Forbidden(f"This caller may not do that; it needs the scope imgforge:{scope}.")
                return await handle(forge, caller, request)
            except ForgeError as error:
                return self._failed(request, error)

        return Route(path, served, methods=[method])

    # Looking --------------------------------------------------------------------------------------------------------

    async def _gallery(self, forge: Forge, caller: Caller, request: Request) -> Response:
        chosen = {name: text for name in FILTERS if (text := request.query_params.get(name, "").strip()[:200])}
        before = request.query_params.get("before") or None
        jobs = await forge.recent_jobs(SHOWN + 1, caller, wanted=_wanted(chosen), before=before)
        cards = [showing.card(job) for job in jobs[:SHOWN]]
        older = urlencode({**chosen, "before": cards[-1].job_id}) if len(jobs) > SHOWN else None
        if request.query_params.get("part") == "cards":
            return self.html("_cards.html", request, cards=cards, older=older)
        usage = await forge.usage("all", None, caller)
        return self.html(
            "gallery.html",
            request,
            caller=caller,
            cards=cards,
            older=older,
            chosen=chosen,
            is_first=before is None and not chosen,
            newest=cards[0].job_id if cards and before is None else "",
            choices={
                "project": [name for name in usage["by_project"] if name != "(none)"],
                "provider": list(usage["by_provider"]),
                "model": sorted({name.partition("/")[2] or name for name in usage["by_model"]}),
                "state": [state.value for state in JobState],
            },
            models=await _usable_models(forge),
            draws_alone=forge.draws_alone,
        )

    async def _picture(self, forge: Forge, caller: Caller, request: Request) -> Response:
        job = await forge.job(request.path_params["job_id"], caller)
        places = {asset.asset_id: await _place(forge, asset.asset_id) for asset in job.assets}
        origins = await _origins(forge, caller, job)
        made_from = [await forge.recent_jobs(8, caller, wanted=Wanted(input_id=a.asset_id)) for a in job.assets]
        descendants = {found.job_id: showing.card(found) for group in made_from for found in group}
        return self.html(
            "picture.html",
            request,
            caller=caller,
            job=job,
            card=showing.card(job),
            places=places,
            path=forge.place(job.assets[0]) if caller.sees_all and job.assets else None,
            tries=showing.tries(job),
            origins=[showing.card(origin) for origin in origins],
            descendants=list(descendants.values()),
            models=await _usable_models(forge),
        )

    async def _usage(self, forge: Forge, caller: Caller, request: Request) -> Response:
        period = request.query_params.get("period", "month")
        period = period if period in PERIODS else "month"
        usage = await forge.usage(period, None, caller)
        measure = "cost_usd" if usage.get("cost_usd") else "images"
        tables = {name: showing.rows(usage[f"by_{name}"], measure) for name in ("provider", "model", "project")}
        days = showing.columns(usage["by_day"], measure)
        return self.html(
            "usage.html",
            request,
            caller=caller,
            usage=usage,
            period=period,
            periods=PERIODS,
            measure=measure,
            days=days,
            width=max(1, len(days)) * (showing.BAR_WIDTH + showing.GAP),
            tables=tables,
            standings=await forge.standings(caller),
        )

    async def _events(self, forge: Forge, caller: Caller, request: Request) -> Response:
        card = partial(self._card, request)
        stream = events(forge, caller, self._clock, card, request.query_params.get("since", ""))
        headers = {**HEADERS, "X-Accel-Buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    def _card(self, request: Request, job: Job) -> str:
        return self._templates.get_template("_card.html").render(card=showing.card(job))

    async def _thumbnail(self, forge: Forge, caller: Caller, request: Request) -> Response:
        asset_id = request.path_params["asset_id"]
        if request.headers.get("if-none-match") == f'"{asset_id}"':
            return Response(status_code=304)
        data = await forge.thumbnail(asset_id, THUMBNAIL)
        headers = {
            "Cache-Control": "private, max-age=31536000, immutable",
            "ETag": f'"{asset_id}"',
            "X-Content-Type-Options": "nosniff",
        }
        return Response(data, media_type="image/jpeg", headers=headers)

    # Making and changing --------------------------------------------------------------------------------------------

    async def _make(self, forge: Forge, caller: Caller, request: Request) -> Response:
        async with request.form(max_files=making.MAX_FILES, max_fields=40, max_part_size=making.MAX_BYTES) as form:
            from_job = form.get("job")
            base = await forge.job(from_job, caller) if isinstance(from_job, str) and from_job else None
            asked = await making.request_of(form, base)
        job = await forge.submit(asked, caller, request_id=request.scope["imgforge.request_id"])
        return self._done(request, f"/page/jobs/{job.job_id}", {"job_id": job.job_id, "state": job.state.value})

    async def _price(self, forge: Forge, caller: Caller, request: Request) -> Response:
        async with request.form(max_files=making.MAX_FILES, max_part_size=making.MAX_BYTES) as form:
            cost, by = await forge.quote(await making.request_of(form), caller)
        return answer({"cost_usd": cost, "by": by, "said": "free" if cost == 0 else f"about {showing.dollars(cost)}"})

    async def _cancel(self, forge: Forge, caller: Caller, request: Request) -> Response:
        job, _ = await forge.cancel(request.path_params["job_id"], caller)
        return self._done(request, f"/page/jobs/{job.job_id}", {"job_id": job.job_id, "state": job.state.value})

    async def _change_asset(self, forge: Forge, caller: Caller, request: Request) -> Response:
        asset_id, act = request.path_params["asset_id"], request.path_params["act"]
        match act:
            case "pin" | "unpin":
                await forge.pin_asset(asset_id, caller, is_pinned=act == "pin")
            case "delete":
                await forge.delete_asset(asset_id, caller)
            case _:
                raise NotFound("There is nothing at this address.")
        async with request.form() as form:
            job_id = form.get("job")
        place = f"/page/jobs/{quote(job_id)}" if isinstance(job_id, str) and job_id else "/"
        return self._done(request, place, {"asset_id": asset_id, "done": act})

    # Keys -----------------------------------------------------------------------------------------------------------

    async def _keys(self, forge: Forge, caller: Caller, request: Request, **shown: Any) -> Response:
        keys, webhooks = await forge.keys(), await forge.webhooks(MOST_WEBHOOKS)
        return self.html("keys.html", request, caller=caller, keys=keys, webhooks=webhooks, **{"made": None, **shown})

    async def _create_key(self, forge: Forge, caller: Caller, request: Request) -> Response:
        async with request.form() as form:
            name, project = str(form.get("name", "")).strip(), str(form.get("project_id", "")).strip()
            limits = {field: _whole(form.get(field), field) for field in ("per_minute", "per_day", "per_month")}
        key, record = await forge.create_key(name, Allowance(**limits), project_id=project or None)
        return await self._keys(forge, caller, request, made={"name": record.name, "key": key})

    async def _revoke_key(self, forge: Forge, caller: Caller, request: Request) -> Response:
        await forge.revoke_key(request.path_params["name"])
        return self._done(request, "/page/keys", {})

    async def _replay(self, forge: Forge, caller: Caller, request: Request) -> Response:
        await forge.replay_webhook(request.path_params["webhook_id"])
        return self._done(request, "/page/keys", {})

    async def _log_in(self, request: Request) -> Response:
        if request.method == "GET":
            return self.html("login.html", request, caller=None, error=None)
        try:
            check_origin(request)
            forge = await self._lazy.forge()
            async with request.form() as form:
                key = str(form.get("key", "")).strip()
            await forge.caller_of_key(key)
        except ForgeError as error:
            return self.html("login.html", request, status=error.status, caller=None, error=error.message)
        response = _to(self._prefix + "/")
        response.set_cookie(
            COOKIE,
            key,
            max_age=COOKIE_DAYS * 86_400,
            path=self._prefix or "/",
            secure=self._is_secure,
            httponly=True,
            samesite="strict",
        )
        return response

    async def _log_out(self, request: Request) -> Response:
        try:
            check_origin(request)
        except ForgeError as error:
            return self._failed(request, error)
        response = _to(self._prefix + LOGIN)
        response.delete_cookie(COOKIE, path=self._prefix or "/")
        return response

    async def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in STATIC:
            raise HTTPException(404)
        own, parts = resources.files("imgforge_mcp.http.pages").joinpath("static"), resources.files("imgforge_mcp")
        data = b"".join(
            (parts.joinpath("parts", part) if part in SHARED else own.joinpath(part)).read_bytes()
            for part in STATIC[name]
        )
        headers = {**HEADERS, "Cache-Control": "public, max-age=300"}
        return Response(data, media_type=KINDS[name.rpartition(".")[2]], headers=headers)

    # Answers --------------------------------------------------------------------------------------------------------

    def html(self, template: str, request: Request, *, status: int = 200, **values: Any) -> Response:
        """A template, filled."""
        page = self._templates.get_template(template).render(here=request.url.path, **values)
        return Response(page, status_code=status, media_type="text/html", headers=HEADERS)

    def _done(self, request: Request, place: str, body: Json) -> Response:
        """To a script what became of it, to a form the page to go on with."""
        if _wants_json(request):
            return answer({**body, "place": self._prefix + place}, 200, {"Cache-Control": "no-store"})
        return _to(self._prefix + place)

    def _closed(self, request: Request) -> Response:
        """Nobody is let in without a caller; a person is asked for the key."""
        refused = request.scope.get(REFUSED)
        error = refused if isinstance(refused, ForgeError) else Unauthorized("A key is needed here.")
        if request.method == "GET" and not _wants_json(request):
            message = error.message if refused is not None and COOKIE in request.cookies else None
            return self.html("login.html", request, status=401, caller=None, error=message)
        return self._failed(request, error)

    def _failed(self, request: Request, error: ForgeError) -> Response:
        if _wants_json(request):
            return answer(error.body(request.scope["imgforge.request_id"]), error.status, headers_of(error))
        caller = request.scope.get(CALLER)
        response = self.html("error.html", request, status=error.status, caller=caller, message=error.message)
        response.headers.update(headers_of(error))
        return response


FILTERS = ("q", "project", "model", "provider", "day", "state")


def _wanted(chosen: Mapping[str, str]) -> Wanted:
    """Raises InvalidRequest: a day or a state that is none."""
    try:
        return Wanted(
            state=JobState(chosen["state"]) if "state" in chosen else None,
            project_id=chosen.get("project"),
            model=chosen.get("model"),
            provider=chosen.get("provider"),
            day=date.fromisoformat(chosen["day"]) if "day" in chosen else None,
            text=chosen.get("q"),
        )
    except ValueError:
        raise InvalidRequest("A day is written as 2026-11-25, a state as completed.", field="day") from None


async def _usable_models(forge: Forge) -> list[str]:
    answer = await forge.models(Filter(is_full=True), is_paged=False)
    return [entry["slug"] for entry in answer["models"]]


async def _place(forge: Forge, asset_id: str) -> Json:
    """Whether a picture is still there, and pinned; if not, what its tombstone says."""
    try:
        asset = await forge.described_asset(asset_id)
    except NotFound as error:
        return {"is_there": False, "said": error.message, "is_pinned": False}
    return {"is_there": True, "said": "", "is_pinned": asset.is_pinned}


async def _origins(forge: Forge, caller: Caller, job: Job) -> list[Job]:
    """The jobs whose pictures this one was made from, as far as the caller may see them."""
    found: dict[str, Job] = {}
    for reference in job.request.input_images or []:
        for origin in (await forge.origins_of(reference))[:1]:
            try:
                found[origin] = await forge.job(origin, caller)
            except NotFound:
                continue
    return list(found.values())


def _whole(value: object, field: str) -> int | None:
    text = str(value or "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidRequest(f"{field} is a whole number, such as 60.", field=field)
    return int(text)


def check_origin(request: Request) -> None:
    """A form is taken from our own pages only: a browser says where a POST comes from, and the guard has refused all
    origins but ours. Raises Forbidden."""
    if "origin" not in request.headers:
        raise Forbidden("A form is taken from this server's own pages only (no Origin was sent).")


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _to(place: str) -> Response:
    return Response(status_code=303, headers={**HEADERS, "Location": place})

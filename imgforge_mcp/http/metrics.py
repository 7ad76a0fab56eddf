"""/metrics: what was asked of this process, or of all on its port, and what the registry knows of jobs and calls, for
Prometheus."""

from collections.abc import Awaitable, Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.forge import Forge
from imgforge_mcp.http.answers import answer, headers_of
from imgforge_mcp.http.relay import Member
from imgforge_mcp.storage.registry.contract import Figures

OTHER = "other"
"""The route of a request that has none: an address that anybody made up is no label."""
LATENCIES = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """One for each application: counts requests, and asks the registry when it is asked itself. Of several processes
    each counts in a file of its own, which outlives it; the first one counts what the registry tells."""

    def __init__(self, lazy: LazyForge, clock: Clock, member: Member | None = None) -> None:
        self._lazy = lazy
        self._member = member
        self._since = clock.now()
        self._seen = 0
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("imgforge_http_requests", "HTTP requests", labels, registry=self._registry)
        self._seconds = Histogram(
            "imgforge_http_request_seconds", "Seconds of HTTP requests", ("route",), registry=self._registry
        )
        self._upstream = Histogram(
            "imgforge_attempt_seconds",
            "Seconds of upstream calls of all processes that ended since this one began",
            ("provider",),
            buckets=LATENCIES,
            registry=self._registry,
        )

    def note(self, scope: Scope, status: int, seconds: float) -> None:
        """One request that has been answered."""
        method = scope["method"] if scope["method"] in METHODS else OTHER
        route = _route(scope)
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def route(self) -> Callable[[Request], Awaitable[Response]]:
        async def metrics(request: Request) -> Response:
            try:
                forge = await self._lazy.forge()
                figures = await forge.figures()
                if self._member is None or self._member.number == 0:
                    await self._learn(forge)
            except ForgeError as error:
                return answer(error.body(request.scope["imgforge.request_id"]), error.status, headers_of(error))
            known = CollectorRegistry()
            known.register(Known(figures))
            return Response(
                generate_latest(self._counted()) + generate_latest(known), headers={"Content-Type": CONTENT_TYPE_LATEST}
            )

        return metrics

    def _counted(self) -> CollectorRegistry:
        if self._member is None:
            return self._registry
        of_all = CollectorRegistry()
        MultiProcessCollector(of_all, self._member.folder)  # type: ignore[no-untyped-call]
        return of_all

    async def _learn(self, forge: Forge) -> None:
        """What has ended since it was last asked: each call is read once."""
        for outcome in await forge.outcomes_since(self._seen, self._since):
            if outcome.outcome_id > self._seen:  # not by another scrape meanwhile
                self._seen = outcome.outcome_id
                if outcome.latency is not None:
                    self._upstream.labels(outcome.provider).observe(outcome.latency)


def _route(scope: Scope) -> str:
    """The path as its route writes it, with the names of its parameters: no value that a caller made up is a label."""
    return str(getattr(scope.get("route"), "path", OTHER))


class Known:
    """The registry's figures as Prometheus has them."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        jobs = GaugeMetricFamily("imgforge_jobs", "Jobs on record", labels=["state"])
        for state, number in self._figures.jobs.items():
            jobs.add_metric([state], number)
        yield jobs
        yield GaugeMetricFamily("imgforge_queue_depth", "Jobs that wait", value=self._figures.jobs.get("queued", 0))
        wait, staff, places = self._figures.longest_wait, self._figures.workers, self._figures.places
        yield GaugeMetricFamily("imgforge_queue_wait_seconds", "Seconds that the first of them has waited", value=wait)
        yield GaugeMetricFamily("imgforge_workers", "Workers of many machines that are alive", value=staff)
        yield GaugeMetricFamily("imgforge_worker_places", "Jobs that they run at once at most", value=places)
        yield GaugeMetricFamily("imgforge_leases", "Jobs that a process holds", value=self._figures.leases)
        attempts = CounterMetricFamily("imgforge_attempts", "Upstream calls", labels=["provider", "outcome"])
        costs = CounterMetricFamily("imgforge_cost_usd", "US dollars known to be spent", labels=["provider"])
        doubts = CounterMetricFamily("imgforge_maybe_billed_usd", "US dollars that may be spent", labels=["provider"])
        for each in self._figures.calls:
            attempts.add_metric([each.provider, each.outcome], each.calls)
        for provider in dict.fromkeys(each.provider for each in self._figures.calls):
            own = [each for each in self._figures.calls if each.provider == provider]
            costs.add_metric([provider], sum(each.cost_usd for each in own))
            doubts.add_metric([provider], sum(each.maybe_billed_usd for each in own))
        yield attempts
        yield costs
        yield doubts

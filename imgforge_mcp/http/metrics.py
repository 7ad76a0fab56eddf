"""/metrics: what was asked of this process, and what the registry knows of jobs and calls, for Prometheus."""

from collections.abc import Awaitable, Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.http.answers import answer, headers_of
from imgforge_mcp.storage.registry.contract import LATENCIES, Figures

OTHER = "other"
"""The route of a request that has none: an address that anybody made up is no label."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """One for each application: counts requests, and asks the registry when it is asked itself."""

    def __init__(self, lazy: LazyForge) -> None:
        self._lazy = lazy
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("imgforge_http_requests", "HTTP requests", labels, registry=self._registry)
        self._seconds = Histogram(
            "imgforge_http_request_seconds", "Seconds of HTTP requests", ("route",), registry=self._registry
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
                figures = await (await self._lazy.forge()).figures()
            except ForgeError as error:
                return answer(error.body(request.scope["imgforge.request_id"]), error.status, headers_of(error))
            known = CollectorRegistry()
            known.register(_Known(figures))
            return Response(
                generate_latest(self._registry) + generate_latest(known), headers={"Content-Type": CONTENT_TYPE_LATEST}
            )

        return metrics


def _route(scope: Scope) -> str:
    """The path as its route writes it, with the names of its parameters: no value that a caller made up is a label."""
    return str(getattr(scope.get("route"), "path", OTHER))


class _Known:
    """The registry's figures as Prometheus has them."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        jobs = GaugeMetricFamily("imgforge_jobs", "Jobs on record", labels=["state"])
        for state, number in self._figures.jobs.items():
            jobs.add_metric([state], number)
        yield jobs
        yield GaugeMetricFamily("imgforge_queue_depth", "Jobs that wait", value=self._figures.jobs.get("queued", 0))
        yield GaugeMetricFamily("imgforge_leases", "Jobs that a process holds", value=self._figures.leases)
        attempts = CounterMetricFamily("imgforge_attempts", "Upstream calls", labels=["provider", "outcome"])
        costs = CounterMetricFamily("imgforge_cost_usd", "US dollars spent", labels=["provider"])
        seconds = HistogramMetricFamily("imgforge_attempt_seconds", "Seconds of upstream calls", labels=["provider"])
        for each in self._figures.calls:
            attempts.add_metric([each.provider, each.outcome], each.calls)
        for provider in dict.fromkeys(each.provider for each in self._figures.calls):
            own = [each for each in self._figures.calls if each.provider == provider]
            costs.add_metric([provider], sum(each.cost_usd for each in own))
            counts = [sum(each.within[place] for each in own) for place in range(len(LATENCIES))]
            ended = sum(each.ended for each in own)
            buckets = [
                *((str(limit), number) for limit, number in zip(LATENCIES, counts, strict=True)),
                ("+Inf", ended),
            ]
            seconds.add_metric([provider], buckets, sum(each.seconds for each in own))
        yield attempts
        yield costs
        yield seconds

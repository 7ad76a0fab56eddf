"""Spans of OpenTelemetry: an upstream call as a child of the tool call that the SDK's own span tells of.

Names and attributes follow the semantic conventions for generative AI. A span holds no prompt, no key and no words of
a provider: it goes to another machine. The API is the SDK's; what sends spans is loaded only where `OTEL_*` names a
place.
"""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from imgforge_mcp.base.errors import ForgeError

if TYPE_CHECKING:
    from opentelemetry.trace import Span

API = "opentelemetry.trace"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
NAME = "imgforge-mcp"

logger = logging.getLogger(__name__)


def set_up_tracing(environment: Mapping[str, str]) -> None:
    """Send spans where the environment's `OTEL_EXPORTER_OTLP_ENDPOINT` says, for the whole process; without one, or
    where somebody else has set it up already, nothing is loaded."""
    is_off = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if is_off or not any(environment.get(name, "").strip() for name in ENDPOINTS):
        return
    if (protocol := environment.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")) != "http/protobuf":
        logger.warning("OTEL_EXPORTER_OTLP_PROTOCOL is %s; spans are sent as http/protobuf.", protocol[:20])
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        logger.warning("%s is set, but what sends spans is missing: pip install 'imgforge-mcp[otel]'.", ENDPOINTS[0])
        return
    named = {} if environment.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: NAME}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


@contextmanager
def upstream_call(provider: str, model: str, images: int, job_id: str) -> Iterator[None]:
    """A span around one upstream call; without OpenTelemetry in this process, nothing."""
    trace: Any = sys.modules.get(API)
    if trace is None:
        yield
        return
    attributes = {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.output.type": "image",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
        "gen_ai.request.choice.count": images,
        "imgforge.job.id": job_id,
    }
    tracer = trace.get_tracer(NAME)
    with tracer.start_as_current_span(
        f"generate_content {model}",
        kind=trace.SpanKind.CLIENT,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except BaseException as error:
            _fail(span, error, trace)
            raise


def note_outcome(outcome: str, cost_usd: float | None, *, maybe_billed: bool) -> None:
    """How the call of the current span ended in the books."""
    trace: Any = sys.modules.get(API)
    if trace is None:
        return
    span = trace.get_current_span()
    span.set_attribute("imgforge.outcome", outcome)
    span.set_attribute("imgforge.maybe_billed", maybe_billed)
    if cost_usd is not None:
        span.set_attribute("imgforge.cost_usd", cost_usd)


def _fail(span: "Span", error: BaseException, trace: Any) -> None:
    """The kind alone: a message may hold a provider's words."""
    span.set_attribute("error.type", error.code if isinstance(error, ForgeError) else type(error).__name__)
    span.set_status(trace.StatusCode.ERROR)

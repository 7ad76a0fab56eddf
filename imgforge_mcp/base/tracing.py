"""Spans of OpenTelemetry: an upstream call as a child of the tool call that the SDK's own span tells of.

Names and attributes follow the semantic conventions for generative AI. A span holds no prompt, no key and no words of
a provider: it goes to another machine. The API is the SDK's; what sends spans is loaded only where `OTEL_*` names a
place.
"""

import logging
import re
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

CARRIED = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
"""A traceparent (W3C Trace Context, section 3.2)."""

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


def carried() -> str | None:
    """The current span as a `traceparent`, for the process that goes on with its work; None where nothing is traced."""
    trace: Any = sys.modules.get(API)
    context = None if trace is None else trace.get_current_span().get_span_context()
    if context is None or not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


@contextmanager
def continued(traceparent: object) -> Iterator[None]:
    """What begins within is a part of the trace that another process carried here; without one, of none."""
    trace: Any = sys.modules.get(API)
    said = CARRIED.fullmatch(traceparent) if isinstance(traceparent, str) else None
    if trace is None or said is None:
        yield
        return
    trace_id, span_id, flags = (int(part, 16) for part in said.groups())
    context = trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=trace.TraceFlags(flags))
    with trace.use_span(trace.NonRecordingSpan(context), record_exception=False, set_status_on_exception=False):
        yield


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

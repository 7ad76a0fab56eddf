"""The reader of causes: which error an answer becomes, with whose words, and when it may be tried again."""

from typing import Any

import pytest

from imgforge_mcp.base.errors import (
    AccountBlocked,
    BadReply,
    ContentRefused,
    ForgeError,
    ModelGone,
    ProviderAuth,
    QuotaExceeded,
    RateLimited,
    Rejected,
    Unavailable,
    WrongAddress,
)
from imgforge_mcp.providers.contract import Reply
from imgforge_mcp.providers.reading.causes import cause_of
from imgforge_mcp.providers.reading.delays import in_words
from imgforge_mcp.providers.reading.listing import ids_of
from imgforge_mcp.providers.reading.refusals import is_refusal_text, is_refusal_word
from imgforge_mcp.providers.services import load, names
from imgforge_mcp.providers.services.openai import server
from tests.providers._calls import call_for, reply

OPENAI = call_for("openai/gpt-image-2")
GATEWAY = server("box", "http://127.0.0.1:4000")
REMOTE = [name for name in names() if name != "local"]


def said_by(body: Any, status: int = 400, kind: str = "application/json") -> str:
    answer = reply(body, status, headers={"content-type": kind}) if isinstance(body, bytes) else reply(body, status)
    return cause_of(answer).sentence


# Sentences ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param({"error": {"message": "no such size", "code": "x"}}, "no such size", id="OpenAI"),
        pytest.param({"error": "no such size"}, "no such size", id="a text"),
        pytest.param({"detail": "no such size"}, "no such size", id="detail"),
        pytest.param({"detail": {"error": {"message": "no such size"}}}, "no such size", id="detail.error.message"),
        pytest.param({"detail": {"message": "no such size"}}, "no such size", id="detail.message"),
        pytest.param({"code": 1004, "msg": "no such size"}, "no such size", id="code and msg"),
        pytest.param({"errors": [{"code": 7, "message": "no such size"}]}, "no such size", id="errors"),
        pytest.param({"errors": ["no such size", "no such seed"]}, "no such size: no such seed", id="errors as texts"),
        pytest.param([{"message": "no such size"}], "no such size", id="a list"),
        pytest.param([{"error": {"message": "no such size"}}], "no such size", id="a list of errors"),
        pytest.param("no such size", "no such size", id="a JSON text"),
        pytest.param({"message": "no such size"}, "no such size", id="message"),
        pytest.param({"title": "Bad", "detail": "no such size", "type": "about:blank"}, "no such size", id="problem"),
        pytest.param({"base_resp": {"status_code": 1, "status_msg": "no such size"}}, "no such size", id="base_resp"),
        pytest.param(
            {"error": {"errors": [{"reason": "bad", "message": "no such size"}]}}, "no such size", id="nested"
        ),
        pytest.param(
            {"detail": [{"loc": ["body", "size"], "msg": "no such size", "type": "value_error"}]},
            "no such size",
            id="FastAPI",
        ),
        pytest.param(
            {"error": "OutOfMemoryError", "detail": "", "body": "", "errors": "CUDA out of memory. Tried 2 GiB"},
            "OutOfMemoryError: CUDA out of memory. Tried 2 GiB",
            id="A1111",
        ),
        pytest.param(
            {
                "error": {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation"},
                "node_errors": {
                    "4": {
                        "class_type": "KSampler",
                        "errors": [{"type": "value_bigger_than_max", "message": "Too big", "details": "steps: 900"}],
                    }
                },
            },
            "Prompt outputs failed validation: KSampler: Too big: steps: 900",
            id="ComfyUI",
        ),
        pytest.param({"errors": {"size": ["no such size"]}}, "size: no such size", id="Rails"),
        pytest.param({"size": ["no such size"]}, "size: no such size", id="Django"),
        pytest.param(
            {"fault": {"faultstring": "no such size", "detail": {"errorcode": "x"}}}, "no such size", id="Apigee"
        ),
        pytest.param({"Message": "no such size"}, "no such size", id="AWS"),
        pytest.param({"errcode": 40013, "errmsg": "no such size"}, "no such size", id="errmsg"),
        pytest.param({"status": "failed", "failure_reason": "no such size"}, "no such size", id="a reason"),
        pytest.param({"data": {"error": "no such size"}}, "no such size", id="in data"),
        pytest.param({"result": {"error": {"message": "no such size"}}}, "no such size", id="in result"),
        pytest.param({"status": {"code": 3, "message": "no such size"}}, "no such size", id="in status"),
        pytest.param({"error": '{"message": "no such size"}'}, "no such size", id="JSON in a text"),
        pytest.param(
            {"error": {"message": '{"error": {"message": "no such size"}}'}}, "no such size", id="JSON in words"
        ),
        pytest.param(b"no such size", "no such size", id="plain text"),
        pytest.param(b"<html><title>502 Bad Gateway</title><p>nginx</p></html>", "502 Bad Gateway", id="a title"),
        pytest.param(b"<?xml version='1.0'?><Error><Message>no such size</Message></Error>", "no such size", id="XML"),
        pytest.param(b"\x00\x01\xff\xfe\xff\xff", "", id="bytes"),
        pytest.param({"error": None, "detail": [], "code": 7}, "", id="nothing"),
        pytest.param({"message": ["no such size"], "statusCode": 400}, "no such size", id="NestJS"),
        pytest.param({"errors": {"size": {"msg": "no such size"}}}, "size: no such size", id="express-validator"),
        pytest.param({"errors": {"size": "no such size"}}, "size: no such size", id="a sentence a field"),
        pytest.param({"status": "fail", "data": {"size": "no such size"}}, "size: no such size", id="JSend"),
        pytest.param({"invalid-params": [{"name": "size", "reason": "no such size"}]}, "no such size", id="RFC 7807"),
        pytest.param({"violations": [{"message": "no such size"}]}, "no such size", id="violations"),
        pytest.param({"Response": {"Error": {"Code": "x", "Message": "no such size"}}}, "no such size", id="Tencent"),
        pytest.param({"ResponseMetadata": {"Error": {"Message": "no such size"}}}, "no such size", id="Volcengine"),
        pytest.param(
            {"errors": [{"code": 7, "message": "no luck", "error_chain": [{"message": "no such size"}]}]},
            "no luck: no such size",
            id="a chain",
        ),
        pytest.param(
            {"jsonrpc": "2.0", "error": {"code": -32602, "message": "Invalid params", "data": "no such size"}},
            "Invalid params: no such size",
            id="JSON-RPC",
        ),
        pytest.param({"errorMessages": ["no such size"], "errors": {}}, "no such size", id="Jira"),
        pytest.param({"ErrorMessage": "no such size"}, "no such size", id="a name with capitals"),
        pytest.param({"task": {"status": "FAILED", "reason": "no such size"}}, "no such size", id="in task"),
        pytest.param(
            b"<html><title>400 Bad Request</title><h1>Bad Request</h1><p>no such size</p></html>",
            "400 Bad Request: no such size",
            id="Flask's page",
        ),
    ],
)
def test_the_sentence_that_names_the_cause_is_kept_in_every_shape(body: Any, sentence: str) -> None:
    assert said_by(body) == sentence


# Refusals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "nsfw_content",
        "content_policy_violation",
        "moderation_blocked",
        "IMAGE_SAFETY",
        "PROHIBITED_CONTENT",
        "RECITATION",
        "contentFilter",
        "content_filter",
        "SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "BLOCKLIST",
        "SPII",
        "ResponsibleAIPolicyViolation",
        "safety_error",
        "content_moderation",
        "DataInspectionFailed",
        "OutputImageSensitiveContentDetected",
        "CONTENT_FILTERED",
        "nsfw",
        "sensitive_content",
        "unsafe_content",
        "model_armor",
        "ContentPolicyViolationError",
        "prompt_blocked",
        "IMAGE_REJECTED",
        "safety_check_failed",
        "Request Moderated",
        "input_moderated",
        "SAFETY.INPUT.TEXT",
        "Filter reason: prompt",
        "OperationDenied.TextIllegalDetected",
        "guardrail_intervened",
        "moderation_failed",
        "banned_prompt",
        "RiskControl",
        "IPInfringementSuspect",
    ],
)
def test_a_code_that_names_a_refusal_is_one(code: str) -> None:
    assert is_refusal_word(code)


@pytest.mark.parametrize(
    "code",
    [
        "IMAGE_OTHER",
        "NO_IMAGE",
        "STOP",
        "SUCCESS",
        "MAX_TOKENS",
        "OTHER",
        "invalid_request_error",
        "value_error",
        "safety_service_unavailable",
        "moderation_timeout",
        "rate_limit_exceeded",
        "connection_refused",
        "PUP_LIMITED_DISABLED",
        "content_type_invalid",
        "policy_not_found",
        "safety_tolerance",
        "missing",
        "invalid_content",
        "moderation",
        "rate_limited_content",
        "field_violations",
        "foreign_key_violation",
        "text_too_long",
    ],
)
def test_any_other_code_is_none(code: str) -> None:
    assert not is_refusal_word(code)


@pytest.mark.parametrize(
    "text",
    [
        "Your request was rejected by the safety system. safety_violations=[violence].",
        "Your request was rejected as a result of our safety system.",
        "Input prompt contains NSFW content",
        "Output image contains NSFW content (3f2a)",
        "Your output has been flagged. Please choose another prompt / input image combination",
        "NSFW content detected in prompt or image",
        "Prompt provided failed safety check due to the inclusion of prohibited content.",
        "The content could not be processed because it contained material flagged by a content checker.",
        "prohibited content",
        "This prompt violates our content policy.",
        "Error: The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
        "NSFW content detected. Try running it again, or try a different prompt.",
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "Image blocked by moderation",
        "Your image generation request was blocked for safety reasons",
        "Your prompt was moderated",
        "The prompt contains sensitive words",
        "Generated image rejected by content moderation.",
        "litellm.ContentPolicyViolationError: OpenAIException - rejected",
        "Unable to show generated images: unsafe content was found",
        "您的请求包含敏感词，请修改后重试",
        "Request blocked: NSFW",
        "Sorry, this prompt isn't allowed.",
        "Prompt not allowed",
        "Unable to generate: prompt flagged",
        "This request violates our Terms of Service",
        "The prompt is against our community guidelines",
        "It may conflict with our content policy.",
        "Disallowed word in prompt: x",
        "Sexual content is not permitted",
        "Violence is not allowed",
        "CSAM detected",
        "Generation blocked: image contains nudity",
        "Safety check failed",
        "Failed the content check",
        "Content did not pass review",
        "Content not approved by moderation",
        "Rejected by content safety",
        "The model refused to generate this image",
        "I'm sorry, but I can't create images of real people.",
        "I can't assist with that request.",
        "We can't process this prompt as it might go against our policies",
        "不適切なコンテンツが検出されました",
        "プロンプトがコンテンツポリシーに違反しています。",
        "콘텐츠 정책을 위반하는 프롬프트입니다",
        "Die Anfrage verstößt gegen unsere Inhaltsrichtlinien.",
        "Votre demande enfreint notre politique de contenu.",
        "La solicitud infringe nuestras políticas de contenido.",
        "O prompt viola nossas políticas de conteúdo.",
        "Il prompt viola le norme sui contenuti",
        "Запрос нарушает политику использования контента",
        "您的提示词未通过审核",
        "输入内容存在安全风险",
        "input new_sensitive",
        "Failure to pass the risk control system",
        "All images were filtered out because they violated the usage guidelines.",
        "Banned prompt detected",
        "Our AI moderators feel your prompt might be against our community standards",
        "Your prompt contains a word that is not allowed: blood",
        "Prompt contains restricted words",
        "Copyrighted character detected in prompt",
        "The prompt mentions a public figure, which is not allowed.",
        "I cannot fulfill this request as it goes against my safety guidelines.",
        "Content moderation failed",
        "The content is not compliant",
    ],
)
def test_a_sentence_of_a_refusal_is_one(text: str) -> None:
    assert is_refusal_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "connection refused",
        "upstream refused the connection",
        "The request was refused: size must be a multiple of 8",
        "safety_tolerance must be between 0 and 6",
        "the NSFW checker cannot be disabled",
        "disable_safety_checker is not allowed for this model",
        "The safety checker could not be loaded",
        "moderation must be one of auto, low",
        "Moderation service is temporarily unavailable",
        "Content-Type must be application/json",
        "Unknown parameter: 'content_filter'.",
        "Invalid content: expected a string",
        "The image is blocked from loading by CORS",
        "prompt is too long",
        "Your key was rejected",
        "policy is missing the field resource",
        "failed to parse prompt",
        "height must be a multiple of 8",
        "The model is not safe for concurrent use",
        "filter: unknown operator",
        "prompt is not allowed together with image",
        "Content is not allowed in prolog.",
        "The safety check failed to load",
        "We can't process your request at this time",
        "I can't create images, I am a text model",
        "The model declined the connection",
        "This goes against the limit of 4 images",
        "The content check timed out",
        "illegal characters in header",
        "input was rejected: bad seed",
        "This model is restricted to enterprise accounts",
        "Access denied by policy",
        "NSFW filter is disabled",
        "Content moderation failed to start",
        "an explicit prompt is required",
        "The model's license terms must be accepted",
        "モデルが見つかりません",
        "请求参数错误",
        "Ungültiger Parameter: Größe",
        "Le paramètre size est invalide",
    ],
)
def test_the_same_words_in_another_sense_are_no_refusal(text: str) -> None:
    assert not is_refusal_text(text)


PROMPT = "a poster that says: this prompt violates our content policy and contains nsfw content, in red letters"


@pytest.mark.parametrize(
    "text",
    [
        f"Invalid value for size. Prompt was: {PROMPT}",
        f"Could not parse '{PROMPT[:60]}...'",
        f'Bad request: {{"prompt": "{PROMPT}"}}',
        f"prompt too long: {PROMPT.upper()}",
        "Cannot draw “this prompt violates our content policy” at that size",
        f"size is wrong for {PROMPT[10:70]}",
    ],
)
def test_a_prompt_that_is_quoted_in_an_error_does_not_make_it_a_refusal(text: str) -> None:
    call = call_for("together/flux-schnell", prompt=PROMPT)
    assert type(load("together").failure(reply({"error": {"message": text}}, 400), call)) is Rejected


# Every provider -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REMOTE)
@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        pytest.param(400, {"error": {"message": "x", "code": "nsfw_content"}}, ContentRefused, id="a code"),
        pytest.param(422, {"error": {"code": "content_policy_violation", "message": "x"}}, ContentRefused, id="422"),
        pytest.param(400, {"error": "this is prohibited content"}, ContentRefused, id="words"),
        pytest.param(403, {"error": {"message": "Your input was flagged as unsafe"}}, ContentRefused, id="403"),
        pytest.param(400, {"detail": {"error": {"code": "moderation_blocked"}}}, ContentRefused, id="nested"),
        pytest.param(451, b"blocked by our content policy", ContentRefused, id="plain text"),
        pytest.param(
            400, {"error": {"code": "billing_hard_limit_reached", "message": "x"}}, QuotaExceeded, id="billing"
        ),
        pytest.param(403, {"error": {"code": "insufficient_user_quota", "message": "x"}}, QuotaExceeded, id="one-api"),
        pytest.param(400, {"message": "insufficient balance"}, QuotaExceeded, id="balance"),
        pytest.param(403, {"error": {"code": "unsupported_country_region_territory"}}, ModelGone, id="a country"),
        pytest.param(
            400, {"error": {"message": "User location is not supported for the API use."}}, ModelGone, id="place"
        ),
        pytest.param(
            403, {"error": {"message": "Your organization must be verified to use it"}}, ModelGone, id="verify"
        ),
        pytest.param(403, {"error": {"message": "Your account has been suspended"}}, AccountBlocked, id="suspended"),
        pytest.param(401, {"error": {"message": "Incorrect API key provided: sk-x"}}, ProviderAuth, id="key"),
        pytest.param(
            400, {"error": {"message": "API key not valid. Please pass one."}}, ProviderAuth, id="key in a 400"
        ),
        pytest.param(404, b"<html><title>404 Not Found</title></html>", WrongAddress, id="a page"),
        pytest.param(404, b"404 page not found", WrongAddress, id="no page"),
        pytest.param(404, b"", WrongAddress, id="nothing"),
        pytest.param(404, {"error": {"message": "Invalid URL (POST /v1/v1/images)"}}, WrongAddress, id="doubled"),
        pytest.param(404, {"message": "no Route matched with those values"}, WrongAddress, id="a gateway's route"),
        pytest.param(405, {"detail": "Method Not Allowed"}, WrongAddress, id="method"),
        pytest.param(404, {"error": {"message": "The model `x` does not exist"}}, ModelGone, id="a dead model"),
        pytest.param(410, {"detail": "gone"}, ModelGone, id="410"),
        pytest.param(
            403,
            {"error": {"message": "Your account is not active, please check your billing details on our website."}},
            QuotaExceeded,
            id="billing in words",
        ),
        pytest.param(403, {"error": "You have reached your monthly spend limit"}, QuotaExceeded, id="a spend limit"),
        pytest.param(400, {"error": "Free trial expired, please upgrade"}, QuotaExceeded, id="a trial"),
        pytest.param(403, {"error": "You are not allowed to sample from this model"}, ModelGone, id="not allowed"),
        pytest.param(403, {"error": "Access to this model is restricted"}, ModelGone, id="restricted"),
        pytest.param(403, {"error": "This model is only available to paid users"}, ModelGone, id="a plan"),
        pytest.param(
            403,
            {
                "error": {
                    "message": "This model requires third-party data sharing to be enabled for your organization.",
                    "code": "third_party_data_sharing_blocked",
                }
            },
            ModelGone,
            id="passed on to another",
        ),
        pytest.param(
            400,
            {"error": {"message": "The account associated with this API key has been deactivated."}},
            AccountBlocked,
            id="deactivated",
        ),
        pytest.param(404, {"error": {"message": "Unrecognized request URL (POST: /v1/x)."}}, WrongAddress, id="a URL"),
        pytest.param(404, {"error": "Unknown endpoint"}, WrongAddress, id="an endpoint"),
        pytest.param(429, {"error": {"message": "Rate limit reached for images per minute"}}, RateLimited, id="rate"),
        pytest.param(429, {"error": {"code": "insufficient_quota", "message": "x"}}, None, id="quota in a 429"),
        pytest.param(500, {"error": {"message": "connection refused"}}, Unavailable, id="their trouble"),
        pytest.param(
            503, {"error": {"message": "safety service is down", "code": "safety"}}, Unavailable, id="no checker"
        ),
        pytest.param(400, {"error": {"message": "size must be a multiple of 8"}}, Rejected, id="validation"),
        pytest.param(403, b"<title>Just a moment...</title>", Unavailable, id="a wall's page"),
        pytest.param(403, b"error code: 1020", Unavailable, id="a wall"),
        pytest.param(403, {"message": "Missing Authentication Token"}, WrongAddress, id="a gateway's missing route"),
        pytest.param(400, b"The plain HTTP request was sent to HTTPS port", WrongAddress, id="another scheme"),
        pytest.param(404, b"404: Not Found", WrongAddress, id="no route, in words"),
        pytest.param(404, b"default backend - 404", WrongAddress, id="a cluster's own page"),
        pytest.param(404, b"Tunnel abc.example not found", WrongAddress, id="a closed tunnel"),
        pytest.param(
            403,
            {"error": {"message": "Requires billing to be enabled", "details": [{"reason": "BILLING_DISABLED"}]}},
            QuotaExceeded,
            id="no billing",
        ),
        pytest.param(403, {"message": "Please add a payment method"}, QuotaExceeded, id="no card"),
        pytest.param(400, {"error": "Please top up your account"}, QuotaExceeded, id="top up"),
        pytest.param(400, {"error": "残高が不足しています"}, QuotaExceeded, id="balance, in Japanese"),
        pytest.param(400, {"error": "Too many concurrent jobs"}, RateLimited, id="at once"),
        pytest.param(403, {"error": "Too many requests, please wait"}, RateLimited, id="rate in a 403"),
        pytest.param(400, {"error": "The server is overloaded"}, RateLimited, id="overloaded"),
        pytest.param(401, {"error": {"type": "key_model_access_denied"}}, ModelGone, id="a key for other models"),
        pytest.param(400, {"error": {"message": "Model x has been sunset"}}, ModelGone, id="sunset"),
        pytest.param(400, {"error": "Token has expired"}, ProviderAuth, id="an old token"),
    ],
)
def test_a_cause_means_the_same_at_every_provider(
    name: str, status: int, body: Any, kind: type[ForgeError] | None
) -> None:
    provider = load(name)
    (model, *_) = (row for row in _rows(name))
    error = provider.failure(reply(body, status), model)
    if kind is None:
        # Gemini's own 429 says how it is meant.
        assert type(error) is (RateLimited if name == "gemini" else QuotaExceeded)
        return
    assert type(error) is kind
    assert error.maybe_billed is False
    if kind is WrongAddress:
        assert provider.manifest.base_url_variable in error.message
    if kind is ContentRefused:
        assert error.details["provider"] == name


def _rows(name: str) -> list[Any]:
    from imgforge_mcp.catalog import load_catalog
    from imgforge_mcp.providers.contract import Call

    return [Call(model=model, prompt="a red fox") for model in load_catalog().of_provider(name)]


@pytest.mark.parametrize(
    "name", [name for name in REMOTE if name not in ("comfyui", "bfl", "replicate", "imgforge", "fal")]
)
@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        pytest.param(
            {"error": {"message": "x", "code": "content_policy_violation"}}, ContentRefused, "x", id="refused"
        ),
        pytest.param(
            {"error": "Your prompt was flagged as unsafe"},
            ContentRefused,
            "Your prompt was flagged as unsafe",
            id="refused in words",
        ),
        pytest.param({"code": "insufficient_quota", "message": "no money"}, QuotaExceeded, "no money", id="quota"),
        pytest.param(
            {"error": {"message": "Incorrect API key provided"}}, ProviderAuth, "Incorrect API key provided", id="key"
        ),
        pytest.param(
            {"error": {"message": "something else went wrong"}}, BadReply, "something else went wrong", id="anything"
        ),
    ],
)
def test_an_error_inside_a_200_is_that_error_in_its_own_words(
    name: str, body: Any, kind: type[ForgeError], said: str
) -> None:
    call = _rows(name)[0]
    with pytest.raises(kind) as caught:
        load(name).parse(reply(body), call)
    assert type(caught.value) is kind
    assert caught.value.maybe_billed is (kind in (ContentRefused, BadReply))
    assert caught.value.details["provider_message"] == said


# Gateways -------------------------------------------------------------------------------------------------------------

LITELLM = "litellm.BadRequestError: OpenAIException - "
AZURE_FILTER = "Your request was rejected as a result of our safety system. Your prompt may contain text not allowed."
RECORDED = [
    # LiteLLM's proxy: its own sentence around that of the provider behind it.
    pytest.param(
        400,
        {
            "error": {
                "message": f"litellm.ContentPolicyViolationError: {LITELLM}{{'error': {{'code': "
                "'content_policy_violation'}}",
                "type": None,
                "param": None,
                "code": "400",
            }
        },
        ContentRefused,
        id="litellm refusal",
    ),
    pytest.param(
        400,
        {
            "error": {
                "message": "Budget has been exceeded! Current cost: 1.2, Max budget: 1.0",
                "type": "budget_exceeded",
                "param": None,
                "code": "400",
            }
        },
        QuotaExceeded,
        id="litellm budget",
    ),
    pytest.param(
        401,
        {
            "error": {
                "message": "Authentication Error, Invalid proxy server token passed",
                "type": "auth_error",
                "param": "None",
                "code": "401",
            }
        },
        ProviderAuth,
        id="litellm key",
    ),
    pytest.param(404, {"detail": "Not Found"}, ModelGone, id="litellm address or model"),
    pytest.param(
        400,
        {
            "error": {
                "message": "/images/generations: Invalid model name passed in model=x. Call `/v1/models`"
                " to view available models",
                "type": "None",
                "code": "400",
            }
        },
        ModelGone,
        id="litellm model",
    ),
    # one-api and its successors.
    pytest.param(
        400,
        {
            "error": {
                "message": "Your request was rejected by the safety system (request id: 2026)",
                "type": "one_api_error",
                "param": "",
                "code": "moderation_blocked",
            }
        },
        ContentRefused,
        id="one-api refusal",
    ),
    pytest.param(
        403,
        {
            "error": {
                "message": "用户额度不足 (request id: 2026)",
                "type": "one_api_error",
                "code": "insufficient_user_quota",
            }
        },
        QuotaExceeded,
        id="one-api quota",
    ),
    pytest.param(
        401,
        {"error": {"message": "无效的令牌 (request id: 2026)", "type": "one_api_error"}},
        ProviderAuth,
        id="one-api key",
    ),
    pytest.param(
        404,
        {
            "error": {
                "message": "Invalid URL (POST /v1/v1/images/generations)",
                "type": "invalid_request_error",
                "param": "",
                "code": "",
            }
        },
        WrongAddress,
        id="one-api address",
    ),
    pytest.param(
        503,
        {"error": {"message": "当前分组 default 下对于模型 x 无可用渠道 (request id: 2026)", "type": "one_api_error"}},
        ModelGone,
        id="one-api model",
    ),
    # Open WebUI.
    pytest.param(400, {"detail": f"[ERROR: {AZURE_FILTER}]"}, ContentRefused, id="open webui refusal"),
    pytest.param(400, {"detail": "[ERROR: You have insufficient credits]"}, QuotaExceeded, id="open webui quota"),
    pytest.param(
        401, {"detail": "Your session has expired or the token is invalid."}, ProviderAuth, id="open webui key"
    ),
    pytest.param(405, {"detail": "Method Not Allowed"}, WrongAddress, id="open webui address"),
    # LocalAI.
    pytest.param(
        500,
        {"error": {"code": 500, "message": "rpc error: code = Unknown desc = out of memory", "type": ""}},
        Unavailable,
        id="localai trouble",
    ),
    pytest.param(
        401,
        {"error": {"code": 401, "message": "An authentication key is required", "type": ""}},
        ProviderAuth,
        id="localai key",
    ),
    pytest.param(
        404, {"error": {"code": 404, "message": "Not Found", "type": ""}}, ModelGone, id="localai address or model"
    ),
    # Azure OpenAI.
    pytest.param(
        400,
        {
            "error": {
                "code": "contentFilter",
                "message": AZURE_FILTER,
                "innererror": {"code": "ResponsibleAIPolicyViolation"},
            }
        },
        ContentRefused,
        id="azure refusal",
    ),
    pytest.param(
        429,
        {
            "error": {
                "code": "429",
                "message": "Requests have exceeded call rate limit of your current "
                "OpenAI S0 pricing tier. Please retry after 6 seconds.",
            }
        },
        RateLimited,
        id="azure rate",
    ),
    pytest.param(
        401,
        {"error": {"code": "401", "message": "Access denied due to invalid subscription key or wrong API endpoint."}},
        ProviderAuth,
        id="azure key",
    ),
    pytest.param(
        404,
        {"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}},
        ModelGone,
        id="azure deployment",
    ),
    pytest.param(404, {"error": {"code": "404", "message": "Resource not found"}}, WrongAddress, id="azure address"),
    # OpenRouter.
    pytest.param(
        403,
        {
            "error": {
                "code": 403,
                "message": "This model requires moderation. Your input was flagged",
                "metadata": {"reasons": ["violence"], "provider_name": "x"},
            }
        },
        ContentRefused,
        id="openrouter refusal",
    ),
    pytest.param(
        402, {"error": {"code": 402, "message": "Insufficient credits. Add more"}}, QuotaExceeded, id="openrouter quota"
    ),
    pytest.param(
        429,
        {"error": {"code": 429, "message": "Rate limit exceeded: free-models-per-day"}},
        QuotaExceeded,
        id="openrouter daily",
    ),
    pytest.param(
        401, {"error": {"code": 401, "message": "No auth credentials found"}}, ProviderAuth, id="openrouter key"
    ),
    pytest.param(
        404, {"error": {"code": 404, "message": "No endpoints found for x/y."}}, ModelGone, id="openrouter model"
    ),
    pytest.param(
        404,
        b"<!DOCTYPE html><html><head><title>Not Found | OpenRouter</title></head></html>",
        WrongAddress,
        id="openrouter address",
    ),
]


@pytest.mark.parametrize(("status", "body", "kind"), RECORDED)
def test_a_gateways_own_answer_means(status: int, body: Any, kind: type[ForgeError]) -> None:
    error = GATEWAY.failure(reply(body, status), OPENAI)
    assert type(error) is kind
    if kind is WrongAddress:
        assert "base_url of the server box" in error.message


def test_a_404_that_names_neither_points_at_the_address_too() -> None:
    error = GATEWAY.failure(reply({"detail": "Not Found"}, 404), OPENAI)
    assert "base_url of the server box" in error.message


@pytest.mark.parametrize("code", [7003, 7000])
def test_a_wrong_account_id_at_cloudflare_is_a_wrong_address(code: int) -> None:
    body = {
        "success": False,
        "errors": [
            {
                "code": code,
                "message": "Could not route to /accounts/x/ai/run, perhaps your object identifier is invalid?",
            }
        ],
    }
    error = load("cloudflare").failure(reply(body, 404 if code == 7003 else 400), _rows("cloudflare")[0])
    assert type(error) is WrongAddress
    assert "CLOUDFLARE_ACCOUNT_ID" in error.message


def test_the_free_allowance_at_cloudflare_is_a_quota_of_the_account() -> None:
    words = "you have used up your daily free allocation of 10,000 neurons"
    body = {"success": False, "errors": [{"code": 4006, "message": words}]}
    error = load("cloudflare").failure(reply(body, 429), _rows("cloudflare")[0])
    assert type(error) is QuotaExceeded
    assert error.details["provider_message"] == words


# Delays ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please retry in 36.7s.", 36.7),
        ("try again in 2 minutes", 120.0),
        ("Please wait 1m30s", 90.0),
        ("Please retry after 6 seconds.", 6.0),
        ("Your rate limit resets in ~30s.", 30.0),
        ("Please try again in 7m12s. Visit the page", 432.0),
        ("try again in 1 hour and 5 minutes", 3900.0),
        ("wait 500ms before the next", 0.5),
        ("Retry-After: 12", 12.0),
        ("available again in 3 hours", 10800.0),
        ("Please wait 37 more seconds", 37.0),
        ("Too many requests. 37 seconds left", 37.0),
        ("You can make another request in 37 seconds", 37.0),
        ("next request allowed in 37s", 37.0),
        ("in 37 seconds you can retry", 37.0),
        ("Retry after 37", 37.0),
        ("Please retry after 00:01:30", 90.0),
        ("try again in a minute", 60.0),
        ("Try again in one hour", 3600.0),
        ("请在 37 秒后重试", 37.0),
        ("37秒後に再試行してください", 37.0),
        ("Bitte in 37 Sekunden erneut versuchen", 37.0),
        ("Réessayez dans 37 secondes", 37.0),
        ("Inténtelo de nuevo en 37 segundos", 37.0),
        ("retry after 3 attempts", None),
        ("Limit 5 requests per 1 minute", None),
        ("took 12s, 30 seconds more than allowed", None),
        ("try again later", None),
        ("resets at 00:00 UTC", None),
        ("generated in 12s", None),
        ("wait 99999999 days", None),
    ],
)
def test_a_delay_that_is_told_in_words_is_heard(text: str, seconds: float | None) -> None:
    assert in_words(text) == (pytest.approx(seconds) if seconds is not None else None)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"error": {"message": "slow down", "details": [{"retryDelay": "37s"}]}}, {}),
        ({"error": "x", "retryAfterSeconds": 37}, {}),
        ({"retry_after": "37"}, {}),
        ({"detail": {"retry_after_ms": 37000}}, {}),
        ({"error": {"message": "x", "metadata": {"retry_after": 37}}}, {}),
        ({"message": "x"}, {"retry-after-ms": "37000"}),
        ({"message": "Too many requests, please wait 37 seconds"}, {}),
    ],
)
def test_a_delay_in_a_field_is_heard(body: Any, headers: dict[str, str]) -> None:
    answer = reply(body, 429, headers=headers)
    error = GATEWAY.failure(answer, OPENAI)
    assert (type(error), error.retry_after) == (RateLimited, 37.0)


# Lists of models ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        (b'{"object": "list", "data": []}', set()),
        (b'{"data": null}', set()),
        (b"[]", set()),
        (b"{}", set()),
        (b'{"data": [{"id": "a"}, {"id": "b"}]}', {"a", "b"}),
        (b'{"models": [{"name": "models/a"}]}', {"a"}),
        (b'["a", "b"]', {"a", "b"}),
        (b'{"result": [{"id": "0b1c", "name": "@cf/a"}]}', {"@cf/a"}),
        (b'{"data": [{"id": "x/a", "name": "X: A Large Model"}]}', {"x/a"}),
        (b'{"data": {"models": [{"slug": "a"}]}}', {"a"}),
        (b'{"models": {"a": {"size": 1}, "b": {"size": 2}}}', {"a", "b"}),
        (b'{"items": [{"model": "a"}]}', {"a"}),
        (b'[{"title": "a.safetensors", "model_name": "a"}]', {"a"}),
        (b'{"value": [{"id": "a"}]}', {"a"}),
        (b'{"model_ids": ["a"]}', {"a"}),
        (b'{"available_models": ["a"]}', {"a"}),
        (b'{"endpoints": [{"id": "a"}]}', {"a"}),
    ],
)
def test_a_list_of_models_is_read_in_every_shape_and_may_be_empty(body: bytes, ids: set[str]) -> None:
    assert ids_of(body) == ids


def test_json_of_too_many_values_is_turned_away_before_it_is_decoded() -> None:
    body = b"[" + b"{}," * 500_000 + b"{}]"
    with pytest.raises(BadReply, match="too many values"):
        Reply(status=200, headers={}, body=body).json()
    assert cause_of(Reply(status=500, headers={}, body=body)).status == 500

"""What a cause means: one classifier for all providers. Codes and statuses come before words."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from imgforge_mcp.base.errors import (
    AccountBlocked,
    BadReply,
    ForgeError,
    ModelGone,
    ProviderAuth,
    QuotaExceeded,
    RateLimited,
    Rejected,
    Unavailable,
    WrongAddress,
)
from imgforge_mcp.providers.reading.refusals import is_refusal_text, is_refusal_word, without_echo
from imgforge_mcp.providers.reading.wire import quoted

if TYPE_CHECKING:
    from imgforge_mcp.providers.reading.causes import Cause


class Meaning(StrEnum):
    """What follows from an answer that brought nothing."""

    REFUSED = "refused"
    """The safety system turned the prompt or the picture away."""
    KEY = "key"
    ACCOUNT = "account"
    """The key is right, but the account is blocked."""
    NO_ACCESS = "no_access"
    """This account, or this region, may not use this model."""
    QUOTA = "quota"
    RATE = "rate"
    MODEL = "model"
    """The model is gone."""
    ADDRESS = "address"
    """There is no such route: the base URL, or an account's id in it, is wrong."""
    BUSY = "busy"
    """The provider is in trouble."""
    REJECTED = "rejected"
    LOST = "lost"
    """Nobody knows what became of accepted work."""


Meanings = Mapping[str, Meaning]
"""By a provider's own code, in the letter case in which it is documented."""

QUOTA_CODES = re.compile(
    r"insufficient_\w*(?:quota|credits?|funds|balance)|billing_(?:hard_)?\w*limit|billing_not_active|quota_?(?:exceed|exhaust)"
    r"|credit_?limit|out_of_credits?|not_enough_credits|payment_required|exhausted_balance|balance_\w*|no_credits?"
    r"|insufficientquota|billing_disabled|payment_method_\w+|arrearage|account_overdue|budget_exceeded|exceededbudget"
    r"|spending_limit\w*|usage_limit\w*"
)
KEY_CODES = re.compile(
    r"(?:invalid|incorrect|missing|expired|wrong|bad)_(?:api_?)?(?:key|token|credentials?|authentication|auth)"
    r"|missingauthentication|api_?key_(?:invalid|expired|missing|not_found)|authentication_(?:error|failed)"
    r"|unauthenticated|invalidapikey"
)
REGION_CODES = re.compile(r"unsupported_\w*(?:country|region|territory|location)|region_not_supported|geo_?block\w*")
MODEL_CODES = re.compile(
    r"(?:key|team|user)_model_access_denied|model_(?:not_found|not_available|decommissioned|deprecated|retired"
    r"|not_exist)|modelnotfound"
    r"|deploymentnotfound|deployment_not_found|invalid_model|unknown_model|model_does_not_exist"
)
QUOTA_WORDS = re.compile(
    r"(?i)\b(?:balance|credits?|funds?)\W+(?:is\W+|are\W+)?not\W+enough\b"
    r"|\b(?:balance|credits?|quota)\W+(?:has\W+|have\W+)?run\W+out\b"
    r"|\btop\W+up\W+(?:your\W+|the\W+)?account\b|\badd\W+a\W+payment\W+method\b|\brequires\W+billing\b|\benable\W+billing\b"
    r"|残高が?不足|クレジットが?不足|잔액이?\s*부족|Guthaben|saldo\W+insuficiente|crédit\W+insuffisant|充值"
    r"|\b(?:insufficient|not\W+enough|lack(?:s|ing)?\W+sufficient|no|zero|out\W+of|run\W+out\W+of|ran\W+out\W+of)\W+"
    r"(?:\w+\W+){0,2}?(?:credits?|funds?|balance|quota|pollen|units)\b"
    r"|\bexhausted\W+(?:\w+\W+){0,3}?(?:balance|credits?|quota)|\b(?:balance|credits?|quota)\b(?:\W+\w+){0,3}?\W+"
    r"(?:exhausted|used\W+up|depleted|too\W+low|insufficient|expired|exceeded|reached)"
    r"|\bbilling\W+(?:hard\W+)?limit|\bexceeded\W+(?:your\W+)?(?:\w+\W+){0,2}?(?:quota|budget|spend\w*|credits?)"
    r"|\bexceeded\W?budget|\bover\W+budget\b|\b(?:credit|spend(?:ing)?|usage|budget|monthly|daily|key)\W+(?:limit|cap"
    r"|quota)\b(?:\W+\w+){0,4}?\W+"
    r"(?:reached|exceeded|hit|used)|\b(?:used\W+up|exceeded)\W+(?:your\W+)?(?:\w+\W+){0,3}?(?:allocation|allowance"
    r"|credits)|\b(?:add|buy|purchase|top\W+up|recharge)\W+(?:\w+\W+){0,2}?(?:credits?|funds|balance)"
    r"|\bcredit\W+limit\W+exceeded|\bpayment\W+required|\bcheck\W+your\W+(?:plan\W+and\W+)?billing\b"
    r"|\b(?:reached|exceeded|hit)\W+(?:your|the)\W+(?:\w+\W+){0,2}?(?:spend(?:ing)?|credit|budget|monthly|daily)\W+(?:\w+\W+)?"
    r"(?:limit|cap|quota)\b|\bnot\W+enough\W+tokens\b|\btrial\b(?:\W+\w+){0,3}?\W+(?:expired|ended|is\W+over)"
    r"|\bused\W+(?:all|up)\W+(?:of\W+)?your\W+(?:\w+\W+){0,2}?(?:images|generations|requests|calls)\b|余额不足|额度(?:已用尽|不足)|欠费|配额"
)
BY_DAY = re.compile(r"(?i)\bper[-_\W]?(?:day|month|week)|\brpd\b|\bdaily\b|\bmonthly\b|perday|\blimit: 0\b")
KEY_WORDS = re.compile(
    r"(?i)\b(?:incorrect|invalid|wrong|bad|missing|expired|unknown|malformed|no\W+valid|revoked|no)\W+(?:\w+\W+){0,2}?"
    r"(?:api\W?keys?|access\W+tokens?|auth\w*\W+(?:token|credentials?|header)|auth\W+credentials|credentials|bearer\W+token"
    r"|subscription\W+key|token\W+provided)\b"
    r"|^\W*token\W+(?:has\W+|is\W+)?expired\b|\b(?:api\W?key|access\W+token)\b(?:\W+\w+){0,2}?\W+(?:not\W+valid"
    r"|invalid|expired|incorrect|missing|revoked"
    r"|does\W+not\W+exist|doesn't\W+exist"
    r"|not\W+found|required)|无效的令牌|令牌(?:无效|已过期)"
)
BLOCKED_WORDS = re.compile(
    r"(?i)\b(?:account|organi[sz]ation|workspace|project|user)\b(?:\W+\w+){0,7}?\W+(?:suspended|blocked|disabled|banned"
    r"|deactivated|terminated|locked|restricted|flagged|violat\w+)"
    r"|\b(?:suspended|blocked|disabled|banned|deactivated|locked)\W+(?:your|this|the)\W+(?:account|organi[sz]ation)"
)
ACCESS_WORDS = re.compile(
    r"(?i)\borgani[sz]ation\W+must\W+be\W+verified|\bverify\W+(?:your\W+)?(?:organi[sz]ation|identity)"
    r"|\b(?:not|no)\W+(?:have\W+|has\W+)?(?:\w+\W+)?access\W+to\W+(?:\w+\W+){0,2}?(?:model|deployment)"
    r"|\b(?:may|can|could|do|does|is|are)\W?(?:not|n't)\W+(?:\w+\W+){0,4}?(?:use|run|access|call|allowed\W+to\W+\w+(?:\W+from)?)\W+"
    r"(?:this|the|that|model)\b"
    r"|\b(?:need|needs|requires?|upgrade)\W+(?:\w+\W+){0,4}?(?:paid|pro|higher|another|different|subscription)?\W*plan\b"
    r"|\b(?:not\W+(?:available|enabled|allowed|included|supported)|to\W+be\W+(?:enabled|activated|turned\W+on))"
    r"\W+(?:\w+\W+){0,2}?(?:for|in|on|with|under|to)\W+(?:your|this)"
    r"\W+(?:\w+\W+)?(?:account|plan|tier|project|organi[sz]ation|subscription|workspace|key)"
    r"|\bgated\W+(?:model|repo)|\b(?:accept|agree\W+to)\W+(?:\w+\W+){0,4}?(?:licen[cs]e|terms|conditions)"
    r"|\baccess\W+to\W+(?:this|the|that)\W+model\W+(?:is|was|has\W+been)\W+(?:restricted|denied|limited|disabled)"
    r"|\bmodel\W+access\W+(?:is\W+|was\W+)?(?:restricted|denied)|\bmodel\W+is\W+only\W+(?:available|offered)\W+(?:to|for|on|with)\b"
    r"|\bnot\W+allowed\W+to\W+access\W+(?:this\W+|the\W+)?model\b"
    r"|\bpermission\W+to\W+(?:use|run|access)\W+(?:this|the)\W+(?:model|deployment)"
)
REGION_WORDS = re.compile(
    r"(?i)\b(?:country|region|territory|location)\b(?:\W+\w+){0,4}?\W+(?:not\W+supported|unsupported|not\W+available"
    r"|restricted|blocked)|\bnot\W+(?:available|supported|offered)\W+(?:in|from)\W+(?:your|this)\W+"
    r"(?:country|region|location|territory)"
)
MODEL_WORDS = re.compile(
    r"(?i)\bmodels?\b[^.]{0,160}?\b(?:not\W+found|does\W+not\W+exist|doesn't\W+exist|not\W+exist|unknown|deprecated"
    r"|decommissioned|retired|shut\W+down|no\W+longer|discontinued|not\W+available|end\W+of\W+life)\b"
    r"|\bmodel\b[^.]{0,80}?\bsunset\b|\bspecified\W+version\W+does\W+not\W+exist"
    r"|\b(?:unknown|invalid|no\W+such|unsupported|unrecogni[sz]ed)\W+model\b|\binvalid\W+model\W+name|\bnot\W+a\W+valid\W+model\b"
    r"|\bno\W+(?:available|healthy)\W+(?:channels?|deployments?|providers?|endpoints?)\b|\bno\W+endpoints\W+found"
    r"|\bdeployment\b[^.]{0,80}?\bdoes\W+not\W+exist|\bunable\W+to\W+access\W+model|无可用渠道|模型不存在"
)
ADDRESS_WORDS = re.compile(
    r"(?i)^\W*missing\W+authentication\W+token\W*$"
    r"|\b(?:http\W+request\b.{0,20}\bto\b.{0,12}\bhttps\W+(?:port|server)|tunnel\b.{1,80}\bnot\W+found"
    r"|default\W+backend|no\W+such\W+(?:host|app))\b|^\W*404\W+not\W+found\W*$|\bno\W+route\b|\bcould\W+not\W+route\b"
    r"|\binvalid\W+url\W+\(|\bcannot\W+(?:post|get)\W+/|\b(?:unknown|unrecogni[sz]ed|not\W+a\W+valid|no\W+such)\W+"
    r"(?:path|route|url|endpoint|request\W+url)\b|\b(?:route|path|url|page)\b(?:\W+\S+){0,3}?\W+(?:not\W+found|does\W+not\W+exist)"
    r"|\bpage\W+not\W+found|\bcan\W?(?:no|')?t\W+find\W+(?:the|this|that)\W+(?:page|route|url|path)\b"
    r"|\bpage\W+could\W+not\W+be\W+found\b|\bwrong\W+api\W+endpoint\b|\bno\W+such\W+(?:route|path|endpoint)\b"
    r"|\bresource\W+not\W+found\W*$"
)
GENERIC = re.compile(
    r"(?i)\W*(?:404\W*)?(?:error\W*)?(?:not\W*_?found|http\W*404|the\W+requested\W+(?:url|resource)\b.*)?\W*"
)
WALL = re.compile(r"(?i)^error\W+code:\W+10[0-9]{2}$")
"""A wall in front of a provider, or a company's own, which has not looked at the key."""
RATE_WORDS = re.compile(
    r"(?i)\brate\W+limit|\btoo\W+many\W+(?:\w+\W+)?(?:requests|jobs|tasks|images)|\bconcurren\w+\W+(?:\w+\W+)?limit"
    r"|\boverloaded\b|\bthrottl|\bslow\W+down|\brequests\W+per\W+(?:second|minute)|请求过于频繁"
)
SENTENCES: Mapping[Meaning, tuple[type[ForgeError], str]] = {
    Meaning.KEY: (ProviderAuth, "The provider rejected the key."),
    Meaning.ACCOUNT: (AccountBlocked, "The provider does not serve this account."),
    Meaning.NO_ACCESS: (ModelGone, "The provider does not let this account use this model."),
    Meaning.QUOTA: (QuotaExceeded, "The provider account's quota or credit is used up."),
    Meaning.RATE: (RateLimited, "The provider asked to slow down."),
    Meaning.MODEL: (ModelGone, "The provider does not know this model any more."),
    Meaning.ADDRESS: (WrongAddress, "Nothing answers image requests at the provider's address."),
    Meaning.BUSY: (Unavailable, "The provider is in trouble."),
    Meaning.REJECTED: (Rejected, "The provider did not accept the request."),
    Meaning.LOST: (BadReply, "The provider cannot tell what became of the accepted work; it may be billed."),
}


def meaning_of(cause: "Cause", own: Meanings, *echoed: str | None, is_asked: bool = False) -> Meaning:
    """What a cause means. `own` are the provider's peculiar codes, `echoed` the caller's texts that it may repeat;
    `is_asked` for the answer to a question about accepted work: there 404 is no dead model and a server's trouble says
    nothing about the work."""
    peculiar = next((own[code] for code in cause.codes if code in own), None)
    if peculiar is not None:
        return peculiar
    text = without_echo(cause.sentence, *echoed)
    if _is_refusal(cause, text):
        return Meaning.REFUSED
    return _by_code(cause) or _by_words(cause, text, is_asked=is_asked) or _by_status(cause, text, is_asked=is_asked)


def error_of(meaning: Meaning, cause: "Cause", hint: str = "") -> ForgeError:
    """The error that stands for a meaning other than a refusal, with the provider's own sentence; `hint` names the
    setting to look at where an address is wrong."""
    kind, sentence = SENTENCES[meaning]
    if meaning is Meaning.QUOTA and cause.status == 402:
        sentence = "The provider account is out of credit."
    if hint and meaning in (Meaning.ADDRESS, Meaning.MODEL):
        sentence = f"{sentence} {hint}"
    told = quoted(cause.sentence) or quoted(next((code for code in cause.codes if not code.isdigit()), ""))
    delay = cause.retry_after if meaning in (Meaning.QUOTA, Meaning.RATE, Meaning.BUSY) else None
    status = {"provider_status": cause.status} if cause.status >= 300 else {}
    return kind(sentence, retry_after=delay, **status, **told)


def is_generic_absence(cause: "Cause") -> bool:
    """Whether a 404 says no more than that: then a model or the address may be meant."""
    return GENERIC.fullmatch(cause.sentence) is not None


def _is_refusal(cause: "Cause", text: str) -> bool:
    """By codes at any status; by words where the status does not speak of something else."""
    if any(is_refusal_word(code) for code in cause.codes if not code.isdigit()) and cause.status not in (401, 429):
        return cause.status < 500 or "safety" not in {code.casefold() for code in cause.codes}
    if cause.status in (401, 402, 404, 405, 408, 413, 415, 425, 429) or BLOCKED_WORDS.search(text):
        return False
    if cause.status >= 500:
        return bool(
            re.search(
                r"content_policy_violation|moderation_blocked|contentpolicyviolation"
                r"|rejected\W+by\W+(?:the|our)\W+safety\W+system",
                text,
                re.IGNORECASE,
            )
        )
    return is_refusal_text(text)


def _by_code(cause: "Cause") -> Meaning | None:
    words = [re.sub(r"[^a-z0-9]+", "_", code.lower()) for code in cause.codes if not code.isdigit()]
    for pattern, meaning in (
        (REGION_CODES, Meaning.NO_ACCESS),
        (QUOTA_CODES, Meaning.QUOTA),
        (KEY_CODES, Meaning.KEY),
        (MODEL_CODES, Meaning.MODEL),
    ):
        if cause.status < 500 and any(pattern.search(word) for word in words):
            if meaning is Meaning.KEY and cause.status not in (200, 400, 401, 403):
                continue
            return meaning
    return None


def _by_words(cause: "Cause", text: str, *, is_asked: bool) -> Meaning | None:
    """Words decide only where the status leaves it open."""
    status = cause.status
    if status >= 500 or status in (402, 408, 410, 425):
        return Meaning.MODEL if status == 503 and re.search(r"无可用渠道|no\W+available\W+channel", text) else None
    if status == 429:
        is_quota = QUOTA_WORDS.search(text) or (BY_DAY.search(text) and not re.search(r"(?i)per[-_\W]?minute", text))
        return Meaning.QUOTA if is_quota else None
    if status in (404, 405):
        if is_asked:
            return None
        return Meaning.ADDRESS if ADDRESS_WORDS.search(text) and not MODEL_WORDS.search(text) else None
    for pattern, meaning in (
        (ADDRESS_WORDS if status in (400, 403) else None, Meaning.ADDRESS),
        (RATE_WORDS if status == 403 else None, Meaning.RATE),
        (REGION_WORDS, Meaning.NO_ACCESS),
        (QUOTA_WORDS, Meaning.QUOTA),
        (KEY_WORDS if status != 422 else None, Meaning.KEY),
        (ACCESS_WORDS if status != 401 else None, Meaning.NO_ACCESS),
        (BLOCKED_WORDS, Meaning.ACCOUNT),
        (MODEL_WORDS if status < 401 or status in (403, 422) else None, Meaning.MODEL),
        (RATE_WORDS, Meaning.RATE),
    ):
        if pattern is not None and pattern.search(text):
            return meaning
    return None


def _by_status(cause: "Cause", text: str, *, is_asked: bool) -> Meaning:
    match cause.status:
        case 403 if cause.is_page or WALL.search(cause.sentence):
            return Meaning.BUSY
        case 401 | 403:
            return Meaning.KEY
        case 402:
            return Meaning.QUOTA
        case 404 | 405 if not is_asked:
            is_route = cause.status == 405 or not cause.is_told or not text
            return Meaning.ADDRESS if is_route else Meaning.MODEL
        case 410 if not is_asked:
            return Meaning.MODEL
        case 429:
            return Meaning.RATE
        case status if status >= 500:
            return Meaning.LOST if is_asked else Meaning.BUSY
        case 408 | 425:
            return Meaning.BUSY
    return Meaning.REJECTED

"""What a refusal by a safety system sounds like: codes and types, then words, of many providers.

A word alone is no refusal ("connection refused", "safety_tolerance must be below 6", "the NSFW checker cannot be
switched off"): it has to be said of a prompt or a picture that it was turned away for what it shows. And a prompt that
is quoted in an error says nothing about the error.
"""

import re
from difflib import SequenceMatcher

WORD = re.compile(
    r"(?:^|_)(?:"
    r"nsfw|moderation_(?:blocked|error|refused|failed_content|violation)|content_moderation|(?:content|request)_moderated"
    r"|moderated|(?:input|output|prompt|image)_moderat(?:ion|ed)"
    r"|(?:image_)?prohibited(?:_content)?|contains_prohibited|content_?filter(?:ed)?|content_policy(?:_violation)?"
    r"|(?:usage_|safety_)?policy_violation|content_(?:violation|blocked|refused|rejected|not_allowed|restricted)"
    r"|(?:image_)?safety|safety_(?:error|violation|blocked|refusal|filter|block)|unsafe(?:_content|_prompt|_image)?"
    r"|(?:image_)?recitation|blocklist|blocked_(?:content|prompt|by_safety)|spii|jailbreak|model_armor|escalation"
    r"|sensitive_?content\w*|\w*sensitivecontent\w*|inappropriate(?:_content)?|responsible_?ai_?policy_?violation"
    r"|data_?inspection_?failed|refused_content|content_refused|harmful_content|disallowed_content"
    r"|no_(?:safe|allowed)_image|image_generation_user_error_safety|nsfw_\w+|raifiltered\w*"
    r"|(?:prompt|input|output|image)_(?:blocked|rejected|refused|flagged|violation)|content_safety|safety_check_failed"
    r"|filter_reason_(?:prompt|input_image|output_image)|moderation_(?:failed|rejected)|flagged|refusal"
    r"|safety_filtered|safety_(?:input|output|text|image)|guardrails?_(?:intervened|violation)|risk_control"
    r"|(?:text|image)_(?:sensitive|illegal)|(?:adult|sexual|banned|illegal|violent)_(?:content|prompt)|violence"
    r"|ip_?infringement_?suspect"
    r")(?:$|_(?:content|detected|error|violation|blocked|refused|failure|exception|text|image))"
)
"""A code, type, status or reason that names a refusal; `_` between its words."""
NOT_A_REFUSAL = re.compile(
    r"unavailable|timeout|timed_out|internal|(?<![a-z])rate(?![a-z])|quota|config|setting|tolerance|not_found"
)
IN_TEXT = re.compile(
    r"content_policy_violation|moderation_blocked|code\W{1,5}content_?filter|responsibleaipolicyviolation"
    r"|contentpolicyviolation|nsfw_content|image_generation_user_error|data_inspection_failed|sensitivecontentdetected"
    r"|prompt_blocked"
)
"""Codes that gateways quote inside their own sentence."""
_GAP = r"(?:\W+[\w']+){0,6}?\W+"
_VERDICT = (
    r"(?:reject(?:ed|s)?|refus(?:ed|es|al)|block(?:ed|s)?|flagg?(?:ed|s)|filtered|denied|declined|withheld|stopped"
    r"|violat(?:es?|ed|ing|ions?)|trigger(?:ed|s|ing)|caught|removed|disallowed|prohibited|censored|not\W+allowed"
    r"|did\W+not\W+pass|didn't\W+pass|failed)"
)
_GUARD = (
    r"(?:safety\W+(?:system|filters?|checks?|checker|polic(?:y|ies)|guidelines|reasons?|violations?|guardrails?)"
    r"|content(?:\W+\w+)?\W+(?:polic(?:y|ies)|filters?|filtering|guidelines|checker|moderation|rules)"
    r"|moderation(?:\W+(?:system|filters?|polic(?:y|ies)|guidelines|endpoint|check))?|usage\W+polic(?:y|ies)"
    r"|(?:community|usage|acceptable\W+use|safety)\W+(?:guidelines|standards|polic(?:y|ies))|responsible\W+ai\W+\w+|guardrails?"
    r"|prohibited\W+use\W+polic(?:y|ies)|terms\W+of\W+(?:service|use)|our\W+polic(?:y|ies)|content\W+safety)"
)
_SHOWN = r"(?:prompt|input|output|image|images|picture|content|material|text|media|result|generation|it)"
_BAD = (
    r"(?:nsfw|unsafe|inappropriate|prohibited|disallowed|explicit|sexual|sexually\W+explicit|harmful|offensive|sensitive|restricted"
    r"|not\W+safe\W+for\W+work|copyrighted|forbidden|violent|adult|banned|illegal|nudity|nude|gore|csam|porn\w*)"
)
_NOT_ALLOWED = r"(?:\w+\W+){0,2}?(?:not\W+(?:allowed|permitted)|prohibited|forbidden)\b"
WORDS = (
    rf"\b{_VERDICT}{_GAP}(?:by|for|due\W+to|because\W+of|from|our|the|with)?\W*(?:[\w']+\W+){{0,3}}?{_GUARD}\b",
    rf"\b{_GUARD}(?:\W+[\w']+){{0,2}}?\W+(?:has\W+|have\W+|was\W+|were\W+)?(?:been\W+)?"
    r"(?:rejected|refused|blocked|flagged|filtered|triggered|violat\w+|declined|stopped|denied)\b",
    rf"\b(?:contain(?:s|ed|ing)?|includ(?:es?|ed|ing)|inclusion\W+of|found|potential(?:ly)?|possibl[ey]|detect(?:ed|s)?"
    rf"|depict(?:s|ing)?|shows?|generated|considered|classified|deemed|marked|flagged|reported|identified)"
    rf"(?:\W+(?:as|to|be|is|a|an|by|for|the|our|material|content|possibly|potentially|being)){{0,4}}\W+{_BAD}\b",
    rf"\b{_BAD}\W+(?:content|words?|material|images?|prompts?|concepts?|text|media)(?:\W+(?:was|were|is|has|been|in|"
    rf"detected|found)){{0,3}}?\W+(?:detected|found|blocked|flagged|refused|rejected|filtered|(?:is|are)\W+not\W+allowed)",
    rf"\b{_SHOWN}(?:\W+[\w']+){{0,3}}?\W+(?:was|were|is|are|been)\W+(?:flagged|moderated|censored)\b",
    r"\b(?:content|request|prompt|image)\W+moderated\b|\bprohibited\W+content\b|\bprohibited_content\b",
    rf"\b{_SHOWN}(?:\W+[\w']+){{0,2}}?\W+(?:is|are|was|were)(?:\W+[\w']+)?\W+(?:nsfw|unsafe|inappropriate|prohibited"
    r"|not\W+safe|too\W+sensitive)\b",
    r"\b(?:safe|safety)\W+(?:concerns?|reasons?)\b|\bunsafe\W+(?:content|prompt|image)\b|\(e005\)|\be005\b",
    rf"\bflagged\W+(?:as|for|by)\b(?:\W+[\w']+){{0,4}}?\W+(?:{_BAD}|content|moderation|safety|policy|checker)\b",
    r"\b(?:usage|content|safety)\W+polic(?:y|ies)\W+(?:violation|block)",
    rf"\b(?:reject|refus|block|flagg?|filter|den[iy])ed\W{{1,3}}{_BAD}\b|\b(?:csam|nudity|gore|porn\w*)\W+(?:was\W+)?detected",
    r"\b(?:prompt|content|input|likeness)\W+(?:(?:is|was|has|been)\W+)?(?:(?:not|(?:is|was)n'?t)\W+(?:allowed|permitted)"
    r"|flagged|moderated|prohibited)\W*(?:$|[.!]|(?:by|due|because)\b)",
    rf"\b(?:sexual|violent|adult|hateful|graphic)\W+(?:content|images?|material)\W+{_NOT_ALLOWED}"
    rf"|\b(?:violence|nudity|gore|pornography|hate\W+speech|celebrit(?:y|ies)|real\W+people|minors)\W+{_NOT_ALLOWED}",
    rf"\b{_BAD}\W+(?:words?|terms?|language|content)\W+(?:found\W+)?in\W+(?:the\W+|your\W+)?(?:prompt|input|text|image)\b",
    r"\b(?:against|conflicts?\W+with|(?:not|n't)\W+comply\W+with|not\W+compliant\W+with)\W+(?:our|the|my|your)\W+(?:\w+\W+){0,2}?"
    r"(?:guidelines|standards|polic(?:y|ies)|rules|terms)\b",
    r"\b(?:safety|content|moderation)\W+checks?\W+(?:has\W+)?failed\W*(?:$|[.!])|\bmoderation\W+(?:has\W+)?failed\W*(?:$|[.!])",
    r"\b(?:profanity|hate\W+speech|copyrighted\W+\w+|trademark\W+violation|weapons?)\W+(?:was\W+|were\W+)?detected\b",
    r"\bcontain(?:s|ed|ing)?\W+(?:a\W+|some\W+)?(?:blocked|forbidden|banned|restricted|disallowed)\W+(?:words?|terms?"
    r"|phrases?|content)\b",
    r"\b(?:public\W+figures?|celebrit(?:y|ies)|real\W+person\W*s?(?:\W+faces?)?|minors?|deepfakes?)\b\W+(?:which\W+|that\W+)?"
    r"(?:is|are)\W+(?:not\W+(?:allowed|permitted)|prohibited)\b|\bcontains?\W+(?:a\W+)?minors?\b|\bip\W+infringement\b",
    r"\b(?:prompt|text|input)\W+contains\W+(?:a\W+)?words?\W+(?:that\W+)?(?:is|are)\W+not\W+(?:allowed|permitted)\b",
    r"\bnet\W+check\W+failed\b|\bcontent\W+is\W+not\W+compliant\b",
    r"\bfail(?:ed|s)?\W+(?:the|our|to\W+pass)\W+(?:\w+\W+){0,2}?(?:content|safety|moderation)\W+(?:checks?|review|filters?)",
    r"\b(?:did\W+not|didn'?t|does\W+not)\W+pass\W+(?:the\W+|our\W+)?(?:\w+\W+){0,2}?(?:review|moderation|screening)\b",
    r"\bnot\W+approved\W+by\W+(?:\w+\W+){0,2}?moderat|\b(?:safety|policy|content)\W+violation\b",
    r"\bmodel\W+(?:refused|declined)\W+to\W+(?:generate|create|draw|produce)\b",
    r"\bI(?:'m|\W+am)?\W+(?:can(?:no|')?t|can\W+not|unable\W+to|not\W+able\W+to|won't)\W+(?:\w+\W+){0,2}?"
    r"(?:(?:create|generate|produce|draw|depict|make)\W+(?:\w+\W+){0,3}?(?:of|that|depicting|this)\b"
    r"|(?:assist|help|comply)\W+with\W+(?:that|this))",
    r"\bsensitive\W+(?:words|information)\b|\bnew_sensitive\b|\brisk\W+control\W+system\b",
    r"\ball\W+(?:of\W+the\W+)?(?:generated\W+)?images\W+were\W+(?:filtered|blocked)\b",
    r"\b(?:nsfw|unsafe|banned|prohibited|inappropriate)\W+prompt\b|\bnsfw\W+filter\W+triggered\b",
    rf"\b(?:trigger(?:ed|s)|blocked\W+by|stopped\W+by)\W+(?:the\W+|our\W+)?{_BAD}\W+(?:filter|checker|detector)\b",
    *(
        # Chinese, Japanese, Korean, German, French, Spanish and Portuguese, Italian, Russian.
        r"敏感(?:词|内容|信息)|违规(?:内容|词)?|违法|内容(?:安全|审核)|涉嫌违|不合规|不(?:适当|当|良)的?(?:内容|信息|言论)"
        r"|审核(?:未|不)通过|未(?:能)?通过\w{0,6}审核|存在安全风险|(?:色情|低俗|暴力|涉政)",
        r"不適切な|(?:ポリシー|ガイドライン|利用規約)\w{0,6}違反|有害な(?:コンテンツ|表現)|禁止(?:ワード|用語|されたコンテンツ)"
        r"|安全(?:上の理由|システム|フィルター)\w{0,8}(?:拒否|ブロック)|センシティブな|性的な(?:コンテンツ|表現)",
        r"부적절한|정책\w{0,4}\s*위반|유해\w{0,2}\s*콘텐츠|금지(?:된\s*(?:콘텐츠|단어)|어)|선정적",
        r"\bInhaltsrichtlinie|\bunangemessene\w*\W+Inhalt|\bverstößt\W+gegen\W+(?:\w+\W+){0,2}?\w*(?:richtlinien|bedingungen)",
        r"\b(?:enfreint|viole)\W+(?:\w+\W+){0,2}?(?:politique|règles|conditions)|\bcontenu\W+(?:inapproprié|interdit|explicite)",
        r"\b(?:infring|viola|incumple)\w*\W+(?:\w+\W+){0,2}?(?:pol[ií]tica|norma|condicion)"
        r"|\bconte(?:nido|[uú]do)\W+(?:inapropiado|inapropriado|inadequado|prohibido|proibido|expl[ií]cito)",
        r"\bviola\W+(?:\w+\W+){0,2}?(?:norme|linee)|\bcontenut[oi]\W+(?:inappropriat|inadeguat|vietat|esplicit)",
        r"\bнаруша\w+\W+(?:\w+\W+){0,2}?(?:политик|правил)|\b(?:недопустим|запрещ[её]нн|неприемлем)\w+\W+(?:контент|содержан|слов)",
    ),
)
SPOKEN = re.compile("|".join(f"(?:{word})" for word in WORDS), re.IGNORECASE)
SERVICE = re.compile(
    r"(?i)\b(?:moderation|safety(?:\W+\w+)?|content\W+filter|checker)\W+(?:service|api|backend|server|model)?\W*"
    r"(?:(?:is|was|has)\W+)?(?:currently\W+|temporarily\W+)?(?:unavailable|down|timed?\W*out|overloaded|unreachable"
    r"|could\W+not|cannot|can't|failed\W+to|not\W+(?:available|loaded|configured|found|supported))"
)
"""The safety system itself is in trouble, or is talked about."""
QUOTES = re.compile(r"\"([^\"]{3,})\"|“([^”]{3,})”|`([^`]{3,})`|(?<!\w)'([^']{3,})'(?!\w)")


def is_refusal_word(code: str) -> bool:
    """Whether a code, type, status or reason names a refusal, in whichever case and with whichever separators."""
    word = _snake(code)
    return bool(WORD.search(word)) and not NOT_A_REFUSAL.search(word)


def is_refusal_text(text: str, *echoed: str | None) -> bool:
    """Whether a sentence says that a prompt or picture was refused for what it shows; `echoed` are the caller's own
    texts, which may be quoted in it."""
    said = without_echo(text, *echoed)
    if SERVICE.search(said):
        return False
    return bool(IN_TEXT.search(_snake_text(said)) or SPOKEN.search(said))


def without_echo(text: str, *echoed: str | None) -> str:
    """The sentence without what it repeats of the caller's own texts, whole or in part."""
    for own in echoed:
        if own and text:
            text = _without(text, own)
    return text


def _without(text: str, own: str) -> str:
    own = " ".join(own.split())
    text = re.sub(re.escape(own), " … ", " ".join(text.split()), flags=re.IGNORECASE)
    folded = own.casefold()
    for found in list(QUOTES.finditer(text)):
        inner = next(part for part in found.groups() if part is not None)
        if inner.strip(" .…").casefold() in folded:
            text = text.replace(found[0], " … ")
    said, known = text.split(), own.split()
    matcher = SequenceMatcher(
        None,
        [word.casefold().strip(",.;:!?\"'") for word in said],
        [w.casefold().strip(",.;:!?\"'") for w in known],
        False,
    )
    gone = {
        place
        for block in matcher.get_matching_blocks()
        if block.size >= 4
        for place in range(block.a, block.a + block.size)
    }
    return " ".join("…" if place in gone else word for place, word in enumerate(said))


def _snake(code: str) -> str:
    """`ImageSafety`, `IMAGE-SAFETY` and `image safety` as `image_safety`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", code[:200])
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def _snake_text(text: str) -> str:
    return text.lower().replace(" ", "_") if "_" not in text and len(text) < 60 else text.lower()

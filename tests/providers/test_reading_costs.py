"""What a call cost, as its answer tells it."""

from typing import Any

import pytest

from imgforge_mcp.providers.reading.costs import cost_of

OPENAI = {"text": 5, "image": 8, "out": 30}
GOOGLE = {"text": 0.5, "out": 60, "words": 3}
PICTURE = {"modality": "IMAGE", "tokenCount": 1120}


@pytest.mark.parametrize(
    ("body", "tokens", "cost"),
    [
        pytest.param({"usage": {"cost_in_usd_ticks": 200_000_000}}, None, 0.02, id="ticks"),
        pytest.param({"usage": {"cost_in_usd_ticks": 37_756_000}}, None, 0.003776, id="a share of a cent in ticks"),
        pytest.param({"usage": {"cost": 0.0412, "prompt_tokens": 9}}, None, 0.0412, id="dollars"),
        pytest.param({"usage": {"cost": 0}}, None, 0.0, id="nothing"),
        pytest.param(
            {"usage": {"cost": 0.002, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.04}}},
            None,
            0.042,
            id="dollars with a key of one's own at the maker",
        ),
        pytest.param(
            {"usage": {"cost": 0.04, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.04}}},
            None,
            0.04,
            id="dollars with the maker's share",
        ),
        pytest.param({"usage": {"input_tokens": 12, "output_tokens": 196}}, OPENAI, 0.00594, id="tokens"),
        pytest.param(
            {"usage": {"input_tokens": 1012, "output_tokens": 0, "input_tokens_details": {"image_tokens": 1000}}},
            OPENAI,
            0.00806,
            id="tokens of a picture that was given",
        ),
        pytest.param(
            {"usageMetadata": {"promptTokenCount": 8, "candidatesTokenCount": 1120}}, GOOGLE, 0.067204, id="Google"
        ),
        pytest.param(
            {
                "usageMetadata": {
                    **{"promptTokenCount": 8, "candidatesTokenCount": 1130, "thoughtsTokenCount": 90},
                    "candidatesTokensDetails": [PICTURE, {"modality": "TEXT", "tokenCount": 10}],
                }
            },
            GOOGLE,
            0.067504,
            id="Google's words and thoughts",
        ),
        pytest.param({"usage": {"input_tokens": 12, "output_tokens": 196}}, None, None, id="no prices"),
        pytest.param({"usageMetadata": {"promptTokenCount": 8}}, GOOGLE, None, id="half a count"),
        pytest.param({"usage": {"cost": "0.04", "cost_in_usd_ticks": -1}}, None, None, id="no numbers"),
        pytest.param({"usage": {"cost_in_usd_ticks": True, "cost": float("nan")}}, None, None, id="odd numbers"),
        pytest.param({"usage": []}, OPENAI, None, id="a list"),
        pytest.param([], OPENAI, None, id="no object"),
    ],
)
def test_a_reply_tells_what_it_cost(body: Any, tokens: Any, cost: float | None) -> None:
    assert cost_of(body, tokens) == (None if cost is None else pytest.approx(cost))

"""Ways to others' models that a user names in the configuration: Azure OpenAI, a LiteLLM proxy, Vertex AI."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from tests.emulators._emulator import route
from tests.emulators._picture import Picture
from tests.emulators._wire import Answer, Call, Order
from tests.emulators.gemini import ERRORS as GOOGLE_ERRORS
from tests.emulators.gemini import Gemini
from tests.emulators.openai import OpenAI

MODELS = "/{version}/projects/{project}/locations/{place}/publishers/google/models"


class Azure(OpenAI):
    """Azure OpenAI (openai 3.57, @ai-sdk/azure 4.0.85): a deployment's name in the path, or in the body below v1."""

    name = "azure"
    key_header = "api-key"
    key_prefix = ""
    refusals = ("content_filter", "moderation_blocked")
    deployments: ClassVar[dict[str, str]] = {"my pictures": "gpt-image-2"}
    errors: ClassVar[dict[str, tuple[int, str, str]]] = {
        "401": (401, "401", "Access denied due to invalid subscription key or wrong API endpoint."),
        "404": (404, "DeploymentNotFound", "The API deployment for this resource does not exist."),
        "429": (429, "RateLimitReached", "Requests have exceeded the call rate limit. Please retry after 26 seconds."),
    }

    def failure(self, kind: str, message: str = "") -> Answer:
        """Azure's own code and message where its gateway answers, else OpenAI's object."""
        if kind not in self.errors:
            return super().failure(kind, message)
        status, code, text = self.errors[kind]
        return Answer(status, {"error": {"code": code, "message": message or text}})

    def refuse(self, name: str, call: Call) -> Answer:
        """Its content filter names the harm inside."""
        if name != "content_filter":
            return super().refuse(name, call)
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_results": {"violence": {"filtered": True}}}
        said = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."
        return Answer(400, {"error": {"code": "content_filter", "message": said, "inner_error": inner}})

    @route("POST", "/openai/deployments/{deployment}/images/generations", phase="submit")
    def generate_at(self, call: Call, deployment: str) -> Order:
        """From words, at a deployment."""
        return self._at(call, deployment, self.generate)

    @route("POST", "/openai/deployments/{deployment}/images/edits", phase="submit")
    def edit_at(self, call: Call, deployment: str) -> Order:
        """From pictures, at a deployment."""
        return self._at(call, deployment, self.edit)

    @route("POST", "/openai/v1/images/generations", phase="submit")
    def generate_v1(self, call: Call) -> Order:
        """The deployment in the body."""
        return self._at(call, str(call.fields.get("model")), self.generate, versioned=False)

    @route("GET", "/openai/models")
    def base_models(self, call: Call) -> Answer:
        """What could be deployed."""
        return Answer(200, {"object": "list", "data": [{"id": "gpt-image-2", "object": "model"}]})

    def _at(self, call: Call, deployment: str, order: Any, versioned: bool = True) -> Order:
        if versioned and not call.query.get("api-version"):
            raise self.decline("404", "Resource not found")
        if deployment not in self.deployments:
            raise self.decline("404")
        found: Order = order(_with(call, "model", self.deployments[deployment]))
        return found


class LiteLLM(OpenAI):
    """litellm 1.110's proxy: names of its own for models, errors with a code in text, the cost in a header."""

    name = "litellm"
    aliases: ClassVar[dict[str, str]] = {"pictures": "gpt-image-2"}
    cost = 0.0427

    def failure(self, kind: str, message: str = "") -> Answer:
        """OpenAI's object; a spent budget is a 400 of its own type."""
        if kind == "quota":
            said = "Budget has been exceeded! Current cost: 1.2, Max budget: 1.0"
            error = {"message": said, "type": "budget_exceeded", "param": None, "code": "400"}
            return Answer(400, {"error": error})
        return super().failure(kind, message)

    def refuse(self, name: str, call: Call) -> Answer:
        """The maker's refusal inside its own sentence."""
        said = "litellm.ContentPolicyViolationError: Your request was rejected as a result of our safety system."
        return Answer(400, {"error": {"message": said, "type": None, "param": None, "code": "400"}})

    @route("POST", "/v1/images/generations", phase="submit")
    def generate(self, call: Call) -> Order:
        """From words, by an alias."""
        order: Order = super().generate(self._meant(call))
        return order

    @route("POST", "/v1/images/edits", phase="submit")
    def edit(self, call: Call) -> Order:
        """From pictures, by an alias."""
        order: Order = super().edit(self._meant(call))
        return order

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """As its maker's, with the price beside it."""
        answer = super().reply(call, order, pictures)
        return Answer(200, answer.content, {**answer.headers, "x-litellm-response-cost": str(self.cost)})

    @route("GET", "/v1/models")
    def models(self, call: Call) -> Answer:
        """Its aliases."""
        return Answer(200, {"object": "list", "data": [{"id": each, "object": "model"} for each in self.aliases]})

    def _meant(self, call: Call) -> Call:
        model = str(call.fields.get("model"))
        if model not in self.aliases:
            said = f"/images: Invalid model name passed in model={model}. Call `/v1/models` to view available models"
            raise self.decline("400", said)
        return _with(call, "model", self.aliases[model])


class Vertex(Gemini):
    """Gemini on Google Cloud (google-genai 3.6): a project and a place in the path, a token that the account signed."""

    name = "vertex"
    key_header = "authorization"
    key_prefix = "Bearer "
    serves_imagen = True
    project = "my-project"

    def offered_key(self, call: Call) -> str | None:
        """The emulator's own key, where the token is signed by the account and for this purpose."""
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            claims = jwt.decode(token, certs=_keys()[1])  # type: ignore[no-untyped-call]
        except ValueError:
            return None
        wanted = {"iss": self.account()["client_email"], "scope": "https://www.googleapis.com/auth/cloud-platform"}
        return self.key if wanted.items() <= claims.items() else None

    def failure(self, kind: str, message: str = "") -> Answer:
        """google.rpc.Status; a wrong token is a 401 here."""
        if kind != "401":
            return super().failure(kind, message)
        said = "Request had invalid authentication credentials. Expected OAuth 2 access token."
        return Answer(401, {"error": {"code": 401, "message": message or said, "status": "UNAUTHENTICATED"}})

    @route("POST", f"{MODELS}/{{model}}:generateContent", phase="submit")
    def generate_at(self, call: Call, version: str, project: str, place: str, model: str) -> Order:
        """As the Gemini API has it."""
        self._check_place(project)
        order: Order = self.generate(call, "v1", model)
        return order

    @route("POST", f"{MODELS}/{{model}}:predict", phase="submit")
    def predict_at(self, call: Call, version: str, project: str, place: str, model: str) -> Order:
        """Imagen's shape."""
        self._check_place(project)
        order: Order = self.predict(call, "v1", model)
        return order

    def account(self) -> dict[str, str]:
        """A service account's file."""
        return {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": "1",
            "private_key": _keys()[0],
            "client_email": f"painter@{self.project}.iam.gserviceaccount.com",
            "token_uri": "https://oauth2.googleapis.com/token",
        }

    def write_account(self, path: Path) -> Path:
        path.write_text(json.dumps(self.account()), "utf-8")
        return path

    def _check_place(self, project: str) -> None:
        if project != self.project:
            raise self.decline("403", f"Permission denied on resource project {project}. {GOOGLE_ERRORS['403'][2]}")


@cache
def _keys() -> tuple[str, str]:
    """A private key and its public one, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def _with(call: Call, name: str, value: str) -> Call:
    """The call with another value of a field."""
    if isinstance(call.json, dict):
        return replace(call, json={**call.json, name: value})
    return replace(call, form={**call.form, name: [value]})

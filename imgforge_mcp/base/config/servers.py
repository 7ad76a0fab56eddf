"""A server of the user's own, named in the file: one that speaks another provider's wire format."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from imgforge_mcp.base.config.values import AbsolutePath, BaseUrl, Secret, Text
from imgforge_mcp.base.types import Json


def _name(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 64 or not value.replace("-", "").replace("_", "").isalnum():
        raise ValueError("must be a name of letters, digits, - and _")
    return value


def _variable(value: object) -> str:
    if not isinstance(value, str) or not value.isidentifier():
        raise ValueError("must be the name of a variable, such as MYBOX_API_KEY")
    return value


def _models(value: object) -> object:
    if not isinstance(value, list | tuple) or not all(isinstance(row, dict) for row in value):
        raise ValueError('must be a list of tables, such as [{ id = "flux.1-dev" }]')
    return tuple(value)


class Server(BaseModel):
    """An entry of `[[servers]]`. The key stands in the file, or in a variable that `api_key_env` names."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, BeforeValidator(_name)]
    base_url: BaseUrl = Field(repr=False)
    dialect: Text = "openai"
    api_key: Secret | None = Field(default=None, repr=False)
    api_key_env: Annotated[str, BeforeValidator(_variable)] | None = None
    credentials: AbsolutePath | None = None
    """A service account's file."""
    models: Annotated[tuple[Json, ...], BeforeValidator(_models)] = ()

"""Types whose fields are described, in their schemas, by the text below each, read when a schema is made (pydantic
would read the source with the class, at every start)."""

import ast
import inspect
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core import CoreSchema


class Documented(BaseModel):
    """Its subclasses have such texts."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler, /) -> dict[str, Any]:
        schema = handler(core)
        fields = handler.resolve_ref_schema(schema)["properties"]
        texts: dict[str, str | None] = {}
        for parent in reversed(cls.__mro__):
            if issubclass(parent, Documented) and parent is not Documented:
                texts |= dict.fromkeys(parent.__annotations__) | _texts(parent)
        for name, info in cls.model_fields.items():
            if (text := texts.get(name)) is not None and info.description is None:
                fields[info.alias or name]["description"] = text
        return schema


@cache
def _texts(model: type) -> dict[str, str]:
    """The text below each field of a class that has one, in its own lines."""
    classes = [node for node in _module(inspect.getfile(model)).body if isinstance(node, ast.ClassDef)]
    [body] = [each.body for each in classes if each.name == model.__name__]
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }


@cache
def _module(path: str) -> ast.Module:
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read())

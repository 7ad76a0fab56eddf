"""The frameworks: what to install, which program of `programs/` drives each, and which model it speaks to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """`packages` go into an environment of their own, made once for each `program`, which is run there with each of
    `models` as its argument: openai (chat completions), responses, anthropic, gemini. The first package's version is
    told. `without_preview` are the models for which its README line says IMGFORGE_PREVIEW=off, and why."""

    title: str
    program: str
    packages: tuple[str, ...]
    models: tuple[str, ...]
    without_preview: tuple[str, ...] = ()

    @property
    def is_node(self) -> bool:
        return self.program == "codex"

    @property
    def shown(self) -> str:
        return self.packages[0].partition("[")[0]


FRAMEWORKS = (
    Framework(
        title="LangChain",
        program="langchain_",
        packages=("langchain-mcp-adapters", "langchain", "langchain-openai", "langchain-anthropic"),
        models=("responses", "anthropic", "openai"),
        without_preview=("openai",),  # it puts pictures into tools' messages, where that API takes text only
    ),
    Framework(
        title="OpenAI Agents", program="openai_agents", packages=("openai-agents",), models=("responses", "openai")
    ),
    Framework(
        title="Pydantic AI",
        program="pydantic_ai_",
        packages=("pydantic-ai-slim[openai,anthropic,mcp]",),
        models=("openai", "anthropic"),
    ),
    Framework(
        title="LlamaIndex",
        program="llamaindex",
        packages=("llama-index-tools-mcp", "llama-index-core", "llama-index-llms-openai"),
        models=("openai",),
        without_preview=("openai",),  # it hands the model what a tool answered as text
    ),
    Framework(title="Google ADK", program="google_adk", packages=("google-adk[mcp]",), models=("gemini",)),
    Framework(
        title="Strands",
        program="strands_",
        packages=("strands-agents[openai,anthropic]",),
        models=("openai", "anthropic"),
    ),
    Framework(
        title="mcp-use",
        program="mcp_use_",
        packages=("mcp-use", "langchain-openai"),
        models=("responses", "openai"),
        without_preview=("openai",),  # as LangChain, on which it is built
    ),
    Framework(
        title="AutoGen",
        program="autogen_",
        packages=("autogen-ext[mcp,openai]", "autogen-agentchat", "mcp<2"),
        models=("openai",),
        without_preview=("openai",),  # it hands the model base64 as text
    ),
    Framework(
        title="Semantic Kernel",
        program="semantic_kernel_",
        packages=("semantic-kernel[mcp]",),
        models=("openai",),
        without_preview=("openai",),  # it hands the model base64 as text
    ),
    Framework(title="Codex exec", program="codex", packages=("@openai/codex",), models=("responses",)),
)

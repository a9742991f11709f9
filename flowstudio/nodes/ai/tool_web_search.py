"""The Web Search sub-node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from flowstudio.ai.model import ToolSpec
from flowstudio.ai.tool import Tool
from flowstudio.engine.context import Context
from flowstudio.engine.item import Json
from flowstudio.engine.node import Choice, Credential, ShowIf, Widget
from flowstudio.errors import CredentialError, ParameterError
from flowstudio.nodes.ai.credentials import BraveAccount, TavilyAccount
from flowstudio.nodes.ai.parts import ToolNode
from flowstudio.nodes.ai.search_engines import brave, duckduckgo, searxng, tavily
from flowstudio.outbound import Outbound

_PARAMETERS = {
    "type": "object",
    "properties": {"query": {"type": "string", "description": "What to search for, as in a search engine."}},
    "required": ["query"],
    "additionalProperties": False,
}


class ToolWebSearch(ToolNode):
    """Lets an agent search the web: it gets titles, addresses and short texts of the best results.

    SearXNG is a search engine that you can run yourself; its settings must allow the JSON format. Brave and Tavily need an
    account. DuckDuckGo needs none, and allows a few searches only.
    """

    type = "tool-web-search"
    label = "Web Search"
    group = "Tools"
    icon = "globe"
    subtitle = "{engine}"

    engine: Annotated[
        Literal["duckduckgo", "searxng", "brave", "tavily"],
        Choice({"duckduckgo": "DuckDuckGo", "searxng": "SearXNG", "brave": "Brave", "tavily": "Tavily"}),
    ] = "duckduckgo"
    """Which search engine is asked."""
    account: Annotated[
        BraveAccount | TavilyAccount | None,
        Credential("Account", (BraveAccount.type, TavilyAccount.type)),
        ShowIf("engine", ("brave", "tavily")),
    ] = None
    """The account of the search engine."""
    base_url: Annotated[str, Widget("url"), Field(title="Address"), ShowIf("engine", ("searxng",))] = ""
    """The address of the SearXNG server, such as `https://search.example.com`."""
    results: Annotated[int, Field(ge=1, le=20)] = 5
    """Results that the agent gets at most."""
    description: Annotated[str, Field(min_length=1), Widget("multiline")] = (
        "Searches the web. Use it for what is new, and for facts that you do not know for certain."
    )
    """Tells the agent when to search."""

    async def tools(self, ctx: Context) -> Sequence[Tool]:
        """The one tool."""
        out = ctx.use(Outbound)

        async def call(arguments: Mapping[str, Any]) -> Any:
            found = await self._search(str(arguments.get("query", "")), out)
            return found or "Nothing was found."

        return [Tool(ToolSpec("web_search", self.description, _PARAMETERS), call)]

    async def _search(self, query: str, out: Outbound) -> list[Json]:
        match self.engine:
            case "duckduckgo":
                return await duckduckgo(out, self.base_url, query, self.results)
            case "searxng":
                if not self.base_url.strip():
                    raise ParameterError("Give the address of the SearXNG server.", parameter="base_url")
                return await searxng(out, self.base_url, query, self.results)
            case "brave" if isinstance(self.account, BraveAccount):
                key = self.account.api_key.get_secret_value()
                return await brave(out, self.account.base_url, key, query, self.results)
            case "tavily" if isinstance(self.account, TavilyAccount):
                key = self.account.api_key.get_secret_value()
                return await tavily(out, self.account.base_url, key, query, self.results)
        raise CredentialError(f"Choose an account of {self.engine.capitalize()} in the Web Search.")

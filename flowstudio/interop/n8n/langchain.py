"""n8n's AI nodes: agents, chains, models, memories, tools, embeddings and vector stores."""

from __future__ import annotations

import re
from typing import Any

from flowstudio.interop.n8n.converted import Converted, Converter, Properties, Source, only_given
from flowstudio.interop.n8n.given import Given
from flowstudio.interop.n8n.requests import choose_credential

PACKAGE = "@n8n/n8n-nodes-langchain."
FOLDED = "folded"
"""The type of what has no step of its own here: it becomes part of the step that it is connected to."""
_OWN_DATABASE = "Conversations are remembered in FlowStudio's own database."
_OWN_STORE = (
    "Passages are stored in a collection of FlowStudio; those of the other store have to be inserted anew."
)
_COMPATIBLE = "It is reached as a server that speaks OpenAI's language: make an account with its address and key, and choose it."


def _chosen(source: Source) -> list[str]:
    return [choose_credential(source)] if source.credentials else ["Choose the account that it uses."]


def _message(given: Given) -> Properties:
    """What is said to a model: what the chat brought, or a text of one's own."""
    if given.text("promptType", "auto") == "define" or ("text" in given and "promptType" not in given):
        return {"message": given.value("text", "")}
    given.skip("text")
    return {}


def agent(source: Source) -> Converted:
    """The AI Agent node."""
    given = source.parameters
    options = given.part("options")
    kind = given.text("agent", "toolsAgent")
    given.skip("hasOutputParser", "needsFallback", "notice", "agent")
    options.skip("passthroughBinaryImages", "humanMessage", "batching", "enableStreaming", "outputParser")
    properties = _message(given) | only_given(
        prompt=options.value("systemMessage"),
        max_turns=options.value("maxIterations"),
        steps=options.flag("returnIntermediateSteps") or None,
    )
    remarks = []
    if kind not in ("toolsAgent", "conversationalAgent", "openAiFunctionsAgent"):
        remarks.append(f"An agent of the kind '{kind}' works as one that calls its tools by itself.")
    return Converted("ai-agent", properties, remarks)


def llm_chain(source: Source) -> Converted:
    """The Basic LLM Chain: an agent without tools."""
    given = source.parameters
    parsed = given.flag("hasOutputParser")
    given.skip("needsFallback")
    said = [
        row.value("message", "")
        for row in given.part("messages").rows("messageValues")
        if row.text("type", "SystemMessagePromptTemplate") == "SystemMessagePromptTemplate"
    ]
    properties = _message(given) | ({"prompt": "\n\n".join(map(str, said))} if said else {})
    given.part("batching").skip("batchSize", "delayBetweenBatches")
    return Converted("ai-agent", properties if parsed else {**properties, "answer_name": "text"})


def retrieval_chain(source: Source) -> Converted:
    """The Question and Answer Chain."""
    given = source.parameters
    asked = given.value("query") if "query" in given else _message(given).get("message")
    options = given.part("options")
    return Converted(
        "question-answer-chain",
        only_given(
            question=asked,
            instructions=options.value("systemPromptTemplate"),
            answer_name="response" if source.version >= 1.5 else "response.text",
            with_sources=False,
        ),
    )


def summarization(source: Source) -> Converted:
    """The Summarization Chain."""
    given = source.parameters
    given.skip("operationMode", "chunkingMode", "chunkSize", "chunkOverlap", "binaryDataKey", "type")
    given.part("options").skip("summarizationMethodAndPrompts", "binaryDataKey", "batching")
    return Converted(
        "summarization-chain",
        {"answer_name": "output.text" if source.version >= 2.1 else "response.text"},
        ["The way of summing up is FlowStudio's; look at its instructions."],
    )


_ATTRIBUTES = {"string": "text", "number": "number", "boolean": "boolean", "date": "date"}


def extractor(source: Source) -> Converted:
    """The Information Extractor."""
    given = source.parameters
    options = given.part("options")
    properties: Properties = {"text": given.value("text", "")}
    match given.text("schemaType", "fromAttributes"):
        case "fromJson":
            properties |= {"by": "example", "example": given.value("jsonSchemaExample", "{}")}
        case "manual":
            properties |= {"by": "schema", "answer_schema": given.value("inputSchema", "{}")}
        case _:
            properties["fields"] = [
                only_given(
                    name=row.text("name"),
                    kind=row.choice("type", _ATTRIBUTES, "text"),
                    description=row.value("description"),
                    required=row.flag("required") or None,
                )
                for row in given.part("attributes").rows("attributes")
            ]
    given.skip("jsonSchemaExample", "inputSchema", "attributes")
    options.skip("batching")
    return Converted(
        "information-extractor", properties | only_given(instructions=options.value("systemPromptTemplate"))
    )


def classifier(source: Source) -> Converted:
    """The Text Classifier."""
    given = source.parameters
    options = given.part("options")
    rows = [
        only_given(name=row.text("category"), description=row.value("description"))
        for row in given.part("categories").rows("categories")
    ]
    options.skip("enableAutoFixing", "batching")
    return Converted(
        "text-classifier",
        only_given(
            text=given.value("inputText", ""),
            categories=rows,
            several=options.flag("multiClass") or None,
            no_match=options.choice("fallback", {"other": "other", "discard": "discard"}, None),
            instructions=options.value("systemPromptTemplate"),
        ),
    )


def sentiment(source: Source) -> Converted:
    """The Sentiment Analysis."""
    given = source.parameters
    options = given.part("options")
    options.skip("enableAutoFixing", "batching")
    return Converted(
        "sentiment-analysis",
        only_given(
            text=given.value("inputText", ""),
            categories=options.value("categories"),
            details=options.flag("includeDetailedResults"),
            instructions=options.value("systemPromptTemplate"),
        ),
    )


def open_ai(source: Source) -> Converted:
    """The OpenAI node, where it sends messages to a model."""
    given = source.parameters
    if (given.text("resource", "text"), given.text("operation", "message")) != ("text", "message"):
        message = "Of this node only messages to a model are available here."
        return Converted("not-available", {"original_type": source.type}, [message], available=False)
    rows = list(given.part("messages").rows("values"))
    system = [str(row.value("content", "")) for row in rows if row.text("role", "user") == "system"]
    asked = [row.value("content", "") for row in rows if row.text("role", "user") == "user"]
    options = given.part("options")
    given.skip("jsonOutput", "simplify")
    properties = only_given(
        model=given.value("modelId"),
        prompt="\n\n".join(system) or None,
        message=asked[-1] if asked else None,
        temperature=options.value("temperature"),
        max_tokens=options.value("maxTokens"),
    )
    return Converted(
        "openai",
        properties,
        ["The answer stands in other fields here: 'output' holds its text."],
        todo=_chosen(source),
    )


def model(type_: str, *, compatible: bool = False, field: str = "model") -> Converter:
    """A chat model."""

    def convert(source: Source) -> Converted:
        given = source.parameters
        options = given.part("options")
        name = given.value(field) or given.value("model") or given.value("modelName")
        given.skip("notice", "builtInTools", "responsesApiEnabled", "model", "modelName")
        timeout = options.value("timeout")
        properties = only_given(
            model=name.removeprefix("models/") if isinstance(name, str) else None,
            temperature=options.value("temperature"),
            max_tokens=next((options.value(n) for n in _LONGEST if n in options), None),
            top_p=options.value("topP"),
            timeout=timeout / 1000 if isinstance(timeout, int | float) and timeout > 0 else None,
            retries=options.value("maxRetries"),
        )
        if properties.get("max_tokens") == -1:
            del properties["max_tokens"]
        return Converted(type_, properties, todo=[*_chosen(source), *([_COMPATIBLE] if compatible else [])])

    return convert


_LONGEST = ("maxTokens", "maxTokensToSample", "maxOutputTokens", "numPredict")


def embedder(type_: str, *, compatible: bool = False) -> Converter:
    """An embedder."""

    def convert(source: Source) -> Converted:
        given = source.parameters
        options = given.part("options")
        options.skip("batchSize", "stripNewLines", "timeout")
        name = given.value("model") or given.value("modelName")
        given.skip("model", "modelName")
        properties = only_given(
            model=name.removeprefix("models/") if isinstance(name, str) else None,
            dimensions=options.value("dimensions"),
        )
        return Converted(type_, properties, todo=[*_chosen(source), *([_COMPATIBLE] if compatible else [])])

    return convert


def memory(source: Source) -> Converted:
    """A memory of the last messages, wherever n8n kept it."""
    given = source.parameters
    own = source.type.endswith("memoryBufferWindow")
    count = given.number("contextWindowLength", 5)
    properties: Properties = {"messages": count * 2 if isinstance(count, int) else 10}
    if given.text("sessionIdType", "fromInput") == "customKey":
        properties["session"] = given.value("sessionKey", "")
    given.skip("sessionKey", "notice", "tableName", "sessionTTL", "databaseName", "collectionName")
    return Converted("memory-simple", properties, [] if own else [_OWN_DATABASE])


_SIMPLE = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _tool_name(text: Any, otherwise: str) -> str:
    written = re.sub(r"[^A-Za-z0-9_-]+", "_", str(text or "")).strip("_")[:64]
    return written or otherwise


def tool_workflow(source: Source) -> Converted:
    """The Call n8n Workflow tool."""
    given = source.parameters
    chosen = given.whole().get("workflowId")
    known = chosen.get("cachedResultName") if isinstance(chosen, dict) else None
    wanted = given.text("workflowId")
    known = known or wanted
    inputs = given.part("workflowInputs")
    asked = [
        only_given(name=row.text("id"), kind=row.choice("type", _PLACES, None))
        for row in inputs.rows("schema")
        if not row.flag("removed") and _SIMPLE.fullmatch(row.text("id"))
    ]
    inputs.skip("mappingMode", "value", "matchingColumns", "attemptToConvertTypes", "convertFieldsToString")
    given.skip(
        "source",
        "workflowJson",
        "responsePropertyName",
        "specifyInputSchema",
        "jsonSchemaExample",
        "fields",
    )
    properties = {
        "name": _tool_name(given.text("name") or source.name, "run_workflow"),
        "description": given.text("description") or "Runs another workflow.",
        "parameters": asked or [{"name": "query", "description": "What the workflow is asked."}],
    }
    said = f" In n8n it was '{known}'." if known else ""
    return Converted("tool-workflow", properties, todo=[f"Choose the workflow that the tool runs.{said}"])


def tool_code(source: Source) -> Converted:
    """The Code tool, where it is Python."""
    given = source.parameters
    if given.text("language", "javaScript") != "python":
        message = "Tools of agents are written in Python here; this one is JavaScript."
        return Converted("not-available", {"original_type": source.type}, [message], available=False)
    given.skip("specifyInputSchema", "schemaType", "jsonSchemaExample", "jsCode")
    code = given.text("pythonCode")
    properties: Properties = {
        "name": _tool_name(given.text("name"), "run_code"),
        "description": given.text("description") or "Runs code.",
        "parameters": [{"name": "query", "description": "What the tool is asked."}],
        "code": f"query = arguments.get('query')\n{code}",
    }
    return Converted("tool-code", properties)


_PLACES = {"string": "string", "number": "number", "boolean": "boolean", "json": "object"}


def tool_http(source: Source) -> Converted:
    """The HTTP Request tool, whose address holds places that the agent fills."""
    given = source.parameters
    rows = [
        only_given(
            name=row.text("name"),
            kind=row.choice("type", _PLACES, "string"),
            description=row.value("description"),
        )
        for row in given.part("placeholderDefinitions").rows("values")
    ]
    properties: Properties = {
        "name": _tool_name(given.text("name") or source.name, "call_api"),
        "description": given.text("toolDescription") or "Calls a web service.",
        "method": given.text("method", "GET"),
        "url": given.text("url"),
        "parameters": rows,
    }
    for ours, flag, where in (
        ("query", "sendQuery", "parametersQuery"),
        ("headers", "sendHeaders", "parametersHeaders"),
    ):
        if given.flag(flag):
            pairs = given.part(where).rows("values")
            properties[ours] = [{"name": row.text("name"), "value": row.text("value")} for row in pairs]
    needs = given.text("authentication", "none") != "none"
    given.skip("nodeCredentialType", "genericAuthType")
    return Converted("tool-api-caller", properties, todo=[choose_credential(source)] if needs else [])


def tool_search(source: Source) -> Converted:
    """Tools that search the web."""
    source.parameters.part("options").skip("gl", "hl", "country", "device", "no_cache", "google_domain")
    return Converted(
        "tool-web-search", {}, ["The search goes to DuckDuckGo unless you choose another engine."]
    )


def tool_calculator(source: Source) -> Converted:
    """The Calculator tool."""
    return Converted("tool-calculator")


def tool_vector_store(source: Source) -> Converted:
    """The Vector Store Question Answer tool."""
    given = source.parameters
    given.skip("topK")
    properties = {
        "name": _tool_name(given.text("name"), "search_documents"),
        "description": given.text("description") or "Looks something up in the documents.",
    }
    return Converted(
        "tool-vector-store", properties, ["The agent gets the passages, not an answer made of them."]
    )


def vector_store(source: Source) -> Converted:
    """A vector store. Whichever it was, passages are kept in a collection here."""
    given = source.parameters
    options = given.part("options")
    options.skip(
        "pineconeNamespace", "clearNamespace", "collection", "queryName", "searchFilterJson", "metadata"
    )
    names = (
        "memoryKey",
        "pineconeIndex",
        "qdrantCollection",
        "tableName",
        "collectionName",
        "milvusCollection",
    )
    name = next(
        (found for name in names if isinstance(found := given.value(name), str) and found), "documents"
    )
    given.skip(
        "clearStore",
        "toolName",
        "toolDescription",
        "includeDocumentMetadata",
        "embeddingBatchSize",
        "useReranker",
    )
    mode = given.text("mode", "retrieve")
    shared: Properties = {"collection": re.sub(r"[^\w.-]+", "-", name).strip("-.") or "documents"}
    top = {"limit": given.number("topK", 4)} if "topK" in given else {}
    match mode:
        case "insert":
            return Converted("vector-store-insert", shared, [_OWN_STORE])
        case "load":
            return Converted(
                "vector-store-search", {**shared, **top, "query": given.value("prompt", "")}, [_OWN_STORE]
            )
        case "retrieve":
            return Converted("retriever-vector-store", shared, [_OWN_STORE])
        case "retrieve-as-tool":
            words = given.text("toolDescription") or "Looks something up in the documents."
            name = _tool_name(given.text("toolName") or given.text("name"), "search_documents")
            tool: Properties = {"name": name, "description": words}
            helper: Properties = {**shared, **top}
            return Converted(
                "tool-vector-store", tool, [_OWN_STORE], helper=("retriever-vector-store", helper)
            )
    message = f"A vector store in the mode '{mode}' is not available here."
    return Converted("not-available", {"original_type": source.type}, [message], available=False)


def chat_trigger(source: Source) -> Converted:
    """The Chat Trigger."""
    given = source.parameters
    given.skip("public", "mode", "initialMessages", "options", "authentication", "notice", "hostedChatNotice")
    return Converted("when-chat-received")


def output_parser(source: Source) -> Converted:
    """The structured output parser: what an answer looks like is a parameter of the step that asks."""
    given = source.parameters
    if given.text("schemaType", "fromJson") == "manual" or ("jsonSchema" in given):
        schema = given.value("inputSchema") or given.value("jsonSchema", "{}")
        given.skip("jsonSchemaExample", "inputSchema")
        return Converted(FOLDED, {"answer_as": "schema", "answer_schema": schema})
    given.skip("inputSchema", "autoFix", "customizeRetryPrompt")
    return Converted(FOLDED, {"answer_as": "example", "example": given.value("jsonSchemaExample", "{}")})


def folded(source: Source) -> Converted:
    """What belongs to another step and brings nothing that it would have to know."""
    given = source.parameters
    given.skip(*given.whole())
    return Converted(FOLDED)


_STORES = "InMemory Pinecone Qdrant Supabase PGVector Milvus Weaviate Zep MongoDBAtlas Redis ChromaDB AzureAISearch".split()
_COMPATIBLE_MODELS = (
    "Ollama OpenRouter Groq DeepSeek MistralCloud XAiGrok AzureOpenAi VercelAiGateway Cohere".split()
)
AI_CONVERTERS: dict[str, Converter] = {
    "agent": agent,
    "chainLlm": llm_chain,
    "chainRetrievalQa": retrieval_chain,
    "chainSummarization": summarization,
    "informationExtractor": extractor,
    "textClassifier": classifier,
    "sentimentAnalysis": sentiment,
    "openAi": open_ai,
    "lmChatOpenAi": model("chat-model-openai"),
    "lmChatAnthropic": model("chat-model-anthropic"),
    "lmChatGoogleGemini": model("chat-model-google", field="modelName"),
    **{
        f"lmChat{name}": model("chat-model-openai-compatible", compatible=True) for name in _COMPATIBLE_MODELS
    },
    "embeddingsOpenAi": embedder("embedder-openai"),
    "embeddingsGoogleGemini": embedder("embedder-google"),
    "embeddingsOllama": embedder("embedder-openai-compatible", compatible=True),
    "embeddingsMistralCloud": embedder("embedder-openai-compatible", compatible=True),
    "memoryBufferWindow": memory,
    "memoryPostgresChat": memory,
    "memoryRedisChat": memory,
    "memoryMongoDbChat": memory,
    "memoryXata": memory,
    "memoryMotorhead": memory,
    "memoryZep": memory,
    "toolCalculator": tool_calculator,
    "toolCode": tool_code,
    "toolWorkflow": tool_workflow,
    "toolHttpRequest": tool_http,
    "toolSerpApi": tool_search,
    "toolSearXng": tool_search,
    "toolVectorStore": tool_vector_store,
    **{f"vectorStore{name}": vector_store for name in _STORES},
    "retrieverVectorStore": folded,
    "documentDefaultDataLoader": folded,
    "documentJsonInputLoader": folded,
    "documentBinaryInputLoader": folded,
    "textSplitterRecursiveCharacterTextSplitter": folded,
    "textSplitterCharacterTextSplitter": folded,
    "textSplitterTokenSplitter": folded,
    "outputParserStructured": output_parser,
    "chatTrigger": chat_trigger,
    "manualChatTrigger": chat_trigger,
}
"""By n8n's type, without the prefix of its package."""

"""Every error raised on purpose.

One class for each thing that a caller handles differently. The message names the culprit and the remedy; `code` is
stable and may be relied on by API clients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

ModelFault: TypeAlias = Literal[
    "no_key",
    "wrong_key",
    "no_quota",
    "rate_limited",
    "unknown_model",
    "too_long",
    "bad_request",
    "refused",
    "filtered",
    "timeout",
    "overloaded",
    "unreachable",
    "cut_off",
    "malformed",
    "unsupported",
    "budget",
]
"""What kept a model from answering."""


class FlowStudioError(Exception):
    """The root of the tree."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, detail: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


def message_of(error: Exception) -> str:
    """What to tell people about a failure."""
    if isinstance(error, FlowStudioError):
        return error.message
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


class ConfigurationError(FlowStudioError):
    """A setting, a key or a file of the installation is wrong."""

    code = "configuration"


class NotFound(FlowStudioError):
    """The thing asked for does not exist, or the caller may not know that it does."""

    code = "not_found"


class Conflict(FlowStudioError):
    """The request does not fit the present state."""

    code = "conflict"


class Unauthorized(FlowStudioError):
    """Nobody is signed in."""

    code = "unauthorized"


class Forbidden(FlowStudioError):
    """The caller is known but may not do this."""

    code = "forbidden"


class InvalidRequest(FlowStudioError):
    """What the caller sent cannot be understood."""

    code = "invalid_request"


class TooLarge(InvalidRequest):
    """What the caller sent is over a size limit."""

    code = "too_large"


class RateLimited(FlowStudioError):
    """Too many tries; `retry_after` is in seconds."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, detail={"retry_after": retry_after})
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a workflow document.

    `path` is a JSON path such as `nodes[2].data.properties.url`; `node` the id of the culprit, if there is one.
    """

    code: str
    message: str
    node: str | None = None
    path: str | None = None
    severity: str = "error"
    """`error` forbids running, `warning` does not."""


class InvalidWorkflow(FlowStudioError):
    """A document that cannot be a workflow, or a workflow that cannot run. Carries every problem found."""

    code = "invalid_workflow"

    def __init__(self, problems: list[Problem]) -> None:
        first = problems[0].message if problems else "The workflow is not valid."
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(first + more, detail=problems)
        self.problems = problems


class NodeError(FlowStudioError):
    """A node could not do its work. `retryable` failures are tried again when the node's settings allow it."""

    code = "node"

    def __init__(
        self, message: str, *, retryable: bool = False, detail: Any = None, item: int | None = None
    ) -> None:
        super().__init__(message, detail=detail)
        self.retryable = retryable
        self.item = item
        """Index of the input item that failed, if one did."""


class ExpressionError(NodeError):
    """An expression could not be resolved; `parameter` is its path within the node's properties.

    `node` is the id of the sub-node that the parameter belongs to, if it is not the failed node's own.
    """

    code = "expression"

    def __init__(
        self, message: str, *, parameter: str, item: int | None = None, node: str | None = None
    ) -> None:
        super().__init__(message, detail=_place(parameter, node), item=item)
        self.parameter = parameter


class ParameterError(NodeError):
    """A resolved parameter has a value that the node cannot take; `parameter` and `node` as for `ExpressionError`."""

    code = "parameter"

    def __init__(
        self, message: str, *, parameter: str, item: int | None = None, node: str | None = None
    ) -> None:
        super().__init__(message, detail=_place(parameter, node), item=item)
        self.parameter = parameter


def _place(parameter: str, node: str | None) -> dict[str, str]:
    """Where a parameter is, for whoever shows the error."""
    return {"parameter": parameter} if node is None else {"parameter": parameter, "node": node}


class NodeTimeout(NodeError):
    """A node ran longer than its timeout."""

    code = "node_timeout"


class OutboundRefused(NodeError):
    """An address that workflows may not call."""

    code = "outbound_refused"


class Interrupted(NodeError):
    """A node that must not run twice was running when the server stopped; a person has to decide."""

    code = "interrupted"


class ExecutionTimeout(FlowStudioError):
    """The execution ran longer than the workflow allows."""

    code = "execution_timeout"


class LeaseLost(FlowStudioError):
    """Another runner owns the execution now; nothing more may be recorded."""

    code = "lease_lost"


class NewerVersion(FlowStudioError):
    """Something stored was written by a newer FlowStudio; that one can go on with it."""

    code = "newer_version"


class CredentialError(NodeError):
    """A credential is missing, of the wrong type or cannot be decrypted."""

    code = "credential"


class ModelError(NodeError):
    """A language model or embedder could not do what was asked.

    `kind` says what a person can do about it, `message` says it in one sentence; `detail` has the provider's own words
    (`status`, `provider_message`, `provider`, `model`), secrets masked.
    """

    code = "model"

    def __init__(
        self, kind: ModelFault, message: str, *, retryable: bool = False, detail: Any = None
    ) -> None:
        super().__init__(message, retryable=retryable, detail={"kind": kind, **(detail or {})})
        self.kind = kind


class SandboxError(NodeError):
    """The cage of user code could not do its work."""

    code = "sandbox"


class SandboxUnavailable(SandboxError):
    """This installation has no cage for the language, so its code does not run at all."""

    code = "sandbox_unavailable"


class CodeError(SandboxError):
    """User code failed. `line` is its line, `stdout` what it had printed."""

    code = "code"

    def __init__(
        self, message: str, *, line: int | None = None, stdout: str = "", item: int | None = None
    ) -> None:
        super().__init__(message, detail={"line": line, "stdout": stdout}, item=item)
        self.line = line
        self.stdout = stdout


class CodeTimeout(CodeError):
    """User code ran longer than it may."""

    code = "code_timeout"


class CodeMemory(CodeError):
    """User code asked for more memory than it may have."""

    code = "code_memory"


class CodeOutput(CodeError):
    """User code gave back something that is not items, or too much of it."""

    code = "code_output"

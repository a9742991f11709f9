"""Cages for user code: expressions, and the code of Code nodes. Nothing that a user wrote is evaluated in the server's process."""

from flowstudio.sandbox.batch import CodeResult, ExpressionBatch, ExpressionFailure, Value
from flowstudio.sandbox.javascript import JavaScript
from flowstudio.sandbox.python import Python
from flowstudio.sandbox.report import Report, Tier, TierReport
from flowstudio.sandbox.sandbox import Sandbox

__all__ = [
    "CodeResult",
    "ExpressionBatch",
    "ExpressionFailure",
    "JavaScript",
    "Python",
    "Report",
    "Sandbox",
    "Tier",
    "TierReport",
    "Value",
]

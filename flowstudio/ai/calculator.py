"""A calculator: a parser for formulas, and nothing that could run anything else."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from flowstudio.errors import NodeError

LENGTH: Final = 2000
"""Characters of a formula."""
BITS: Final = 20_000
"""Of the largest whole number: about 6,000 digits."""
_OPERATORS: Final[Mapping[type[ast.AST], Callable[..., Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_CONSTANTS: Final[Mapping[str, float]] = {"pi": math.pi, "π": math.pi, "e": math.e, "tau": math.tau}


def _factorial(number: float) -> int:
    if number != int(number) or not 0 <= number <= 1500:
        raise NodeError("A factorial is taken of a whole number from 0 to 1500.")
    return math.factorial(int(number))


def _root(number: float, degree: float = 2) -> float:
    return math.copysign(abs(number) ** (1 / degree), number) if degree % 2 == 1 else number ** (1 / degree)


_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "abs": abs,
    "round": lambda number, digits=0: round(number, int(digits)) if digits else round(number),
    "floor": math.floor,
    "ceil": math.ceil,
    "trunc": math.trunc,
    "sqrt": math.sqrt,
    "cbrt": lambda number: _root(number, 3),
    "root": _root,
    "exp": math.exp,
    "ln": math.log,
    "log": lambda number, base=10: math.log10(number) if base == 10 else math.log(number, base),
    "log2": math.log2,
    "log10": math.log10,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "atan2": math.atan2,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "degrees": math.degrees,
    "radians": math.radians,
    "hypot": math.hypot,
    "gcd": lambda *numbers: math.gcd(*map(int, numbers)),
    "lcm": lambda *numbers: math.lcm(*map(int, numbers)),
    "factorial": _factorial,
    "min": min,
    "max": max,
    "sum": lambda *numbers: (
        math.fsum(numbers) if any(isinstance(n, float) for n in numbers) else sum(numbers)
    ),
    "mean": lambda *numbers: math.fsum(numbers) / len(numbers),
    "pow": lambda base, exponent: _power(base, exponent),
}
_SIGNS: Final = str.maketrans(
    {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "²": "**2", "³": "**3"}
)
_GROUPED: Final = re.compile(r"(?<![\d.(,])(?<!\w)(\d{1,3}(?:,\d{3})+)(?![\d,)])")
_PERCENT: Final = re.compile(r"(\d(?:[\d.]*\d)?)\s*%(?!\s*[\d(\w])")
_SHARE: Final = re.compile(r"(\d(?:[\d.]*\d)?)\s*%\s*of\b", re.IGNORECASE)


def calculate(formula: str) -> int | float | bool:
    """The value of a formula such as `15% of 80 + 2^3`. Raises `NodeError` that says what is wrong with it."""
    text = formula.strip().lstrip("=").strip()
    if not text:
        raise NodeError("There is no formula.")
    if len(text) > LENGTH:
        raise NodeError(f"The formula is longer than {LENGTH:,} characters.")
    text = _SHARE.sub(r"(\1/100)*", _GROUPED.sub(lambda found: found[1].replace(",", ""), text))
    text = _PERCENT.sub(r"(\1/100)", text).translate(_SIGNS)
    try:
        tree = ast.parse(text, mode="eval")
        value = _value(tree.body)
    except SyntaxError:
        raise NodeError(f"'{formula[:200]}' is not a formula.") from None
    except ZeroDivisionError:
        raise NodeError("That divides by zero.") from None
    except (OverflowError, MemoryError, RecursionError):
        raise NodeError("The result is too large.") from None
    except (ValueError, TypeError) as error:
        raise NodeError(f"That cannot be calculated: {error}.") from None
    if isinstance(value, complex):
        raise NodeError("The result is not a real number.")
    if isinstance(value, float) and not math.isfinite(value):
        raise NodeError("The result is too large.")
    if isinstance(value, float):
        value = float(f"{value:.15g}")  # 3 * 29.15 is 87.45, not 87.44999999999999
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    found: int | float | bool = _bounded(value)
    return found


def _value(node: ast.AST) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() as number):
            return _bounded(number)
        case ast.Name(id=name) if name.lower() in _CONSTANTS:
            return _CONSTANTS[name.lower()]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(operand))
        case ast.BinOp(op=ast.Pow(), left=left, right=right):
            return _power(_value(left), _value(right))
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _OPERATORS:
            return _bounded(_OPERATORS[type(op)](_value(left), _value(right)))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left), _value(right))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name.lower() in _FUNCTIONS:
            return _bounded(_FUNCTIONS[name.lower()](*map(_value, arguments)))
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)):
            raise NodeError(
                f"The calculator does not know '{name}'. It knows: {', '.join([*_CONSTANTS, *_FUNCTIONS])}."
            )
    raise NodeError("The calculator knows numbers, + - * / // % ^, comparisons, brackets and functions only.")


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int):
        if exponent >= 0 and abs(base) > 1 and base.bit_length() * exponent > BITS:
            raise OverflowError
        if exponent < -BITS:
            return 0.0
    return _bounded(base**exponent)


def _bounded(number: Any) -> Any:
    if isinstance(number, int) and number.bit_length() > BITS:
        raise OverflowError
    return number

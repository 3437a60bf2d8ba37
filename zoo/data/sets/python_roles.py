"""The role of each piece of a Python source, from its tokens and its syntax tree."""

import ast
import builtins
import io
import keyword
import tokenize
import types
import warnings
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple

_CONSTANTS = {"True", "False", "None"}
# Only what C defines: interactive shells add names of their own, and so does `site`.
_BUILTINS = {
    name
    for name, value in vars(builtins).items()
    if not name.startswith("_") and isinstance(value, type | types.BuiltinFunctionType)
} | {"Ellipsis", "NotImplemented", "WindowsError"}


def roles(source: str) -> list[tuple[int, int, str]]:
    """Finds the role of every piece of a Python source, from its tokens and its syntax tree.

    | role | what has it |
    |---|---|
    | decorator | `@` and the dotted name after it, dots included |
    | module | names after `import` (and their `as` names), and between `from` and `import` |
    | import | names after `from ... import`, and their `as` names |
    | function, class | the name that `def` or `class` defines |
    | parameter | a name in the parameter list of `def` or `lambda`; in the body it is a variable |
    | argument | the name before `=` in a call, a class statement or a class pattern |
    | call | the called name, also of a builtin, class or method: `f` in `f(x)`, `a.f(x)`, `case f(x)` |
    | attribute | `b` in `a.b`, unless called |
    | builtin | a name of Python's own that is read and that nothing in the file binds |
    | variable | every other name |
    | keyword | also `match`, `case`, `type` and `_` where they are keywords |
    | constant | `True`, `False`, `None` |
    | number, operator | operators are brackets, commas, `...` and the like, too |
    | string | with prefix and quotes; an f-string with all it holds; each part of `"a" "b"` on its own |
    | comment | one for each line |

    A row above wins over the rows below it.

    Args:
        source: a file that Python can parse; line ends are "\\n".

    Returns:
        (start, end, role), sorted and apart from each other; offsets count code points, the end is exclusive.

    Raises:
        SyntaxError: it does not parse.
    """
    lines = _Lines(source)
    tree = parse(source)
    if tree is None:
        raise SyntaxError("not a Python source")
    names = _Names(tree, lines)
    pieces = list(_pieces(source, lines))
    tags = [_role(piece, before, names) for before, piece in zip([None, *pieces], pieces, strict=False)]
    _tag_leaders(pieces, tags, names.led)
    _tag_stretches(pieces, tags, names.stretches)
    return [(piece.start, piece.end, role) for piece, role in zip(pieces, tags, strict=True)]


def lines_of(source: str) -> list[str]:
    """Returns the lines, each with its line feed."""
    return list(io.StringIO(source))  # splitlines() also breaks at form feeds


def parse(source: str) -> ast.Module | None:
    """Returns the syntax tree, or None if there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "invalid escape sequence" and the like
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError):
            return None


class _Lines:
    """Turns places in lines into offsets in the text."""

    def __init__(self, source: str) -> None:
        self.lines = lines_of(source)
        self.starts = [0, *accumulate(map(len, self.lines))]

    def offset(self, line: int, column: int) -> int:
        return self.starts[line - 1] + column

    def offset_of_bytes(self, line: int, column: int) -> int:
        """Returns the offset of a place in the syntax tree, whose columns count bytes of UTF-8."""
        text = self.lines[line - 1]
        return self.offset(line, column if text.isascii() else len(text.encode()[:column].decode()))


class _Piece(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


def _pieces(source: str, lines: _Lines) -> Iterator[_Piece]:
    """Yields Python's own tokens that show; from 3.12 on f-strings come in parts, which are put together."""
    depth, opened = 0, 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        start, end = lines.offset(*token.start), lines.offset(*token.end)
        if kind == "FSTRING_START":
            opened = opened if depth else start
            depth += 1
        elif kind == "FSTRING_END":
            depth -= 1
            if not depth:
                yield _Piece("STRING", source[opened:end], opened, end)
        elif not depth and kind in ("NAME", "NUMBER", "OP", "STRING", "COMMENT"):
            yield _Piece(kind, token.string, start, end)


class _Names:
    """The roles of a file's names by their places. A parent is seen first, and the first role stays."""

    def __init__(self, tree: ast.Module, lines: _Lines) -> None:
        self.lines = lines
        self.starts: dict[int, str] = {}  # of a name -> its role
        self.ends: dict[int, str] = {}  # of an attribute -> its role
        self.reads: dict[int, str] = {}  # start of a name that is read -> the name
        self.bound: set[str] = set()
        self.led: list[int] = []  # starts of what stands after `@`, `case` or `name=`
        self.stretches: dict[int, tuple[int, str]] = {}  # start of an import or decorator -> its end and role
        nodes: list[ast.AST] = [tree]
        while nodes:
            node = nodes.pop()
            # An f-string is one string, and the places in it are not to be trusted before Python 3.12.
            if not isinstance(node, ast.JoinedStr):
                self._see(node)
                nodes.extend(ast.iter_child_nodes(node))

    def role(self, piece: _Piece) -> str:
        if piece.start in self.starts:
            return self.starts[piece.start]
        if piece.end in self.ends:
            return self.ends[piece.end]
        read = self.reads.get(piece.start)
        return "builtin" if read in _BUILTINS and read not in self.bound else "variable"

    def _see(self, node: ast.AST) -> None:
        match node:
            case ast.Name(ctx=ast.Load()):
                self.reads[self._start(node)] = node.id
            case ast.Name():
                self.bound.add(node.id)
            case ast.Attribute():
                self._mark(node, "attribute")
            case ast.Call():
                self._mark(node.func, "call")
            case ast.keyword(arg=str()):
                self.starts[self._start(node)] = "argument"
            case ast.arg():
                self.starts[self._start(node)] = "parameter"
                self.bound.add(node.arg)
            case ast.Import() | ast.ImportFrom():
                self.stretches[self._start(node)] = self._end(node), "module"
                self.bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self.bound.add(node.name)
                for decorator in node.decorator_list:
                    self._see_decorator(decorator)
            case ast.ExceptHandler(name=str(name)) | ast.MatchMapping(rest=str(name)):
                self.bound.add(name)
            case _:
                self._see_pattern(node)

    def _see_pattern(self, node: ast.AST) -> None:
        match node:
            case ast.Match():
                self.starts[self._start(node)] = "keyword"
                self.led += [self._start(case.pattern) for case in node.cases]
            case ast.MatchAs(name=None):
                self.starts[self._start(node)] = "keyword"
            case ast.MatchStar(name=None):
                self.ends[self._end(node)] = "keyword"
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                self.bound.add(name)
            case ast.MatchClass():
                self._mark(node.cls, "call")
                self.led += [self._start(pattern) for pattern in node.kwd_patterns]
            case _ if type(node).__name__ == "TypeAlias":  # `type X = ...`, from Python 3.12 on
                self.starts[self._start(node)] = "keyword"
            case _ if type(node).__name__ in ("TypeVar", "ParamSpec", "TypeVarTuple"):
                self.bound.add(getattr(node, "name"))  # noqa: B009 - mypy sees the oldest Python's classes

    def _see_decorator(self, node: ast.expr) -> None:
        self.led.append(self._start(node))
        name = node.func if isinstance(node, ast.Call) else node
        root = name
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name):
            self.stretches[self._start(name)] = self._end(name), "decorator"

    def _mark(self, node: ast.AST, role: str) -> None:
        if isinstance(node, ast.Attribute):
            self.ends.setdefault(self._end(node), role)
        elif isinstance(node, ast.Name):
            self.starts.setdefault(self._start(node), role)

    def _start(self, node: Any) -> int:
        return self.lines.offset_of_bytes(node.lineno, node.col_offset)

    def _end(self, node: Any) -> int:
        return self.lines.offset_of_bytes(node.end_lineno, node.end_col_offset)


def _role(piece: _Piece, before: _Piece | None, names: _Names) -> str:
    if piece.kind != "NAME":
        return {"OP": "operator"}.get(piece.kind, piece.kind.lower())
    if piece.text in _CONSTANTS:
        return "constant"
    if keyword.iskeyword(piece.text):
        return "keyword"
    if before is not None and before.text in ("def", "class"):
        return {"def": "function"}.get(before.text, "class")
    return names.role(piece)


def _tag_leaders(pieces: list[_Piece], tags: list[str], led: list[int]) -> None:
    """Tags `@`, `case` and the `name` of `name=pattern`: the syntax tree has no place for them."""
    index = {piece.start: i for i, piece in enumerate(pieces)}
    for start in led:
        i = index[start] - 1
        while pieces[i].text == "(" or pieces[i].kind == "COMMENT":  # what has brackets starts inside of them
            i -= 1
        if pieces[i].text == "=":
            tags[i - 1] = "argument"
        else:
            tags[i] = "decorator" if pieces[i].text == "@" else "keyword"


def _tag_stretches(pieces: list[_Piece], tags: list[str], stretches: dict[int, tuple[int, str]]) -> None:
    """Tags imported names, and the dotted names of decorators."""
    end, role = 0, ""
    for i, piece in enumerate(pieces):
        if piece.start in stretches:
            end, role = stretches[piece.start]
        elif piece.text == "import" and role == "module":
            role = "import"  # of `from ... import`; a plain `import` is where a stretch starts
        if piece.start < end and (tags[i] == "variable" or role == "decorator"):
            tags[i] = role

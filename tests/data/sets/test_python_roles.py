import builtins
import io
import sys
import tokenize

import numpy as np
import pytest

from zoo.data.sets import python_roles
from zoo.data.sets.python_roles import roles
from zoo.data.sets.python_source import corpus


def told(source, *without):
    """Returns "text:role" of every piece, but those of some roles."""
    return [f"{source[a:b]}:{role}" for a, b, role in roles(source) if role not in without]


def words(source):
    return " ".join(told(source, "operator", "keyword"))


def test_every_piece_of_a_small_source_has_its_role():
    source = "x = [1, None]  # one\nif not x: print('a', end=\"\")\n"
    assert told(source) == [
        *("x:variable", "=:operator", "[:operator", "1:number", ",:operator", "None:constant", "]:operator"),
        *("# one:comment", "if:keyword", "not:keyword", "x:variable", "::operator", "print:call"),
        *("(:operator", "'a':string", ",:operator", "end:argument", "=:operator", '"":string', "):operator"),
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # definitions
        ("def f(a, *b, c=1, **d): return a", "f:function a:parameter b:parameter c:parameter 1:number "
         "d:parameter a:variable"),
        ("async def f(a, /): await a", "f:function a:parameter a:variable"),
        ("def f():\n\tdef g(): pass\n\tg()", "f:function g:function g:call"),
        ("class C(B, metaclass=M): x = D", "C:class B:variable metaclass:argument M:variable x:variable "
         "D:variable"),
        ("lambda a, *b: a(b)", "a:parameter b:parameter a:call b:variable"),
        # calls and attributes
        ("f(x)", "f:call x:variable"),
        ("a.b.m(x.y)", "a:variable b:attribute m:call x:variable y:attribute"),
        ("a.b = c[d].e", "a:variable b:attribute c:variable d:variable e:attribute"),
        ("f(*a, k=b, **c)", "f:call a:variable k:argument b:variable c:variable"),
        ("(f)(a)(b)", "f:call a:variable b:variable"),
        ("(a.b)()", "a:variable b:call"),
        ("f()()", "f:call"),
        ("C().m", "C:call m:attribute"),
        # builtins: called, read, bound
        ("len(x)", "len:call x:variable"),
        ("map(len, x)", "map:call len:builtin x:variable"),
        ("x: int = y", "x:variable int:builtin y:variable"),
        ("def f(a: int) -> list[str]: ...", "f:function a:parameter int:builtin list:builtin str:builtin"),
        ("x is Ellipsis", "x:variable Ellipsis:builtin"),
        ("try: 1\nexcept OSError as e: e", "1:number OSError:builtin e:variable e:variable"),
        ("print = x\ny = print", "print:variable x:variable y:variable print:variable"),
        ("print = x\nprint(1)", "print:variable x:variable print:call 1:number"),
        ("def len(): pass\nx = len", "len:function x:variable len:variable"),
        ("def f(len): return len", "f:function len:parameter len:variable"),
        ("from a import open\nx = open", "a:module open:import x:variable open:variable"),
        ("from a import open as o\nx = open", "a:module open:import o:import x:variable open:builtin"),
        ("x.len = len", "x:variable len:attribute len:builtin"),
        ("__name__", "__name__:variable"),
        # imports
        ("import a.b, c as d", "a:module b:module c:module d:module"),
        ("from a.b import c as d, e\nc", "a:module b:module c:import d:import e:import c:variable"),
        ("from . import a; b", "a:import b:variable"),
        ("from ..a import (b,\n  c)\nd", "a:module b:import c:import d:variable"),
        ("from a import *\nb", "a:module b:variable"),
        ("if a: import b\nc", "a:variable b:module c:variable"),
        ("raise a from b", "a:variable b:variable"),
        # decorators
        ("@a\ndef f(): pass", "@:decorator a:decorator f:function"),
        ("@a.b(c, d=e)\nclass C: pass", "@:decorator a:decorator .:decorator b:decorator c:variable "
         "d:argument e:variable C:class"),
        ("@a\n# why\n@(b)\ndef f(): pass", "@:decorator a:decorator # why:comment @:decorator b:decorator "
         "f:function"),
        ("@a[b].c\ndef f(): pass", "@:decorator a:variable b:variable c:attribute f:function"),
        ("@(lambda f: f)\ndef g(): pass", "@:decorator f:parameter f:variable g:function"),
        ("a @ b", "a:variable b:variable"),
        # other names
        ("if (a := b): a", "a:variable b:variable a:variable"),
        ("def f():\n  global a\n  nonlocal_ = 1", "f:function a:variable nonlocal_:variable 1:number"),
        ("[a for b in c if d(b)]", "a:variable b:variable c:variable d:call b:variable"),
        ("match = case = type = _ = 1", "match:variable case:variable type:variable _:variable 1:number"),
        ("match(case)", "match:call case:variable"),
    ],
)  # fmt: skip
def test_names(source, expected):
    assert words(source) == expected


def test_global_and_nonlocal_are_keywords():
    source = "def f():\n  a = 1\n  def g():\n    global b\n    nonlocal a\n"
    assert told(source, "operator")[-4:] == ["global:keyword", "b:variable", "nonlocal:keyword", "a:variable"]


MATCH = """\
match match:
    case _: case
    case [a, *_]: pass
    case (1 | -2): pass
    case m.A(b, x=(0), y=[c]) if c: pass
    case {"k": len, **rest}: len
    case None: pass
    case (  # why
        d
    ): pass
    case str() as e: pass
"""


def test_soft_keywords_are_keywords_only_where_they_act_as_such():
    assert " ".join(told(MATCH, "operator", "string", "number", "comment")).replace(" pass:keyword", "") == (
        "match:keyword match:variable "
        "case:keyword _:keyword case:variable "
        "case:keyword a:variable _:keyword "
        "case:keyword "
        "case:keyword m:variable A:call b:variable x:argument y:argument c:variable if:keyword c:variable "
        "case:keyword len:variable rest:variable len:variable "
        "case:keyword None:constant "
        "case:keyword d:variable "
        "case:keyword str:call as:keyword e:variable"
    )


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax is new in Python 3.12")
def test_type_statements_and_parameters():
    assert told("type X[T] = list[T]\ndef f[int](a: int): pass", "operator") == [
        *("type:keyword", "X:variable", "T:variable", "list:builtin", "T:variable"),
        *("def:keyword", "f:function", "int:variable", "a:parameter", "int:variable", "pass:keyword"),
    ]


@pytest.mark.parametrize(
    "source",
    ["été = ça.où(x)", "'日本', été, ça.où(x)", '"😀"; ça.où(x)', "'''é\nü''', ça.où(x)", "\tx; ça.où(x)",
     "\fça.où(x)", "ça . où (x)", "ça. \\\n où(x)"],
)  # fmt: skip
def test_offsets_count_code_points(source):
    source = source if source[0] != "\t" else f"if x:\n{source}"
    assert [name for name in words(source).split() if name.startswith(("ça", "où"))] == [
        "ça:variable",
        "où:call",
    ]


def test_identifiers_that_python_normalises_are_found_where_they_stand():
    # U+FB01 is one character, and Python reads it as the two letters "fi".
    assert words("a.ﬁx(ﬁt=1).ﬁt") == "a:variable ﬁx:call ﬁt:argument 1:number ﬁt:attribute"


@pytest.mark.parametrize(
    "text",
    [
        "f'{a!r:>{b}} {c(d)}'",
        "rf'''{\na}'''",
        "f\"{x['k']} {f'{y}'}\"",
        "f''",
        "b'x'",
        'R"\\d"',
        "'''a\n\n b'''",
    ],
)
def test_a_string_is_one_piece_with_all_it_holds(text):
    assert told(f"a = {text} + b") == [
        "a:variable",
        "=:operator",
        f"{text}:string",
        "+:operator",
        "b:variable",
    ]


def test_joined_strings_are_strings_of_their_own():
    assert told("'a' f'{b}'\n\"c\"") == ["'a':string", "f'{b}':string", '"c":string']


@pytest.mark.parametrize("number", ["1", "0xFF", "1_000", "1.5e-3", ".5", "1.", "2j"])
def test_numbers(number):
    assert told(f"x+{number}") == ["x:variable", "+:operator", f"{number}:number"]


def test_roles_of_no_python_source_are_refused():
    with pytest.raises(SyntaxError):
        roles("def def")


def test_names_that_shells_add_to_the_builtins_are_not_python_s_own():
    assert {"len", "int", "OSError", "NotImplemented"} <= python_roles._BUILTINS
    assert not {"copyright", "exit", "__name__", "_", "True"} & python_roles._BUILTINS
    assert python_roles._BUILTINS - {"WindowsError"} <= set(dir(builtins))


@pytest.fixture(scope="module")
def files():
    return corpus()


def test_roles_of_the_library_are_sorted_apart_and_leave_no_token_out(files):
    kinds = {tokenize.NAME, tokenize.NUMBER, tokenize.OP, tokenize.STRING, tokenize.COMMENT}
    for name, source in files[::4]:
        found = roles(source)
        flat = np.array([(start, end) for start, end, _ in found]).ravel()
        assert (np.diff(flat) >= 0).all(), name
        assert (flat[1::2] > flat[::2]).all(), name
        covered = np.zeros(len(source), bool)
        for start, end, _ in found:
            covered[start:end] = True
        starts = np.cumsum([0, *map(len, io.StringIO(source))])
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in kinds:
                start = starts[token.start[0] - 1] + token.start[1]
                assert source.startswith(token.string, start), name
                assert covered[start : start + len(token.string)].all(), (name, token)


def test_names_in_the_library_are_what_the_words_around_them_say(files):
    for name, source in files[::4]:
        found = [(source[start:end], role) for start, end, role in roles(source)]
        for (before, _), (text, role), (after, _) in zip(found, found[1:], found[2:], strict=False):
            if before in ("def", "class"):
                assert role == {"def": "function", "class": "class"}[before], (name, text)
            elif role == "call":
                assert after in ("(", ")"), (name, text)
            elif role == "attribute":
                assert before == ".", (name, text)
            elif role in ("argument", "builtin", "variable", "parameter"):
                assert text.isidentifier(), (name, text)
                assert before != ".", (name, text)

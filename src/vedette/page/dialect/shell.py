"""Shell commands that search logs: what they print is what the page means to leave out.

::

    pipeline = source { "|" stage }
    source   = grep | journalctl | ausearch | cat, zcat, tail, head, dmesg FILE...
    stage    = grep | cat, head, less, more, sort, tail, uniq, wc

Options that choose among lines are read or refused; those that only change what is printed are passed over.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from vedette.page.dialect.posix import alternatives
from vedette.page.dialect.refusal import UnreadError
from vedette.page.dialect.tree import RAW, Comparison, Not, Relation, Tree, either, every
from vedette.page.dialect.value import MAX_VALUE, QUOTES, read_value

#: Longest command.
MAX_WORDS: Final = 100

_GREPS: Final = frozenset({"grep", "egrep", "fgrep", "zgrep", "zegrep", "zfgrep", "rg"})
_READERS: Final = frozenset({"cat", "zcat", "tail", "head", "dmesg"})
_PASSING: Final = frozenset({"cat", "head", "less", "more", "sort", "tail", "uniq", "wc"})
#: A command is one only with something behind it that no sentence has.
_START: Final = re.compile(
    r"(?<![\w./\\-])(?:sudo\s+)?(?:"
    r"(?:z?[ef]?grep)(?=\s+(?:-{1,2}[A-Za-z]|[\"'`“‘]|\S+\s+[~.]?/))"  # noqa: RUF001 (quotes as pages have them)
    r"|ausearch(?=\s+-)"
    r"|journalctl(?=\s+(?:-|\|))"
    r"|(?:z?cat|tail|head)(?=\s+[^|\n;]{1,200}\|\s*z?[ef]?grep\b)"
    r"|dmesg(?=\s*\|\s*z?[ef]?grep\b))"
)
_WORD: Final = re.compile(r"[^\s\"'`“”‘’|;&<>()]++")  # noqa: RUF001 (quotes as pages have them)
_PATHLIKE: Final = re.compile(r"[~.]?/\S*|\S*/\S+|[\w.-]+\.(?:log|gz|txt|\d)|\S*\*\S*|-")
_SHOWING: Final = frozenset("nHhlLcqsoaTZUbIzrR")
_SHOWING_LONG: Final = re.compile(
    r"--(?:colou?r(?:=\w+)?|line-number|with-filename|no-filename|count|quiet|silent|only-matching|text|null|recursive"
    r"|dereference-recursive|no-messages|line-buffered|files-with-matches|(?:after-|before-)?context=\d+)"
)


class _Word(msgspec.Struct, frozen=True):
    text: str
    start: int
    end: int
    quoted: bool


def find_command(text: str, start: int) -> int:
    """Index at which the next command begins; -1 if none does."""
    found = _START.search(text, start)
    return found.start() if found else -1


def read_command(text: str, start: int) -> tuple[Tree, int, tuple[str, ...]]:
    """Read one pipeline.

    Args:
        text: the whole text.
        start: where it begins.

    Returns:
        What it searches for, the index behind it, and what else to know.

    Raises:
        UnreadError: it does what can't be said of an event.
    """
    notes: list[str] = []
    trees: list[Tree] = []
    stages, end = _stages(text, start)
    for number, stage in enumerate(stages):
        name, words = stage[0].text.rpartition("/")[2], stage[1:]
        if name in _GREPS:
            trees.append(_grep(name, stage[0].start, words, notes))
        elif number == 0 and name == "ausearch":
            trees.append(_ausearch(stage[0].start, words))
        elif number == 0 and name == "journalctl":
            _journalctl(words)
            notes.append("the page looks into the journal")
        elif name in (_PASSING if number else _READERS):
            notes += [f"the page looks into {word.text}" for word in words if not number and word.text[:1] != "-"]
        else:
            raise UnreadError(f"{name!r} is no command that searches", stage[0].start)
    if not trees:
        raise UnreadError("nothing is searched for", start)
    return every(trees), end, tuple(dict.fromkeys(notes))


def _stages(text: str, start: int) -> tuple[list[list[_Word]], int]:
    """The words of each command of a pipeline, and the index behind the last."""
    stages: list[list[_Word]] = [[]]
    at = end = start
    while True:
        gap = re.compile(r"[ \t]*+").match(text, at)
        assert gap is not None
        at = gap.end()
        rest = text[at : at + 2]
        if rest[:1] == "|" and rest != "||" and stages[-1]:
            stages.append([])
            at += 1
            continue
        if rest[:1] in ("<", ">") or rest == "&&" or rest == "||":
            raise UnreadError(f"the shell's {rest.strip()} is not read", at)
        word = _word(text, at)
        if word is None or not _belongs(stages, word):
            break
        if word.text != "sudo" or word.quoted or stages[-1]:
            stages[-1].append(word)
        if len(stages) > MAX_WORDS or len(stages[-1]) > MAX_WORDS:
            raise UnreadError(f"a command of more than {MAX_WORDS} words", start)
        at = end = word.end
    if not stages[-1]:
        raise UnreadError("a command is missing behind the bar", end)
    return stages, end


def _word(text: str, at: int) -> _Word | None:
    """A word of the shell; quoted and bare parts that touch are refused, as they never do on pages."""
    mark = text[at : at + 1]
    if mark and mark in QUOTES:
        if mark == "`":
            return None
        value, end = _shell_quoted(text, at)
        return _Word(value, at, end, quoted=True)
    found = _WORD.match(text, at)
    if found is None:
        return None
    word = found[0].rstrip(",.:") if found[0] != "." else ""
    return _Word(word, at, at + len(word), quoted=False) if word else None


def _shell_quoted(text: str, at: int) -> tuple[str, int]:
    if text[at] != '"':
        # Between single quotes nothing is special; quotes of web pages stand for those.
        closing = QUOTES[text[at]]
        end = next((index for index in range(at + 1, len(text)) if text[index] in closing + "\n"), -1)
        if end < 0 or text[end] == "\n":
            raise UnreadError("the quote is never closed", at)
        value = text[at + 1 : end]
        end += 1
    else:
        written, end = read_value(text, at)
        value = written.text
        if re.search(r"[$`]", value):
            raise UnreadError("the shell would put something else in place of $ or `", at)
    if not value.strip() or len(value) > MAX_VALUE or not value.isprintable():
        raise UnreadError("an empty pattern, or one that is too long or holds what can't be seen", at)
    if text[end : end + 1] and (text[end].isalnum() or text[end] in QUOTES):
        raise UnreadError("two parts of a word touch", end)
    return value, end


def _belongs(stages: list[list[_Word]], word: _Word) -> bool:
    """Whether a word is the command's rather than the sentence's."""
    stage = [each for each in stages[-1] if each.text != "sudo"]
    if not stage or word.quoted:
        return True
    if word.text.startswith("-") or _PATHLIKE.fullmatch(word.text):
        return True
    before = stage[-1]
    if not before.quoted and re.fullmatch(r"-\w*[efABCmktuscxpnoab]|--[\w-]+|-[a-z]{2}", before.text):
        return True
    name = stage[0].text.rpartition("/")[2]
    return name in _GREPS and not any(_pattern_like(each) for each in stage[1:])


def _pattern_like(word: _Word) -> bool:
    return word.quoted or not word.text.startswith("-")


def _grep(name: str, start: int, words: list[_Word], notes: list[str]) -> Tree:
    extended, fixed = "egrep" in name or name == "rg", "fgrep" in name
    perl = inverted = ignoring = whole = False
    patterns: list[_Word] = []
    others: list[_Word] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word.quoted or word.text == "-" or not word.text.startswith("-"):
            others.append(word)
            continue
        if word.text in ("-e", "--regexp", "-A", "-B", "-C", "-m") or re.fullmatch(r"-\w*e", word.text):
            if at == len(words):
                raise UnreadError(f"{word.text} lacks its value", word.start)
            if word.text[1:] not in ("A", "B", "C", "m"):
                patterns.append(words[at])
            at += 1
            if word.text in ("-e", "--regexp", "-A", "-B", "-C", "-m"):
                continue
        if _SHOWING_LONG.fullmatch(word.text) or re.fullmatch(r"-[ABCm]?\d+", word.text):
            continue
        long = {"--ignore-case": "i", "--invert-match": "v", "--extended-regexp": "E", "--fixed-strings": "F"}
        long |= {"--perl-regexp": "P", "--word-regexp": "w", "--basic-regexp": "G"}
        letters = long.get(word.text, word.text[1:] if not word.text.startswith("--") else "?")
        for letter in letters:
            extended |= letter == "E"
            fixed |= letter == "F"
            perl |= letter == "P"
            inverted |= letter == "v"
            ignoring |= letter in "iy"
            whole |= letter == "w"
            if letter not in "EFPGviywe" and letter not in _SHOWING:
                raise UnreadError(f"the option {word.text} is not read", word.start)
    if not patterns:
        if not others:
            raise UnreadError("grep lacks its pattern", start)
        patterns = [others.pop(0)]
    notes += [f"the page looks into {each.text}" for each in others]
    found: list[tuple[Relation, str, _Word]] = []
    for pattern in patterns:
        if fixed:
            found.append(("contains", pattern.text, pattern))
        elif perl:
            found.append(("regex", pattern.text, pattern))
        else:
            parts, dotted = alternatives(pattern.text, pattern.start, extended=extended)
            found += [(relation, value, pattern) for relation, value in parts]
            if dotted:
                notes.append("to grep a dot is any character; read as a dot, which silences less")
    if whole:
        found = [_whole(relation, value, word) for relation, value, word in found]
    tree = either(
        [
            Comparison(RAW, relation, (value,), not ignoring, word.start, f"{name}{' -v' if inverted else ''}")
            for relation, value, word in found
        ]
    )
    return Not(tree) if inverted else tree


def _whole(relation: Relation, value: str, word: _Word) -> tuple[Relation, str, _Word]:
    if relation == "regex" or not re.fullmatch(r"[A-Za-z0-9_](?:.*[A-Za-z0-9_])?", value):
        raise UnreadError("-w is read of plain patterns that begin and end with a letter or digit", word.start)
    escaped = re.sub(r"([^\w \-/:,=@%~\"'<>&;!#])", r"\\\1", value)
    return "regex", rf"\b{escaped}\b", word


_AUSEARCH: Final[dict[str, str]] = {
    "-k": "AuditKey", "--key": "AuditKey",
    "-c": "comm", "--comm": "comm",
    "-x": "exe", "--executable": "exe",
    "-tm": "tty", "--terminal": "tty",
    "-ue": "euid", "--uid-effective": "euid",
    "-ui": "uid", "--uid": "uid",
    "-ul": "auid", "--loginuid": "auid",
    "-p": "pid", "--pid": "pid",
    "-pp": "ppid", "--ppid": "ppid",
    "--session": "ses",
}  # fmt: skip
_AUSEARCH_SHOWING: Final = frozenset({"-i", "--interpret", "-r", "--raw", "-l", "--line-buffered", "--just-one", "-e"})
_IDS: Final = frozenset({"euid", "uid", "auid", "pid", "ppid", "ses"})


def _ausearch(start: int, words: list[_Word]) -> Tree:
    whole = any(word.text in ("-w", "--word") and not word.quoted for word in words)
    trees: list[Tree] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word.text in _AUSEARCH_SHOWING or word.text in ("-w", "--word"):
            continue
        field = _AUSEARCH.get(word.text)
        if field is None or at == len(words):
            raise UnreadError(f"the option {word.text} is not read, or lacks its value", word.start)
        value = words[at]
        at += 1
        # Its man page: without -w text is searched for within the field.
        relation: Relation = "equals" if whole or field in _IDS else "contains"
        trees.append(Comparison(field, relation, (value.text,), field not in _IDS, word.start, f"ausearch {word.text}"))
    if not trees:
        raise UnreadError("nothing is searched for", start)
    return every(trees)


_JOURNAL_SHOWING: Final = re.compile(
    r"--no-pager|--no-full|-[xearfq]{1,5}|-n\d+|--(?:lines|output)=\w+|--all|--reverse"
)


def _journalctl(words: list[_Word]) -> None:
    """Refuse what limits the journal, since without that limit the exclusion would silence more."""
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word.text in ("-n", "--lines", "-o", "--output"):
            at += 1
        elif not _JOURNAL_SHOWING.fullmatch(word.text):
            raise UnreadError(
                f"{word.text} limits which of the journal's entries are searched, which an event doesn't carry",
                word.start,
            )

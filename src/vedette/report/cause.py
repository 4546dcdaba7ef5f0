"""The nearest meaningful ancestor of a process: what it was run for.

`ufw reset` starts dozens of processes, each through shells and wrappers. What a reader wants is "via ufw reset", so the
ancestors are walked from the nearest on, and the first one that says something is taken. An ancestor says something if

1. it is another process than the finding's own (an exec in place leaves an older image with the same pid), and
2. it ran a `#!` script: the label is the script's name and what follows it on the command line; or
3. it is an interpreter (shell, Python, Perl, Ruby, Node, PHP, Lua) that was given a script file or program text
   (`sh -c TEXT`, `python3 -m MODULE`): the label is the script's name with its arguments, or the interpreter with its
   text; an interpreter with neither, such as a login shell or `bash -i`, says nothing; or
4. it is any other program, except one that only runs another (`sudo`, `env`, `xargs`, `timeout`, ...), whose command
   the child's own line repeats: the label is the program's name and its arguments.

The program's name is what the kernel says (the path that was executed, else `exe`), never `argv[0]`, which its caller
writes.
"""

from __future__ import annotations

import re
from typing import Final

from vedette.hunt.finding import Ancestor, Process

#: Programs that only run another program.
CARRIERS: Final = frozenset(
    [
        *("busybox", "cgexec", "chroot", "chrt", "command", "daemonize", "doas", "env", "fakeroot", "firejail"),
        *("flock", "ionice", "linux32", "linux64", "login", "nice", "nohup", "nsenter", "numactl", "parallel"),
        *("pkexec", "prlimit", "runuser", "screen", "script", "setarch", "setpriv", "setsid", "sg", "stdbuf"),
        *("strace", "su", "sudo", "systemd-cat", "systemd-inhibit", "systemd-run", "taskset", "time", "timeout"),
        *("tmux", "unbuffer", "unshare", "watch", "xargs"),
    ]
)

_SHELL: Final = re.compile(r"(?:ba|da|z|k|mk|pdk|a|c|tc|fi|ya)?sh(?:-?[0-9.]+)?|rbash")
_INTERPRETER: Final = re.compile(r"(python|perl|ruby|nodejs|node|php|lua|pypy)[0-9.]*")
#: By interpreter: options whose next word is program text or a module, and options that take a value.
_TEXT: Final = {
    "python": ("-c", "-m"),
    "pypy": ("-c", "-m"),
    "perl": ("-e", "-E", "-ne", "-pe", "-nle", "-ple", "-we"),
    "ruby": ("-e", "-ne", "-pe"),
    "node": ("-e", "-p", "--eval", "--print"),
    "nodejs": ("-e", "-p", "--eval", "--print"),
    "php": ("-r",),
    "lua": ("-e",),
}
_VALUED: Final = frozenset(
    ("-W", "-X", "-I", "-M", "-r", "--require", "-d", "--rcfile", "--init-file", "-o", "+o", "-O", "+O")
)
_LONGEST: Final = 4096


def cause(process: Process | None) -> str:
    """The label of the nearest meaningful ancestor, such as `ufw reset`; empty where there is none.

    The label holds text of the log: it must pass `printable` before it is shown.
    """
    if process is None:
        return ""
    for ancestor in process.ancestors:
        if ancestor.pid != process.pid:
            label = errand(ancestor)
            if label:
                return label
    return ""


def errand(ancestor: Ancestor) -> str:
    """What one ancestor was run for, or the empty text if it says nothing of its own."""
    words = (ancestor.command_line or "")[:_LONGEST].split(" ")
    more = " …" if ancestor.cut else ""
    if ancestor.script:
        return " ".join((base(ancestor.script), *_after(words, ancestor.script))) + more
    name = base(ancestor.invoked or ancestor.image or words[0])
    if not name or name in CARRIERS:
        return ""
    if _SHELL.fullmatch(name):
        return _interpreted(name, words, None, more)
    interpreter = _INTERPRETER.fullmatch(name)
    if interpreter:
        return _interpreted(name, words, interpreter[1], more)
    return " ".join((name, *words[1:])) + more


def base(path: str) -> str:
    """The last part of a path, without the `-` of a login shell.

    >>> base("/bin/-bash")
    'bash'
    """
    return path.rstrip("/").rpartition("/")[2].removeprefix("-")


def _after(words: list[str], script: str) -> list[str]:
    """The words behind the script's own; none where the command line does not show the script."""
    name = base(script)
    for index, word in enumerate(words):
        if base(word) == name:
            return words[index + 1 :]
    return []


def _interpreted(name: str, words: list[str], interpreter: str | None, more: str) -> str:
    """What an interpreter was given: a script file or program text; empty if neither."""
    index = 1
    while index < len(words):
        word = words[index]
        if _takes_text(word, interpreter):
            return " ".join((name, *words[index:])) + more if index + 1 < len(words) else ""
        if word in _VALUED:
            index += 2
        elif word in ("", "-", "--") or word[0] in "-+":
            index += 1
        else:
            return " ".join((base(word), *words[index + 1 :])) + more
    return ""


def _takes_text(word: str, interpreter: str | None) -> bool:
    if interpreter is None:
        # `sh -c`, `bash -lc`, `sh -ec`: c among bundled letters.
        return word[:1] == "-" and word[:2] != "--" and "c" in word[1:] and word[1:].isalpha()
    return word in _TEXT[interpreter]

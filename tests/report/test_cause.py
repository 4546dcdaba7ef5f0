from __future__ import annotations

import msgspec
import pytest
from tests.report.samples import UFW_RESET, ancestor, make_finding

from vedette.report.cause import cause, errand


def label(*ancestors):
    process = make_finding(ancestors=ancestors).process
    return cause(process)


@pytest.mark.parametrize(
    ("command_line", "more", "said"),
    [
        # 2. a script: its name and what follows it
        ("/usr/bin/python3 /usr/sbin/ufw reset", {"script": "/usr/sbin/ufw"}, "ufw reset"),
        ("/bin/sh /lib/ufw/ufw-init force-stop", {"script": "/lib/ufw/ufw-init"}, "ufw-init force-stop"),
        ("/bin/sh -e ./job.sh a b", {"script": "/root/job.sh"}, "job.sh a b"),
        (None, {"script": "/root/job.sh"}, "job.sh"),
        ("python3 something else", {"script": "/root/job.sh"}, "job.sh"),
        # 3. interpreters
        ("-bash", {"invoked": "/bin/bash"}, ""),
        ("bash", {}, ""),
        ("bash -i", {}, ""),
        ("bash --login", {}, ""),
        ("/bin/bash --rcfile /etc/rc -i", {}, ""),
        ("bash -o errexit", {}, ""),
        ("bash -s", {}, ""),
        ("sh -", {}, ""),
        ("python3", {}, ""),
        ("python3 -u -", {}, ""),
        ("python3 -W ignore", {}, ""),
        ("sh -c", {}, ""),
        ("bash -x /opt/job.sh --all", {}, "job.sh --all"),
        ("/bin/sh -c iptables -F; id", {}, "sh -c iptables -F; id"),
        ("bash -lc id", {}, "bash -lc id"),
        ("dash -ec id", {}, "dash -ec id"),
        ("bash --cd", {}, ""),
        ("/usr/bin/python3.11 -m http.server", {}, "python3.11 -m http.server"),
        ("python3 -c import os", {}, "python3 -c import os"),
        ("perl -e system", {}, "perl -e system"),
        ("perl -w x.pl", {}, "x.pl"),
        ("ruby tool.rb a", {}, "tool.rb a"),
        ("node --require ./hook.js app.js", {}, "app.js"),
        # 4. programs, and programs that only run programs
        ("sudo ufw reset", {}, ""),
        ("/usr/bin/env FOO=1 bash", {}, ""),
        ("xargs -n1 iptables", {}, ""),
        ("timeout 10 iptables -F", {}, ""),
        ("/usr/sbin/sshd -D -R", {}, "sshd -D -R"),
        ("find / -exec id ;", {}, "find / -exec id ;"),
        # the kernel's name counts, never argv[0]
        ("ufw reset", {"invoked": "/tmp/evil"}, "evil reset"),
        ("sudo x", {"invoked": None, "image": "/usr/bin/evil"}, "evil x"),
        ("evil x", {"invoked": "/usr/bin/sudo"}, ""),
        # little known
        (None, {"image": "/usr/bin/nc"}, "nc"),
        (None, {}, ""),
        ("nc -l", {"cut": True}, "nc -l …"),
    ],
)
def test_what_an_ancestor_says(command_line, more, said):
    assert errand(ancestor(7, command_line, **more)) == said


def test_the_nearest_that_says_something_is_taken():
    assert label(*UFW_RESET) == "ufw-init force-stop"
    assert label(*UFW_RESET[1:]) == "ufw reset"
    assert label(*UFW_RESET[2:]) == "sshd -D -R"
    assert label(ancestor(2, "-bash"), ancestor(1, "sh")) == ""
    assert label() == ""
    assert cause(None) == ""


def test_the_process_itself_is_passed_over():
    finding = make_finding(ancestors=(ancestor(4720, "nc -l"), ancestor(9, "cron -f")))
    assert finding.process is not None
    assert cause(finding.process) == "cron -f"
    assert cause(msgspec.structs.replace(finding.process, pid=1)) == "nc -l"


def test_a_huge_command_line_gives_a_bounded_label():
    assert len(errand(ancestor(1, "nc " + "x" * 10_000_000))) < 5000

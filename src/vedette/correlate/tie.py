"""What belongs together: a session, or what one process started, up to the daemon that lets everybody in."""

from __future__ import annotations

from typing import Final, TypeAlias

from vedette.telemetry.auditd.process import Process

#: Key of a job: a session (node, boot, ses), or the topmost process below a daemon (node, boot, its identity).
Key: TypeAlias = tuple[str, int, str, int, int, float]

#: Programs that live long and serve everybody: what they start for one has nothing to do with what they start for
#: another. What init starts itself is a service, whatever it is called.
DAEMONS: Final = frozenset(
    {
        "sshd", "sshd-session", "cron", "crond", "atd", "systemd", "init", "apache2", "httpd", "nginx", "lighttpd",
        "caddy", "php-fpm", "gunicorn", "uwsgi", "dockerd", "containerd", "containerd-shim", "libvirtd", "xinetd",
        "inetd", "smbd", "proftpd", "vsftpd", "telnetd", "login", "agetty", "gdm", "lightdm", "java", "kubelet",
    }
)  # fmt: skip
_INIT: Final = ("systemd", "init")


def key_of(process: Process) -> Key:
    """The job of a process.

    The topmost ancestor below a daemon decides: by its session, or the process's own, or else by itself. So `sudo` and
    `su` stay in the job that called them, and two requests to one web server are two jobs.
    """
    top = top_of(process)
    for one in (top, process):
        if one.tail.ses >= 0:
            return (one.node, one.boot, "session", one.tail.ses, 0, 0.0)
    pid, serial, time = top.identity
    return (top.node, top.boot, "process", pid, serial, time)


def top_of(process: Process) -> Process:
    """The topmost ancestor below a daemon; the process itself if it is one."""
    top = process
    while top.parent is not None and not is_daemon(top) and not is_daemon(top.parent):
        top = top.parent
    return top


def is_daemon(process: Process) -> bool:
    """Whether a process serves everybody."""
    return process.pid == 1 or _name(process) in DAEMONS or (process.parent is not None and _is_init(process.parent))


def _is_init(process: Process) -> bool:
    return process.pid == 1 or (process.tail.ses < 0 and _name(process) in _INIT)


def _name(process: Process) -> str:
    return process.program.resolved.rpartition("/")[2]

"""Records as the kernel itself prints them where no auditd takes them: types are numbers, `msg=` is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_KERNEL: Final = re.compile(rb"type=(\d{4}) (audit\(\d{1,12}\.\d{3}:\d{1,10}\):(?: [^\n]*)?)")

#: Names of record types, in the order of their numbers from the one before the colon on.
_TABLE: Final = """
1006: LOGIN
1100: USER_AUTH USER_ACCT USER_MGMT CRED_ACQ CRED_DISP USER_START USER_END USER_AVC USER_CHAUTHTOK USER_ERR CRED_REFR
1111: USYS_CONFIG USER_LOGIN USER_LOGOUT ADD_USER DEL_USER ADD_GROUP DEL_GROUP DAC_CHECK CHGRP_ID TEST TRUSTED_APP
1122: USER_SELINUX_ERR USER_CMD USER_TTY CHUSER_ID GRP_AUTH SYSTEM_BOOT SYSTEM_SHUTDOWN SYSTEM_RUNLEVEL SERVICE_START
1131: SERVICE_STOP GRP_MGMT GRP_CHAUTHTOK MAC_CHECK ACCT_LOCK ACCT_UNLOCK USER_DEVICE SOFTWARE_UPDATE
1200: DAEMON_START DAEMON_END DAEMON_ABORT DAEMON_CONFIG
1300: SYSCALL
1302: PATH IPC SOCKETCALL CONFIG_CHANGE SOCKADDR CWD
1309: EXECVE
1311: IPC_SET_PERM MQ_OPEN MQ_SENDRECV MQ_NOTIFY MQ_GETSETATTR KERNEL_OTHER FD_PAIR OBJ_PID TTY EOE BPRM_FCAPS CAPSET
1323: MMAP NETFILTER_PKT NETFILTER_CFG SECCOMP PROCTITLE FEATURE_CHANGE REPLACE KERN_MODULE FANOTIFY TIME_INJOFFSET
1333: TIME_ADJNTPVAL BPF EVENT_LISTENER URINGOP OPENAT2 DM_CTRL DM_EVENT
1400: AVC SELINUX_ERR AVC_PATH MAC_POLICY_LOAD MAC_STATUS MAC_CONFIG_CHANGE
1700: ANOM_PROMISCUOUS ANOM_ABEND ANOM_LINK ANOM_CREAT
2000: KERNEL
"""


def _names(table: str) -> Iterator[tuple[int, str]]:
    for row in table.strip().splitlines():
        first, _, names = row.partition(":")
        yield from enumerate(names.split(), int(first))


_NAMES: Final = dict(_names(_TABLE))


def type_name(number: int) -> str:
    """The name of a record type, as auditd writes it."""
    return _NAMES.get(number) or f"UNKNOWN[{number}]"


def named(record: bytes) -> bytes | None:
    """A record that the kernel printed, as auditd would have written it; None if it is none.

    Args:
        record: `type=1307 audit(1795509330.159:59364): cwd="/"`.
    """
    found = _KERNEL.fullmatch(record)
    if found is None:
        return None
    return b"type=" + type_name(int(found[1])).encode() + b" msg=" + found[2]

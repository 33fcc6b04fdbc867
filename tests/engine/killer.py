# SPDX-License-Identifier: Apache-2.0
"""killer.py SECONDS NAME COMMAND...: runs the command, and after so many seconds kills, with SIGKILL, one process called NAME ("compose" is
the command itself), as soon as there is one while the command runs. Says what it did; ends with the command's exit code."""
import os
import sys
import time


def called(name):
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as f:
                stat = f.read()
        except OSError:
            continue
        end = stat.rindex(")")
        if stat[stat.index("(") + 1:end] == name[:15] and stat[end + 2] not in "ZX":
            yield int(entry)


def kill_one(pids):
    for pid in pids:
        try:
            os.kill(pid, 9)
            return True
        except ProcessLookupError:
            pass
    return False


def main():
    moment, name, command = float(sys.argv[1]), sys.argv[2], sys.argv[3:]
    begin = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)])
    left = begin + moment - time.monotonic()
    if left > 0:
        time.sleep(left)
    killed, status = False, None
    while not killed:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        killed = kill_one([child] if name == "compose" else called(name))
    if killed:
        status = os.waitpid(child, 0)[1]
    print(f"{'killed' if killed else 'met no'} {name}", flush=True)
    sys.exit(os.waitstatus_to_exitcode(status) & 0xff)


main()

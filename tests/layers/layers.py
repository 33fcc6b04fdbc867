# SPDX-License-Identifier: Apache-2.0
"""Runs compose-unpack and compose-pack as the store does: the job on descriptor 3, the rest by number."""
import io
import json
import os
import signal
import tarfile


def helper(program, job, stdin=None, dir=None, out=None, env=None, kill_after=None):
    """The answer as a dict; {"killed": True} when it gave none. kill_after: seconds."""
    fds = [os.memfd_create("job")]
    if dir is not None:
        job = dict(job, dir=3 + len(fds))
        fds.append(os.open(dir, os.O_RDONLY | os.O_DIRECTORY))
    if out is not None:
        job = dict(job, out=3 + len(fds))
        fds.append(os.open(out, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    os.write(fds[0], json.dumps(job).encode())
    os.lseek(fds[0], 0, 0)
    high = [os.dup2(fd, 200 + i, inheritable=False) for i, fd in enumerate(fds)]
    source = os.open(stdin or os.devnull, os.O_RDONLY)
    r, w = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, source, 0), (os.POSIX_SPAWN_DUP2, w, 1)]
    actions += [(os.POSIX_SPAWN_DUP2, fd, 3 + i) for i, fd in enumerate(high)]
    pid = os.posix_spawn(program, [program], dict(os.environ, **(env or {})), file_actions=actions)
    for fd in fds + high + [source, w]:
        os.close(fd)
    if kill_after is not None:
        signal.setitimer(signal.ITIMER_REAL, max(kill_after, 1e-5))
        signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    text = b""
    while block := os.read(r, 65536):
        text += block
    os.close(r)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    if kill_after is not None:
        signal.setitimer(signal.ITIMER_REAL, 0)
    os.waitpid(pid, 0)
    return json.loads(text) if text else {"killed": True}


def member(name, kind="file", data=b"", **more):
    t = tarfile.TarInfo(name)
    t.type = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE, "link": tarfile.LNKTYPE,
              "char": tarfile.CHRTYPE, "block": tarfile.BLKTYPE, "fifo": tarfile.FIFOTYPE}[kind]
    t.mode = 0o755 if kind == "dir" else 0o644
    t.mtime = 1000000000
    t.size = len(data)
    for k, v in more.items():
        setattr(t, k, v)
    return t, data


def archive(members, format=tarfile.PAX_FORMAT):
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode="w", format=format, errors="surrogateescape") as t:
        for info, data in members:
            t.addfile(info, io.BytesIO(data))
    return b.getvalue()

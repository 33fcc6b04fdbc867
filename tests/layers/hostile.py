#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hostile.py COMPOSE_UNPACK: archives that mean harm. Whatever they hold, nothing outside the target changes, the answer is one
that is expected, and it comes within bounds. Run with openat2 and with it left out."""
import gzip
import itertools
import lzma
import bz2
import os
import resource
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile

from layers import archive, helper, member as m

sys.setrecursionlimit(10000)
program = os.path.abspath(sys.argv[1])
work = tempfile.mkdtemp(prefix="hostile-")
outer, target = work + "/outer", work + "/outer/target"
OK, ANY = "ok", "any"
cases = []


def case(name, data, want=ANY, check=None, job=None):
    cases.append((name, data if isinstance(data, bytes) else archive(data), want, check, job or {}))


# -- names that leave the target, by every kind of member
escapes = ["../x", "../../x", "a/../../x", "./../x", "a/./../../x", "..", "../", "a/../..", "../outer/canary", "..//x",
           "a//..//..//x", "/../x", "/..", "../../../../../../../../../../etc/x", "....//../../x"]
for name, kind in itertools.product(escapes, ["file", "dir", "symlink", "fifo", "char"]):
    case("%s named %s" % (kind, name), [m(name, kind, linkname="x")], "invalid")
for name in escapes:
    case("link to " + name, [m("f"), m("l", "link", linkname=name)], "invalid")

# -- absolute names are taken from the target's root
for kind in ["file", "dir", "symlink", "fifo"]:
    for name in [outer + "/canary", "/etc/passwd", "//etc//passwd", "/./etc/./passwd"]:
        clean = os.path.normpath(name.lstrip("/"))
        case("absolute %s %s" % (kind, name), [m(name, kind, linkname="x")], OK,
             lambda clean=clean: os.path.lexists(target + "/" + clean))
case("absolute hard link", [m("l", "link", linkname=outer + "/canary")], "not-found")
case("absolute hard link to /etc", [m("l", "link", linkname="/etc/passwd")], "not-found")

# -- symlinks that an earlier member made, then something through them
links = ["..", "../..", outer, "/", "/etc", "../canary-dir", outer + "/canary-dir", "/proc/self/root", "/proc/self/cwd/..", ".", "self",
         "/proc/1/root", "../../../../../../../../etc", "x/../..", "/dev/fd", "/proc/self/fd/4/.."]
uses = {
    "file": [m("s/x")], "dir": [m("s/x", "dir")], "deep": [m("s/a/b/c")], "symlink": [m("s/x", "symlink", linkname="y")],
    "link": [m("f"), m("s/x", "link", linkname="f")], "linked": [m("l", "link", linkname="s/canary")],
    "whiteout": [m("s/.wh.canary")], "opaque": [m("s/.wh..wh..opq")], "fifo": [m("s/x", "fifo")],
    "over": [m("s")], "as dir": [m("s", "dir"), m("s/x")],
}
for to, (use, then) in itertools.product(links, uses.items()):
    case("symlink to %s, then %s" % (to, use), [m("s", "symlink", linkname=to)] + then)
for to in links:
    case("two symlinks by " + to, [m("a", "symlink", linkname=to), m("b", "symlink", linkname="a"), m("b/x"), m("b/canary-dir/x")])
    case("dangling through " + to, [m("s", "symlink", linkname=to + "/nothing"), m("s/x")])
case("symlink loop", [m("a", "symlink", linkname="b"), m("b", "symlink", linkname="a"), m("a/x")])
case("symlink to itself", [m("a", "symlink", linkname="a"), m("a/x")])
case("directory replaced by a symlink", [m("d", "dir"), m("d/x"), m("d", "symlink", linkname=outer), m("d/canary"), m("d/new")])
case("symlink replaced by a directory", [m("d", "symlink", linkname=outer), m("d", "dir"), m("d/canary")], OK,
     lambda: os.path.isfile(target + "/d/canary"))
case("hard link to a symlink, then through it", [m("s", "symlink", linkname=outer), m("l", "link", linkname="s"), m("l/canary"), m("l/x")])
case("file written over a hard link to a symlink", [m("s", "symlink", linkname=outer + "/canary"), m("l", "link", linkname="s"), m("l", data=b"X")], OK)
case("empty symlink", [m("s", "symlink", linkname="")], "invalid")
case("times through a symlink", [m("d", "dir", mtime=1), m("d/x"), m("d", "symlink", linkname=outer)], OK)

# -- whiteouts
for name in [".wh.", ".wh..", ".wh...", "a/.wh..", "a/.wh..."]:
    case("whiteout " + name, [m(name)], "invalid")
case("whiteout", [m(".wh.gone"), m("d/.wh.gone")], OK, lambda: stat.S_ISCHR(os.lstat(target + "/d/gone").st_mode))
case("whiteout of what the layer brings", [m("f", data=b"1"), m(".wh.f")], OK, lambda: os.path.isfile(target + "/f"))
case("file over a whiteout", [m(".wh.f"), m("f", data=b"1")], OK, lambda: os.path.isfile(target + "/f"))
opaque = lambda p: os.getxattr(target + "/" + p, "trusted.overlay.opaque") == b"y"
case("directory over a whiteout", [m(".wh.d"), m("d", "dir"), m("d/x")], OK, lambda: opaque("d"))
case("implied directory over a whiteout", [m(".wh.d"), m("d/x")], OK, lambda: opaque("d"))
case("whiteout of a directory of this layer", [m("d/x"), m(".wh.d")], OK, lambda: opaque("d"))
case("opaque", [m("d/.wh..wh..opq"), m("d/x")], OK, lambda: opaque("d") and not os.path.lexists(target + "/d/.wh..wh..opq"))
case("aufs's notes", [m(".wh..wh.plnk", "dir"), m(".wh..wh.aufs")], OK, lambda: not os.listdir(target))

# -- attributes that are overlayfs's or the host's own
for key in ["trusted.overlay.redirect", "trusted.overlay.metacopy", "trusted.overlay.opaque", "user.overlay.redirect", "trusted.x",
            "security.selinux", "security.ima", "system.posix_acl_access"]:
    case("xattr " + key, [m("d", "dir", pax_headers={"SCHILY.xattr." + key: "/etc"}), m("f", pax_headers={"SCHILY.xattr." + key: "/etc"})],
         OK, lambda key=key: key not in os.listxattr(target + "/d") + os.listxattr(target + "/f"))
case("xattr user.x", [m("f", pax_headers={"SCHILY.xattr.user.x": "y"})], OK, lambda: os.getxattr(target + "/f", "user.x") == b"y")
case("xattr of 60 kB", [m("f", pax_headers={"SCHILY.xattr.user.x": "y" * 60000})])
case("xattr of 900 kB", [m("f", pax_headers={"SCHILY.xattr.user.x": "y" * 900000})], "limit")

# -- devices and special files stay inside, and are nothing but nodes
case("devices", [m("c", "char", devmajor=1, devminor=3), m("b", "block", devmajor=8, devminor=0), m("p", "fifo")], OK,
     lambda: stat.S_ISFIFO(os.lstat(target + "/p").st_mode))
case("file over a fifo", [m("p", "fifo"), m("p", data=b"x")], OK, lambda: os.path.isfile(target + "/p"))
case("file over a device", [m("c", "char", devmajor=1, devminor=3), m("c", data=b"x")], OK, lambda: os.path.isfile(target + "/c"))
case("file below a device", [m("c", "char", devmajor=1, devminor=3), m("c/x")], "invalid")
case("file below a file", [m("f"), m("f/x")], "invalid")
case("link to a directory", [m("d", "dir"), m("l", "link", linkname="d")])
case("link to itself", [m("f", data=b"1"), m("f", "link", linkname="f")], OK, lambda: open(target + "/f", "rb").read() == b"1")
case("link to nothing", [m("l", "link", linkname="nothing")], "not-found")
case("link to the root", [m("l", "link", linkname="/")])
case("setuid kept", [m("f", mode=0o4755)], OK, lambda: os.stat(target + "/f").st_mode & 0o7777 == 0o4755)
case("owner kept", [m("f", uid=123456, gid=4000000)], OK, lambda: os.stat(target + "/f").st_gid == 4000000)
case("owner -1", [m("f", uid=2**32 - 1)], "invalid")
case("owner beyond 32 bits", [m("f", uid=2**40)], "invalid")
case("time before 1970", [m("f", mtime=-5)])
case("time beyond all", [m("f", mtime=2**62)])

# -- names
long = "n" * 255
case("name of 255", [m(long)], OK, lambda: os.path.exists(target + "/" + long))
case("name of 256", [m(long + "n")], "limit")
case("path of 4000", [m("/".join(["d" * 99] * 40))], OK)
case("path of 5000", [m("/".join(["d" * 99] * 50))], "limit")
case("2000 deep", [m("/".join("d" * 2000))], OK)
case("100000 deep", [m("/".join("d" * 100000))], ANY)
case("symlink target of 5000", [m("s", "symlink", linkname="t" * 5000)])
case("gnu long name", archive([m("/".join(["d" * 99] * 5) + "/f")], tarfile.GNU_FORMAT), OK)
case("not utf-8", [m("caf\udce9")], OK, lambda: os.path.exists(os.fsencode(target) + b"/caf\xe9"))
case("not utf-8, ustar", archive([m("caf\udce9")], tarfile.USTAR_FORMAT), OK, lambda: os.path.exists(os.fsencode(target) + b"/caf\xe9"))
case("not utf-8 and refused", [m("caf\udce9\x1b[2J"), m("caf\udce9\x1b[2J/x")], "invalid")
case("utf-8", [m("caf\u00e9/\u65e5\u672c")], OK, lambda: os.path.exists(target + "/caf\u00e9/\u65e5\u672c"))
case("newline and escapes", [m("a\nb\x1b[31m")], OK)
case("empty name", [m("")])
case("dot", [m("./", "dir", mode=0o711)], OK, lambda: os.stat(target).st_mode & 0o777 == 0o711)
case("file called dot", [m(".")], ANY)
case("dots", [m("..."), m("a..b/..c")], OK)

# -- twice the same
for one, two in itertools.product(["file", "dir", "symlink", "fifo", "char"], repeat=2):
    case("%s over %s" % (two, one), [m("x", one, linkname="t"), m("x", two, linkname="t")], OK)
case("file over a full directory", [m("d/a/b"), m("d/c"), m("d", data=b"1")], OK, lambda: os.path.isfile(target + "/d"))

# -- broken headers
good = archive([m("f", data=b"x" * 1000), m("g", data=b"y" * 1000)])


def broken(at, value):
    return good[:at] + value + good[at + len(value):]


def resum(data):
    head = bytearray(data[:512])
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + data[512:]


case("empty", b"", OK)
case("only zeros", b"\0" * 10240, OK)
case("no end", good[:2048], ANY)
for n in [1, 100, 511, 513, 700, 1535, 1600]:
    case("cut at %d" % n, good[:n], "corrupt" if n > 512 else ANY)
case("wrong checksum", broken(148, b"000000\0 "), "corrupt")
case("wrong checksum of the second", broken(1536 + 148, b"000000\0 "), "corrupt")
for field, at, n in [("mode", 100, 8), ("uid", 108, 8), ("size", 124, 12), ("mtime", 136, 12)]:
    for value in [b"\xff" * n, b"\x80" + b"\xff" * (n - 1), b"9" * n, b"-" * n, b"7" * n, b"\0" * n, b" " * n]:
        case("%s is %r" % (field, value), resum(broken(at, value)))
for kind in b"89ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!\xff":
    case("member of type %r" % bytes([kind]), resum(broken(156, bytes([kind]))))
case("text", b"this is not an archive\n" * 100, "corrupt")
case("noise", os.urandom(65536), "corrupt")
case("pax length lies", resum(archive([m("f", pax_headers={"comment": "x" * 100})]).replace(b"comment=", b"c\0mment=")))
for record in [b"99999999999 path=x\n", b"-5 path=x\n", b"0 path=x\n", b"12 path=\0x\n", b"20 size=99999999999999\n", b"path=x\n", b"7 a=b\n\n"]:
    pax = tarfile.TarInfo("pax")
    pax.type, pax.size = b"x", len(record)
    case("pax record %r" % record, pax.tobuf() + record.ljust(512, b"\0") + good)
for sizes in ["GNU.sparse.size", "GNU.sparse.realsize"]:
    case(sizes, [m("f", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "../../x", sizes: str(2**60)}, data=b"1\n0\n10\n".ljust(512, b"\0"))])
case("sparse names that leave", [m("f", pax_headers={"GNU.sparse.name": "../x", "GNU.sparse.map": "0,0", "GNU.sparse.size": "0"})])

# -- compression: damaged, cut, too much
packed = gzip.compress(good, mtime=0)
case("gzip", packed, OK)
case("gzip of two members", gzip.compress(good[:777]) + gzip.compress(good[777:]), OK)
case("gzip with zeros behind", packed + b"\0" * 512, OK)
case("gzip cut", packed[:-20], "corrupt")
case("gzip damaged", packed[:30] + b"\xff\xff\xff" + packed[33:], "corrupt")
case("gzip head alone", packed[:10], "corrupt")
case("xz", lzma.compress(good), OK)
case("xz cut", lzma.compress(good)[:-30], "corrupt")
case("bzip2", bz2.compress(good), OK)
case("tar that begins with BZh", archive([m("BZh91AY&SY", data=b"x")]), OK, lambda: os.path.exists(target + "/BZh91AY&SY"))
if shutil.which("zstd"):
    z = subprocess.run(["zstd", "-qc"], input=good, capture_output=True, check=True).stdout
    case("zstd", z, OK)
    case("zstd of two frames", z + z[:0] + subprocess.run(["zstd", "-qc"], input=b"", capture_output=True, check=True).stdout, OK)
    case("zstd cut", z[:-10], "corrupt")
    case("zstd window of 2 GB", subprocess.run(["zstd", "-qc", "--long=31", "--ultra", "-1"], input=good * 2000, capture_output=True, check=True).stdout, "corrupt")
    bomb = subprocess.run("head -c 700M /dev/zero | zstd -qc -19", shell=True, capture_output=True, check=True).stdout
    case("zstd bomb", bomb, ANY, job={})
    info = tarfile.TarInfo("f")
    info.size = 700 << 20
    head = info.tobuf()
    bomb = subprocess.run("(cat; head -c 700M /dev/zero) | zstd -qc -3", shell=True, input=head, capture_output=True, check=True).stdout
    case("bomb by ratio", bomb, "limit")
case("bomb by size", gzip.compress(archive([m("f", data=b"\0" * (8 << 20))])), "limit", job={"max_bytes": 4 << 20})
case("bomb by sparse size", [m("f", pax_headers={"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": "f", "GNU.sparse.size": str(2**50), "GNU.sparse.map": "0,0", "GNU.sparse.numblocks": "1"})], ANY)
case("bomb by entries", archive([m("f%d" % i) for i in range(200)]), "limit", job={"max_entries": 100})
case("said size, no bytes", resum(broken(124, b"%011o\0" % (2**32))), "corrupt")

# -- what is verified
case("wrong digest", good, "corrupt", job={"digest": "sha256:" + "0" * 64})
case("wrong diff id", packed, "corrupt", job={"diff_id": "sha256:" + "0" * 64})

# -- an archive of images: plain files of ours only
case("files: device", [m("c", "char", devmajor=1, devminor=3)], "invalid", job={"op": "files"})
case("files: owner and mode", [m("f", uid=1000, mode=0o4777)], OK, lambda: os.stat(target + "/f").st_uid == 0 and os.stat(target + "/f").st_mode & 0o7777 == 0o600, {"op": "files"})
case("files: whiteout is a name", [m(".wh.x")], OK, lambda: os.path.isfile(target + "/.wh.x"), {"op": "files"})


def snapshot():
    seen = {}
    for d, dirs, files in os.walk(outer):
        if d == outer:
            dirs.remove("target")
        for n in dirs + files + ["."]:
            p = os.path.join(d, n)
            if p == outer + "/.":
                continue  # its time changes with the target
            st = os.lstat(p)
            text = open(p, "rb").read() if stat.S_ISREG(st.st_mode) else os.readlink(p) if stat.S_ISLNK(st.st_mode) else None
            seen[p] = (st.st_mode, st.st_uid, st.st_gid, st.st_nlink, st.st_mtime_ns, st.st_ino, text, tuple(os.listxattr(p, follow_symlinks=False)))
    return seen, sorted(os.listdir(outer)), sorted(os.listdir(work))


def used():
    u = resource.getrusage(resource.RUSAGE_CHILDREN)
    return u.ru_utime + u.ru_stime


def run(name, data, want, check, job, env):
    subprocess.run(["rm", "-rf", target], check=True)  # however deep: Python's own has limits
    os.mkdir(target, 0o755)
    with open(work + "/archive", "wb") as f:
        f.write(data)
    before, began = snapshot(), used()
    answer = helper(program, dict({"op": "layer"}, **job), stdin=work + "/archive", dir=target, env=env)
    took = used() - began
    got = "killed" if "killed" in answer else answer.get("error", OK)
    if snapshot() != before:
        return "something outside the target has changed"
    if got in ("killed", "internal") or (want != ANY and got != want):
        return "%s instead of %s: %s" % (got, want, answer)
    if got == OK and check and not check():
        return "unpacked, but not as it should be"
    if took > 30:
        return "took %.0f s of processor time" % took
    return None


def main():
    os.makedirs(outer + "/canary-dir")
    for p in [outer + "/canary", outer + "/canary-dir/canary"]:
        open(p, "w").write("untouched")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    failed = 0
    etc = sorted(os.listdir("/etc"))
    for mode, env in [("openat2", {}), ("no openat2", {"COMPOSE_TEST_NO_OPENAT2": "1"})]:
        for c in cases:
            why = run(*c, env)
            if why:
                failed += 1
                print("FAIL (%s) %s: %s" % (mode, c[0], why), file=sys.stderr)
    if sorted(os.listdir("/etc")) != etc:
        print("FAIL: /etc has changed", file=sys.stderr)
        failed += 1
    print("%d archives, twice: %d failures" % (len(cases), failed))
    return failed > 0 or len(cases) < 200


try:
    status = main()
finally:
    subprocess.run(["rm", "-rf", work])
sys.exit(status)

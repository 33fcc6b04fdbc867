#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Files that are made to be too much: each is refused with one clear message, soon, and in little memory.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
need python3
cd "$work/project"

# refused MILLISECONDS MIB TEXT: compose.yaml is, with TEXT; neither more time of a processor nor more memory is taken.
refused() {
	python3 - "$@" <<'END' || fail "$3"
import resource, subprocess, sys
ms, mib, text = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
try:
    p = subprocess.run(["compose", "config"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
except subprocess.TimeoutExpired:
    sys.exit("it hangs")
used = resource.getrusage(resource.RUSAGE_CHILDREN)
spent, peak = (used.ru_utime + used.ru_stime) * 1000, used.ru_maxrss / 1024
message = p.stderr.decode(errors="replace")
if p.returncode != 1 or text not in message:
    sys.exit(f"exit {p.returncode}: {message[:2000]}")
if spent > ms or peak > mib:
    sys.exit(f"{spent:.0f} ms of {ms}, {peak:.0f} MiB of {mib}")
END
}

python3 - <<'END'
rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [f"a{i}: &a{i} [" + ", ".join([f"*a{i-1}"] * 9) + "]" for i in range(1, 12)]
open("bomb", "w").write("x-bomb:\n" + "".join(f"  {row}\n" for row in rows))
rows = ["m0: &m0 {k: 1}"] + [f"m{i}: &m{i} {{<<: *m{i-1}, k{i}: 1}}" for i in range(1, 3000)]
open("merges", "w").write("x-merges:\n" + "".join(f"  {row}\n" for row in rows))
open("deep", "w").write("x-deep: " + "[" * 10000 + "]" * 10000 + "\n")
open("steps", "w").write("".join(" " * i + "a:\n" for i in range(2000)))
open("wide", "w").write("x-wide: [" + "[]," * 1100000 + "]\n")
open("long", "w").write("services:\n" + "  # nothing\n" * (17 << 17))
END
truncate -s 100M huge
truncate -s 50M wall

try() { # FILE MILLISECONDS MIB TEXT
	ln -sf "$1" compose.yaml
	refused "${@:2}"
}
try bomb 100 64 "excessive aliasing"
try merges 100 64 "excessive aliasing"
try deep 100 64 "nested too deeply"
try steps 100 64 "nested too deeply"
try wide 3000 160 "more than 1000000 values"
try long 100 64 "larger than 16 MiB"
try huge 100 64 "larger than 16 MiB"
try wall 100 64 "larger than 16 MiB"

rm compose.yaml
mkfifo pipe
mkdir dir
for file in pipe dir /dev/zero; do
	must_fail "$file" timeout 10 compose -f "$file" config
done
echo 'services: {web: {image: x, env_file: pipe}}' >with-pipe.yaml
must_fail "pipe" timeout 10 compose -f with-pipe.yaml config
echo 'services: {web: {image: x, env_file: dir}}' >with-dir.yaml
must_fail "dir" timeout 10 compose -f with-dir.yaml config
printf 'services:\n  web: {image: "\xff"}\n' >bytes.yaml
must_fail "bytes.yaml:2:" compose -f bytes.yaml config
printf 'services:\n\tweb: {image: x}\n' >tab.yaml
must_fail "tab.yaml:2:1: error" compose -f tab.yaml config
printf 'services:\n  web: {image: x}\n  web: {image: y}\n' >twice.yaml
must_fail 'twice.yaml:3:3: error: mapping key "web" already defined at line 2' compose -f twice.yaml config
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	echo 'services: {web: {image: x}}' >secret.yaml
	chmod 600 secret.yaml
	chmod 755 "$work" "$work/project"
	must_fail "secret.yaml" setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$(command -v compose)" -f "$PWD/secret.yaml" config
fi

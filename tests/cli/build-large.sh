#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A step and a layer of any size take little of our memory: a RUN that writes a large file, a COPY of one from the context and one from
# a stage, an archive of one. The largest of our processes has at most 64 MB. BUILD_LARGE_MB: the file's size (512; 10240 for the whole claim).
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
need_root
need crun busybox python3
export COMPOSE_ENGINE=local
size=${BUILD_LARGE_MB:-512}
cd "$work/project"
cp "$(command -v busybox)" busybox
truncate -s "${size}M" large
head -c 1000000 /dev/urandom | dd of=large bs=1M seek=$((size / 2)) conv=notrunc status=none
tar -S -cf large.tar large
cat >Dockerfile <<END
FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "dd", "if=/dev/zero", "of=/made", "bs=1M", "count=$size"]
FROM base
COPY large /copied
ADD large.tar /unpacked/
COPY --from=base /made /taken
END
printf 'name: build-large\nservices:\n  app: {image: build-large-app, build: .}\n' >compose.yaml

# The peak of each of our processes, as they come and go: KiB, largest first.
watch() {
	python3 - "$COMPOSE_STATE_DIR" "$work/peaks" "$work/done" <<-'PYTHON'
		import os, re, sys, time
		state, out, done = sys.argv[1:]
		peaks = {}
		while not os.path.exists(done):
		    for pid in filter(str.isdigit, os.listdir("/proc")):
		        try:
		            if ("COMPOSE_STATE_DIR=" + state).encode() not in open("/proc/%s/environ" % pid, "rb").read():
		                continue
		            status = open("/proc/%s/status" % pid).read()
		        except OSError:
		            continue
		        name = re.search(r"Name:\t(.*)", status).group(1)
		        peak = re.search(r"VmHWM:\s*(\d+)", status)
		        if name.startswith("compose") and peak:
		            peaks[name, pid] = max(peaks.get((name, pid), 0), int(peak.group(1)))
		    time.sleep(0.02)
		with open(out, "w") as f:
		    for (name, pid), peak in sorted(peaks.items(), key=lambda x: -x[1]):
		        print(peak, name, file=f)
	PYTHON
}
watch &
watcher=$!
compose build --quiet
touch "$work/done"
wait "$watcher"
grep -q 'compose$' "$work/peaks" || fail "no process of ours was seen: $(cat "$work/peaks")"
grep -q compose-pack "$work/peaks" || fail "nothing was packed: $(cat "$work/peaks")"
read -r peak name <"$work/peaks"
[ "$peak" -le 65536 ] || fail "$name took $peak KiB"
echo "the largest: $(head -3 "$work/peaks" | tr '\n' ' ')"

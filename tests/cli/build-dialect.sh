#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Corners of the Dockerfile language, as BuildKit has them: what is refused, what the config is, what the history says.
# shellcheck source-path=SCRIPTDIR
# shellcheck disable=SC2016 # Python, and Dockerfiles
. "$(dirname "$0")/../lib.sh"
need_root
need busybox python3
export COMPOSE_ENGINE=local
cd "$work/project"
printf 'name: dialect\nservices:\n  app: {image: dialect-app, build: {context: ., additional_contexts: {extra: "%s/extra"}}}\n' "$work" >compose.yaml
mkdir -p d "$work/extra"
echo f >f
echo a >d/a
echo seen >"$work/extra/seen"
echo hidden >"$work/extra/hidden"
echo hidden >"$work/extra/.dockerignore"

build() { # the Dockerfile on stdin
	cat >Dockerfile
	compose build --quiet >"$work/out" 2>&1
}
# Python on the image's config `c`, its history `h` and the names in its layers `n`.
check() {
	rm -rf image && mkdir image
	compose image save dialect-app -o image.tar >/dev/null && tar -C image -xf image.tar
	python3 - "$1" <<-'PYTHON' || fail "$1"
		import json, sys, tarfile, gzip, io
		m = json.load(open("image/manifest.json"))[0]
		j = json.load(open("image/" + m["Config"]))
		c, h, n = j["config"], [x["created_by"] for x in j["history"]], {}
		for l in m["Layers"]:
		    b = open("image/" + l, "rb").read()
		    for e in tarfile.open(fileobj=io.BytesIO(gzip.decompress(b) if b[:2] == b"\x1f\x8b" else b)):
		        n[e.name.strip("/")] = e
		if not eval(sys.argv[1]):
		    print(c, h, sorted(n)); sys.exit(1)
	PYTHON
}
good() { # CHECK, the Dockerfile on stdin
	build || fail "$(cat Dockerfile "$work/out")"
	check "$1"
}
bad() { # WHAT IT SAYS, the Dockerfile on stdin
	! build || fail "builds: $(cat Dockerfile)"
	grep -q -- "$1" "$work/out" || fail "$(cat "$work/out") does not say $1"
}

good 'h == ["ARG a=1 q=2", "ENV b=2", "COPY --chown=1:2 f 1* /g/ # buildkit", "WORKDIR /w", "EXPOSE [70/udp 71/udp 80/tcp]",
	"VOLUME [/v /x y]", "CMD [\"a\" \"b\\t\\\"\"]", "SHELL [/bin/sh -c]", "ENTRYPOINT [\"/bin/sh\" \"-c\" \"e $b\"]",
	"HEALTHCHECK {Test:[CMD-SHELL t] Interval:1m30s Timeout:0s StartPeriod:0s StartInterval:0s Retries:3}", "COPY f <<E /e/ # buildkit",
	"COPY /f /h # buildkit"]' <<'END'
FROM scratch AS one
COPY f /f
FROM scratch
ARG a=1 q=2
ENV b=2
COPY --chown=${a}:$b f ${a}* /g/
WORKDIR w
EXPOSE 80 70-71/UDP
VOLUME ["/v", "/x y"]
CMD ["a", "b\t\""]
SHELL ["/bin/sh", "-c"]
ENTRYPOINT e $b
HEALTHCHECK --interval=90s --retries=+3 CMD t
COPY <<E f /e/
x
E
COPY --from=one /f /h
END
good 'sorted(k for k in n if n[k].isreg()) == ["d/up", "e/f", "x/.dockerignore", "x/seen"]' <<'END'
FROM scratch
COPY <<../up /d/
x
../up
COPY --from= f /e/
COPY --from=scratch / /nothing/
COPY --from=extra . /x/
END
good 'c["Healthcheck"] == {"Test": ["CMD-SHELL", "x"]} and c["StopSignal"] == "65" and c["Labels"]["y"] == "2"' <<'END'
FROM --platform= scratch
LABEL x=1 y=2
HEALTHCHECK --retries= --interval=0 CMD x
STOPSIGNAL 65
END
# A mode that is changed makes no layer of its own: what is there already keeps its owner.
good 'n["etc"].uid == 5 and n["etc/f"].mode == 0o600' <<'END'
FROM scratch
COPY --chown=5:6 d /etc
COPY --link --chmod=600 f /etc/
END
bad 'no duration' <<<$'FROM scratch\nHEALTHCHECK --interval=1d CMD x'
bad 'no such signal' <<<$'FROM scratch\nSTOPSIGNAL SIGRTMIN+16'
bad 'no such signal' <<<$'FROM scratch\nSTOPSIGNAL 0'
bad 'no IP address' <<<$'FROM scratch\nEXPOSE localhost:80:90'
bad 'check=foo' <<<$'# check=foo\nFROM scratch\nENV a=b'
bad 'warnings' <<<$'# check=error=1\nFROM scratch as x\nENV a=b'
bad 'platform' <<<$'FROM --platform=a/b/c/d scratch\nENV a=b'

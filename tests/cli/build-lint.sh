#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Warnings of a build under BuildKit's names, with the lines that they are of; who says which are said; the page that lists them.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
need_root
need crun
export COMPOSE_ENGINE=local
cd "$work/project"
mkdir ctx
cat >compose.yaml <<'END'
name: lint
services:
  it: {image: it, build: {context: ctx, args: {UNUSED: x}}}
END

# said RULE LINES...: the Dockerfile on stdin, and nothing but these of that rule.
said() {
	local rule=$1
	shift
	cat >ctx/Dockerfile
	compose build >"$work/log" 2>&1 || true
	sed -n "s/^.*Dockerfile:\([0-9-]*\): warning: .* ($rule)$/\1/p" "$work/log" | sort -un | xargs >"$work/lines"
	[ "$(cat "$work/lines")" = "$*" ] || { cat "$work/log" >&2; fail "$rule: at '$(cat "$work/lines")', not '$*'"; }
	echo "$rule" >>"$work/tried"
}
said StageNameCasing 1 <<<$'FROM scratch AS Base\nFROM base'
said FromAsCasing 1 3 <<<$'FROM scratch as a\nFROM scratch AS b\nfrom scratch AS c\nFROM a'
said NoEmptyContinuation 4 <<<$'FROM scratch\nENV a=b \\\n\n c=d'
said ConsistentInstructionCasing 2 3 <<<$'FROM scratch\nenv a=b\nLabel a=b\nENV c=d'
said DuplicateStageName 2 <<<$'FROM scratch AS a\nFROM scratch AS A\nFROM scratch'
said ReservedStageName 1 2 <<<$'FROM scratch AS context\nFROM scratch AS scratch\nFROM scratch'
said JSONArgsRecommended 2 3 <<<$'FROM scratch\nCMD echo\nENTRYPOINT echo'
said JSONArgsRecommended <<<$'FROM scratch\nSHELL ["/s"]\nCMD echo\nENTRYPOINT ["a"]'
said MaintainerDeprecated 2 <<<$'FROM scratch\nMAINTAINER me'
said UndefinedArgInFrom 2 <<<$'ARG base=scratch\nFROM scratch$bose\nFROM $base'
want "did you mean base?" "$work/log"
said WorkdirRelativePath 2 <<<$'FROM scratch\nWORKDIR a\nWORKDIR b'
said UndefinedVar 3-4 <<<$'FROM scratch\nENV GREETING=x\nENV b=$GREETNG \\\n c=d'
want "did you mean \$GREETING?" "$work/log"
said MultipleInstructionsDisallowed 2 4 <<<$'FROM scratch\nCMD ["a"]\nCMD ["b"]\nHEALTHCHECK NONE\nHEALTHCHECK NONE'
said LegacyKeyValueFormat 2 3 <<<$'FROM scratch\nENV a b\nLABEL a b\nENV c=d'
said RedundantTargetPlatform 1 <<<$'FROM --platform=$TARGETPLATFORM scratch'
said SecretsUsedInArgOrEnv 2 3 <<<$'FROM scratch\nENV API_KEY=x\nARG token\nENV PUBLIC_KEY=x\nENV KEY_FILE=x\nENV MONKEY=x'
said InvalidDefaultArgInFrom 2 <<<$'ARG tag\nFROM busybox:$tag AS a\nFROM scratch'
said FromPlatformFlagConstDisallowed 1 <<<$'FROM --platform=linux/amd64 scratch\nFROM --platform=linux/amd64 scratch AS amd64\nFROM scratch'
echo '*.log' >ctx/.dockerignore && touch ctx/kept ctx/a.log
said CopyIgnoredFile 3 <<<$'FROM scratch\nCOPY kept /\nCOPY *.log /'
rm ctx/.dockerignore
said InvalidDefinitionDescription <<<$'# what it is\nFROM scratch AS a'
said InvalidDefinitionDescription 4 8 <<<$'# check=experimental=all\n\n# the stage\nFROM scratch AS a\n# v is it\nARG v\n# wrong\nARG w\n# one\n#\nARG x'
said ExposeProtoCasing 2 <<<$'FROM scratch\nEXPOSE 80/TCP\nEXPOSE 81/udp'
said ExposeInvalidFormat 2 <<<$'FROM scratch\nEXPOSE 127.0.0.1:80:80\nEXPOSE 81'
said UnusedBuildArg 1 <<<$'FROM scratch\nLABEL a=b'
cat >other.yaml <<'END'
name: lint
services:
  other: {image: lint-other, platform: linux/riscv64, build: {dockerfile_inline: "FROM scratch\nLABEL a=b"}}
END
compose -f other.yaml build -q
said InvalidBaseImagePlatform 1 <<<$'FROM lint-other'

# who says which are said
said LegacyKeyValueFormat <<<$'# check=skip=LegacyKeyValueFormat,Other\nFROM scratch\nENV a b'
said LegacyKeyValueFormat <<<$'# check=skip=all\nFROM scratch\nENV a b'
said LegacyKeyValueFormat 4 <<<$'FROM scratch\n# check=skip=LegacyKeyValueFormat\nENV a b\nENV c d'
printf 'FROM scratch\nENV a b\n' >ctx/Dockerfile
compose build >/dev/null 2>&1 || fail "a warning is an error"
printf '# check=error=true;skip=UnusedBuildArg\nFROM scratch\nENV a b\n' >ctx/Dockerfile
must_fail "lint warnings (LegacyKeyValueFormat)" compose build
compose build --build-arg BUILDKIT_DOCKERFILE_CHECK=skip=all >/dev/null 2>&1 || fail "BUILDKIT_DOCKERFILE_CHECK"
printf '# check=skipp=all\nFROM scratch\n' >ctx/Dockerfile
must_fail 'Dockerfile:1:1: error: build it: check=skipp=all: "skipp" is not known' compose build

# --check: said, and nothing is made
printf 'FROM scratch\nARG UNUSED\nENV a b\nCOPY compose.yaml /\nRUN ["/nothing"]\n' >ctx/Dockerfile
compose image rm it >/dev/null 2>&1 || true
must_fail "lint warnings (LegacyKeyValueFormat)" compose build --check
grep -q "Dockerfile:3: warning: .* (LegacyKeyValueFormat)" "$work/out" "$work/err" || fail "--check does not say it"
sed -i 's/ENV a b/ENV a=b/' ctx/Dockerfile
compose build --check >/dev/null 2>&1 || fail "--check of what is well"
if compose image inspect it >/dev/null 2>&1; then fail "--check makes an image"; fi

# the page names them all, and each was tried here
page=$top/docs/build-checks.md
while read -r rule; do
	grep -q "^| $rule |" "$page" || fail "$rule is not in $page"
	grep -qx "$rule" "$work/tried" || fail "$rule has no case here"
done < <(sed -n 's/^\t*\[LINT_.*{ "\([A-Za-z]*\)".*/\1/p' "$top/builder/lint-rules.c")
[ "$(grep -c '^| [A-Z]' "$page")" = "$(grep -cP '^\t+\[LINT_' "$top/builder/lint-rules.c")" ] || fail "$page has more than there is"

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the pages of docs/ name is there: links, files, functions, constants.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
cd "$top/docs"

sources=(../src ../compose ../registry ../builder)
find "${sources[@]}" ../docs ../tests -name '*.[ch]' -printf '%f\n' | sort -u >"$work/files"
find "${sources[@]}" -name '*.[ch]' -exec grep -hoE '\b[A-Za-z_][A-Za-z0-9_]*\b' {} + | sort -u >"$work/words"

wrong=0
missing() { # PAGE WHAT FILE_OF_NAMES: each name on stdin is in it
	local name
	while read -r name; do
		grep -qxF -- "$name" "$3" && continue
		echo "docs/$1: no $2 $name" >&2
		wrong=1
	done
}

for page in *.md ../README.md; do
	grep -oE '\]\([A-Za-z0-9./-]+\)' "$page" | tr -d '()]' >"$work/links" || :
	while read -r link; do
		[ -e "$(dirname "$page")/$link" ] || { echo "docs/$page: no page $link" >&2; wrong=1; }
	done <"$work/links"
	missing "$page" file "$work/files" < <(grep -oE '`[a-z0-9/_-]+\.[ch]`' "$page" | tr -d '`' | xargs -r -n1 basename)
	missing "$page" function "$work/words" < <(grep -oE '`[a-z0-9_]+\(\)`' "$page" | tr -d '`()')
	missing "$page" name "$work/words" < <(grep -oE '`(LIMIT|CACHE|OPT|PROJECT|STEP)_[A-Z_]+`' "$page" | tr -d '`')
done
[ "$wrong" = 0 ] || fail "pages name what isn't there"

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The floors: a file includes what lies on its own floor's folder or below, never above or beside.
#
#   util < event < {ui, registry} < engine < builder < compose < cli
set -euo pipefail
cd "$(dirname "$0")/../.."

mapfile -t files < <(find src builder compose registry -name '*.[ch]')

# docs and tests see everything, and are not asked.
floors='
0 src/util
1 src/event
2 src/ui
2 registry
3 src/engine
4 builder
5 compose
6 src/cli
'

awk -v floors="$floors" '
BEGIN {
	n = split(floors, word)
	for (i = 1; i < n; i += 2)
		number[word[i + 1]] = word[i]
}

function folder(path, f) {
	for (f in number)
		if (index(path, f "/") == 1)
			return f
	return ""
}

/^#include "/ {
	split($0, part, "\"")
	to = folder(part[2]) != "" ? folder(part[2]) : folder("src/" part[2])
	from = folder(FILENAME)
	if (to == "") {
		if (part[2] != "config.h")
			wrong("of no floor")
	} else if (to != from && number[to] >= number[from])
		wrong("of " to)
	else if (to == "src/ui" && from != to && from != "src/cli")
		wrong("of ui, which only cli talks to")
	seen++
}

function wrong(what) {
	printf "%s:%d: includes %s, %s\n", FILENAME, FNR, part[2], what
	bad = 1
}

END {
	if (seen < 1000) {
		print "only " seen + 0 " includes were found: is this the right place?"
		bad = 1
	}
	exit bad
}' "${files[@]}" >&2

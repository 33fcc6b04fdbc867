#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each attribute has its line in compose-file(5), and docs/SUPPORT.md is what the table of attributes says.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"

gen-reference check >"$work/out" || fail "compose/schema.c and docs/attr-text.c don't agree"
gen-reference support >"$work/SUPPORT.md"
diff -u "$top/docs/SUPPORT.md" "$work/SUPPORT.md" >&2 ||
	fail "docs/SUPPORT.md is not what compose/schema.c says: make -C build update-docs"

gen-reference man >"$work/attributes"
cat "$top/docs/compose-file-head.mdoc" "$work/attributes" "$top/docs/compose-file-tail.mdoc" >"$work/compose-file.5"
want ".It Cm ports[].target" "$work/compose-file.5"
if command -v groff >/dev/null; then
	groff -mdoc -Tutf8 -ww "$work/compose-file.5" >"$work/page" 2>"$work/complaints"
	[ ! -s "$work/complaints" ] || { cat "$work/complaints" >&2; fail "groff complains of the page"; }
fi

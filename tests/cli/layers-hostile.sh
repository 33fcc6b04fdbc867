#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Archives that mean harm change nothing outside the directory that they are unpacked into.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
need_root
need python3
TMPDIR=$work PYTHONDONTWRITEBYTECODE=1 timeout 550 python3 "$top/tests/layers/hostile.py" "$build/compose-unpack"

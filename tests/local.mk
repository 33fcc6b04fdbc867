# SPDX-License-Identifier: Apache-2.0
# tests: unit (cmocka), spec (data), cli and engine (bash), fuzz (corpus replay)

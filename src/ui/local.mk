# SPDX-License-Identifier: Apache-2.0
# src/ui: the terminal

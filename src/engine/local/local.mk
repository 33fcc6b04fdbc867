# SPDX-License-Identifier: Apache-2.0
# src/engine/local: the engine inside

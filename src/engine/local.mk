# SPDX-License-Identifier: Apache-2.0
# src/engine: the contract, and the engine in memory

# SPDX-License-Identifier: Apache-2.0
# src/event: the loop, children, streams, HTTP

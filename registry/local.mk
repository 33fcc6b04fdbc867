# SPDX-License-Identifier: Apache-2.0
# registry: references, credentials, transfers, the image store

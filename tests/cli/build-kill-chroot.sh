#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build-kill.sh where steps run with chroot alone: nothing but we ourselves ends their processes.
set -euo pipefail
export COMPOSE_BUILD_ISOLATION=chroot BUILD_KILLS=${BUILD_KILLS:-8}
exec bash "$(dirname "$0")/build-kill.sh"

# SPDX-License-Identifier: Apache-2.0
# compose: files to a project, a project to a plan, a plan to steps

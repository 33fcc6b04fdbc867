# SPDX-License-Identifier: Apache-2.0
# builder: Dockerfiles to images

/* SPDX-License-Identifier: Apache-2.0 */
/* libgit2 before 1.7: history comes along. */
#include "builder/git/remote.h"

void remote_no_history(git_fetch_options *opt) {}

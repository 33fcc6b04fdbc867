/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/git/remote.h"

void remote_no_history(git_fetch_options *opt)
{
	opt->depth = 1;
}

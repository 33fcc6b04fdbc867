/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/prompt.h"

#include "util/str.h"

#include <stdio.h>
#include <unistd.h>

int prompt_yes(const char *question, const char *flag, struct error *err)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO))
		return error_set(err, ERR_UNSUPPORTED, "%s: there is nobody to ask; %s says yes",
				 question, flag);
	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin))
		return 0;
	return char_lower(answer[0]) == 'y';
}

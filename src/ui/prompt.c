/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/prompt.h"

#include "util/str.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LINE_SIZE   1024
#define CTRL_KEY(c) ((c)&0x1f)
#define DELETE	    0x7f

static int ask(const char *question, const char *mark, const char *flag, struct error *err)
{
	if (!isatty(STDIN_FILENO))
		return error_set(err, ERR_UNSUPPORTED, "%s: there is nobody to ask; use %s",
				 question, flag);
	fprintf(stderr, "%s%s", question, mark);
	fflush(stderr);
	return 0;
}

int prompt_yes(const char *question, const char *flag, struct error *err)
{
	char answer[16] = "";
	int r = ask(question, " [y/N] ", flag, err);

	if (r < 0)
		return r;
	if (!fgets(answer, sizeof(answer), stdin))
		return 0;
	return char_lower(answer[0]) == 'y';
}

/* Byte by byte: what comes behind the answer on a pipe is somebody else's. */
static int read_answer(char *line, size_t max)
{
	size_t n = 0;
	char c;

	while (read(STDIN_FILENO, &c, 1) == 1) {
		if (c == '\n')
			return 0;
		if (n + 1 < max)
			line[n++] = c;
	}
	return n ? 0 : -1;
}

int prompt_answer(const char *question, bool otherwise, const char *flag, struct error *err)
{
	char line[16] = "";

	fprintf(stderr, "%s %s ", question, otherwise ? "[Y/n]" : "[y/N]");
	fflush(stderr);
	if (read_answer(line, sizeof(line)) < 0)
		return error_set(err, ERR_UNSUPPORTED, "%s there is nobody to ask; use %s",
				 question, flag);
	if (!line[strspn(line, " \t\r")])
		return otherwise;
	return char_lower(line[strspn(line, " \t")]) == 'y' || line[0] == '1' ||
	       char_lower(line[0]) == 't';
}

int prompt_line(const char *question, const char *flag, char **ret, struct error *err)
{
	char line[LINE_SIZE];
	int r = ask(question, "", flag, err);

	if (r < 0)
		return r;
	if (!fgets(line, sizeof(line), stdin))
		return error_set(err, ERR_CANCELLED, "cancelled");
	line[strcspn(line, "\r\n")] = '\0';
	*ret = xstrdup(line);
	return 0;
}

/* Key by key, since the terminal's own line editing would have to be left on for Ctrl-C, and a
 * signal would leave the terminal mute. */
static int read_keys(char *line, size_t max)
{
	size_t n = 0;
	char c;

	while (read(STDIN_FILENO, &c, 1) == 1) {
		if (c == CTRL_KEY('c') || (c == CTRL_KEY('d') && !n))
			return -1;
		if (c == '\n' || c == '\r' || c == CTRL_KEY('d')) {
			line[n] = '\0';
			return 0;
		}
		if (c == DELETE || c == '\b')
			n -= n > 0;
		else if (c == CTRL_KEY('u'))
			n = 0;
		else if (n + 1 < max)
			line[n++] = c;
	}
	return -1;
}

int prompt_secret(const char *question, const char *flag, char **ret, struct error *err)
{
	char line[LINE_SIZE] = "";
	struct termios was, mute;
	int r = ask(question, "", flag, err);

	if (r < 0)
		return r;
	if (tcgetattr(STDIN_FILENO, &was) < 0)
		return error_sys(err, "the terminal");
	mute = was;
	mute.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	mute.c_cc[VMIN] = 1;
	mute.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &mute) < 0)
		return error_sys(err, "the terminal");
	r = read_keys(line, sizeof(line));
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	fputc('\n', stderr);
	if (r < 0)
		r = error_set(err, ERR_CANCELLED, "cancelled");
	else
		*ret = xstrdup(line);
	explicit_bzero(line, sizeof(line));
	return r;
}

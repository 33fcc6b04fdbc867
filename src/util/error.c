/* SPDX-License-Identifier: Apache-2.0 */
#include "util/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int error_vset(struct error *err, enum err_code code, const char *fmt, va_list ap)
{
	if (err) {
		*err = (struct error){ .code = code };
		vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	}
	return -(int)code;
}

int error_set(struct error *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_vset(err, code, fmt, ap);
	va_end(ap);
	return -(int)code;
}

static enum err_code code_of_errno(int sys)
{
	switch (sys) {
	case ENOSPC:
	case EDQUOT:
		return ERR_NO_SPACE;
	case ENOENT:
		return ERR_NOT_FOUND;
	default:
		return ERR_SYS;
	}
}

static int printf_like(3, 0) vsys(struct error *err, int sys, const char *fmt, va_list ap)
{
	enum err_code code = code_of_errno(sys);
	size_t n;

	if (err) {
		error_vset(err, code, fmt, ap);
		err->sys = sys;
		n = strlen(err->msg);
		snprintf(err->msg + n, sizeof(err->msg) - n, ": %s", strerror(sys));
	}
	errno = sys;
	return -(int)code;
}

int error_sys(struct error *err, const char *fmt, ...)
{
	int sys = errno, r;
	va_list ap;

	va_start(ap, fmt);
	r = vsys(err, sys, fmt, ap);
	va_end(ap);
	return r;
}

int error_sys_from(struct error *err, int sys, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vsys(err, sys, fmt, ap);
	va_end(ap);
	return r;
}

int error_wrap(struct error *err, const char *fmt, ...)
{
	char old[sizeof(err->msg)];
	va_list ap;
	size_t n;

	if (!err)
		return -(int)ERR_INTERNAL;
	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	n = strlen(err->msg);
	snprintf(err->msg + n, sizeof(err->msg) - n, ": %s", old);
	return -(int)err->code;
}

int error_at(struct error *err, const char *file, unsigned line, unsigned column)
{
	if (!err)
		return -(int)ERR_INTERNAL;
	if (!err->pos.file[0] && file) {
		snprintf(err->pos.file, sizeof(err->pos.file), "%s", file);
		err->pos.line = line;
		err->pos.column = column;
	}
	return -(int)err->code;
}

static const char *const names[ERR_COUNT_] = {
	[ERR_INVALID] = "invalid",     [ERR_NOT_FOUND] = "not-found",
	[ERR_EXISTS] = "exists",       [ERR_UNSUPPORTED] = "unsupported",
	[ERR_SYS] = "system",	       [ERR_NO_SPACE] = "no-space",
	[ERR_NETWORK] = "network",     [ERR_AUTH] = "auth",
	[ERR_LIMIT] = "limit",	       [ERR_TIMEOUT] = "timeout",
	[ERR_CANCELLED] = "cancelled", [ERR_CONFLICT] = "conflict",
	[ERR_CORRUPT] = "corrupt",     [ERR_CHILD] = "child",
	[ERR_INTERNAL] = "internal",
};

const char *err_code_name(enum err_code code)
{
	return code > 0 && code < ERR_COUNT_ ? names[code] : "none";
}

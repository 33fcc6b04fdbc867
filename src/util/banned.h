/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that this project does not use, because there is a safer one here: forced into every
 * file by the build. The name in the compiler's message says what to use instead.
 */
#ifndef UTIL_BANNED_H
#define UTIL_BANNED_H

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BANNED(f, use) banned_##f##_use_##use

#undef strcpy
#define strcpy(d, s) BANNED(strcpy, buf)
#undef strcat
#define strcat(d, s) BANNED(strcat, buf)
#undef strncpy
#define strncpy(d, s, n) BANNED(strncpy, snprintf)
#undef strncat
#define strncat(d, s, n) BANNED(strncat, buf)
#undef strtok
#define strtok(s, d) BANNED(strtok, str_cut)
#undef sprintf
#define sprintf(...) BANNED(sprintf, snprintf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf, vsnprintf)
#undef atoi
#define atoi(s) BANNED(atoi, num_parse)
#undef atol
#define atol(s) BANNED(atol, num_parse)
#undef atoll
#define atoll(s) BANNED(atoll, num_parse)
#undef atof
#define atof(s) BANNED(atof, num_parse)
#undef system
#define system(s) BANNED(system, child_spawn)
#undef popen
#define popen(s, m) BANNED(popen, child_spawn)
#undef alloca
#define alloca(n) BANNED(alloca, xnew)
#undef mktemp
#define mktemp(s) BANNED(mktemp, io_replace)
#undef tmpnam
#define tmpnam(s) BANNED(tmpnam, io_replace)
#undef gets
#define gets(s) BANNED(gets, fgets)

#endif

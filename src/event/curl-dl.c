/* SPDX-License-Identifier: Apache-2.0 */
#include "event/curl-dl.h"

#include <dlfcn.h>
#include <string.h>

static const struct {
	const char *name;
	size_t offset;
} functions[] = {
#define CURL_ROW(f) { "curl_" #f, offsetof(struct curl_api, f) },
	CURL_FUNCTIONS(CURL_ROW)
};

int curl_load(struct curl_api *ret, struct error *err)
{
	void *lib = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL), *f;
	struct curl_api api;

	if (!lib)
		return error_set(err, ERR_NOT_FOUND,
				 "libcurl can't be loaded (%s); on Debian: apt install libcurl4 "
				 "(libcurl4t64 from Debian 13 on)",
				 dlerror());
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		f = dlsym(lib, functions[i].name);
		if (!f)
			return error_set(err, ERR_UNSUPPORTED, "this libcurl has no %s",
					 functions[i].name);
		memcpy((char *)&api + functions[i].offset, &f, sizeof(f));
	}
	if (api.global_init(CURL_GLOBAL_DEFAULT))
		return error_set(err, ERR_INTERNAL, "libcurl does not start");
	*ret = api;
	return 0;
}

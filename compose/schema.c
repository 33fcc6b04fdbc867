/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/schema.h"

#include "compose/pass.h"

/* Forms, short enough for rows. */
enum {
	Z = FORM_NULL,
	B = FORM_BOOL,
	I = FORM_INT,
	N = FORM_NUMBER,
	S = FORM_STRING,
	L = FORM_LIST,
	M = FORM_MAP,
	BS = FORM_BOOL | FORM_STRING,
	IS = FORM_INT | FORM_STRING,
	NS = FORM_NUMBER | FORM_STRING,
	SL = FORM_STRING | FORM_LIST,
	LM = FORM_LIST | FORM_MAP,
};

#define ROW(n, k, f, ...)                                                \
	{                                                                \
		.name = (n), .kind = KIND_##k, .forms = (f), __VA_ARGS__ \
	}
#define TEXT(n, ...)   ROW(n, STRING, S, __VA_ARGS__)
#define LOCAL	       .engines = ENGINE_LOCAL
#define ELSEWHERE      .engines = 0 /* understood, and not done by an engine yet */
#define SWITCH(n, ...) ROW(n, BOOL, BS, .cast = CAST_BOOL, __VA_ARGS__)
/* Lists of strings, and what can be such a list of "key=value" or a map. */
#define STRINGS(n, fl, ...) ROW(n, STRINGS, L, .item = &string_item, .flags = (fl), __VA_ARGS__)
#define PAIRS(n, k, ...)                                                                \
	ROW(n, k, LM, .item = &string_item, .each = &scalar_each, .flags = ATTR_UNIQUE, \
	    .merge = merge_sequence, .unique = unique_key_value, __VA_ARGS__)
#define ULIMITS(n, of, ...) ROW(n, MAP, M, .each = &(of), .flags = ATTR_OPEN, __VA_ARGS__)
#define HOSTS(n, ...)                                                                     \
	ROW(n, HOSTS, LM, .item = &string_item, .each = &host_each, .flags = ATTR_UNIQUE, \
	    .merge = merge_hosts, __VA_ARGS__)
#define END       \
	{         \
		0 \
	}

static const struct attr string_item = ROW(NULL, STRING, S);
static const struct attr text_item = ROW(NULL, STRING, NS);
static const struct attr scalar_each = ROW(NULL, STRING, Z | B | N | S);
static const struct attr option_each = ROW(NULL, STRING, NS);
static const struct attr log_option_each = ROW(NULL, STRING, Z | NS);
static const struct attr any_each = ROW(NULL, STRING, FORM_ANY);
static const struct attr host_each = ROW(NULL, STRING, SL, .item = &string_item);

static const struct attr ulimit_rows[] = {
	ROW("soft", INT, IS, .cast = CAST_INT, .flags = ATTR_REQUIRED, LOCAL),
	ROW("hard", INT, IS, .cast = CAST_INT, .flags = ATTR_REQUIRED, LOCAL),
	END,
};
static const struct attr ulimit_each = ROW(NULL, ULIMIT, I | S | M, .members = ulimit_rows,
					   .cast = CAST_INT, .merge = merge_ulimit,
					   .shorten = short_ulimit, LOCAL);
/* Of a build, where a number in quotes is refused. */
static const struct attr build_ulimit_each = ROW(NULL, ULIMIT, I | M, .members = ulimit_rows,
						 .merge = merge_ulimit, .shorten = short_ulimit,
						 LOCAL);

static const struct attr mount_rows[] = {
	TEXT("source", LOCAL),
	TEXT("target", LOCAL),
	TEXT("uid", LOCAL),
	TEXT("gid", LOCAL),
	ROW("mode", MODE, NS, .flags = ATTR_POINTER, LOCAL),
	END,
};
static const struct attr config_item = ROW(NULL, OBJECT, S | M, .members = mount_rows,
					   .shorten = short_mount, LOCAL);
static const struct attr secret_item = ROW(NULL, OBJECT, S | M, .members = mount_rows,
					   .shorten = short_mount, .fill = fill_secret, LOCAL);

static const struct attr ssh_each = ROW(NULL, STRING, Z | B | N | S, .resolve = resolve_unix);
static const struct attr context_each = ROW(NULL, STRING, Z | B | N | S,
					    .resolve = resolve_context);
static const struct attr build_rows[] = {
	TEXT("context", .resolve = resolve_context, LOCAL),
	TEXT("dockerfile", LOCAL),
	TEXT("dockerfile_inline", LOCAL),
	STRINGS("entitlements", 0, LOCAL),
	PAIRS("args", ENVIRONMENT, LOCAL),
	ROW("provenance", STRING, BS, .shorten = short_text, LOCAL),
	ROW("sbom", STRING, BS, .shorten = short_text, LOCAL),
	ROW("ssh", SSH, LM, .item = &string_item, .each = &ssh_each, .flags = ATTR_UNIQUE,
	    .shorten = short_ssh, LOCAL),
	PAIRS("labels", LABELS, LOCAL),
	ROW("cache_from", WORDS, L, .item = &string_item, LOCAL),
	ROW("cache_to", WORDS, L, .item = &string_item, LOCAL),
	ROW("no_cache", BOOL, BS, LOCAL),
	ROW("additional_contexts", LABELS, LM, .item = &string_item, .each = &context_each,
	    .flags = ATTR_UNIQUE, .merge = merge_sequence, .unique = unique_key_value,
	    .shorten = short_key_value, LOCAL),
	ROW("pull", BOOL, BS, LOCAL),
	HOSTS("extra_hosts", LOCAL),
	TEXT("isolation", ELSEWHERE),
	TEXT("network", LOCAL),
	TEXT("target", LOCAL),
	ROW("secrets", LIST, L, .item = &config_item, LOCAL),
	ROW("shm_size", SIZE, IS, LOCAL),
	ROW("tags", WORDS, L, .item = &string_item, .unique = unique_key_value, LOCAL),
	ULIMITS("ulimits", build_ulimit_each, LOCAL),
	ROW("platforms", WORDS, L, .item = &string_item, LOCAL),
	ROW("privileged", BOOL, BS, LOCAL),
	END,
};

/* Hooks of a container, and the one that `watch` runs, which no engine needs to know of. */
#define HOOK_ROWS(on)                                                                           \
	ROW("command", COMMAND, Z | SL, .item = &string_item,                                   \
	    .flags = ATTR_REQUIRED | ATTR_JSON_NULL, on),                                       \
		TEXT("user", on), ROW("privileged", BOOL, BS, on), TEXT("working_dir", on),     \
		ROW("environment", ENVIRONMENT, LM, .item = &string_item, .each = &scalar_each, \
		    .flags = ATTR_UNIQUE, on),                                                  \
		END
static const struct attr hook_rows[] = { HOOK_ROWS(ELSEWHERE) };
static const struct attr watch_exec_rows[] = { HOOK_ROWS(LOCAL) };
static const struct attr hook_item = ROW(NULL, OBJECT, M, .members = hook_rows, ELSEWHERE);

static const char *const watch_actions[] = { "rebuild",	     "sync",	  "restart",
					     "sync+restart", "sync+exec", NULL };
static const struct attr watch_rows[] = {
	TEXT("path", .flags = ATTR_REQUIRED | ATTR_ALWAYS, .check = check_not_blank,
	     .resolve = resolve_watch, LOCAL),
	TEXT("action", .flags = ATTR_REQUIRED | ATTR_ALWAYS, .words = watch_actions, LOCAL),
	TEXT("target", LOCAL),
	ROW("exec", OBJECT, M, .members = watch_exec_rows, .flags = ATTR_VALUE | ATTR_JSON_EMPTY,
	    LOCAL),
	ROW("include", STRINGS, SL, .item = &string_item, .flags = ATTR_UNIQUE,
	    .shorten = short_list, LOCAL),
	ROW("ignore", STRINGS, SL, .item = &string_item, .flags = ATTR_UNIQUE,
	    .shorten = short_list, LOCAL),
	ROW("initial_sync", BOOL, B, LOCAL),
	END,
};
static const struct attr watch_item = ROW(NULL, OBJECT, M, .members = watch_rows, LOCAL);
static const struct attr develop_rows[] = {
	ROW("watch", LIST, L, .item = &watch_item, .engines = ENGINE_LOCAL),
	END,
};

static const struct attr weight_rows[] = {
	TEXT("path", .flags = ATTR_ALWAYS, .json = "Path", LOCAL),
	ROW("weight", UINT, IS, .flags = ATTR_ALWAYS, .json = "Weight", .max = 65535, LOCAL),
	END,
};
static const struct attr rate_rows[] = {
	TEXT("path", .flags = ATTR_ALWAYS, .json = "Path", LOCAL),
	ROW("rate", SIZE, IS, .flags = ATTR_ALWAYS, .json = "Rate", LOCAL),
	END,
};
static const struct attr weight_item = ROW(NULL, OBJECT, M, .members = weight_rows,
					   .flags = ATTR_NO_EXTRA, LOCAL);
static const struct attr rate_item = ROW(NULL, OBJECT, M, .members = rate_rows,
					 .flags = ATTR_NO_EXTRA, LOCAL);
static const struct attr blkio_rows[] = {
	ROW("weight", UINT, IS, .max = 65535, LOCAL),
	ROW("weight_device", LIST, L, .item = &weight_item, ELSEWHERE),
	ROW("device_read_bps", LIST, L, .item = &rate_item, ELSEWHERE),
	ROW("device_read_iops", LIST, L, .item = &rate_item, ELSEWHERE),
	ROW("device_write_bps", LIST, L, .item = &rate_item, ELSEWHERE),
	ROW("device_write_iops", LIST, L, .item = &rate_item, ELSEWHERE),
	END,
};

static const struct attr credential_rows[] = {
	TEXT("config", ELSEWHERE),
	TEXT("file", ELSEWHERE),
	TEXT("registry", ELSEWHERE),
	END,
};

static const char *const depend_conditions[] = { "service_started", "service_healthy",
						 "service_completed_successfully", NULL };
static const struct attr depend_rows[] = {
	TEXT("condition", .flags = ATTR_REQUIRED, .words = depend_conditions, LOCAL),
	ROW("restart", BOOL, BS, LOCAL),
	ROW("required", BOOL, B, .flags = ATTR_ALWAYS, LOCAL),
	END,
};
static const struct attr depend_each = ROW(NULL, OBJECT, M, .members = depend_rows, LOCAL);

static const char *const update_orders[] = { "start-first", "stop-first", NULL };
static const struct attr update_rows[] = {
	ROW("parallelism", UINT, IS, .cast = CAST_INT, .flags = ATTR_POINTER, ELSEWHERE),
	ROW("delay", SPAN, S, ELSEWHERE),
	TEXT("failure_action", ELSEWHERE),
	ROW("monitor", SPAN, S, ELSEWHERE),
	ROW("max_failure_ratio", FLOAT, NS, .cast = CAST_FLOAT, ELSEWHERE),
	TEXT("order", .words = update_orders, ELSEWHERE),
	END,
};
static const struct attr device_rows[] = {
	STRINGS("capabilities", ATTR_REQUIRED | ATTR_UNIQUE, ELSEWHERE),
	TEXT("driver", ELSEWHERE),
	ROW("count", COUNT, IS, ELSEWHERE),
	STRINGS("device_ids", ATTR_UNIQUE, ELSEWHERE),
	ROW("options", LABELS, LM, .item = &string_item, .each = &scalar_each, .flags = ATTR_UNIQUE,
	    ELSEWHERE),
	END,
};
/* `gpus` lets through what `devices` doesn't. */
static const struct attr gpu_rows[] = {
	STRINGS("capabilities", ATTR_UNIQUE, ELSEWHERE),
	TEXT("driver", ELSEWHERE),
	ROW("count", COUNT, IS, ELSEWHERE),
	STRINGS("device_ids", ATTR_UNIQUE, ELSEWHERE),
	ROW("options", LABELS, LM, .item = &string_item, .each = &scalar_each, .flags = ATTR_UNIQUE,
	    ELSEWHERE),
	END,
};
static const struct attr device_item = ROW(NULL, OBJECT, M, .members = device_rows,
					   .fill = fill_device_request,
					   .check = check_device_request, ELSEWHERE);
static const struct attr gpu_item = ROW(NULL, OBJECT, M, .members = gpu_rows, .flags = ATTR_OPEN,
					.fill = fill_device_request, .check = check_device_request,
					ELSEWHERE);
static const struct attr discrete_rows[] = {
	TEXT("kind", .flags = ATTR_ALWAYS, ELSEWHERE),
	ROW("value", INT, NS, .flags = ATTR_ALWAYS, ELSEWHERE),
	END,
};
static const struct attr generic_rows[] = {
	ROW("discrete_resource_spec", OBJECT, M, .members = discrete_rows, ELSEWHERE),
	END,
};
static const struct attr generic_item = ROW(NULL, OBJECT, M, .members = generic_rows, ELSEWHERE);
static const struct attr limit_rows[] = {
	ROW("cpus", CPUS, NS, LOCAL),
	ROW("memory", SIZE, S, LOCAL),
	ROW("pids", INT, IS, LOCAL),
	END,
};
static const struct attr reservation_rows[] = {
	ROW("cpus", CPUS, NS, LOCAL),
	ROW("memory", SIZE, S, LOCAL),
	ROW("devices", LIST, L, .item = &device_item, ELSEWHERE),
	ROW("generic_resources", LIST, L, .item = &generic_item, ELSEWHERE),
	END,
};
static const struct attr resource_rows[] = {
	ROW("limits", OBJECT, M, .members = limit_rows, LOCAL),
	ROW("reservations", OBJECT, M, .members = reservation_rows, LOCAL),
	END,
};
static const struct attr restart_rows[] = {
	TEXT("condition", LOCAL),
	ROW("delay", SPAN, S, .flags = ATTR_POINTER, ELSEWHERE),
	ROW("max_attempts", UINT, IS, .cast = CAST_INT, .flags = ATTR_POINTER, LOCAL),
	ROW("window", SPAN, S, .flags = ATTR_POINTER, ELSEWHERE),
	END,
};
static const struct attr preference_rows[] = {
	TEXT("spread", ELSEWHERE),
	END,
};
static const struct attr preference_item = ROW(NULL, OBJECT, M, .members = preference_rows,
					       ELSEWHERE);
static const struct attr placement_rows[] = {
	STRINGS("constraints", 0, ELSEWHERE),
	ROW("preferences", LIST, L, .item = &preference_item, ELSEWHERE),
	ROW("max_replicas_per_node", UINT, IS, .cast = CAST_INT, ELSEWHERE),
	END,
};
static const struct attr deploy_rows[] = {
	TEXT("mode", LOCAL),
	ROW("replicas", INT, IS, .cast = CAST_INT, .flags = ATTR_POINTER, LOCAL),
	PAIRS("labels", LABELS, LOCAL),
	ROW("update_config", OBJECT, M, .members = update_rows, ELSEWHERE),
	ROW("rollback_config", OBJECT, M, .members = update_rows, ELSEWHERE),
	ROW("resources", OBJECT, M, .members = resource_rows, .flags = ATTR_VALUE | ATTR_JSON_EMPTY,
	    LOCAL),
	ROW("restart_policy", OBJECT, M, .members = restart_rows, LOCAL),
	ROW("placement", OBJECT, M, .members = placement_rows,
	    .flags = ATTR_VALUE | ATTR_JSON_EMPTY, ELSEWHERE),
	TEXT("endpoint_mode", ELSEWHERE),
	END,
};

static const struct attr mapping_rows[] = {
	TEXT("source", .flags = ATTR_REQUIRED, LOCAL),
	TEXT("target", LOCAL),
	TEXT("permissions", LOCAL),
	END,
};
static const struct attr mapping_item = ROW(NULL, OBJECT, S | M, .members = mapping_rows,
					    .shorten = short_device, LOCAL);

static const struct attr provider_value_item = ROW(NULL, STRING, B | N | S);
static const struct attr provider_each = ROW(NULL, STRING, B | N | SL,
					     .item = &provider_value_item);
static const struct attr provider_rows[] = {
	TEXT("type", .flags = ATTR_REQUIRED, ELSEWHERE),
	ROW("options", MULTI, M, .each = &provider_each, ELSEWHERE),
	END,
};

static const struct attr env_file_rows[] = {
	TEXT("path", .flags = ATTR_REQUIRED, .resolve = resolve_path, LOCAL),
	ROW("required", BOOL, BS, .flags = ATTR_ALWAYS, LOCAL),
	TEXT("format", LOCAL),
	END,
};
static const struct attr env_file_item = ROW(NULL, OBJECT, S | M, .members = env_file_rows,
					     .flags = ATTR_NO_EXTRA, LOCAL);
static const struct attr label_file_item = ROW(NULL, STRING, S, .resolve = resolve_path);

static const struct attr extends_rows[] = {
	TEXT("file", .resolve = resolve_extends, LOCAL),
	TEXT("service", .flags = ATTR_REQUIRED, LOCAL),
	END,
};

static const struct attr health_rows[] = {
	ROW("test", TEST, SL, .item = &string_item, .merge = merge_replace, LOCAL),
	ROW("timeout", SPAN, S, .flags = ATTR_POINTER, LOCAL),
	ROW("interval", SPAN, S, .flags = ATTR_POINTER, LOCAL),
	ROW("retries", UINT, NS, .cast = CAST_INT, .flags = ATTR_POINTER, LOCAL),
	ROW("start_period", SPAN, S, .flags = ATTR_POINTER, LOCAL),
	ROW("start_interval", SPAN, S, .flags = ATTR_POINTER, LOCAL),
	SWITCH("disable", LOCAL),
	END,
};

static const struct attr logging_rows[] = {
	TEXT("driver", LOCAL),
	ROW("options", OPTIONS, M, .each = &log_option_each, .flags = ATTR_OPEN, LOCAL),
	END,
};

static const struct attr service_model_rows[] = {
	TEXT("endpoint_var", ELSEWHERE),
	TEXT("model_var", ELSEWHERE),
	END,
};
static const struct attr service_model_each = ROW(NULL, OBJECT, Z | M,
						  .members = service_model_rows, ELSEWHERE);

static const struct attr attachment_rows[] = {
	STRINGS("aliases", ATTR_UNIQUE, .unique = unique_key_value, LOCAL),
	ROW("driver_opts", OPTIONS, M, .each = &option_each, .flags = ATTR_OPEN, LOCAL),
	ROW("gw_priority", INT, N, LOCAL),
	TEXT("interface_name", LOCAL),
	TEXT("ipv4_address", LOCAL),
	TEXT("ipv6_address", LOCAL),
	STRINGS("link_local_ips", ATTR_UNIQUE, .unique = unique_key_value, LOCAL),
	TEXT("mac_address", LOCAL),
	ROW("priority", INT, N, LOCAL),
	END,
};
static const struct attr attachment_each = ROW(NULL, OBJECT, Z | M, .members = attachment_rows,
					       LOCAL);

static const struct attr port_rows[] = {
	TEXT("name", LOCAL),
	TEXT("mode", LOCAL),
	TEXT("host_ip", LOCAL),
	ROW("target", UINT, IS, .cast = CAST_INT, .max = UINT32_MAX, LOCAL),
	ROW("published", STRING, IS, LOCAL),
	TEXT("protocol", LOCAL),
	TEXT("app_protocol", LOCAL),
	END,
};
static const struct attr port_item = ROW(NULL, OBJECT, NS | M, .members = port_rows,
					 .fill = fill_port, .check = check_host_ip, LOCAL);

static const char *const mount_types[] = { "bind",  "volume", "tmpfs", "cluster",
					   "npipe", "image",  NULL };
static const char *const recursions[] = { "enabled", "disabled", "writable", "readonly", NULL };
static const char *const selinux_labels[] = { "z", "Z", NULL };
static const struct attr bind_rows[] = {
	TEXT("selinux", .words = selinux_labels, LOCAL),
	TEXT("propagation", LOCAL),
	ROW("create_host_path", BOOL, BS, LOCAL),
	TEXT("recursive", .words = recursions, ELSEWHERE),
	END,
};
static const struct attr volume_option_rows[] = {
	PAIRS("labels", LABELS, ELSEWHERE),
	SWITCH("nocopy", LOCAL),
	TEXT("subpath", LOCAL),
	END,
};
static const struct attr tmpfs_rows[] = {
	ROW("size", SIZE, IS, LOCAL),
	ROW("mode", UINT, NS, .max = UINT32_MAX, LOCAL),
	END,
};
static const struct attr image_rows[] = {
	TEXT("subpath", ELSEWHERE),
	END,
};
static const struct attr service_volume_rows[] = {
	TEXT("type", .flags = ATTR_REQUIRED, .words = mount_types, LOCAL),
	TEXT("source", LOCAL),
	TEXT("target", LOCAL),
	SWITCH("read_only", LOCAL),
	TEXT("consistency", LOCAL),
	ROW("bind", OBJECT, M, .members = bind_rows, LOCAL),
	ROW("volume", OBJECT, M, .members = volume_option_rows, LOCAL),
	ROW("tmpfs", OBJECT, M, .members = tmpfs_rows, LOCAL),
	ROW("image", OBJECT, M, .members = image_rows, ELSEWHERE),
	END,
};
static const struct attr service_volume_item = ROW(
	NULL, OBJECT, S | M, .members = service_volume_rows, .shorten = short_volume,
	.resolve = resolve_mount, LOCAL);

static const char *const cgroup_words[] = { "host", "private", NULL };
static const char *const gpu_words[] = { "all", NULL };

static const struct attr service_rows[] = {
	STRINGS("profiles", ATTR_UNIQUE, .unique = unique_key_value, LOCAL),
	PAIRS("annotations", LABELS, LOCAL),
	ROW("attach", BOOL, BS, .flags = ATTR_POINTER, LOCAL),
	ROW("build", OBJECT, S | M, .members = build_rows, .section = "build", .merge = merge_build,
	    .shorten = short_build, .fill = fill_build, LOCAL),
	ROW("develop", OBJECT, Z | M, .members = develop_rows, .section = "develop", LOCAL),
	ROW("blkio_config", OBJECT, M, .members = blkio_rows, .flags = ATTR_NO_EXTRA, LOCAL),
	STRINGS("cap_add", ATTR_UNIQUE, .unique = unique_key_value, LOCAL),
	STRINGS("cap_drop", ATTR_UNIQUE, .unique = unique_key_value, LOCAL),
	TEXT("cgroup_parent", LOCAL),
	TEXT("cgroup", .words = cgroup_words, LOCAL),
	ROW("cpu_count", INT, IS, .cast = CAST_INT64, .ranged = true, .max = INT64_MAX, ELSEWHERE),
	ROW("cpu_percent", FLOAT, IS, .cast = CAST_FLOAT, .ranged = true, .max = 100, ELSEWHERE),
	ROW("cpu_period", INT, NS, .cast = CAST_INT64, LOCAL),
	ROW("cpu_quota", INT, NS, .cast = CAST_INT64, LOCAL),
	ROW("cpu_rt_period", INT, NS, .cast = CAST_INT64, LOCAL),
	ROW("cpu_rt_runtime", INT, NS, .cast = CAST_INT64, LOCAL),
	ROW("cpus", FLOAT, NS, .cast = CAST_FLOAT32, LOCAL),
	TEXT("cpuset", LOCAL),
	ROW("cpu_shares", INT, NS, .cast = CAST_INT64, LOCAL),
	ROW("command", COMMAND, Z | SL, .item = &string_item, .flags = ATTR_JSON_NULL,
	    .merge = merge_replace, LOCAL),
	ROW("configs", LIST, L, .item = &config_item, .unique = unique_config, LOCAL),
	TEXT("container_name", .pattern = looks_container_name,
	     .pattern_text = "[a-zA-Z0-9][a-zA-Z0-9_.-]+", LOCAL),
	ROW("credential_spec", OBJECT, M, .members = credential_rows, ELSEWHERE),
	ROW("depends_on", MAP, LM, .item = &string_item, .each = &depend_each,
	    .flags = ATTR_UNIQUE | ATTR_NAME, .merge = merge_depends_on,
	    .shorten = short_depends_on, LOCAL),
	ROW("deploy", OBJECT, Z | M, .members = deploy_rows, .section = "deploy", LOCAL),
	STRINGS("device_cgroup_rules", ATTR_UNIQUE, LOCAL),
	ROW("devices", LIST, L, .item = &mapping_item, .unique = unique_device, LOCAL),
	ROW("dns", WORDS, SL, .item = &string_item, .flags = ATTR_UNIQUE, .merge = merge_sequence,
	    .unique = unique_key_value, .shorten = short_dns, LOCAL),
	STRINGS("dns_opt", ATTR_UNIQUE, .merge = merge_sequence, .unique = unique_key_value, LOCAL),
	ROW("dns_search", WORDS, SL, .item = &string_item, .flags = ATTR_UNIQUE,
	    .merge = merge_sequence, .unique = unique_key_value, LOCAL),
	TEXT("domainname", LOCAL),
	ROW("entrypoint", COMMAND, Z | SL, .item = &string_item, .flags = ATTR_JSON_NULL,
	    .merge = merge_replace, LOCAL),
	ROW("provider", OBJECT, M, .members = provider_rows, ELSEWHERE),
	PAIRS("environment", ENVIRONMENT, LOCAL),
	ROW("env_file", LIST, SL, .item = &env_file_item, .merge = merge_sequence,
	    .unique = unique_env_file, .shorten = short_env_file, LOCAL),
	ROW("expose", TEXTS, L, .item = &text_item, .flags = ATTR_UNIQUE, .unique = unique_text,
	    LOCAL),
	ROW("extends", OBJECT, S | M, .members = extends_rows, .flags = ATTR_NO_EXTRA,
	    .shorten = short_extends, LOCAL),
	STRINGS("external_links", ATTR_UNIQUE, ELSEWHERE),
	HOSTS("extra_hosts", LOCAL),
	ROW("group_add", STRINGS, L, .item = &text_item, .flags = ATTR_UNIQUE, LOCAL),
	ROW("gpus", LIST, SL, .item = &gpu_item, .words = gpu_words, .shorten = short_gpus,
	    ELSEWHERE),
	TEXT("hostname", LOCAL),
	ROW("healthcheck", OBJECT, M, .members = health_rows, LOCAL),
	TEXT("image", LOCAL),
	SWITCH("init", .flags = ATTR_POINTER, LOCAL),
	TEXT("ipc", LOCAL),
	TEXT("isolation", LOCAL),
	PAIRS("labels", LABELS, LOCAL),
	ROW("label_file", STRINGS, SL, .item = &label_file_item, .merge = merge_sequence,
	    .shorten = short_list, LOCAL),
	STRINGS("links", ATTR_UNIQUE, .unique = unique_key_value, LOCAL),
	ROW("logging", OBJECT, M, .members = logging_rows, .merge = merge_logging, LOCAL),
	ROW("mem_limit", SIZE, NS, LOCAL),
	ROW("mem_reservation", SIZE, IS, LOCAL),
	ROW("memswap_limit", SIZE, NS, LOCAL),
	ROW("mem_swappiness", SIZE, IS, LOCAL),
	TEXT("mac_address", LOCAL),
	ROW("models", MAP, LM, .item = &string_item, .each = &service_model_each,
	    .flags = ATTR_UNIQUE | ATTR_OPEN | ATTR_NULL_KEPT, .merge = merge_keys,
	    .shorten = short_keys, ELSEWHERE),
	TEXT("network_mode", LOCAL),
	ROW("networks", MAP, LM, .item = &string_item, .each = &attachment_each,
	    .flags = ATTR_UNIQUE | ATTR_NAME | ATTR_NULL_KEPT | ATTR_X_LOST, .merge = merge_keys,
	    .shorten = short_keys, LOCAL),
	SWITCH("oom_kill_disable", LOCAL),
	ROW("oom_score_adj", INT, IS, .cast = CAST_INT64, .ranged = true, .min = -1000, .max = 1000,
	    LOCAL),
	ROW("pid", STRING, Z | S, LOCAL),
	ROW("pids_limit", INT, NS, .cast = CAST_INT64, LOCAL),
	TEXT("platform", LOCAL),
	ROW("ports", LIST, L, .item = &port_item, .flags = ATTR_UNIQUE, .unique = unique_port,
	    .shorten = short_ports, LOCAL),
	SWITCH("privileged", LOCAL),
	TEXT("pull_policy", .pattern = looks_pull_policy,
	     .pattern_text = "always|never|build|if_not_present|missing|refresh|daily|weekly|"
			     "every_([0-9]+[wdhms])+",
	     LOCAL),
	ROW("pull_refresh_after", STRING, S, .flags = ATTR_NOT_OURS, ELSEWHERE),
	SWITCH("read_only", LOCAL),
	TEXT("restart", LOCAL),
	TEXT("runtime", ELSEWHERE),
	ROW("scale", INT, IS, .cast = CAST_INT, .flags = ATTR_POINTER, LOCAL),
	ROW("secrets", LIST, L, .item = &secret_item, .unique = unique_secret, LOCAL),
	STRINGS("security_opt", ATTR_UNIQUE, LOCAL),
	ROW("shm_size", SIZE, NS, LOCAL),
	SWITCH("stdin_open", LOCAL),
	ROW("stop_grace_period", SPAN, S, .flags = ATTR_POINTER, LOCAL),
	TEXT("stop_signal", LOCAL),
	ROW("storage_opt", STRMAP, M, .each = &any_each, .flags = ATTR_OPEN, LOCAL),
	PAIRS("sysctls", LABELS, LOCAL),
	ROW("tmpfs", WORDS, SL, .item = &string_item, .flags = ATTR_UNIQUE, .merge = merge_sequence,
	    .unique = unique_key_value, LOCAL),
	SWITCH("tty", LOCAL),
	ULIMITS("ulimits", ulimit_each, LOCAL),
	ROW("use_api_socket", BOOL, B, ELSEWHERE),
	TEXT("user", LOCAL),
	TEXT("userns_mode", LOCAL),
	TEXT("uts", LOCAL),
	ROW("volumes", LIST, L, .item = &service_volume_item, .flags = ATTR_UNIQUE,
	    .unique = unique_volume, LOCAL),
	STRINGS("volumes_from", ATTR_UNIQUE, LOCAL),
	TEXT("working_dir", LOCAL),
	ROW("post_start", LIST, L, .item = &hook_item, ELSEWHERE),
	ROW("pre_stop", LIST, L, .item = &hook_item, ELSEWHERE),
	END,
};

static const struct attr external_rows[] = {
	TEXT("name", LOCAL),
	END,
};
#define EXTERNAL(fl)                                                                              \
	ROW("external", BOOL, BS | M, .cast = CAST_BOOL, .members = external_rows, .flags = (fl), \
	    LOCAL)

static const struct attr pool_rows[] = {
	TEXT("subnet", LOCAL),
	TEXT("gateway", LOCAL),
	TEXT("ip_range", LOCAL),
	ROW("aux_addresses", LABELS, M, .each = &string_item, LOCAL),
	END,
};
static const struct attr pool_item = ROW(NULL, OBJECT, M, .members = pool_rows, LOCAL);
static const struct attr ipam_rows[] = {
	TEXT("driver", LOCAL),
	ROW("config", LIST, L, .item = &pool_item, .merge = merge_ipam, LOCAL),
	ROW("options", OPTIONS, M, .each = &string_item, .flags = ATTR_NOT_OURS, LOCAL),
	END,
};
static const struct attr network_rows[] = {
	TEXT("name", LOCAL),
	TEXT("driver", LOCAL),
	ROW("driver_opts", OPTIONS, M, .each = &option_each, .flags = ATTR_OPEN, LOCAL),
	ROW("ipam", OBJECT, M, .members = ipam_rows, .flags = ATTR_VALUE | ATTR_JSON_EMPTY, LOCAL),
	EXTERNAL(0),
	SWITCH("internal", LOCAL),
	SWITCH("attachable", LOCAL),
	PAIRS("labels", LABELS, LOCAL),
	SWITCH("enable_ipv4", .flags = ATTR_POINTER, LOCAL),
	SWITCH("enable_ipv6", .flags = ATTR_POINTER, LOCAL),
	END,
};
static const struct attr volume_rows[] = {
	TEXT("name", LOCAL),
	TEXT("driver", LOCAL),
	ROW("driver_opts", OPTIONS, M, .each = &option_each, .flags = ATTR_OPEN, LOCAL),
	EXTERNAL(0),
	PAIRS("labels", LABELS, LOCAL),
	END,
};
static const struct attr secret_rows[] = {
	TEXT("name", LOCAL),
	TEXT("file", .resolve = resolve_unix, LOCAL),
	TEXT("environment", LOCAL),
	EXTERNAL(ATTR_OPEN),
	ROW("labels", LABELS, LM, .item = &string_item, .each = &scalar_each, .flags = ATTR_UNIQUE,
	    LOCAL),
	TEXT("driver", ELSEWHERE),
	ROW("driver_opts", STRMAP, M, .each = &option_each, .flags = ATTR_OPEN, ELSEWHERE),
	TEXT("template_driver", ELSEWHERE),
	END,
};
static const struct attr config_rows[] = {
	TEXT("name", LOCAL),
	TEXT("file", .resolve = resolve_unix, LOCAL),
	TEXT("environment", LOCAL),
	TEXT("content", LOCAL),
	EXTERNAL(ATTR_OPEN),
	ROW("labels", LABELS, LM, .item = &string_item, .each = &scalar_each, .flags = ATTR_UNIQUE,
	    LOCAL),
	TEXT("template_driver", ELSEWHERE),
	END,
};
static const struct attr model_rows[] = {
	TEXT("name", ELSEWHERE),
	TEXT("model", .flags = ATTR_REQUIRED, ELSEWHERE),
	ROW("context_size", INT, I, ELSEWHERE),
	STRINGS("runtime_flags", 0, ELSEWHERE),
	END,
};

const struct attr schema_service = ROW(NULL, OBJECT, M, .members = service_rows,
				       .section = "services", LOCAL);
const struct attr schema_network = ROW(NULL, OBJECT, Z | M, .members = network_rows,
				       .section = "networks", .shorten = short_external, LOCAL);
const struct attr schema_volume = ROW(NULL, OBJECT, Z | M, .members = volume_rows,
				      .section = "volumes", .shorten = short_external,
				      .check = check_external, .resolve = resolve_volume, LOCAL);
static const struct attr secret_each = ROW(NULL, OBJECT, M, .members = secret_rows,
					   .section = "secrets", .shorten = short_external,
					   .check = check_secret_source, LOCAL);
static const struct attr config_each = ROW(NULL, OBJECT, M, .members = config_rows,
					   .section = "configs", .shorten = short_external,
					   .check = check_config_source, LOCAL);
static const struct attr model_each = ROW(NULL, OBJECT, M, .members = model_rows,
					  .section = "models", ELSEWHERE);

static const struct attr include_rows[] = {
	ROW("path", WORDS, SL, .item = &string_item, LOCAL),
	ROW("env_file", WORDS, SL, .item = &string_item, LOCAL),
	TEXT("project_directory", LOCAL),
	END,
};
static const struct attr include_item = ROW(NULL, OBJECT, S | M, .members = include_rows,
					    .flags = ATTR_NO_EXTRA, LOCAL);

static const struct attr root_rows[] = {
	ROW("version", STRING, S, .flags = ATTR_NOT_OURS, LOCAL),
	TEXT("name", LOCAL),
	ROW("include", LIST, L, .item = &include_item, .flags = ATTR_NOT_OURS, LOCAL),
	ROW("services", MAP, M, .each = &schema_service, .flags = ATTR_NAME | ATTR_ALWAYS, LOCAL),
	ROW("networks", MAP, M, .each = &schema_network, .flags = ATTR_OPEN, LOCAL),
	ROW("volumes", MAP, M, .each = &schema_volume, .flags = ATTR_NAME, LOCAL),
	ROW("secrets", MAP, M, .each = &secret_each, .flags = ATTR_NAME, LOCAL),
	ROW("configs", MAP, M, .each = &config_each, .flags = ATTR_NAME, LOCAL),
	ROW("models", MAP, M, .each = &model_each, .flags = ATTR_OPEN | ATTR_NO_JSON, ELSEWHERE),
	END,
};
const struct attr schema_root = ROW(NULL, OBJECT, M, .members = root_rows, LOCAL);

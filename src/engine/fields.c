/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fields.h"

#define S struct container_spec

static const struct json_field mount_fields[] = {
	JSON_FIELD(struct mount_spec, JSON_I32, type, "type", 0),
	JSON_FIELD(struct mount_spec, JSON_STR, source, "source", 0),
	JSON_FIELD(struct mount_spec, JSON_STR, target, "target", 0),
	JSON_FIELD(struct mount_spec, JSON_FLAG, read_only, "read_only", 0),
	JSON_FIELD(struct mount_spec, JSON_FLAG, create_host_path, "create_host_path", 0),
	JSON_FIELD(struct mount_spec, JSON_STR, propagation, "propagation", 0),
	JSON_FIELD(struct mount_spec, JSON_FLAG, volume_nocopy, "volume_nocopy", 0),
	JSON_FIELD(struct mount_spec, JSON_STR, volume_subpath, "volume_subpath", 0),
	JSON_FIELD(struct mount_spec, JSON_U64, tmpfs_size, "tmpfs_size", 0),
	JSON_FIELD(struct mount_spec, JSON_I32, tmpfs_mode, "tmpfs_mode", 0),
	{ 0 },
};

/* The content of a file is bytes, no text: whoever uses this table takes care of it. */
static const struct json_field file_fields[] = {
	JSON_FIELD(struct file_spec, JSON_STR, target, "target", 0),
	JSON_FIELD(struct file_spec, JSON_STR, source, "source", 0),
	JSON_FIELD(struct file_spec, JSON_I32, uid, "uid", 0),
	JSON_FIELD(struct file_spec, JSON_I32, gid, "gid", 0),
	JSON_FIELD(struct file_spec, JSON_I32, mode, "mode", 0),
	{ 0 },
};

static const struct json_field port_fields[] = {
	JSON_FIELD(struct port_spec, JSON_STR, host_ip, "host_ip", 0),
	JSON_FIELD(struct port_spec, JSON_I32, host_port, "host_port", 0),
	JSON_FIELD(struct port_spec, JSON_I32, host_port_end, "host_port_end", 0),
	JSON_FIELD(struct port_spec, JSON_I32, port, "port", 0),
	JSON_FIELD(struct port_spec, JSON_STR, protocol, "protocol", 0),
	{ 0 },
};

static const struct json_field attach_fields[] = {
	JSON_FIELD(struct network_attach, JSON_STR, network, "network", 0),
	JSON_FIELD(struct network_attach, JSON_STRV, aliases, "aliases", 0),
	JSON_FIELD(struct network_attach, JSON_STR, ipv4, "ipv4", 0),
	JSON_FIELD(struct network_attach, JSON_STR, ipv6, "ipv6", 0),
	JSON_FIELD(struct network_attach, JSON_STR, mac, "mac", 0),
	JSON_FIELD(struct network_attach, JSON_STRV, link_local_ips, "link_local_ips", 0),
	JSON_FIELD(struct network_attach, JSON_I64, priority, "priority", 0),
	JSON_FIELD(struct network_attach, JSON_I64, gw_priority, "gw_priority", 0),
	JSON_FIELD(struct network_attach, JSON_STR, interface_name, "interface_name", 0),
	JSON_FIELD(struct network_attach, JSON_STRMAP, driver_opts, "driver_opts", 0),
	{ 0 },
};

static const struct json_field device_fields[] = {
	JSON_FIELD(struct device_spec, JSON_STR, host, "host", 0),
	JSON_FIELD(struct device_spec, JSON_STR, container, "container", 0),
	JSON_FIELD(struct device_spec, JSON_STR, permissions, "permissions", 0),
	{ 0 },
};

static const struct json_field ulimit_fields[] = {
	JSON_FIELD(struct ulimit_spec, JSON_STR, name, "name", 0),
	JSON_FIELD(struct ulimit_spec, JSON_I64, soft, "soft", 0),
	JSON_FIELD(struct ulimit_spec, JSON_I64, hard, "hard", 0),
	{ 0 },
};

static const struct json_field resource_fields[] = {
	JSON_FIELD(struct resources, JSON_DOUBLE, cpus, "cpus", 0),
	JSON_FIELD(struct resources, JSON_I64, cpu_shares, "cpu_shares", 0),
	JSON_FIELD(struct resources, JSON_I64, cpu_period, "cpu_period", 0),
	JSON_FIELD(struct resources, JSON_I64, cpu_quota, "cpu_quota", 0),
	JSON_FIELD(struct resources, JSON_I64, cpu_rt_period, "cpu_rt_period", 0),
	JSON_FIELD(struct resources, JSON_I64, cpu_rt_runtime, "cpu_rt_runtime", 0),
	JSON_FIELD(struct resources, JSON_STR, cpuset, "cpuset", 0),
	JSON_FIELD(struct resources, JSON_STR, cpuset_mems, "cpuset_mems", 0),
	JSON_FIELD(struct resources, JSON_I64, memory, "memory", 0),
	JSON_FIELD(struct resources, JSON_I64, memory_reservation, "memory_reservation", 0),
	JSON_FIELD(struct resources, JSON_I64, memory_swap, "memory_swap", 0),
	JSON_FIELD(struct resources, JSON_I64, memory_swappiness, "memory_swappiness", 0),
	JSON_FIELD(struct resources, JSON_I64, pids, "pids", 0),
	JSON_FIELD(struct resources, JSON_I64, blkio_weight, "blkio_weight", 0),
	JSON_FIELD(struct resources, JSON_FLAG, oom_kill_disable, "oom_kill_disable", 0),
	JSON_FIELD(struct resources, JSON_I64, oom_score_adj, "oom_score_adj", 0),
	{ 0 },
};

static const struct json_field healthcheck_fields[] = {
	JSON_FIELD(struct healthcheck, JSON_STRV, test, "test", 0),
	JSON_FIELD(struct healthcheck, JSON_I64, interval, "interval", 0),
	JSON_FIELD(struct healthcheck, JSON_I64, timeout, "timeout", 0),
	JSON_FIELD(struct healthcheck, JSON_I64, start_period, "start_period", 0),
	JSON_FIELD(struct healthcheck, JSON_I64, start_interval, "start_interval", 0),
	JSON_FIELD(struct healthcheck, JSON_I64, retries, "retries", 0),
	{ 0 },
};

const struct json_field container_spec_fields[] = {
	JSON_FIELD(S, JSON_STR, name, "name", 0),
	JSON_FIELD(S, JSON_STR, image, "image", 0),
	JSON_FIELD(S, JSON_STR, image_id, "image_id", 0),
	JSON_FIELD(S, JSON_STRMAP, labels, "labels", 0),
	JSON_FIELD(S, JSON_FLAG, has_command, "has_command", 0),
	JSON_FIELD(S, JSON_FLAG, has_entrypoint, "has_entrypoint", 0),
	JSON_FIELD(S, JSON_STRV, command, "command", 0),
	JSON_FIELD(S, JSON_STRV, entrypoint, "entrypoint", 0),
	JSON_FIELD(S, JSON_STRV, env, "env", 0),
	JSON_FIELD(S, JSON_STR, user, "user", 0),
	JSON_FIELD(S, JSON_STR, working_dir, "working_dir", 0),
	JSON_FIELD(S, JSON_STRV, group_add, "group_add", 0),
	JSON_FIELD(S, JSON_STR, hostname, "hostname", 0),
	JSON_FIELD(S, JSON_STR, domainname, "domainname", 0),
	JSON_FIELD(S, JSON_FLAG, tty, "tty", 0),
	JSON_FIELD(S, JSON_FLAG, stdin_open, "stdin_open", 0),
	JSON_FIELD(S, JSON_FLAG, init, "init", 0),
	JSON_FIELD(S, JSON_FLAG, read_only, "read_only", 0),
	JSON_FIELD(S, JSON_FLAG, privileged, "privileged", 0),
	JSON_FIELD(S, JSON_STR, stop_signal, "stop_signal", 0),
	JSON_FIELD(S, JSON_I64, stop_timeout, "stop_timeout", 0),
	JSON_FIELD(S, JSON_I32, restart, "restart", 0),
	JSON_FIELD(S, JSON_I32, restart_max, "restart_max", 0),
	JSON_SUB(S, JSON_STRUCT_P, healthcheck, "healthcheck", 0, healthcheck_fields,
		 struct healthcheck),
	JSON_FIELD(S, JSON_FLAG, auto_remove, "auto_remove", 0),
	JSON_SUB(S, JSON_LIST, mounts, "mounts", 0, mount_fields, struct mount_spec),
	JSON_SUB(S, JSON_LIST, files, "files", 0, file_fields, struct file_spec),
	JSON_FIELD(S, JSON_STRV, volumes_from, "volumes_from", 0),
	JSON_SUB(S, JSON_LIST, devices, "devices", 0, device_fields, struct device_spec),
	JSON_FIELD(S, JSON_STRV, device_cgroup_rules, "device_cgroup_rules", 0),
	JSON_FIELD(S, JSON_STRV, tmpfs, "tmpfs", 0),
	JSON_FIELD(S, JSON_U64, shm_size, "shm_size", 0),
	JSON_FIELD(S, JSON_STR, network_mode, "network_mode", 0),
	JSON_SUB(S, JSON_LIST, networks, "networks", 0, attach_fields, struct network_attach),
	JSON_SUB(S, JSON_LIST, ports, "ports", 0, port_fields, struct port_spec),
	JSON_FIELD(S, JSON_STRV, expose, "expose", 0),
	JSON_FIELD(S, JSON_STRV, extra_hosts, "extra_hosts", 0),
	JSON_FIELD(S, JSON_STRV, dns, "dns", 0),
	JSON_FIELD(S, JSON_STRV, dns_search, "dns_search", 0),
	JSON_FIELD(S, JSON_STRV, dns_opt, "dns_opt", 0),
	JSON_FIELD(S, JSON_STR, mac_address, "mac_address", 0),
	JSON_FIELD(S, JSON_STRV, cap_add, "cap_add", 0),
	JSON_FIELD(S, JSON_STRV, cap_drop, "cap_drop", 0),
	JSON_FIELD(S, JSON_STRV, security_opt, "security_opt", 0),
	JSON_FIELD(S, JSON_STRMAP, sysctls, "sysctls", 0),
	JSON_SUB(S, JSON_LIST, ulimits, "ulimits", 0, ulimit_fields, struct ulimit_spec),
	JSON_SUB(S, JSON_STRUCT, resources, "resources", 0, resource_fields, struct resources),
	JSON_FIELD(S, JSON_STR, ipc, "ipc", 0),
	JSON_FIELD(S, JSON_STR, pid, "pid", 0),
	JSON_FIELD(S, JSON_STR, uts, "uts", 0),
	JSON_FIELD(S, JSON_STR, userns, "userns", 0),
	JSON_FIELD(S, JSON_STR, cgroup, "cgroup", 0),
	JSON_FIELD(S, JSON_STR, cgroup_parent, "cgroup_parent", 0),
	JSON_FIELD(S, JSON_STR, runtime, "runtime", 0),
	JSON_FIELD(S, JSON_STR, isolation, "isolation", 0),
	JSON_FIELD(S, JSON_STR, platform, "platform", 0),
	JSON_FIELD(S, JSON_STR, log_driver, "log_driver", 0),
	JSON_FIELD(S, JSON_STRMAP, log_options, "log_options", 0),
	JSON_FIELD(S, JSON_STRMAP, storage_opt, "storage_opt", 0),
	JSON_FIELD(S, JSON_STRMAP, annotations, "annotations", 0),
	{ 0 },
};
#undef S

static const struct json_field pool_fields[] = {
	JSON_FIELD(struct ipam_pool, JSON_STR, subnet, "subnet", 0),
	JSON_FIELD(struct ipam_pool, JSON_STR, ip_range, "ip_range", 0),
	JSON_FIELD(struct ipam_pool, JSON_STR, gateway, "gateway", 0),
	JSON_FIELD(struct ipam_pool, JSON_STRMAP, aux_addresses, "aux_addresses", 0),
	{ 0 },
};

const struct json_field network_spec_fields[] = {
	JSON_FIELD(struct network_spec, JSON_STR, name, "name", 0),
	JSON_FIELD(struct network_spec, JSON_STR, driver, "driver", 0),
	JSON_FIELD(struct network_spec, JSON_STRMAP, driver_opts, "driver_opts", 0),
	JSON_FIELD(struct network_spec, JSON_STRMAP, labels, "labels", 0),
	JSON_FIELD(struct network_spec, JSON_FLAG, internal, "internal", 0),
	JSON_FIELD(struct network_spec, JSON_FLAG, attachable, "attachable", 0),
	JSON_FIELD(struct network_spec, JSON_FLAG, no_ipv4, "no_ipv4", 0),
	JSON_FIELD(struct network_spec, JSON_FLAG, ipv6, "ipv6", 0),
	JSON_FIELD(struct network_spec, JSON_STR, ipam_driver, "ipam_driver", 0),
	JSON_FIELD(struct network_spec, JSON_STRMAP, ipam_options, "ipam_options", 0),
	JSON_SUB(struct network_spec, JSON_LIST, pools, "pools", 0, pool_fields, struct ipam_pool),
	{ 0 },
};

const struct json_field volume_spec_fields[] = {
	JSON_FIELD(struct volume_spec, JSON_STR, name, "name", 0),
	JSON_FIELD(struct volume_spec, JSON_STR, driver, "driver", 0),
	JSON_FIELD(struct volume_spec, JSON_STRMAP, driver_opts, "driver_opts", 0),
	JSON_FIELD(struct volume_spec, JSON_STRMAP, labels, "labels", 0),
	{ 0 },
};

static const struct json_field network_of_fields[] = {
	JSON_FIELD(struct container_network, JSON_STR, network, "network", 0),
	JSON_FIELD(struct container_network, JSON_STR, ipv4, "ipv4", 0),
	JSON_FIELD(struct container_network, JSON_STR, ipv6, "ipv6", 0),
	JSON_FIELD(struct container_network, JSON_STR, mac, "mac", 0),
	JSON_FIELD(struct container_network, JSON_STR, gateway, "gateway", 0),
	JSON_FIELD(struct container_network, JSON_STRV, aliases, "aliases", 0),
	{ 0 },
};

static const struct json_field mount_of_fields[] = {
	JSON_FIELD(struct container_mount, JSON_STR, type, "type", 0),
	JSON_FIELD(struct container_mount, JSON_STR, name, "name", 0),
	JSON_FIELD(struct container_mount, JSON_STR, source, "source", 0),
	JSON_FIELD(struct container_mount, JSON_STR, target, "target", 0),
	JSON_FIELD(struct container_mount, JSON_FLAG, read_only, "read_only", 0),
	{ 0 },
};

#define I struct container_info
const struct json_field container_info_fields[] = {
	JSON_FIELD(I, JSON_STR, id, "id", 0),
	JSON_FIELD(I, JSON_STR, name, "name", 0),
	JSON_FIELD(I, JSON_STR, image, "image", 0),
	JSON_FIELD(I, JSON_STR, image_id, "image_id", 0),
	JSON_FIELD(I, JSON_STRMAP, labels, "labels", 0),
	JSON_FIELD(I, JSON_I32, state, "state", 0),
	JSON_FIELD(I, JSON_I32, health, "health", 0),
	JSON_FIELD(I, JSON_I32, exit_code, "exit_code", 0),
	JSON_FIELD(I, JSON_FLAG, oom_killed, "oom_killed", 0),
	JSON_FIELD(I, JSON_STR, error, "error", 0),
	JSON_FIELD(I, JSON_I32, pid, "pid", 0),
	JSON_FIELD(I, JSON_I64, created, "created", 0),
	JSON_FIELD(I, JSON_I64, started, "started", 0),
	JSON_FIELD(I, JSON_I64, finished, "finished", 0),
	JSON_FIELD(I, JSON_I64, restarts, "restarts", 0),
	JSON_FIELD(I, JSON_STRV, command, "command", 0),
	JSON_SUB(I, JSON_LIST, ports, "ports", 0, port_fields, struct port_spec),
	JSON_SUB(I, JSON_LIST, networks, "networks", 0, network_of_fields,
		 struct container_network),
	JSON_SUB(I, JSON_LIST, mounts, "mounts", 0, mount_of_fields, struct container_mount),
	JSON_FIELD(I, JSON_FLAG, tty, "tty", 0),
	JSON_FIELD(I, JSON_FLAG, stdin_open, "stdin_open", 0),
	JSON_FIELD(I, JSON_STR, health_log, "health_log", 0),
	{ 0 },
};
#undef I

const struct json_field network_info_fields[] = {
	JSON_FIELD(struct network_info, JSON_STR, id, "id", 0),
	JSON_FIELD(struct network_info, JSON_STR, name, "name", 0),
	JSON_FIELD(struct network_info, JSON_STR, driver, "driver", 0),
	JSON_FIELD(struct network_info, JSON_STRMAP, labels, "labels", 0),
	JSON_FIELD(struct network_info, JSON_STRV, subnets, "subnets", 0),
	JSON_FIELD(struct network_info, JSON_STRV, gateways, "gateways", 0),
	JSON_FIELD(struct network_info, JSON_FLAG, internal, "internal", 0),
	JSON_FIELD(struct network_info, JSON_I64, created, "created", 0),
	JSON_FIELD(struct network_info, JSON_STRV, containers, "containers", 0),
	{ 0 },
};

const struct json_field volume_info_fields[] = {
	JSON_FIELD(struct volume_info, JSON_STR, name, "name", 0),
	JSON_FIELD(struct volume_info, JSON_STR, driver, "driver", 0),
	JSON_FIELD(struct volume_info, JSON_STR, mountpoint, "mountpoint", 0),
	JSON_FIELD(struct volume_info, JSON_STRMAP, labels, "labels", 0),
	JSON_FIELD(struct volume_info, JSON_STRMAP, options, "options", 0),
	JSON_FIELD(struct volume_info, JSON_I64, created, "created", 0),
	{ 0 },
};

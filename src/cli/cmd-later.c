/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of Docker Compose that are not done yet: known, explained, and an error that says so. */
#include "cli/commands.h"
#include "cli/publish.h"

/* Options that nobody reads: one place takes them all. */
struct later_opts {
	bool flag;
	char *text;
	int64_t number;
	struct strv list;
};

#define FLAG(letter, name, help, ...) \
	OPT(struct later_opts, OPT_FLAG, flag, letter, name, help, ##__VA_ARGS__)
#define TEXT(letter, name, help, ...) \
	OPT(struct later_opts, OPT_STRING, text, letter, name, help, ##__VA_ARGS__)
#define NUMBER(letter, name, help, ...) \
	OPT(struct later_opts, OPT_COUNT, number, letter, name, help, ##__VA_ARGS__)
#define LIST(letter, name, help, ...) \
	OPT(struct later_opts, OPT_STRINGS, list, letter, name, help, ##__VA_ARGS__)
#define LATER(name_, usage_, help_, opts_)                                            \
	{                                                                             \
		.name = (name_), .usage = (usage_), .help = (help_), .opts = (opts_), \
		.opts_size = sizeof(struct later_opts), .max_args = -1                \
	}

static const struct opt commit_opts[] = {
	TEXT('a', "author", "Author (e.g., \"John Hannibal Smith <hannibal@a-team.com>\")"),
	LIST('c', "change", "Apply Dockerfile instruction to the created image", .value = "list"),
	NUMBER(0, "index", "index of the container if service has multiple replicas"),
	TEXT('m', "message", "Commit message"),
	FLAG('p', "pause", "Pause container during commit", .otherwise = "true"),
	{ 0 },
};
const struct command cmd_commit = LATER("commit", "commit [OPTIONS] SERVICE [REPOSITORY[:TAG]]",
					"Create a new image from a service container's changes",
					commit_opts);

static const struct opt stats_opts[] = {
	FLAG('a', "all", "Show all containers (default shows just running)"),
	TEXT(0, "format", "Format the output: 'table' in columns, 'json' a line of JSON for each"),
	FLAG(0, "no-stream", "Disable streaming stats and only pull the first result"),
	FLAG(0, "no-trunc", "Do not truncate output"),
	{ 0 },
};
const struct command cmd_stats = LATER(
	"stats", "stats [OPTIONS] [SERVICE]",
	"Display a live stream of container(s) resource usage statistics", stats_opts);

static const struct opt watch_opts[] = {
	FLAG(0, "no-up", "Do not build & start services before watching"),
	FLAG(0, "prune", "Prune dangling images on rebuild", .otherwise = "true"),
	FLAG(0, "quiet", "hide build output"),
	{ 0 },
};
const struct command cmd_watch = LATER("watch", "watch [SERVICE...]",
				       "Watch build context for service and rebuild/refresh "
				       "containers when files are updated",
				       watch_opts);

static const struct opt generate_opts[] = {
	TEXT(0, "format", "Format the output. Values: [yaml | json]", .otherwise = "yaml"),
	TEXT(0, "name", "Project name to set in the Compose file"),
	TEXT(0, "project-dir", "Directory to use for the project"),
	{ 0 },
};
static const struct command alpha_generate = LATER(
	"generate", "generate [OPTIONS] [CONTAINERS...]",
	"Generate a Compose file from existing containers", generate_opts);

static const struct opt viz_opts[] = {
	FLAG(0, "image", "Include service's image name in output graph"),
	NUMBER(0, "indentation-size", "Number of tabs or spaces to use for indentation",
	       .otherwise = "1"),
	FLAG(0, "networks", "Include service's attached networks in output graph"),
	FLAG(0, "ports", "Include service's exposed ports in output graph"),
	FLAG(0, "spaces",
	     "If given, space character ' ' will be used to indent,\notherwise tab character '\\t' "
	     "will be used"),
	{ 0 },
};
static const struct command alpha_viz = LATER(
	"viz", "viz [OPTIONS]", "Generate a graphviz graph from your compose file", viz_opts);
static const struct command *const alpha_commands[] = { &alpha_generate, &cmd_alpha_publish,
							&alpha_viz, NULL };
const struct command cmd_alpha = {
	.name = "alpha",
	.usage = "alpha [OPTIONS] COMMAND",
	.help = "Experimental commands",
	.flags = CMD_HIDDEN,
	.subcommands = alpha_commands,
};

static const struct opt convert_opts[] = {
	TEXT('o', "output", "The output directory for the Kubernetes resources",
	     .otherwise = "out"),
	TEXT(0, "templates", "Directory containing transformation templates"),
	LIST('t', "transformation", "Transformation to apply to compose model"),
	{ 0 },
};
static const struct command bridge_convert = LATER(
	"convert", "convert",
	"Convert compose files to Kubernetes manifests, Helm charts, or another model",
	convert_opts);

static const struct opt transformation_create_opts[] = {
	TEXT('f', "from",
	     "Existing transformation to copy (default: docker/compose-bridge-kubernetes)"),
	{ 0 },
};
static const struct command transformation_create = LATER("create", "create [OPTION] PATH",
							  "Create a new transformation",
							  transformation_create_opts);

static const struct opt transformation_list_opts[] = {
	TEXT(0, "format", "Format the output. Values: [table | json]", .otherwise = "table"),
	FLAG('q', "quiet", "Only display transformer names"),
	{ 0 },
};
static const struct command transformation_list = LATER(
	"list", "list", "List available transformations", transformation_list_opts);
static const struct command transformation_ls = {
	.name = "ls",
	.usage = "ls",
	.help = "As list",
	.opts = transformation_list_opts,
	.opts_size = sizeof(struct later_opts),
	.flags = CMD_HIDDEN,
	.max_args = -1,
};
static const struct command *const transformation_commands[] = { &transformation_create,
								 &transformation_list,
								 &transformation_ls, NULL };
static const struct command bridge_transformations = {
	.name = "transformations",
	.usage = "transformations [OPTIONS] COMMAND",
	.help = "Manage transformation images",
	.subcommands = transformation_commands,
};
static const struct command *const bridge_commands[] = { &bridge_convert, &bridge_transformations,
							 NULL };
const struct command cmd_bridge = {
	.name = "bridge",
	.usage = "bridge [OPTIONS] COMMAND",
	.help = "Convert compose files into another model",
	.subcommands = bridge_commands,
};

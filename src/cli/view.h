/* SPDX-License-Identifier: Apache-2.0 */
/* How a run is shown: its events as rows of ui/progress.h. */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include "cli/project.h"
#include "ui/progress.h"

struct view {
	struct progress *progress;
	struct map output; /* image -> struct buf: the line that its build has begun */
	bool quiet_build, quiet_pull, tty;
};

int view_open(struct cli *cli, const struct show_options *show, struct view *ret, struct error *err);
void view_close(struct view *v);
/* One transfer below the row of its image. */
void view_transfer(struct view *v, const char *row, const struct transfer_progress *t);
void view_event(void *userdata, const struct run_event *ev); /* a run_event_fn; userdata: the view */

#endif

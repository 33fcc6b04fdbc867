#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each kind of bad input: one clear message, a place, a failing exit, nothing left.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
cd "$work/project"

refused() { # TEXT: the file on stdin is refused with it
	cat >compose.yaml
	must_fail "$1" compose config
}

refused "compose.yaml:3:" <<'END'
services:
  web:
    image: "unfinished
END
refused 'did you mean "image"' <<'END'
services:
  web:
    imagee: x
END
refused "compose.yaml:3:12" <<'END'
services:
  web:
    image: ${NOT_SET:?say which image}
END
want "say which image" "$work/err"
refused "a -> b -> a" <<'END'
services:
  a: {image: x, depends_on: [b]}
  b: {image: x, depends_on: [a]}
END
cat >compose.yaml <<'END'
services:
  web: {image: x}
END
must_fail 'did you mean "web"' compose up -d wep
must_fail "nowhere.yaml" compose -f nowhere.yaml config
must_fail 'unknown flag: --detatch (did you mean --detach?)' compose up --detatch
must_fail 'did you mean "logs"' compose logz

need_root
need busybox
busybox_image

# An image that is not there, a registry that is not there.
port=$(free_port)
cat >compose.yaml <<END
services:
  web: {image: "127.0.0.1:$port/nobody/nothing:1"}
END
must_fail "127.0.0.1:$port" compose up -d
[ -z "$(compose ps -aq)" ] || fail "a container is left"

# A RUN that fails: its output and its code.
cat >compose.yaml <<'END'
services:
  web:
    build:
      context: .
      dockerfile_inline: |
        FROM busybox
        RUN echo on its way; exit 7
END
must_fail "7" compose build
want "on its way" "$work/err"

# A port that is taken, and by whom.
python3 - "$work/port" <<'END' &
import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
open(sys.argv[1] + ".new", "w").write(str(s.getsockname()[1]))
import os; os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
END
at_exit kill $!
wait_for 10 test -e "$work/port"
cat >compose.yaml <<END
services:
  web: {image: busybox, command: sleep 1000, ports: ["127.0.0.1:$(cat "$work/port"):80"]}
END
at_exit compose down
must_fail "$(cat "$work/port")" compose up -d
want "python3" "$work/err"
compose down
[ -z "$(compose ps -aq)" ] || fail "a container is left"

# No crun.
cat >compose.yaml <<'END'
services:
  web: {image: busybox, command: sleep 1000, network_mode: none}
END
must_fail "crun" env COMPOSE_RUNTIME=/nonexistent/crun compose up -d
compose down

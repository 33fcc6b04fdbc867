#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A project of another machine brought up: its build context and its data come with it, and it is confirmed first.
source "$(dirname "$0")/../lib-alone.sh"
need git crun
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
busybox_image

git init -q -b main "$work/shop"
mkdir -p "$work/shop/image" "$work/shop/data"
cat >"$work/shop/compose.yaml" <<'END'
services:
  web:
    image: shop/web
    build: ./image
    command: [sh, -c, 'cat /made /data/hello; echo "$$WHO"; sleep 1000']
    volumes: ["./data:/data:ro"]
    environment: [WHO]
END
printf 'FROM busybox\nCOPY made /made\n' >"$work/shop/image/Dockerfile"
echo 'made of the repository' >"$work/shop/image/made"
echo 'data of the repository' >"$work/shop/data/hello"
git -C "$work/shop" -c user.name=t -c user.email=t add -A
git -C "$work/shop" -c user.name=t -c user.email=t commit -q -m shop
shop=file://$work/shop
export WHO=somebody

must_fail 'there is nobody to ask; use --yes' compose -f "$shop" up -d </dev/null
want WHO "$work/err"
must_fail 'operation cancelled by user' compose -f "$shop" up -d <<<no
[ -z "$(compose -f "$shop" ps -aq)" ] || fail 'made though it was not confirmed'
compose -f "$shop" up -d <<<y
logs() { compose -f "$shop" logs --no-color web 2>&1; }
all_said() { logs | grep -q 'made of the repository' && logs | grep -q 'data of the repository' && logs | grep -q somebody; }
wait_for 10 all_said
known
compose -f "$shop" up -d --yes >out 2>&1
want 'is stored in' out
compose ls --format json | grep -qF "$shop" || fail "ls: $(compose ls --format json)"
# What it would have of the machine is refused by what makes, and not asked by what ends.
sed -i 's/:ro"/:ro", "\/etc:\/host:ro"/' "$work/shop/compose.yaml"
git -C "$work/shop" -c user.name=t -c user.email=t commit -qam more
must_fail 'bind mount of /etc' compose -f "$shop" up -d </dev/null
compose -f "$shop" down -t 0
check_clean

#!/usr/bin/env bash
# Installs from Debian what the local stack needs and this machine lacks.
set -euo pipefail

missing=()
command -v java >/dev/null || missing+=(openjdk-17-jre-headless)
command -v mvn >/dev/null || missing+=(maven)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
command -v prometheus >/dev/null || missing+=(prometheus)
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
  echo "Missing for the local stack. As root: apt-get install ${missing[*]}"
  exit 0
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"

# Debian starts these two at once; only the local stack's own are wanted.
for service in postgresql prometheus; do
  [[ " ${missing[*]} " == *" $service "* ]] && { service "$service" stop || true; } # it may not run
done
exit 0

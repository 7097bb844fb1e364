#!/usr/bin/env bash
# Makes the passwords and the master key that docker-compose.yml asks for, once; it replaces none.
# Run as root: sudo deploy/secrets.sh [FOLDER]
#
# Readable to root and to group 10001, to which the containers' users belong. Copy the folder to a
# safe place that is not where the ledgers' backups lie: without master_key no name can be read.
set -euo pipefail
umask 077

group=10001
folder=${1:-$(cd "$(dirname "$0")" && pwd)/secrets}

if [ "$(id -u)" != 0 ]; then
  echo "As root, please: the files get a group of their own. sudo $0" >&2
  exit 1
fi

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

keep() { # NAME TEXT
  [ -e "$folder/$1" ] && return
  printf '%s\n' "$2" > "$folder/$1.new"
  chgrp "$group" "$folder/$1.new"
  chmod 440 "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
  echo "made $folder/$1"
}

mkdir -p "$folder"
keep postgres_password "$(random)"
keep master_key "$(random)"
for name in ledgers views keys access; do
  keep "${name}_dsn" "host=postgres port=5432 user=$name dbname=$name password=$(random)"
done

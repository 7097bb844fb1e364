#!/usr/bin/env bash
# Run once by the image of Postgres, on an empty volume: four databases, each with an owner of its
# own, so that who reads figures holds no password to the keys.
set -euo pipefail

for name in ledgers views keys access; do
  # psql reads the password from the file itself: no command line and no log shows it.
  psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v name="$name" -v dsn="${SECRETS:-/run/secrets}/${name}_dsn" <<'SQL'
\setenv DSN :dsn
\set password `sed -n 's/.* password=//p' "$DSN"`
create role :"name" login password :'password';
create database :"name" owner :"name";
revoke all on database :"name" from public;
SQL
done

#!/usr/bin/env bash
# Apache Spark (PyPI's pyspark) with Iceberg's runtime, for tests/outside/spark_test.py. Nothing stays running.
#   spark.sh install           about 550 MB into LOCHAN_CACHE, with Maven and a JDK 17 of Debian's
#   spark.sh status            whether it is installed
#   spark.sh sql STATEMENTS    by spark-sql; the catalog `lake` is the one at LAKE_URI, for which LAKE_TOKEN (or
#                              LAKE_CREDENTIAL) is borne; the ref is LAKE_REF (main). Rows go to standard output.
set -euo pipefail

spark=3.5.9
iceberg=1.10.1
home=${LOCHAN_CACHE:-$HOME/.cache/lochan}/spark-$spark-iceberg-$iceberg
data=${LOCHAN_SERVICES:-/tmp/lochan-services}/spark

tell() { echo "spark: $*" >&2; }
java_home() {
  local folder
  for folder in /usr/lib/jvm/*17*/; do
    [ ! -x "$folder/bin/java" ] || { echo "${folder%/}"; return; }
  done
  tell "there is no JDK 17 below /usr/lib/jvm"
  return 1
}

# For lakes on S3 too.
is_installed() { [ -e "$home/complete" ] && [ -e "$home/jars/iceberg-aws-bundle-$iceberg.jar" ] && java_home >/dev/null 2>&1; }
copy_jar() { # ARTIFACT
  nice mvn -q -B -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
    -Dartifact="org.apache.iceberg:$1:$iceberg:jar" -DoutputDirectory="$home/jars"
}

install_it() {
  ! is_installed || return 0
  command -v mvn >/dev/null && java_home >/dev/null 2>&1 || "$(dirname "$0")/../../cmake/setup.sh" maven openjdk-17-jre-headless
  tell "installing $spark with Iceberg $iceberg"
  rm -rf "$home"
  mkdir -p "$home/jars"
  python3 -m venv "$home/venv"
  nice "$home/venv/bin/pip" install -q --disable-pip-version-check "pyspark==$spark"
  copy_jar "iceberg-spark-runtime-${spark%.*}_2.12"
  copy_jar iceberg-aws-bundle
  touch "$home/complete"
}

sql() {
  local c=spark.sql.catalog.lake conf
  conf=(--master "local[2]" --driver-memory 1g --jars "$(printf '%s\n' "$home"/jars/*.jar | paste -sd,)"
    --conf spark.ui.enabled=false --conf spark.driver.host=127.0.0.1 --conf spark.driver.bindAddress=127.0.0.1
    --conf spark.sql.shuffle.partitions=2 --conf "spark.local.dir=$data/tmp" --conf "spark.sql.warehouse.dir=$data/warehouse"
    --conf spark.sql.catalogImplementation=in-memory
    --conf spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions
    --conf spark.sql.defaultCatalog=lake --conf $c=org.apache.iceberg.spark.SparkCatalog
    --conf $c.type=rest --conf "$c.uri=${LAKE_URI:?is not set}" --conf "$c.warehouse=${LAKE_REF:-main}"
    --conf $c.cache-enabled=false --conf $c.header.X-Iceberg-Access-Delegation=vended-credentials)
  [ -z "${LAKE_TOKEN:-}" ] || conf+=(--conf "$c.token=$LAKE_TOKEN")
  [ -z "${LAKE_CREDENTIAL:-}" ] || conf+=(--conf "$c.credential=$LAKE_CREDENTIAL" --conf "$c.oauth2-server-uri=$LAKE_URI/v1/oauth/tokens")
  mkdir -p "$data/tmp"
  cd "$data"
  local program
  program=$(echo "$home"/venv/lib/python3*/site-packages/pyspark)
  JAVA_HOME=$(java_home) SPARK_HOME=$program PYSPARK_PYTHON=$home/venv/bin/python SPARK_LOCAL_IP=127.0.0.1 \
    "$program/bin/spark-sql" "${conf[@]}" -e "$1" 2>"$data/log"
}

case ${1:-} in
  install) install_it ;;
  status) is_installed || { tell "it isn't installed: $0 install"; exit 3; } ;;
  sql) sql "$2" || { grep -m 20 -E "Exception|Error" "$data/log" >&2; exit 1; } ;;
  *) tell "usage: $0 install|status|sql STATEMENTS"; exit 2 ;;
esac

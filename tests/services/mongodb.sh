#!/usr/bin/env bash
# mongo-java-server from Maven Central: it speaks MongoDB's protocol (as version 5.0), keeps its data in a file, and asks for no password.
# Much slower than MongoDB: thousands of documents, and speeds as ratios. A file that was serialized anew for each comparison of
# keys is most of that, so a million documents want the other store.
#   MONGODB_PORT
#   MONGODB_STORE   file (default), or memory: ten times as fast, and nothing is kept over a restart
#   MONGODB_HEAP    of Java, 512m by default. It holds all that one query finds: a million small documents want 3g
NAME=mongodb
PORT=${MONGODB_PORT:-27027}
STORE=${MONGODB_STORE:-file}
HEAP=${MONGODB_HEAP:-512m}
source "$(dirname "$0")/service.sh"

version=1.47.0
programs=${LOCHAN_CACHE:-$HOME/.cache/lochan}/mongo-java-server-$version-stores
here=$(cd "$(dirname "$0")" && pwd)

install_it() {
  [ -e "$programs/complete" ] && return
  command -v mvn >/dev/null || packages maven
  command -v javac >/dev/null || packages openjdk-17-jdk-headless
  tell "fetching version $version"
  mkdir -p "$programs/classes"
  cat >"$programs/pom.xml" <<END
<project><modelVersion>4.0.0</modelVersion><groupId>local</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
<dependency><groupId>de.bwaldvogel</groupId><artifactId>mongo-java-server-h2-backend</artifactId><version>$version</version></dependency>
<dependency><groupId>de.bwaldvogel</groupId><artifactId>mongo-java-server-memory-backend</artifactId><version>$version</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
END
  { mvn -q -B -Dstyle.color=never -f "$programs/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$programs/lib" &&
    javac -d "$programs/classes" -cp "$programs/lib/*" "$here/MongoJava.java"; } >>"$LOG" 2>&1 ||
    { tail "$LOG" >&2; fail "it could not be installed"; }
  touch "$programs/complete"
}

start_it() {
  local place=$DATA/mongo.mv
  case $STORE in
    file) ;;
    memory) place=memory ;;
    *) fail "MONGODB_STORE is \`$STORE\`: it may be \`file\` or \`memory\`" ;;
  esac
  launch java "-Xmx$HEAP" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$programs/classes:$programs/lib/*" MongoJava "$PORT" "$place"
  wait_until 60 bash -c "exec 3<>/dev/tcp/127.0.0.1/$PORT"
}

describe_it() {
  echo "MONGODB_URL=mongodb://127.0.0.1:$PORT"
  echo "MONGODB_PID=$(cut -d ' ' -f 1 "$PID_FILE")"
}

run_service "$@"

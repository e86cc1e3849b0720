#!/usr/bin/env python3
"""Two S3 buckets, past Lochan: made with object lock, and every version of every object in them, listed and read by curl.

  buckets.py make BUCKET…           with a default retention of a day
  buckets.py versions BUCKET…       a line for each version and delete marker: bucket, key, version, size, etag, kind
  buckets.py grep TEXT… -- BUCKET…  exits 1 and names the objects that hold one of the texts

The server and the keys are in AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
"""
import os
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
LOCK = ("<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode>"
        "<Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>")


def ask(method, path, *more):
    keys = f"user = \"{os.environ['AWS_ACCESS_KEY_ID']}:{os.environ['AWS_SECRET_ACCESS_KEY']}\""  # on no command line
    command = ["curl", "-sS", "--fail-with-body", "--noproxy", "*", "--config", "-", "--aws-sigv4", "aws:amz:us-east-1:s3", "-X", method,
               *more, os.environ["AWS_ENDPOINT_URL_S3"] + path]
    answer = subprocess.run(command, input=keys.encode(), capture_output=True)
    if answer.returncode != 0:
        sys.exit(f"{method} {path}: {answer.stdout.decode()[:300]} {answer.stderr.decode()[:300]}")
    return answer.stdout


def versions(bucket):
    marker = {"key-marker": "", "version-id-marker": ""}
    while True:
        wanted = sorted({**marker, "versions": ""}.items()) if marker["key-marker"] else [("versions", "")]
        page = xml.etree.ElementTree.fromstring(ask("GET", f"/{bucket}?" + urllib.parse.urlencode(wanted, quote_via=urllib.parse.quote)))
        for found in page:
            kind = found.tag.removeprefix(NAMESPACE)
            if kind in ("Version", "DeleteMarker"):
                yield [found.findtext(NAMESPACE + name, "") for name in ("Key", "VersionId", "Size", "ETag")] + [kind]
        if page.findtext(NAMESPACE + "IsTruncated") != "true":
            return
        marker = {"key-marker": page.findtext(NAMESPACE + "NextKeyMarker"), "version-id-marker": page.findtext(NAMESPACE + "NextVersionIdMarker", "")}


def main():
    task, *words = sys.argv[1:]
    if task == "make":
        for bucket in words:
            ask("PUT", f"/{bucket}", "-H", "x-amz-bucket-object-lock-enabled: true")
            ask("PUT", f"/{bucket}?object-lock=", "-d", LOCK)
    elif task == "versions":
        for bucket in words:
            for found in versions(bucket):
                print(bucket, *found, sep="\t")
    elif task == "grep":
        texts, buckets = words[:words.index("--")], words[words.index("--") + 1:]
        found = 0
        for bucket in buckets:
            for key, version, _, _, kind in versions(bucket):
                body = ask("GET", f"/{bucket}/{urllib.parse.quote(key)}?versionId={version}") if kind == "Version" else b""
                if any(text.encode() in body for text in texts):
                    print(f"{bucket}/{key}")
                    found += 1
        sys.exit(1 if found else 0)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()

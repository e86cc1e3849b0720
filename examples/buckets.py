#!/usr/bin/env python3
"""S3 buckets of the demos, past Lochan: made, filled, listed and read without it.

  buckets.py make BUCKET…           plain ones
  buckets.py make-locked BUCKET…    with object lock, and a default retention of a day
  buckets.py put FILE BUCKET/KEY    a file becomes an object
  buckets.py list BUCKET[/PREFIX]   a line for each object: size, key
  buckets.py remove BUCKET…         with all that is in them; not of locked ones
  buckets.py versions BUCKET…       a line for each version and delete marker: bucket, key, version, size, etag, kind
  buckets.py grep TEXT… -- BUCKET…  exits 1 and names the objects that hold one of the texts

The server and the keys are in AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
"""
import base64
import datetime
import hashlib
import hmac
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
LOCK = ("<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode>"
        "<Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>")


def ask(method, path, query=(), body=b"", **headers):
    """Signed as AWS's Signature Version 4 wants it."""
    now = datetime.datetime.now(datetime.timezone.utc)
    url = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL_S3"])
    path = urllib.parse.quote(path)
    query = "&".join(f"{urllib.parse.quote(name, '')}={urllib.parse.quote(value, '')}" for name, value in sorted(query))
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    headers |= {"host": url.netloc, "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"), "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
    names = ";".join(sorted(headers))
    request = "\n".join([method, path, query, *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names, headers["x-amz-content-sha256"]])
    scope = [headers["x-amz-date"][:8], "us-east-1", "s3", "aws4_request"]
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], "/".join(scope), hashlib.sha256(request.encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in [*scope, text]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{'/'.join(scope)}, SignedHeaders={names}, "
                                f"Signature={key.hex()}")
    del headers["host"]
    call = urllib.request.Request(f"{url.scheme}://{url.netloc}{path}?{query}", data=body or None, method=method, headers=headers)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(call) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        sys.exit(f"{method} {path}: {error.code} {error.read().decode()[:300]}")


def versions(bucket):
    marker = {}
    while True:
        page = xml.etree.ElementTree.fromstring(ask("GET", f"/{bucket}", [("versions", ""), *marker.items()]))
        for found in page:
            kind = found.tag.removeprefix(NAMESPACE)
            if kind in ("Version", "DeleteMarker"):
                yield [found.findtext(NAMESPACE + name, "") for name in ("Key", "VersionId", "Size", "ETag")] + [kind]
        if page.findtext(NAMESPACE + "IsTruncated") != "true":
            return
        marker = {"key-marker": page.findtext(NAMESPACE + "NextKeyMarker"), "version-id-marker": page.findtext(NAMESPACE + "NextVersionIdMarker", "")}


def objects(bucket, prefix):
    """Size and key of each."""
    more = []
    while True:
        page = xml.etree.ElementTree.fromstring(ask("GET", f"/{bucket}", [("list-type", "2"), ("prefix", prefix), *more]))
        for found in page.iter(NAMESPACE + "Contents"):
            yield found.findtext(NAMESPACE + "Size"), found.findtext(NAMESPACE + "Key")
        if page.findtext(NAMESPACE + "IsTruncated") != "true":
            return
        more = [("continuation-token", page.findtext(NAMESPACE + "NextContinuationToken"))]


def main():
    task, *words = sys.argv[1:]
    if task == "make":
        for bucket in words:
            ask("PUT", f"/{bucket}")
    elif task == "put":
        with open(words[0], "rb") as file:
            ask("PUT", f"/{words[1]}", body=file.read())
    elif task == "list":
        bucket, _, prefix = words[0].partition("/")
        for found in objects(bucket, prefix):
            print(*found, sep="\t")
    elif task == "remove":
        for bucket in words:
            for _, key in list(objects(bucket, "")):
                ask("DELETE", f"/{bucket}/{key}")
            ask("DELETE", f"/{bucket}")
    elif task == "make-locked":
        for bucket in words:
            ask("PUT", f"/{bucket}", x_amz_bucket_object_lock_enabled="true")
            md5 = base64.b64encode(hashlib.md5(LOCK.encode()).digest()).decode()
            ask("PUT", f"/{bucket}", [("object-lock", "")], LOCK.encode(), content_md5=md5, content_type="application/xml")
    elif task == "versions":
        for bucket in words:
            for found in versions(bucket):
                print(bucket, *found, sep="\t")
    elif task == "grep":
        texts, buckets = words[:words.index("--")], words[words.index("--") + 1:]
        found = 0
        for bucket in buckets:
            for key, version, _, _, kind in versions(bucket):
                body = ask("GET", f"/{bucket}/{key}", [("versionId", version)]) if kind == "Version" else b""
                if any(text.encode() in body for text in texts):
                    print(f"{bucket}/{key}")
                    found += 1
        sys.exit(1 if found else 0)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()

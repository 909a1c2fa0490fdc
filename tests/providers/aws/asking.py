"""One request to AWS as it arrives: which action of which service, by whom; and answers in the service's own form."""

import gzip
import io
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

_IAM_NAMES = {"monitoring": "cloudwatch"}
_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([\w-]+)/([\w-]+)/aws4_request")


@dataclass
class Asked:
    """`action` is written as in a policy: `ecs:DescribeServices`."""

    key: str
    region: str
    action: str
    is_json: bool
    given: dict[str, Any]
    environ: dict[str, Any] = field(repr=False)


@dataclass
class Answer:
    status: int
    body: bytes
    kind: str
    headers: tuple[tuple[str, str], ...] = ()


def asked(environ: dict[str, Any]) -> Asked | None:
    """None for what is not a signed request."""
    found = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if found is None:
        return None
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ.pop("HTTP_CONTENT_ENCODING", "") == "gzip":
        body = gzip.decompress(body)
        environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)
    if found[3] == "s3":
        return Asked(found[1], found[2], f"s3:{_s3_action(environ)}", False, {}, environ)
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    given = json.loads(body or b"{}") if target else dict(parse_qsl(body.decode()))
    service = _IAM_NAMES.get(found[3], found[3])
    action = target.rpartition(".")[2] or given.get("Action", "?")
    return Asked(found[1], found[2], f"{service}:{action}", bool(target), given, environ)


def _s3_action(environ: dict[str, Any]) -> str:
    """S3 names its actions by method and path alone; the policy knows some of them by another name."""
    query = environ.get("QUERY_STRING", "").partition("=")[0].partition("&")[0]
    is_object = "/" in environ["PATH_INFO"].strip("/")
    match environ["REQUEST_METHOD"], query:
        case "GET", "publicAccessBlock":
            return "GetBucketPublicAccessBlock"
        case "GET", "encryption":
            return "GetEncryptionConfiguration"
        case "GET", "object-lock":
            return "GetBucketObjectLockConfiguration"
        case (("HEAD" | "GET"), _) if is_object:
            return "GetObject"
        case "PUT", _ if is_object:
            return "PutObject"
        case method, _:
            return f"{method}{query}"


def told(document: dict[str, Any]) -> Answer:
    return Answer(200, json.dumps(document).encode(), "application/x-amz-json-1.1")


def refused(one: Asked, code: str, message: str, status: int = 400) -> Answer:
    if one.is_json:
        return Answer(status, json.dumps({"__type": code, "message": message}).encode(), "application/x-amz-json-1.1")
    words = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Answer(status, f"<ErrorResponse>{words}<RequestId>r</RequestId></ErrorResponse>".encode(), "text/xml")

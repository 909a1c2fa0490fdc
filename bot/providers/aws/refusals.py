"""What the refusals of AWS mean to the person who asked."""

from collections.abc import Mapping
from typing import Any, Final

from botocore import exceptions as vendor

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.redaction import mask

_MESSAGE_LIMIT: Final = 200
_IAM_NAMES: Final[Mapping[str, str]] = {"elbv2": "elasticloadbalancing"}
"""Where the name in a policy is not that of boto3."""
_IAM_ACTIONS: Final[Mapping[str, str]] = {
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:HeadObject": "s3:GetObject",
}
_BAD_CREDENTIALS: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_FORBIDDEN: Final = frozenset({"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_SLOW_DOWN: Final = frozenset(
    {"LimitExceededException", "RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"}
)


class NoSuch(TargetError):
    """AWS does not know what was named."""


class Changed(TargetError):
    """What was to be changed is no longer as it was shown; nothing was changed."""


def not_aws() -> Unreachable:
    """A page of something in between; behind it a change may have been made or not."""
    return Unreachable("What answers at the address of AWS is not AWS, perhaps a proxy in between.")


def translated(error: Exception, service: str, region: str, seconds: float) -> TargetError:
    """Our error for one of the vendor's; `seconds` is how long an answer may take."""
    if isinstance(error, vendor.ClientError):
        return _refused(error, service)
    match error:
        case vendor.NoCredentialsError() | vendor.PartialCredentialsError() | vendor.ProfileNotFound():
            return Denied(
                "There are no AWS credentials for this target. Give it `access_key` and `secret_key`, or run the bot "
                "with a role of its own."
            )
        case vendor.ReadTimeoutError():
            return TimedOut("AWS did not answer within {seconds} s.", seconds=seconds)
        case vendor.ConnectTimeoutError():
            return TimedOut(
                "AWS could not be connected to in time; is there a way out from here to {region}?", region=region
            )
        case vendor.EndpointConnectionError():
            return Unreachable(
                "AWS cannot be reached: the connection was refused, or {region} has no such service.", region=region
            )
        case vendor.HTTPClientError():
            return Unreachable("The connection to AWS broke before it answered.")
        case vendor.ParamValidationError():
            return TargetError("AWS does not accept these parameters for `{service}`.", service=service)
        case _:
            return TargetError("What AWS answered cannot be used ({kind}).", kind=type(error).__name__)


def _refused(error: Any, service: str) -> TargetError:
    called = f"{_IAM_NAMES.get(service, service)}:{error.operation_name}"
    action = _IAM_ACTIONS.get(called, called)
    told = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = str(told.get("Code", ""))
    if code in _FORBIDDEN:
        return Denied("AWS does not let these credentials do `{action}`. Add it to their policy.", action=action)
    if code in _BAD_CREDENTIALS:
        return Denied("AWS does not accept the credentials; they are wrong or expired. Renew this target's keys.")
    if code in _SLOW_DOWN:
        return TargetError("AWS asks to slow down (`{action}`). Try again in a minute.", action=action)
    if code == "WAFOptimisticLockException":
        return Changed("The address list was changed by somebody else at the same moment; nothing was done.")
    if status >= 500:
        # Unreachable, since behind a 5xx a change may have been made or not.
        return Unreachable("AWS is in trouble, it answered {status} to `{action}`.", status=status, action=action)
    # Whole first, then cut: half a token no longer looks like one.
    message = mask(str(told.get("Message", "")))[:_MESSAGE_LIMIT]
    values = {"action": action, "code": mask(code)[:80], "message": message}
    if _is_missing(code, message):
        return NoSuch("AWS refused `{action}` ({code}): {message}", **values)
    return TargetError("AWS refused `{action}` ({code}): {message}", **values)


def _is_missing(code: str, message: str) -> bool:
    # ECS has no code of its own for a task definition that is not there.
    is_unnamed = code == "ClientException" and ("does not exist" in message or "Unable to describe" in message)
    # To a HEAD there is no body, and no other code than the status.
    return code == "404" or "NotFound" in code or "Nonexistent" in code or code.startswith("NoSuch") or is_unnamed
